//! How much of what is valid is proven, so that the slow validator is left for what is not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs::{File, read_to_string},
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::read::GzDecoder;
use portcullis::{
    diagnostic::Source,
    document::{Ceilings, ReadLimits, count, is_proven, objections, read},
    schema::Schema,
};
use serde_json::Value;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    if !name.ends_with(".gz") {
        return read_to_string(path(name)).unwrap();
    }
    let mut text = String::new();
    GzDecoder::new(File::open(path(name)).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// What is found in one file: documents that are valid, those among them that are proven.
#[derive(Default)]
struct Found {
    n_valid: usize,
    n_proven: usize,
    open: Vec<String>,
}

impl Found {
    fn try_text(&mut self, schema: &Schema, text: &str) {
        let Ok(read) = read(text, &ReadLimits::CEILINGS) else { return };
        if count(&read.document, &Ceilings::default()).is_err() {
            return;
        }
        let is_proven = is_proven(schema, &read.document);
        let found = objections(schema, &read.document);
        assert!(found.is_empty() || !is_proven, "{found:?}\n{text}");
        if found.is_empty() {
            self.n_valid += 1;
            self.n_proven += usize::from(is_proven);
            if !is_proven {
                self.open.push(text.to_owned());
            }
        }
    }

    /// Every text that may be a document, at any depth.
    fn try_all(&mut self, schema: &Schema, value: &Value) {
        match value {
            Value::String(it) => match serde_json::from_str::<Value>(it) {
                Ok(inner @ (Value::Array(_) | Value::Object(_))) => self.try_all(schema, &inner),
                _ => self.try_text(schema, it),
            },
            Value::Array(items) => items.iter().for_each(|it| self.try_all(schema, it)),
            Value::Object(members) => members.values().for_each(|it| self.try_all(schema, it)),
            Value::Bool(_) | Value::Null | Value::Number(_) => {}
        }
    }
}

fn schema(text: String) -> Schema {
    let source = Source { name: "schema".into(), text: text.into() };
    Schema::load(Arc::new(source)).unwrap().0
}

fn lines(file: &str) -> Vec<Value> {
    if file.ends_with(".yaml") {
        let text = text(file);
        let documents = text.lines().filter_map(|it| it.trim().strip_prefix("document: "));
        return documents.map(unquoted).map(Value::String).collect();
    }
    text(file).lines().filter_map(|it| serde_json::from_str(it).ok()).collect()
}

/// A scalar of one line, as the files of cases write it.
fn unquoted(scalar: &str) -> String {
    match scalar.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => serde_json::from_str(scalar).unwrap_or_else(|_| scalar.to_owned()),
    }
}

/// Files of documents, and the schema that they are over.
const FILES: &[(&str, &str)] = &[
    ("tests/corpus/real/linear/operations.jsonl", "tests/corpus/real/linear/schema.graphql"),
    (
        "tests/corpus/real/shopify-storefront/operations.jsonl",
        "tests/corpus/real/shopify-storefront/schema.graphql",
    ),
    ("tests/corpus/real/swapi/operations.jsonl", "tests/corpus/real/swapi/schema.graphql"),
    ("tests/corpus/cost/fse/github-sample.jsonl.gz", "tests/corpus/cost/fse/github.graphql"),
    ("tests/corpus/cost/fse/yelp-sample.jsonl.gz", "tests/corpus/cost/fse/yelp.graphql"),
    ("tests/corpus/bazaar/benign-public.jsonl", "tests/corpus/bazaar/schema.graphql"),
    ("tests/corpus/bazaar/attacks-public.jsonl", "tests/corpus/bazaar/schema.graphql"),
    ("tests/corpus/bazaar/policy_test.yaml", "tests/corpus/bazaar/schema.graphql"),
    ("policies/shop_test.yaml", "policies/schema.graphql"),
];

#[test]
fn what_is_valid_is_proven() {
    let (mut n_valid, mut n_proven) = (0, 0);
    let mut take = |name: &str, found: Found| {
        println!("{name}: {} valid, {} proven", found.n_valid, found.n_proven);
        found.open.iter().for_each(|it| println!("  not proven: {it}"));
        assert!(found.n_valid > 0, "{name}");
        n_valid += found.n_valid;
        n_proven += found.n_proven;
    };
    for (file, over) in FILES {
        let schema = schema(text(over));
        let mut found = Found::default();
        lines(file).iter().for_each(|it| found.try_all(&schema, it));
        take(file, found);
    }
    let golden = "tests/corpus/cost/golden.jsonl";
    let mut found = Found::default();
    for it in lines(golden) {
        let over = schema(it.get("schema").unwrap().as_str().unwrap().to_owned());
        found.try_text(&over, it.get("query").unwrap().as_str().unwrap());
    }
    take(golden, found);
    println!("altogether: {n_valid} valid, {n_proven} proven");
    assert_eq!(n_proven, n_valid);
}
