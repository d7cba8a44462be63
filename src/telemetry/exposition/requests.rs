//! The families of what requests count: what became of them, how long they took, what they cost.

use crate::{
    admission::Use,
    telemetry::{
        Family, GraphFigures, Labels, Numbers,
        cells::rules,
        exposition::family::{Measured, label},
    },
    verdict::hex,
};

pub(super) fn requests(numbers: &Numbers, out: &mut Vec<Family>) {
    let rows = numbers.requests.iter().map(|(verdict, code, carrier, n)| {
        let code = code.map_or("", |it| it.as_str());
        let labels = [("verdict", *verdict), ("code", code), ("transport", carrier.as_str())];
        (labels.map(|(name, it)| (name, it.to_owned())).to_vec(), *n)
    });
    let help = "Operations and refused requests, by what became of them";
    out.push(Family::counters("requests", help, rows.collect()));
    let counted = |rule| numbers.rules.iter().find(|it| it.0 == rule).map_or(0, |it| it.1);
    let rows = rules().chain(["other"]).map(|it| (label("rule", it), counted(it)));
    let help = "Objections to refused requests, by rule";
    out.push(Family::counters("objections", help, rows.collect()));
}

pub(super) fn durations(numbers: &Numbers, out: &mut Vec<Family>) {
    let Numbers { own, upstream, .. } = numbers;
    for (name, help, it) in [
        (
            "own_duration_seconds",
            "From the last byte of a request until it is forwarded or answered",
            own,
        ),
        ("upstream_duration_seconds", "From forwarding until the head of the answer", upstream),
    ] {
        let row = (Labels::new(), Measured::new(it, NANOS));
        out.push(Family::histograms(name, help, vec![row]));
    }
}

pub(super) fn costs(numbers: &Numbers, out: &mut Vec<Family>) {
    let Numbers { admitted_cost, refused_cost, .. } = numbers;
    let rows = vec![
        (label("verdict", "admitted"), Measured::new(admitted_cost, 1.0)),
        (label("verdict", "refused"), Measured::new(refused_cost, 1.0)),
    ];
    out.push(Family::histograms("operation_cost", "Static cost of operations", rows));
}

pub(super) fn documents(graphs: &[GraphFigures], out: &mut Vec<Family>) {
    let trusted = |count: fn(&Use) -> u64| {
        let uses =
            graphs.iter().flat_map(|graph| graph.usage.uses.iter().map(move |it| (graph, it)));
        let listed = uses.filter_map(|(graph, it)| Some((graph, it.trusted.as_deref()?, it)));
        let rows = listed.map(|(graph, id, it)| {
            let mut labels = label("policy", &graph.policy);
            labels.push(("document", id.to_owned()));
            labels.push(("hash", hex(it.document.get(..8).unwrap_or_default())));
            labels.push(("operation", it.name.as_deref().unwrap_or_default().to_owned()));
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
