//! What is in force: the policy, the rates, the upstream.

use maud::{Markup, html};

use crate::{
    calendar::rfc3339,
    console::{GraphView, View, explain::link, format},
    telemetry::Distribution,
};

pub(super) fn policies(view: &View) -> Markup {
    html! {
        h2 #policy-title { "Policy in force" }
        @for graph in &view.graphs { (policy(view, graph)) }
    }
}

fn policy(view: &View, graph: &GraphView) -> Markup {
    let loaded = graph.loaded_at.saturating_mul(1000);
    html! {
        dl.facts {
            @if let Some(name) = graph.graph.name() { dt { "Graph" } dd { strong { (name) } } }
            dt { "Policy" } dd { strong { (graph.policy) } " at " code { (graph.place) } }
            dt { "Digest" } dd { code title={ "sha256:" (graph.digest) } { "sha256:" (format::short(&graph.digest)) "…" } }
            dt { "In force" } dd { time datetime=(rfc3339(loaded)) title=(rfc3339(loaded)) { (format::ago(view.now, loaded)) } }
            @if let Some((at, why)) = &graph.failed {
                dt { "Last reload" } dd.alarm { "failed " (format::ago(view.now, at.saturating_mul(1000))) ": " (why) }
            }
            @if let Some(n) = graph.drift { dt { "Schema" } dd.alarm { (n) " differences from the upstream's" } }
        }
        details {
            summary { "All " (graph.settings.len()) " rules" }
            div.scroll tabindex="0" role="region" aria-label="Rules in force" {
                table {
                    caption.hidden { "How each profile stands to each rule" }
                    thead { tr { th scope="col" { "Setting" } th scope="col" { "Rule" } @for it in &graph.profiles { th scope="col" { (it) } } } }
                    tbody { @for it in &graph.settings {
                        tr {
                            th scope="row" { code { (it.setting) } div.sub { (it.title) } }
                            td { (link(it.rule)) }
                            @for it in &it.stances { td { (it) } }
                        }
                    } }
                }
            }
        }
    }
}

pub(super) fn surroundings(view: &View) -> Markup {
    html! {
        h2 #around-title { "Upstream and quotas" }
        dl.facts {
            @for graph in &view.graphs {
                dt { "Upstream" } dd { @for it in &graph.upstreams { code { (it) } " " } }
            }
            dt { "State" }
            dd { (breakers(view.total(|it| it.ejected))) }
            @if let Some(is_up) = view.shared {
                dt { "Shared budgets" }
                dd { @if is_up { span.good { "answering" } } @else { span.alarm { "away: every replica counts by itself" } } }
            }
            @if view.graphs.iter().any(|it| !it.rates.is_empty()) {
                dt { "Refused by rates" } dd { (format::count(by_rates(view))) }
            }
            dt { "Not answered" } dd { (format::count(view.total(|it| it.upstream_failures))) }
            @for graph in &view.graphs {
                dt { "Cache" } dd { (graph.cached.0) " documents, " (graph.cached.1) " refused ones, " (format::count(graph.compiled)) " compiled" }
            }
            dt { "Audit log" }
            dd { @match view.audit {
                None => "off",
                Some((waiting, 0)) => { (waiting) " lines waiting" },
                Some((waiting, lost)) => { (waiting) " lines waiting, " span.alarm { (format::count(lost)) " lost" } },
            } }
        }
        @if view.graphs.len() > 1 { (graphs(view)) }
        @let rates: Vec<_> = view.graphs.iter().flat_map(|it| &it.rates).collect();
        @if !rates.is_empty() {
            table {
                caption.hidden { "Rates of the policy" }
                thead { tr { th scope="col" { "Rate" } th scope="col" { "Limit" } th.n scope="col" { "Keys" } th scope="col" { "Mode" } } }
                tbody { @for it in rates { tr { th scope="row" { (it.name) } td { (it.limit) } td.n { (format::count(it.keys)) } td { (it.mode) } } } }
            }
        }
    }
}

fn breakers(ejected: u64) -> Markup {
    html! {
        @if ejected == 0 { span.good { "answering" } } @else { span.alarm { "left alone by " (ejected) " breakers" } }
    }
}

/// What each of several graphs does.
fn graphs(view: &View) -> Markup {
    let at =
        |times: &Distribution| times.percentile(99).map_or_else(|| "–".to_owned(), format::nanos);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Graphs" {
            table.graphs {
                caption.hidden { "What was counted for each graph since the start" }
                thead { tr {
                    th scope="col" { "Graph" }
                    th.n scope="col" { "Requests" }
                    th.n scope="col" { "Refused" }
                    th.n scope="col" { "Not answered" }
                    th.n scope="col" { "In flight" }
                    th.n scope="col" { "Sockets" }
                    th.n scope="col" { "Our time p99 ≤" }
                    th.n scope="col" { "Upstream p99 ≤" }
                    th scope="col" { "Upstream" }
                } }
                tbody { @for graph in &view.graphs {
                    tr {
                        th scope="row" { (graph.title()) }
                        td.n { (format::count(graph.numbers.requests_of(""))) }
                        td.n { (format::count(graph.numbers.requests_of("refused"))) }
                        td.n { (format::count(graph.upstream_failures)) }
                        td.n { (format::count(graph.numbers.in_flight)) }
                        td.n { (format::count(graph.sockets)) }
                        td.n { (at(&graph.numbers.own)) }
                        td.n { (at(&graph.numbers.upstream)) }
                        td { (breakers(graph.ejected)) }
                    }
                } }
            }
        }
    }
}

fn by_rates(view: &View) -> u64 {
    view.numbers.rules.iter().find(|it| it.0 == "rates").map_or(0, |it| it.1)
}
