//! A strict reader of the text, and what it finds.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    admission::Use,
    schema::OperationKind,
    telemetry::{
        COUNTERS, Carrier, Outcome,
        cells::{count_request, rules},
    },
    verdict::Code,
};

/// Families with their kinds, and every sample: name, labels, value.
#[derive(Debug, Default)]
struct Read {
    kinds: BTreeMap<String, String>,
    samples: Vec<(String, BTreeMap<String, String>, f64)>,
}

fn read(text: &str) -> Read {
    let (mut found, mut helped, mut seen) = (Read::default(), BTreeSet::new(), BTreeSet::new());
    let body = text.strip_suffix("# EOF\n").expect("ends with EOF");
    let mut family = String::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect(line);
            assert!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect(line);
            assert!(["counter", "gauge", "histogram", "info"].contains(&kind), "{line}");
            assert!(found.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            name.clone_into(&mut family);
        } else {
            let (name, labels, value) = sample(line);
            let kind = found.kinds.get(&family).expect(line);
            let suffixes: &[&str] = match kind.as_str() {
                "counter" => &["_total"],
                "gauge" => &[""],
                "histogram" => &["_bucket", "_count", "_sum"],
                _ => &["_info"],
            };
            let suffix = name.strip_prefix(&family).expect(line);
            assert!(suffixes.contains(&suffix), "{line}");
            assert!(seen.insert((name.clone(), labels.clone())), "twice: {line}");
            assert!(value >= 0.0 && value.is_finite(), "{line}");
            found.samples.push((name, labels, value));
        }
    }
    found
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let end = line.find(['{', ' ']).expect(line);
    let (name, mut rest) = line.split_at(end);
    let is_name = |it: &str| {
        !it.is_empty()
            && it.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
    };
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        let mut inside = inside;
        loop {
            let (label, behind) = inside.split_once("=\"").expect(line);
            assert!(is_name(label), "{line}");
            let mut value = String::new();
            let mut chars = behind.char_indices();
            let end = loop {
                match chars.next().expect(line) {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().expect(line).1 {
                        'n' => '\n',
                        it @ ('"' | '\\') => it,
                        other => panic!("`\\{other}`: {line}"),
                    }),
                    (_, it) => value.push(it),
                }
            };
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            let after = behind.get(end + 1..).expect(line);
            match after.strip_prefix(',') {
                Some(more) => inside = more,
                None => {
                    rest = after.strip_prefix('}').expect(line);
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ').expect(line).parse().expect(line);
    (name.to_owned(), labels, value)
}

fn figures() -> Figures {
    let trusted = Use {
        document: [1; 32],
        trusted: Some("a \"quoted\"\\\nid".into()),
        name: Some("\"Q\"".into()),
        kind: OperationKind::Query,
        admitted: 3,
        refused: 1,
        cost: 30,
        largest: 10,
    };
    let anyone =
        Use { trusted: None, document: [2; 32], name: Some("\"Evil\"".into()), ..trusted.clone() };
    let usage = Usage { n_documents: 2, n_refused: 1, compiled: 7, uses: vec![trusted, anyone] };
    let graph = GraphFigures {
        graph: GraphIndex::NONE,
        policy: "shop".into(),
        digest: "abc".into(),
        loaded_at: 1_700_000_000,
        reload_failed: true,
        drifted: false,
        limits: vec![("base".into(), 1000)],
        usage,
    };
    Figures { listening: 2, workers: 2, tls_reload_failed: false, graphs: vec![graph] }
}

#[test]
fn the_text_is_what_prometheus_reads() {
    count_request(GraphIndex::NONE, Outcome::Refused(Code::MAX_DEPTH_LIMIT), Carrier::Get);
    let found = read(&Exposition::OpenMetrics.write(&figures()).unwrap());
    let has = |name: &str, label: (&str, &str)| {
        let is_it = |it: &&(String, BTreeMap<String, String>, f64)| {
            it.0 == name && it.1.get(label.0).is_some_and(|it| it == label.1)
        };
        found.samples.iter().any(|it| is_it(&it))
    };
    assert!(has("portcullis_requests_total", ("code", "MAX_DEPTH_LIMIT")));
    assert!(has("portcullis_document_requests_total", ("document", "a \"quoted\"\\\nid")));
    assert!(has("portcullis_document_requests_total", ("operation", "Q")));
    assert!(has("portcullis_cost_limit", ("profile", "base")));
    assert!(has("portcullis_operation_cost_bucket", ("le", "+Inf")));
    assert!(has("portcullis_build_info", ("version", env!("CARGO_PKG_VERSION"))));
}

/// The same with two graphs that have names, and policies that have one.
fn two() -> Figures {
    let mut figures = figures();
    for name in ["shop", "rest"] {
        let graph = GraphIndex::named(name).unwrap();
        figures.graphs.push(GraphFigures { graph, ..self::figures().graphs.remove(0) });
    }
    figures.graphs.remove(0);
    figures
}

#[test]
fn graphs_with_names_have_a_label_and_one_without_has_none() {
    let rest = GraphIndex::named("rest").unwrap();
    count_request(rest, Outcome::Answered, Carrier::Get);
    COUNTERS.mutations.count(rest);
    let found = read(&Exposition::OpenMetrics.write(&two()).unwrap());
    let of = |name: &str, graph: Option<&str>| {
        let its = |it: &&(String, BTreeMap<String, String>, f64)| {
            it.0 == name && it.1.get("graph").map(String::as_str) == graph
        };
        found.samples.iter().find(its).map(|it| it.2)
    };
    assert_eq!(of("portcullis_requests_total", Some("rest")), Some(1.0));
    assert_eq!(of("portcullis_requests_total", Some("shop")), None);
    assert_eq!(of("portcullis_mutations_total", Some("rest")), Some(1.0));
    assert_eq!(of("portcullis_mutations_total", Some("shop")), Some(0.0));
    for name in ["portcullis_upstream_in_flight", "portcullis_policy_digest"] {
        assert!(of(name, Some("shop")).is_some() && of(name, None).is_none(), "{name}");
    }
    // A panic may belong to none, and is looked for before there is one.
    assert!(of("portcullis_panics_total", Some("shop")).is_some());
    assert!(of("portcullis_panics_total", None).is_some());
    assert!(of("portcullis_workers", None).is_some());
    let text = Exposition::OpenMetrics.write(&figures()).unwrap();
    assert!(!text.contains("graph=\""));
}

#[test]
fn labels_come_from_closed_sets() {
    let mut found = read(&Exposition::OpenMetrics.write(&figures()).unwrap());
    found.samples.extend(read(&Exposition::OpenMetrics.write(&two()).unwrap()).samples);
    let codes: BTreeSet<_> = Code::ALL.iter().map(|it| it.as_str()).chain([""]).collect();
    let rules: BTreeSet<_> = rules().chain(["other"]).collect();
    let transports = Carrier::ALL.map(Carrier::as_str);
    for (name, labels, _) in &found.samples {
        for (label, value) in labels {
            let value = value.as_str();
            let is_closed = match label.as_str() {
                "code" => codes.contains(value),
                "rule" => rules.contains(value),
                "transport" => transports.contains(&value),
                "verdict" => Outcome::WORDS.contains(&value),
                "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
                "policy" | "profile" | "version" | "digest" => true,
                "graph" => ["shop", "rest"].contains(&value),
                "document" | "hash" | "operation" => {
                    name.starts_with("portcullis_document_") && !value.contains("Evil")
                }
                _ => false,
            };
            assert!(is_closed, "{name} {label}={value}");
        }
    }
}

/// Every metric has a place in the table, in full or as the end of one that stands in full before it.
#[test]
fn the_manual_names_every_metric() {
    let page = include_str!("../../manual/observing.md");
    let rows = page.lines().filter_map(|it| it.strip_prefix("| `")?.split_once(" |"));
    let rows: Vec<Vec<_>> =
        rows.map(|(it, _)| it.trim_end_matches('`').split("`, `").collect()).collect();
    let names = |row: &[&str], name: &str| {
        row.contains(&name)
            || row.iter().filter(|it| it.starts_with('_')).any(|end| {
                let begin = name.strip_suffix(end);
                begin.is_some_and(|it| row.first().is_some_and(|first| first.starts_with(it)))
            })
    };
    let text = Exposition::Classic.write(&figures()).unwrap();
    let all = text.lines().filter_map(|it| it.strip_prefix("# TYPE ")?.split(' ').next());
    let missing: Vec<_> = all.filter(|name| !rows.iter().any(|row| names(row, name))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn buckets_grow_to_the_count() {
    let found = read(&Exposition::OpenMetrics.write(&figures()).unwrap());
    let mut last: BTreeMap<(String, [Option<String>; 2]), f64> = BTreeMap::new();
    for (name, labels, value) in &found.samples {
        let Some(family) = name.strip_suffix("_bucket") else { continue };
        let key = (family.to_owned(), ["graph", "verdict"].map(|it| labels.get(it).cloned()));
        assert!(last.insert(key, *value).is_none_or(|it| it <= *value), "{name}");
    }
    assert_eq!(last.len(), 4);
    for (name, labels, value) in &found.samples {
        let Some(family) = name.strip_suffix("_count") else { continue };
        let key = (family.to_owned(), ["graph", "verdict"].map(|it| labels.get(it).cloned()));
        assert_eq!(last.get(&key), Some(value), "{name}");
    }
}

#[test]
fn openmetrics_comes_to_who_asks_for_it() {
    let check = |accept, expect| assert_eq!(Exposition::accepted(accept), expect, "{accept}");
    check("", Exposition::Classic);
    check("*/*", Exposition::Classic);
    check("text/plain;version=0.0.4", Exposition::Classic);
    check("application/openmetrics-text;q=0,text/plain", Exposition::Classic);
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4,*/*;q=0.1";
    check(prometheus, Exposition::OpenMetrics);
    check("Application/OpenMetrics-Text", Exposition::OpenMetrics);
}
