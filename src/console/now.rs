//! What happens now.

use maud::{Markup, html};

use crate::{
    console::{View, chart, explain::link, format},
    telemetry::Distribution,
};

/// Numbers at a glance.
pub(super) fn tiles(view: &View) -> Markup {
    let (all, refused) = (view.numbers.requests_of(""), view.numbers.requests_of("refused"));
    let rates = view.history.tenths();
    let last = rates.last().copied().unwrap_or_default();
    let share = refused.saturating_mul(1000).checked_div(all).unwrap_or(0);
    html! {
        div.tile.wide {
            h3 { "Requests" }
            p.big { (format::tenths(last.0, "")) span.unit { " /s" } }
            (chart::spark(&rates, "Requests and refusals in a second, over the last four minutes"))
            p.sub { (format::count(all)) " since the start" }
        }
        div.tile {
            h3 { "Refused" }
            p.big.no { (format::tenths(last.1, "")) span.unit { " /s" } }
            p.sub { (format::count(refused)) " · " (format::tenths(share, "%")) }
            p.sub { (format::count(view.reported)) " more in report mode" }
        }
        (latency("Our time", &view.numbers.own))
        (latency("Upstream", &view.numbers.upstream))
        div.tile {
            h3 { "Load" }
            dl {
                dt { "Live sockets" } dd { (format::count(view.total(|it| it.sockets))) }
                dt { "Shed" } dd { (format::count(view.shed)) }
                dt { "Bad credentials" } dd { (format::count(view.identity_failures)) }
            }
        }
    }
}

fn latency(title: &str, times: &Distribution) -> Markup {
    let at = |percent| times.percentile(percent).map_or_else(|| "–".to_owned(), format::nanos);
    html! {
        div.tile {
            h3 { (title) }
            p.big { span.unit { "≤ " } (at(50)) }
            dl {
                dt { "p90" } dd { (at(90)) }
                dt { "p99" } dd { (at(99)) }
                dt { "requests" } dd { (format::count(times.count())) }
            }
        }
    }
}

/// Which rules object.
pub(super) fn rules(view: &View) -> Markup {
    let mut rules = view.numbers.rules.clone();
    rules.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let most = rules.first().map_or(0, |it| it.1);
    html! {
        h2 #rules-title { "Objections by rule" }
        @if rules.is_empty() {
            p.empty { "Nothing was refused since the start." }
        } @else {
            table {
                caption.hidden { "How often each rule objected to a request that was refused" }
                thead { tr { th scope="col" { "Rule" } th.n scope="col" { "Objections" } th.bars scope="col" { span.hidden { "Share" } } } }
                tbody {
                    @for (rule, n) in rules.iter().take(ROWS) {
                        tr {
                            th scope="row" { (link(rule)) }
                            td.n { (format::count(*n)) }
                            td.bars { (chart::bar(*n, most, "no")) }
                        }
                    }
                }
            }
        }
    }
}

/// What operations cost.
pub(super) fn costs(view: &View) -> Markup {
    let (admitted, refused) = (&view.numbers.admitted_cost, &view.numbers.refused_cost);
    let limit = view.graphs.first().and_then(|it| it.cost_limit);
    let at = |times: &Distribution, percent| {
        times.percentile(percent).map_or_else(|| "–".to_owned(), format::count)
    };
    html! {
        h2 #costs-title { "Static cost" }
        @if admitted.count() == 0 && refused.count() == 0 {
            p.empty { "No operation was priced since the start." }
        } @else {
            (chart::costs(admitted, refused, limit))
            table {
                caption.hidden { "Static cost of operations" }
                thead { tr { th scope="col" { "Operations" } th.n scope="col" { "Count" } th.n scope="col" { "p50 ≤" } th.n scope="col" { "p99 ≤" } } }
                tbody {
                    tr { th scope="row" { span.key.yes aria-hidden="true" {} "admitted" } td.n { (format::count(admitted.count())) } td.n { (at(admitted, 50)) } td.n { (at(admitted, 99)) } }
                    tr { th scope="row" { span.key.no aria-hidden="true" {} "refused" } td.n { (format::count(refused.count())) } td.n { (at(refused, 50)) } td.n { (at(refused, 99)) } }
                }
            }
        }
    }
}

/// 12 rules: more is for the metrics.
const ROWS: usize = 12;
