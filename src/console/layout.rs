//! The page around its parts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    console::{View, documents, format, in_force, inventory, now, refusals, shadow},
    digest::Digest,
    identity::to_base64,
};

/// A page and what it may do.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTML.
    pub html: String,
    /// The value of `Content-Security-Policy`.
    pub csp: String,
}

/// The whole page.
#[must_use]
pub fn page(view: &View) -> Page {
    let parts = parts(view);
    let part = |wanted: &str| {
        let found = parts.iter().find(|it| it.0 == wanted);
        found.map_or(PreEscaped(""), |it| PreEscaped(it.1.0.as_str()))
    };
    let main = html! {
        a.skip href="#refusals" { "Skip to recent refusals" }
        header #head { (part("head")) }
        main {
            section #tiles aria-label="Now" { (part("tiles")) }
            div.columns {
                section.card #rules aria-labelledby="rules-title" { (part("rules")) }
                section.card #costs aria-labelledby="costs-title" { (part("costs")) }
            }
            section.card #refusals tabindex="-1" aria-labelledby="refusals-title" { (part("refusals")) }
            section.card #documents aria-labelledby="documents-title" { (part("documents")) }
            section.card #inventory aria-labelledby="inventory-title" { (part("inventory")) }
            section.card #shadow aria-labelledby="shadow-title" { (part("shadow")) }
            div.columns {
                section.card #policy aria-labelledby="policy-title" { (part("policy")) }
                section.card #around aria-labelledby="around-title" { (part("around")) }
            }
        }
        footer { "Read-only. " a href="/metrics" { "Metrics" } " · " a href="/readyz" { "Readiness" } }
    };
    frame("Portcullis", &main, Live::Yes)
}

/// Whether the page brings itself up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Live {
    No,
    Yes,
}

pub(super) fn frame(title: &str, body: &Markup, live: Live) -> Page {
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
                @if live == Live::Yes { noscript { meta http-equiv="refresh" content="10"; } }
            }
            body {
                (body)
                @if live == Live::Yes { script { (PreEscaped(SCRIPT)) } }
            }
        }
    };
    let csp = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        to_base64(&Digest::of(STYLE.as_bytes()).0),
        to_base64(&Digest::of(SCRIPT.as_bytes()).0),
    );
    Page { html: html.into_string(), csp }
}

/// The parts that change, with the ids of their places.
pub(super) fn parts(view: &View) -> Vec<(&'static str, Markup)> {
    vec![
        ("head", head(view)),
        ("tiles", now::tiles(view)),
        ("rules", now::rules(view)),
        ("costs", now::costs(view)),
        ("refusals", refusals::refusals(view)),
        ("documents", documents::documents(view)),
        ("inventory", inventory::inventory(view)),
        ("shadow", shadow::shadow(view)),
        ("policy", in_force::policies(view)),
        ("around", in_force::surroundings(view)),
    ]
}

fn head(view: &View) -> Markup {
    let is_well = view.listening == view.workers && !view.draining;
    let failed = view.graphs.iter().any(|it| it.failed.is_some());
    html! {
        h1 { span.mark aria-hidden="true" {} "Portcullis" }
        p.state {
            @if view.draining { span.chip.alarm { "draining" } }
            @else if is_well { span.chip.good { "serving" } }
            @else { span.chip.alarm { (view.listening) " of " (view.workers) " workers" } }
            @if failed { " " span.chip.alarm { "reload failed" } }
            @if view.total(|it| it.ejected) > 0 { " " span.chip.alarm { "upstream failing" } }
            @for graph in &view.graphs { " " span.chip { (graph.title()) " · " code { (format::short(&graph.digest)) } } }
        }
    }
}

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");
