//! How full lists are, on the published corpus: what an operation will cost, learned from some
//! pairs, told for others.

use std::{collections::BTreeMap, sync::Arc};

use portcullis::{
    calibration::{Answered, Expected, Fullness, Sample},
    cost::{Counter, Measure, Shape, explain},
    json,
    operation::coerce,
    policy::Policy,
};
use serde_json::Value;

use crate::{
    corpus::{pairs, policy},
    support::unvalidated,
};

fn read(corpus: &str) -> Vec<Sample> {
    let Policy { schema, cost: model, .. } = policy(corpus);
    let sample = |line: &str| {
        let pair: Value = serde_json::from_str(line).unwrap();
        let operation = unvalidated(&schema, pair["query"].as_str().unwrap());
        let variables = pair["variables"].to_string();
        let tree = json::read(variables.as_bytes(), json::Limits::default()).unwrap();
        let variables = coerce(&schema, operation.variables(), Some(tree.root())).unwrap();
        let told = explain(&model, &operation, &variables, u64::MAX).unwrap();
        let data = pair["response"].get("data").unwrap_or(&pair["response"]);
        let answered = Answered::count(&operation, &told, data);
        let mut counter = Counter::new(&Arc::new(Shape::new(&model, &operation)), &variables);
        counter.push(pair["response"].to_string().as_bytes());
        let actual = counter.finish().price.combined(Measure::Both) as f64;
        Sample { told, lengths: answered.lengths, actual }
    };
    pairs(corpus).lines().map(sample).collect()
}

#[track_caller]
fn check(corpus: &str, most: f64) {
    let fullness = Fullness::of(&read(corpus), Measure::Both, 1).unwrap();
    assert!(fullness.expected_error <= most, "{fullness:?}");
    assert!(fullness.bound_error > 2.0 * fullness.expected_error, "{fullness:?}");
    assert!(fullness.interval.contains(Fullness::WANTED), "{fullness:?}");
}

#[test]
fn expected_costs_of_yelp() {
    check("yelp", 0.20);
}

#[test]
fn expected_costs_of_github() {
    check("github", 0.05);
}

#[test]
fn without_fills_the_expected_cost_is_the_bound() {
    for sample in read("yelp") {
        let bound = Expected::from(sample.told.price).combined(Measure::Both);
        let expected = Expected::of(&sample.told, &BTreeMap::new()).combined(Measure::Both);
        assert!((expected - bound).abs() <= 1e-6 * bound, "{expected} {bound}");
    }
}
