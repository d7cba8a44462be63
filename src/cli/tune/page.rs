//! The report: one page that needs nothing else, for a person who decides.
//!
//! Computes no statistics; what it draws, `outcome` has.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    calibration::{Advice, Column, Fill, Identified, Quality, Weight},
    cli::{
        past::grouped,
        tune::{
            outcome::Outcome,
            patch::Patch,
            pictures::{costs, latency, predictions},
            plot::{milliseconds, place},
            told::{self, Provenance, percent},
        },
    },
};

/// The whole page.
pub(super) fn page(outcome: &Outcome, about: &Provenance, patch: &Patch) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "What " (about.policy) " costs · Portcullis" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.brand { span.mark aria-hidden="true" {} "Portcullis" span.verb { "tune" } }
                    p.when { (about.date.get(..10).unwrap_or_default()) " · " (about.upstream) }
                }
                main {
                    (hero(outcome, about, patch))
                    div.columns {
                        (card("What clients ask for", &costs(outcome, about), "Every legitimate request by its static cost. The limit stands a quarter above the dearest."))
                        (card("How long it takes", &latency(outcome), "Each dot is an operation. The line is what cost tells of time, the dashed line what 99 of a hundred requests stay below."))
                        (card("How well it predicts", &predictions(outcome), "Every operation predicted from the others. On the line is right; the band is off by 35 %, beyond which nothing would have been written."))
                        (quality(outcome))
                    }
                    (weights(outcome))
                    (lists(outcome))
                    (next(outcome))
                    (provenance(outcome, about))
                }
                footer { "Everything here is in this file; it loads nothing." }
            }
        }
    };
    page.into_string()
}

fn card(title: &str, body: &Markup, caption: &str) -> Markup {
    html! { section.card { h2 { (title) } (body) p.caption { (caption) } } }
}

fn hero(outcome: &Outcome, about: &Provenance, patch: &Patch) -> Markup {
    let (chip, word) = match outcome.advice {
        Advice::Conflict { .. } => ("alarm", "above what the upstream bears"),
        Advice::Fits(_) => ("good", "the upstream bears it"),
        Advice::Unmeasured(_) => ("", "what the upstream bears is not known"),
    };
    html! {
        section.hero {
            div {
                h1 { "A limit for " em { (about.policy) } }
                p.figure { (grouped(outcome.advice.limit())) " " span.chip.(chip) { (word) } }
                p.why { (told::advice(outcome)) "." }
                @if let Some(now) = about.limit {
                    p.why { "In force now: " (grouped(now)) ", in the units of then." }
                }
                @if patch.to_enforce.is_some() { p.why { "It is " (patch.note()) "." } }
            }
            dl.tiles {
                (tile("of one unit of cost", &milliseconds(outcome.tuned.unit)))
                (tile("median error of a prediction", &outcome.fit.quality.map_or_else(dash, |it| percent(it.median_error))))
                (tile("operations measured", &grouped(outcome.points.len() as u64)))
                (tile("shapes among them", &grouped(outcome.fit.shapes as u64)))
            }
        }
        @if !outcome.dear.is_empty() { (conflict(outcome)) }
    }
}

fn tile(name: &str, value: &str) -> Markup {
    html! { div { dd { (value) } dt { (name) } } }
}

fn dash() -> String {
    "–".to_owned()
}

fn conflict(outcome: &Outcome) -> Markup {
    html! {
        section.card.warn {
            h2 { "In conflict" }
            p.caption { "These are legitimate and dearer than the upstream bears within " (milliseconds(outcome.budget)) ". They are not cut off: make them cheaper, make the upstream faster, or allow them more time." }
            ul.dear {
                @for (name, cost) in outcome.dear.iter().take(LINES) {
                    li { code { (name) } span { (grouped(*cost)) } }
                }
            }
            @if outcome.dear.len() > LINES { p.caption { "And " (outcome.dear.len().saturating_sub(LINES)) " more." } }
        }
    }
}

fn quality(outcome: &Outcome) -> Markup {
    let row = |name: &str, it: Option<&Quality>| {
        html! { @if let Some(it) = it {
            tr {
                th scope="row" { (name) }
                td.n { (percent(it.median_error)) } td.n { (percent(it.p90_error)) }
                td.n { (format!("{:.2}", it.r2_log)) } td.n { (format!("{:.2}", it.spearman)) }
            }
        } }
    };
    html! {
        section.card {
            h2 { "How good it is" }
            div.scroll { table {
                thead { tr { th {} th.n { "median error" } th.n { "9 of 10 below" } th.n { "R², logs" } th.n { "Spearman" } } }
                tbody {
                    (row("calls and bytes", outcome.fit.quality.as_ref()))
                    (row("the static cost", outcome.by_cost.as_ref()))
                }
            } }
            p.caption { "Calls and bytes are known when an answer is there; the static cost is known before, and is an upper bound." }
            @if let Some(it) = &outcome.fullness {
                h3 { "What lists really hold" }
                p.text { "The bound is off by " b { (percent(it.bound_error)) } ", the expected cost by " b { (percent(it.expected_error)) } ". A bound made for nine of ten covers " b { (percent(it.coverage)) } " of " (it.n) " that it has not seen (" (percent(it.interval.low)) " to " (percent(it.interval.high)) ")." }
            }
            h3 { "What the upstream bears" }
            table { tbody {
                @for (load, it) in &outcome.capacities {
                    tr {
                        th scope="row" { @if *load == 0 { "alone" } @else { (load) " % load" } }
                        td { (told::bears(it)) }
                    }
                }
            } }
            p.caption { "The largest cost with which 99 of a hundred requests take at most " (milliseconds(outcome.budget)) "." }
        }
    }
}

fn weights(outcome: &Outcome) -> Markup {
    let mut all: Vec<&Weight> = outcome.fit.weights.iter().collect();
    all.sort_by(|a, b| b.value.total_cmp(&a.value));
    let least = all.first().map_or(0.0, |it| it.value / 500.0);
    let shown: Vec<&Weight> =
        all.iter().copied().filter(|it| it.value > least).take(ROWS).collect();
    let most = shown.iter().map(|it| it.interval.high.min(it.value * 2.0)).fold(0.0, f64::max);
    html! {
        section.card {
            h2 { "What a call takes" }
            div.dots {
                div.row.head { span.on {} span.track {} span.value { "time" } span.weight { "weight" } }
                @for it in &shown { (weight(outcome, it, most)) }
            }
            p.caption {
                "With 95 % confidence all true values lie in their bars. "
                span.hollow { } " is asked for together with something else all the time, or too seldom to be sure."
                @if all.len() > shown.len() { " " (all.len().saturating_sub(shown.len())) " more take next to nothing." }
            }
        }
    }
}

fn weight(outcome: &Outcome, it: &Weight, most: f64) -> Markup {
    let x = |value: f64| (value / most.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0) * 96.0 + 2.0;
    let class = if it.identified == Identified::Yes { "sure" } else { "unsure" };
    let name = told::column(&it.column);
    let written = outcome.tuned.weights.iter().find(|(on, _, _)| match &it.column {
        Column::Field(coordinate) => on == coordinate,
        Column::Kilobyte | Column::Others { .. } | Column::Request => false,
    });
    let (low, high) = (x(it.interval.low), x(it.interval.high));
    html! {
        div.row title=(format!("{} operations; {} to {}", it.rows, milliseconds(it.interval.low), milliseconds(it.interval.high))) {
            span.on { @match it.column { Column::Field(_) => { code { (name) } }, _ => { i { (name) } } } }
            span.track {
                span.range.(class) style=(format!("left:{}%;width:{}%", place(low), place((high - low).max(0.4)))) {}
                span.point.(class) style=(format!("left:{}%", place(x(it.value)))) {}
            }
            span.value { (milliseconds(it.value)) }
            span.weight { @if let Some((_, weight, _)) = written { (grouped(u64::try_from(*weight).unwrap_or(0))) } }
        }
    }
}

fn lists(outcome: &Outcome) -> Markup {
    let mut all: Vec<(&Box<str>, &Fill)> = outcome.fills.iter().filter(|it| it.1.is_list).collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.1.n));
    html! {
        @if !all.is_empty() {
            section.card {
                h2 { "How full lists are" }
                div.dots {
                    div.row.head { span.on {} span.track {} span.value { "filled" } span.weight { "size" } }
                    @for (coordinate, it) in all.iter().take(ROWS) { (list(outcome, coordinate, it)) }
                }
                p.caption { "What came back, of what was priced. The tick is where nine of ten lists stay below; limits rest on the full bar all the same." }
            }
        }
    }
}

fn list(outcome: &Outcome, coordinate: &str, it: &Fill) -> Markup {
    let share = |of: f64| place(of.clamp(0.0, 1.0) * 100.0);
    let sized = outcome.tuned.lists.iter().find(|(on, _, _)| **on == *coordinate);
    html! {
        div.row title=(format!("{} lists, {} of {} elements, the longest {}", it.n, it.came, it.priced, it.longest)) {
            span.on { code { (coordinate) } }
            span.track.full {
                span.fill style=(format!("width:{}%", share(it.mean()))) {}
                span.tick style=(format!("left:{}%", share(it.upper(0.1)))) {}
            }
            span.value { (percent(it.mean())) }
            span.weight {
                @if let Some((_, before, now)) = sized { (before) " → " (now) }
                @else if it.over > 0 { span.alarm { (it.over) " over" } }
            }
        }
    }
}

fn next(outcome: &Outcome) -> Markup {
    let next = told::next(outcome);
    html! {
        @if !next.is_empty() {
            section.card {
                h2 { "What to measure next" }
                ul { @for it in next.iter().take(ROWS) { li { (it) } } }
                @if next.len() > ROWS { p.caption { "And " (next.len().saturating_sub(ROWS)) " more." } }
            }
        }
    }
}

fn provenance(outcome: &Outcome, about: &Provenance) -> Markup {
    html! {
        section.card {
            h2 { "Where this comes from" }
            dl.facts {
                dt { "upstream" } dd { (about.upstream) }
                dt { "measured" } dd { (about.target) ", " (grouped(about.requests as u64)) " requests, one at a time" }
                dt { "written" } dd { (about.date) ", " code { (about.file) } }
                dt { "schema" } dd { code { (about.schema) } }
                dt { "the same request" } dd { "varies by " (percent(outcome.unsteadiness)) " between repeats" }
                @for (why, n) in &outcome.left_out { dt { "left out" } dd { (grouped(*n)) ": " (why) } }
            }
        }
    }
}

const STYLE: &str = include_str!("style.css");
const LINES: usize = 12;
const ROWS: usize = 40;
