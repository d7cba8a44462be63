//! The families of what requests count: what became of them, how long they took, what they cost.

use crate::{
    admission::Use,
    telemetry::{
        Distribution, Family, GraphFigures, Labels, Numbers,
        cells::rules,
        exposition::{
            Counted,
            family::{Measured, label, of_policy},
        },
    },
    verdict::hex,
};

pub(super) fn requests(counted: &[Counted], out: &mut Vec<Family>) {
    let rows = counted.iter().flat_map(|it| {
        it.numbers.requests.iter().map(|(verdict, code, carrier, n)| {
            let code = code.map_or("", |it| it.as_str());
            let told = [("verdict", *verdict), ("code", code), ("transport", carrier.as_str())];
            let mut labels = it.labels();
            labels.extend(told.map(|(name, it)| (name, it.to_owned())));
            (labels, *n)
        })
    });
    let help = "Operations and refused requests, by what became of them";
    out.push(Family::counters("requests", help, rows.collect()));
    let rows = counted.iter().flat_map(objections);
    let help = "Objections to refused requests, by rule";
    out.push(Family::counters("objections", help, rows.collect()));
}

fn objections(of: &Counted) -> impl Iterator<Item = (Labels, u64)> {
    let counted = |rule| of.numbers.rules.iter().find(|it| it.0 == rule).map_or(0, |it| it.1);
    let all = rules().chain(["other"]).map(move |it| (it, counted(it)));
    all.filter(|it| of.is_served || it.1 > 0).map(|(rule, n)| {
        let mut labels = of.labels();
        labels.extend(label("rule", rule));
        (labels, n)
    })
}

pub(super) fn durations(counted: &[Counted], out: &mut Vec<Family>) {
    let rows = |of: fn(&Numbers) -> &Distribution| {
        counted.iter().filter_map(|it| Some((it.labels(), measured(it, of, NANOS)?))).collect()
    };
    let help = "From the last byte of a request until it is forwarded or answered";
    out.push(Family::histograms("own_duration_seconds", help, rows(|it| &it.own)));
    let help = "From forwarding until the head of the answer";
    out.push(Family::histograms("upstream_duration_seconds", help, rows(|it| &it.upstream)));
}

pub(super) fn costs(counted: &[Counted], out: &mut Vec<Family>) {
    let rows = counted.iter().flat_map(|it| {
        let row = |verdict, of: fn(&Numbers) -> &Distribution| {
            let mut labels = it.labels();
            labels.extend(label("verdict", verdict));
            Some((labels, measured(it, of, 1.0)?))
        };
        [row("admitted", |it| &it.admitted_cost), row("refused", |it| &it.refused_cost)]
    });
    let rows = rows.flatten();
    out.push(Family::histograms("operation_cost", "Static cost of operations", rows.collect()));
}

/// Nothing, when nobody asks.
fn measured(of: &Counted, which: fn(&Numbers) -> &Distribution, unit: f64) -> Option<Measured> {
    let it = which(&of.numbers);
    (of.is_served || it.count() > 0).then(|| Measured::new(it, unit))
}

pub(super) fn in_flight(counted: &[Counted], out: &mut Vec<Family>) {
    let served = counted.iter().filter(|it| it.is_served);
    let rows = served.map(|it| (it.labels(), it.numbers.in_flight)).collect();
    let help = "Requests that are with the upstream, until their answers have passed";
    out.push(Family::gauges("upstream_in_flight", help, rows));
}

pub(super) fn documents(graphs: &[GraphFigures], out: &mut Vec<Family>) {
    let trusted = |count: fn(&Use) -> u64| {
        let uses =
            graphs.iter().flat_map(|graph| graph.usage.uses.iter().map(move |it| (graph, it)));
        let listed = uses.filter_map(|(graph, it)| Some((graph, it.trusted.as_deref()?, it)));
        let rows = listed.map(|(graph, id, it)| {
            let mut labels = of_policy(graph);
            labels.push(("document", id.to_owned()));
            labels.push(("hash", hex(it.document.get(..8).unwrap_or_default())));
            // A JSON literal; what a document calls an operation has nothing to unescape.
            let operation = it.name.as_deref().unwrap_or_default().trim_matches('"');
            labels.push(("operation", operation.to_owned()));
            (labels, count(it))
        });
        rows.collect::<Vec<_>>()
    };
    let help = "Admitted requests with a trusted document";
    out.push(Family::counters("document_requests", help, trusted(|it| it.admitted)));
    let help = "Refused requests with a trusted document";
    out.push(Family::counters("document_refusals", help, trusted(|it| it.refused)));
    let help = "Static cost of the admitted requests with a trusted document";
    out.push(Family::counters("document_cost", help, trusted(|it| it.cost)));
}

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;
