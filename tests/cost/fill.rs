//! How full lists are, on the published corpus: what an operation will cost, learned from some
//! pairs, told for others.

use std::collections::BTreeMap;

use portcullis::{
    calibration::{Answered, Expected, Fill, Length, Random, conformal, fills, median, share},
    cost::{Counter, Explanation, Measure, Shape, explain},
    json,
    operation::coerce,
    policy::Policy,
};
use serde_json::Value;
use std::sync::Arc;

use crate::{
    corpus::{pairs, policy},
    support::unvalidated,
};

/// One pair.
struct Pair {
    told: Explanation,
    lengths: Vec<Length>,
    actual: f64,
    bound: f64,
}

fn read(corpus: &str) -> Vec<Pair> {
    let Policy { schema, cost: model, .. } = policy(corpus);
    let pair = |line: &str| {
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
        let bound = told.price.combined(Measure::Both) as f64;
        Pair { told, lengths: answered.lengths, actual, bound }
    };
    pairs(corpus).lines().map(pair).collect()
}

/// The median of what an estimate is off by, of what is true.
fn off(pairs: &[Pair], estimate: impl Fn(&Pair) -> f64) -> f64 {
    let errors = pairs.iter().filter(|it| it.actual > 0.0);
    let errors: Vec<f64> = errors.map(|it| (estimate(it) - it.actual).abs() / it.actual).collect();
    median(&errors).unwrap()
}

#[track_caller]
fn check(corpus: &str, most: f64) {
    let mut pairs = read(corpus);
    Random::seeded(1).shuffle(&mut pairs);
    let (learned, rest) = pairs.split_at(pairs.len() * 2 / 5);
    let (calibrating, told) = rest.split_at(rest.len() / 2);
    let fills = fills(learned.iter().flat_map(|it| &it.lengths));
    let expected = |it: &Pair| Expected::of(&it.told, &fills).combined(Measure::Both).min(it.bound);
    let before = off(told, |it| it.bound);
    let after = off(told, expected);
    let ratios: Vec<f64> = calibrating.iter().map(|it| it.actual / expected(it)).collect();
    let scale = conformal(&ratios, ALPHA).unwrap();
    let covered = told.iter().filter(|it| it.actual <= (expected(it) * scale).min(it.bound));
    let coverage = share(covered.count(), told.len());
    println!(
        "{corpus}: median error {:.1} % before, {:.1} % after; coverage {:.3}..{:.3} (scale {scale:.2})",
        before * 100.0,
        after * 100.0,
        coverage.low,
        coverage.high
    );
    assert!(after <= most, "{after}");
    assert!(coverage.contains(1.0 - ALPHA), "{coverage:?}");
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
    for pair in read("yelp") {
        let none: BTreeMap<Box<str>, Fill> = BTreeMap::new();
        let expected = Expected::of(&pair.told, &none).combined(Measure::Both);
        assert!((expected - pair.bound).abs() <= 1e-6 * pair.bound, "{expected} {}", pair.bound);
    }
}

/// One in ten may be above its bound.
const ALPHA: f64 = 0.1;
