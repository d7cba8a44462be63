//! The published query/response corpus: our numbers are the recorded ones, on both sides, under its
//! limits written as policies.
//!
//! `PORTCULLIS_FSE` names a folder with all of its pairs; a sample of them lies in `tests/corpus`.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::read::GzDecoder;
use portcullis::{
    cost::{Counter, Price, Shape, compile},
    json,
    operation::coerce,
    policy::Policy,
    sources::load_policy,
};
use serde_json::Value;

use crate::support::unvalidated;

#[test]
fn pairs_of_github() {
    check("github");
}

#[test]
fn pairs_of_yelp() {
    check("yelp");
}

fn check(corpus: &str) {
    let Policy { schema, cost: model, .. } = policy(corpus);
    let (mut n, mut over, mut wrong) = (0, 0, Vec::new());
    for line in pairs(corpus).lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        let operation = unvalidated(&schema, pair["query"].as_str().unwrap());
        let variables = pair["variables"].to_string();
        let tree = json::read(variables.as_bytes(), json::Limits::default()).unwrap();
        let variables = coerce(&schema, operation.variables(), Some(tree.root()))
            .unwrap_or_else(|why| panic!("{why:?}"));
        let program = compile(&model, &operation);
        let fixed = program.price(&variables).unwrap_or_else(|why| panic!("{why:?}"));
        let shape = Arc::new(Shape::new(&model, &operation));
        let mut counter = Counter::new(&shape, &variables);
        for piece in pair["response"].to_string().as_bytes().chunks(1000) {
            counter.push(piece);
        }
        let actual = counter.finish();
        assert!(actual.is_complete && program.is_exact());
        let got = (fixed, actual.price);
        let expect = (price(&pair["static"]), price(&pair["actual"]));
        if got != expect {
            wrong.push(format!("{}: {got:?}, not {expect:?}", pair["id"]));
        }
        let lists = actual.lists.iter().filter(|it| it.is_over()).count();
        let is_under = fixed.types < actual.price.types || fixed.fields < actual.price.fields;
        assert!(!is_under || lists > 0, "{}: {got:?}", pair["id"]);
        over += lists;
        n += 1;
    }
    let shown = wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {n}, lists over their bound {over}\n{shown}", wrong.len());
    assert!(n >= 500);
}

/// The limits that were published with a corpus, through the real loader and without a warning.
pub(crate) fn policy(corpus: &str) -> Policy {
    let (policy, found) = load_policy(&folder().join(format!("fse-{corpus}.yaml")));
    assert_eq!(found.iter().map(|it| &it.message).collect::<Vec<_>>(), [""; 0]);
    policy.unwrap()
}

/// The pairs in the repository, or all of them when the environment says where they are.
pub(crate) fn pairs(corpus: &str) -> String {
    let file = match std::env::var("PORTCULLIS_FSE") {
        Ok(all) => Path::new(&all).join(format!("{corpus}.jsonl.gz")),
        Err(_) => folder().join(format!("fse/{corpus}-sample.jsonl.gz")),
    };
    let mut text = String::new();
    let opened = File::open(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    GzDecoder::new(opened).read_to_string(&mut text).unwrap();
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/cost")
}

fn price(value: &Value) -> Price {
    Price { types: value["type"].as_u64().unwrap(), fields: value["field"].as_u64().unwrap() }
}
