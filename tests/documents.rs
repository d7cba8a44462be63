//! Documents at large: real ones go through unchanged, hostile ones cost no stack.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::{fs::read_to_string, sync::Arc, thread};

use portcullis::{
    diagnostic::Source,
    document::{
        Ceilings, Excess, OperationId, ReadLimits, Refusal, canonical_text, count, is_proven,
        objections, print, read, second_reader, validate,
    },
    schema::Schema,
};
use serde_json::Value;

/// What a worker has.
const STACK: usize = 2 << 20;

fn corpus(name: &str, file: &str) -> String {
    read_to_string(format!("{}/tests/corpus/real/{name}/{file}", env!("CARGO_MANIFEST_DIR")))
        .unwrap()
}

fn check_corpus(name: &str, n_operations: usize) {
    let text = corpus(name, "schema.graphql").into();
    // GitHub's own file defines one field twice; reading and printing need no schema.
    let schema = Schema::load(Arc::new(Source { name: name.into(), text })).ok();
    assert!(schema.is_some() || name == "github");
    let lines = corpus(name, "operations.jsonl");
    assert_eq!(lines.lines().count(), n_operations);
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = line["query"].as_str().unwrap();
        let first = read(text, &ReadLimits::CEILINGS).unwrap();
        let counts = count(&first.document, &Ceilings::default()).unwrap();
        assert!(counts.iter().all(|it| it.fields >= it.root_fields && it.nesting >= it.depth));
        if let Some((schema, _)) = &schema {
            assert_eq!(validate(schema, &first), Ok(()), "{text}");
            assert_eq!(objections(schema, &first.document), [], "{text}");
            // All that real clients send is proven, so that no time is lost over it.
            assert!(is_proven(schema, &first.document), "{text}");
        }
        let printed = print(&first.document);
        let second = read(&printed, &ReadLimits::CEILINGS).unwrap();
        assert!(first.document.same_syntax(&second.document), "{text}");
        let canonical = canonical_text(&first.document, OperationId(0));
        assert!(canonical.len() <= text.len(), "{text}");
        assert_eq!(second_reader(&canonical, &first.document, OperationId(0)), Ok(()), "{text}");
    }
}

#[test]
fn operations_of_github() {
    check_corpus("github", 44);
}

#[test]
fn operations_of_linear() {
    check_corpus("linear", 332);
}

#[test]
fn operations_of_shopify() {
    check_corpus("shopify-storefront", 70);
}

#[test]
fn operations_of_swapi() {
    check_corpus("swapi", 8);
}

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(body).unwrap().join().unwrap();
}

/// The opening and closing of one level.
const NESTS: &[(&str, &str, &str, &str)] = &[
    ("", "{a", "}", ""),
    ("{", "...{", "a}", "}"),
    ("{a(b:", "[", "]", ")}"),
    ("{a(b:", "{c:", "}", ")}"),
    ("{a @b(c:", "[", "]", ")}"),
    ("query($a:", "[", "]", "){a}"),
    ("query($a:A=", "[", "]", "){a}"),
    ("query($a:A=", "{b:", "}", "){a}"),
    ("query($a:A @b(c:", "[", "]", ")){a}"),
];

#[test]
fn nesting_is_refused_before_it_costs_stack() {
    on_a_small_stack(|| {
        for (before, open, close, after) in NESTS {
            for n in [10, 199, 202, 1_000, 100_000, 1_000_000] {
                let unclosed = format!("{before}{}", open.repeat(n));
                let closed = format!("{unclosed}{}{after}", close.repeat(n));
                for text in [unclosed, closed] {
                    match read(&text, &ReadLimits::CEILINGS) {
                        Ok(read) => assert!(read.document.depth() <= 200, "{before}{open} {n}"),
                        Err(Refusal::TooDeep { .. }) => assert!(n > 199, "{before}{open} {n}"),
                        Err(Refusal::Syntax { .. }) => assert!(n < 1_000, "{before}{open} {n}"),
                        Err(it) => panic!("{before}{open} {n}: {it}"),
                    }
                }
            }
        }
    });
}

const SCHEMA: &str = "
    type Query { a: Int t(a: [I] b: In): Query u: U }
    scalar I
    input In { in: In }
    union U = Query | V
    type V { t: Query }";

fn schema() -> Schema {
    let source = Source { name: "test".into(), text: SCHEMA.into() };
    Schema::load(Arc::new(source)).unwrap().0
}

#[test]
fn the_deepest_document_that_is_read_can_be_validated() {
    on_a_small_stack(|| {
        let schema = schema();
        let n = 199;
        let texts = [
            format!("{}a{}", "{t".repeat(n) + "{", "}".repeat(n + 1)),
            format!("{{{}a{}}}", "...{".repeat(n), "}".repeat(n)),
            format!("{{t(b:{}{{}}{}){{a}}}}", "{in:".repeat(n), "}".repeat(n)),
            chain(199),
        ];
        for text in texts {
            let read = read(&text, &ReadLimits::CEILINGS).unwrap();
            count(&read.document, &Ceilings::default()).unwrap();
            assert_eq!(validate(&schema, &read), Ok(()));
            assert!(read.document.same_syntax(&read.document.clone()));
        }
        let text = chain(200);
        let read = read(&text, &ReadLimits::CEILINGS).unwrap();
        let found = count(&read.document, &Ceilings::default());
        assert_eq!(found, Err(Excess::Nesting { limit: 200 }));
    });
}

/// Fragments that spread one another, `n` levels of spreads above one field.
fn chain(n: usize) -> String {
    let mut text = "{...F1}".to_owned();
    for i in 1..n {
        text.push_str(&format!("fragment F{i} on Query{{...F{}}}", i + 1));
    }
    text + &format!("fragment F{n} on Query{{a}}")
}
