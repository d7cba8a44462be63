//! Documents and bodies that are small to send and large to judge: refused before they cost.
//!
//! What a refusal may cost is bounded by the limits that refuse it, so that they are named here;
//! nothing is timed.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and prints what a person may ask for"
)]

mod support;

use std::thread;

use portcullis::{
    admission::Gate,
    document::{Ceilings, Counts, ReadLimits, count, read},
    json::{self, Limits, Problem},
    verdict::Verdict,
};
use support::judge;

/// What a worker has.
const STACK: usize = 2 << 20;

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(body).unwrap().join().unwrap();
}

fn gate(rest: &str) -> Gate {
    judge::gate("laws.graphql", rest, "tests/support")
}

fn body(text: &str) -> Vec<u8> {
    format!("{{\"query\":{}}}", json::escape(text)).into_bytes()
}

/// Rule and code of the refusal.
fn refusal(gate: &Gate, body: &[u8]) -> (&'static str, &'static str) {
    match judge::judge(gate, body) {
        Verdict::Admit(admitted) => panic!("{:?}", String::from_utf8_lossy(admitted.body())),
        Verdict::Answer(_) => panic!("answered without the upstream"),
        Verdict::Reject(it) => (it.items[0].rule, it.items[0].code.as_str()),
    }
}

/// Fragments that spread the next one twice: no alias, no nesting of fields.
fn doubling(n: usize) -> String {
    let mut text = "{...F0}".to_owned();
    for i in 0..n {
        text.push_str(&format!("fragment F{i} on Root{{...F{} ...F{}}}", i + 1, i + 1));
    }
    text + &format!("fragment F{n} on Root{{count}}")
}

/// The same, a level deeper each: every level merges the two below.
fn merging(n: usize) -> String {
    let mut text = "{...F0}".to_owned();
    for i in 0..n {
        text.push_str(&format!("fragment F{i} on Root{{root{{...F{0}}}root{{...F{0}}}}}", i + 1));
    }
    text + &format!("fragment F{n} on Root{{count}}")
}

/// Fragments that spread every later one.
fn chained(n: usize) -> String {
    let mut text = "{...F0}".to_owned();
    for i in 0..n {
        let spreads: String = (i + 1..=n).map(|it| format!("...F{it} ")).collect();
        text.push_str(&format!("fragment F{i} on Root{{{spreads}}}"));
    }
    text + &format!("fragment F{n} on Root{{count}}")
}

/// Bombs by name, with the number of fields that they stand for.
fn bombs() -> Vec<(&'static str, String, u64)> {
    vec![
        ("doubling 22", doubling(22), 1 << 22),
        ("merging 22", merging(22), (1 << 23) - 2 + (1 << 22)),
        ("chained 22", chained(22), 1 << 21),
        ("doubling 40", doubling(40), 1 << 40),
        ("merging 40", merging(40), (1 << 41) - 2 + (1 << 40)),
        ("doubling 100", doubling(100), u64::MAX),
    ]
}

const UNBOUNDED: Ceilings = Ceilings {
    fields: u64::MAX,
    selections: u64::MAX,
    nesting: u64::MAX,
    work: u64::MAX,
    variables: 0,
};

#[test]
fn bombs_are_counted_without_being_built() {
    let gate = gate("");
    let off = self::gate("mode: report");
    for (name, text, n_fields) in bombs() {
        let read = read(&text, &ReadLimits::CEILINGS).unwrap();
        let counts: Vec<Counts> = count(&read.document, &UNBOUNDED).unwrap();
        assert_eq!(counts[0].fields, n_fields, "{name}");
        // The count takes one step for a selection that is written, and is what refuses.
        assert!(read.document.tokens() < 2000, "{name}");
        assert_eq!(refusal(&gate, &body(&text)), ("max-fields", "MAX_FIELDS_LIMIT"), "{name}");
        // Report mode watches what can be built; this cannot.
        assert_eq!(refusal(&off, &body(&text)), ("max-fields", "MAX_FIELDS_LIMIT"), "{name}");
    }
}

/// The largest bomb under every ceiling of the count is bounded work for all that comes after it.
#[test]
fn what_passes_the_count_is_small() {
    let Ceilings { fields, selections, nesting, work, .. } = Ceilings::default();
    assert!(fields <= 20_000 && selections <= 60_000 && nesting <= 200 && work <= 100_000);
    let under = [doubling(9), merging(7), chained(10)];
    for text in under {
        let read = read(&text, &ReadLimits::CEILINGS).unwrap();
        let counts = count(&read.document, &Ceilings::default()).unwrap();
        assert!(counts[0].selections <= 2_200, "{text}");
    }
}

/// The opening and closing of one level, and the limit that ends it.
const NESTS: &[(&str, &str, &str, &str)] = &[
    ("", "{root", "}", ""),
    ("{", "...{", "count}", "}"),
    ("{raw(json:", "[", "]", ")}"),
    ("{raw(json:", "{a:", "}", ")}"),
    ("{count @tag(n:", "[", "]", ")}"),
    ("query($a:", "[", "]", "){count}"),
    ("query($a:JSON=", "[", "]", "){count}"),
    ("query($a:JSON=", "{a:", "}", "){count}"),
];

const LEVELS: [usize; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];

#[test]
fn nested_documents_are_refused_by_size_or_depth() {
    on_a_small_stack(|| {
        // Every limit of the policy off: what is left are the ceilings.
        let off = gate("limits: { document: off, tokens: off, depth: off, fields: off }");
        for gate in [gate(""), off] {
            let reading = gate.policy().reading;
            for (before, open, close, after) in NESTS {
                for n in LEVELS {
                    let unclosed = format!("{before}{}", open.repeat(n));
                    let closed = format!("{unclosed}{}{after}", close.repeat(n));
                    for text in [unclosed, closed] {
                        let verdict = judge::judge(&gate, &body(&text));
                        // So much may be legal; it only has to end.
                        if n < 1_000 {
                            continue;
                        }
                        // Refused by its size, or at the first token or level too many.
                        let is_long = text.len() as u64 > reading.bytes;
                        let codes: &[_] = match is_long {
                            true => &["MAX_DOCUMENT_LIMIT"],
                            false => &["MAX_DEPTH_LIMIT", "MAX_TOKENS_LIMIT"],
                        };
                        let code = judge::code(&verdict).unwrap();
                        assert!(codes.contains(&code), "{code}: {before}{open} {n}");
                    }
                }
            }
        }
    });
}

/// Each stands where the other parts of the body are fine.
const JSON_NESTS: &[(&str, &str, &str, &str)] = &[
    ("", "[", "]", ""),
    ("", "{\"a\":", "null}", ""),
    ("{\"query\":\"{count}\",\"variables\":", "{\"a\":", "1}", "}"),
    ("{\"query\":\"{count}\",\"variables\":{\"a\":", "[", "]", "}}"),
    ("{\"query\":\"{count}\",\"extensions\":{\"a\":", "[{\"b\":", "1}]", "}}"),
    ("{\"query\":\"{count}\",\"other\":", "[", "]", "}"),
];

#[test]
fn nested_json_is_refused_at_the_first_level_too_many() {
    on_a_small_stack(|| {
        let gate = gate("");
        for (before, open, close, after) in JSON_NESTS {
            for n in LEVELS {
                let unclosed = format!("{before}{}", open.repeat(n));
                let closed = format!("{unclosed}{}{after}", close.repeat(n));
                for text in [unclosed, closed] {
                    let found = json::read(text.as_bytes(), Limits::default());
                    if n >= 100 {
                        let error = found.err().unwrap();
                        assert_eq!(error.problem, Problem::TooDeep, "{before}{open} {n}");
                        // Nothing behind the 36th level was looked at.
                        assert!(error.at <= before.len() + 36 * open.len());
                        assert_eq!(refusal(&gate, text.as_bytes()), ("json", "INVALID_JSON"));
                    }
                }
            }
        }
    });
}
