//! The published query/response corpus: our numbers are the recorded ones, on both sides.

use crate::{
    limits::{CORPORA, Corpus},
    support::{model, schema, unvalidated},
};
use portcullis::{
    cost::{Counter, Price, Shape, compile},
    json,
    operation::coerce,
};
use serde_json::Value;

#[test]
fn pairs_of_github() {
    check(&CORPORA[0]);
}

#[test]
fn pairs_of_yelp() {
    check(&CORPORA[1]);
}

fn check(corpus: &Corpus) {
    let schema = schema(corpus.schema);
    let model = model(&schema, &corpus.settings(&schema));
    let (mut n, mut over, mut wrong) = (0, 0, Vec::new());
    for line in corpus.pairs().lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        let operation = unvalidated(&schema, pair["query"].as_str().unwrap());
        let variables = pair["variables"].to_string();
        let tree = json::read(variables.as_bytes(), json::Limits::default()).unwrap();
        let variables = coerce(&schema, operation.variables(), Some(tree.root()))
            .unwrap_or_else(|why| panic!("{why:?}"));
        let program = compile(&model, &operation);
        let fixed = program.price(&variables).unwrap_or_else(|why| panic!("{why:?}"));
        let shape = Shape::new(&model, &operation);
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

fn price(value: &Value) -> Price {
    Price { types: value["type"].as_u64().unwrap(), fields: value["field"].as_u64().unwrap() }
}
