//! The last refusals.

use maud::{Markup, html};

use crate::{
    calendar::rfc3339,
    console::{View, explain::link, format},
    telemetry::RecentRefusal,
};

pub(super) fn refusals(view: &View) -> Markup {
    html! {
        h2 #refusals-title { "Recent refusals" }
        @if view.refusals.is_empty() {
            p.empty { "None yet. Refusals appear here as they happen." }
        } @else {
            div.scroll tabindex="0" role="region" aria-labelledby="refusals-title" {
                table.refusals {
                    caption.hidden { "The last refusals, the newest first" }
                    (columns())
                    tbody { @for it in view.refusals.iter().take(ROWS) { (row(view, it)) } }
                }
            }
        }
    }
}

fn columns() -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { "When" }
                th scope="col" { "Code" }
                th scope="col" { "Reason" }
                th scope="col" { "Where" }
                th scope="col" { "Document" }
                th.n scope="col" { "Cost" }
            }
        }
    }
}

fn row(view: &View, it: &RecentRefusal) -> Markup {
    html! {
        tr {
            td { time datetime=(rfc3339(it.at)) title=(rfc3339(it.at)) { (format::ago(view.now, it.at)) } }
            td { code.code { (it.code.as_str()) } div.sub { (link(it.rule)) } }
            td.reason {
                (quoted(&it.detail))
                div.sub { span title=(it.request) { "request " code { (format::tail(&it.request)) } } " · " (it.carrier.as_str()) @if let Some(graph) = it.graph { " · " (graph) } }
                @if let Some(exception) = &it.exception {
                    details {
                        summary { "exception" }
                        code.paste { (exception) }
                    }
                }
            }
            td { @match &it.coordinate { Some(at) => code { (at) }, None => span.none { "–" } } }
            td { @match &it.document { Some(hash) => code title={ "sha256:" (hash) } { (format::short(hash)) }, None => span.none { "–" } } }
            td.n { @match it.cost { Some(cost) => (format::count(cost)), None => span.none { "–" } } }
        }
    }
}

/// Text with `code` in it.
fn quoted(text: &str) -> Markup {
    html! {
        @for (n, piece) in text.split('`').enumerate() {
            @if n % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

/// 12 rows: the audit log has all of them.
const ROWS: usize = 12;
