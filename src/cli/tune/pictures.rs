//! The three pictures of the report: costs, time against cost, predictions.

use maud::{Markup, html};

use crate::{
    calibration::{Largest, MOST_ERROR},
    cli::{
        past::grouped,
        tune::{
            outcome::{Outcome, Point},
            plot::{Axis, BOTTOM, TOP, VIEW, buckets, dot, frame, mark, milliseconds, path, place},
            sampled::float,
            told::Provenance,
        },
    },
};

/// The costs of everything legitimate, and the limit.
pub(super) fn costs(outcome: &Outcome, _about: &Provenance) -> Markup {
    let limit = float(outcome.advice.limit());
    let capacity = capacity(outcome).filter(|it| *it < limit * 100.0 && *it > 0.0);
    let all = outcome.costs.iter().map(|it| float(it.0)).chain([limit]).chain(capacity);
    let x = Axis::horizontal(all);
    let buckets = buckets(&x, outcome.costs.iter(), BUCKETS);
    let most = float(buckets.iter().map(|it| it.2).max().unwrap_or(1).max(1));
    let height = |n: u64| float(n) / most * (BOTTOM - TOP - 40.0);
    html! {
        svg viewBox=(VIEW) role="img" aria-label=(format!("Histogram of static costs; the limit is {}", grouped(outcome.advice.limit()))) {
            (frame(&x, None, ("static cost", "requests")))
            @for (from, to, n) in buckets.iter().filter(|it| it.2 > 0) {
                @let (left, right) = (x.at(*from), x.at(*to));
                @let tall = height(*n).max(1.5);
                rect.bar x=(place(left + 0.7)) width=(place((right - left - 1.4).max(0.5)))
                    y=(place(BOTTOM - tall)) height=(place(tall)) rx="1.5" {
                    title { (format!("{} requests of cost {:.0} to {:.0}", grouped(*n), from, to)) }
                }
            }
            @if let Some(it) = capacity { (mark(&x, it, ("bears", "borne"), 1)) }
            (mark(&x, limit, ("limit", &format!("limit {}", grouped(outcome.advice.limit()))), 0))
        }
    }
}

/// What the upstream bears under the heaviest load that was measured.
fn capacity(outcome: &Outcome) -> Option<f64> {
    let all = outcome.capacities.iter().filter_map(|it| match it.1.largest {
        Largest::Cost(it) => Some(float(it)),
        Largest::Any | Largest::Nothing | Largest::Unknown => None,
    });
    all.reduce(f64::min)
}

/// Time against cost, with the bound of 99 in a hundred and the budget.
pub(super) fn latency(outcome: &Outcome) -> Markup {
    let points = &outcome.points;
    let limit = float(outcome.advice.limit());
    let x = Axis::horizontal(points.iter().map(|it| float(it.cost)).chain([limit]));
    let first = outcome.capacities.first().map(|it| it.1);
    let bounds = outcome.capacities.iter().filter_map(|it| it.1.bound(limit));
    let measured = points.iter().map(|it| it.took);
    let y = Axis::vertical(measured.chain(bounds));
    html! {
        svg viewBox=(VIEW) role="img" aria-label="Time against static cost, an operation each" {
            (frame(&x, Some(&y), ("static cost", "milliseconds")))
            @for it in points { (dot((x.at(float(it.cost)), y.at(it.took)), "point", &title(it))) }
            @if let Some(it) = first {
                (path(x.steps(STEPS).map(|cost| (x.at(cost), y.at(it.base + it.each * cost))), "fit"))
            }
            @for (load, it) in &outcome.capacities {
                @if it.scale.is_some() {
                    (path(x.steps(STEPS).map(|cost| (x.at(cost), y.at(it.bound(cost).unwrap_or(0.0)))), if *load == 0 { "bound" } else { "bound loaded" }))
                }
            }
            @if y.shows(outcome.budget) {
                @let at = y.at(outcome.budget);
                line.budget x1="52" x2="508" y1=(place(at)) y2=(place(at)) {}
                text.budget x="58" y=(place(at - 6.0)) { "budget " (milliseconds(outcome.budget)) }
            }
            (mark(&x, limit, ("limit", "limit"), 0))
        }
    }
}

/// Predicted against measured.
pub(super) fn predictions(outcome: &Outcome) -> Markup {
    let points = &outcome.points;
    let both = || points.iter().flat_map(|it| [it.predicted, it.took]);
    let (x, y) = (Axis::horizontal(both()), Axis::vertical(both()));
    let line = |factor: f64| x.steps(STEPS).map(move |it| (it, it * factor));
    let edge = |factor: f64| {
        let shown = line(factor).map(|(a, b)| (x.at(a), y.at(b)));
        shown.collect::<Vec<_>>()
    };
    let band = edge(1.0 / (1.0 - MOST_ERROR)).into_iter();
    let band = band.chain(edge(1.0 / (1.0 + MOST_ERROR)).into_iter().rev());
    let band: Vec<String> = band.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    html! {
        svg viewBox=(VIEW) role="img" aria-label="Predicted against measured times, an operation each" {
            polygon.band points=(band.join(" ")) {}
            (frame(&x, Some(&y), ("predicted milliseconds", "measured milliseconds")))
            (path(line(1.0).map(|(a, b)| (x.at(a), y.at(b))), "same"))
            @for it in points.iter().filter(|it| it.predicted > 0.0) {
                (dot((x.at(it.predicted), y.at(it.took)), "point", &title(it)))
            }
        }
    }
}

fn title(it: &Point) -> String {
    format!(
        "{}: cost {}, {} measured, {} predicted",
        it.name,
        grouped(it.cost),
        milliseconds(it.took),
        milliseconds(it.predicted)
    )
}

const BUCKETS: u32 = 36;
const STEPS: u32 = 60;
