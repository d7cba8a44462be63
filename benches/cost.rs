//! Compiling and pricing real operations, and pricing against walking the operation again.
//!
//! The walk does the least that any walk must do: it visits every node and asks whether its guard
//! holds; it prices nothing. Prints percentiles over the corpus, which one sample cannot show.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed, and prints what it measured"
)]

use std::{hint::black_box, sync::Arc, time::Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::{
    cost::{Model, Program, Settings, compile},
    diagnostic::Source,
    document::{OperationId, ReadLimits, read},
    operation::{Operation, Skipped, Variables, spread},
    schema::Schema,
};
use serde_json::Value;

fn cost(criterion: &mut Criterion) {
    for corpus in CORPORA {
        let (model, operations) = corpus.load();
        let compiled = || operations.iter().map(|it| compile(&model, it));
        let programs: Vec<_> = compiled().collect();
        let none = Variables::default();
        let mut group = criterion.benchmark_group(corpus.name);
        group.bench_function("compile-all", |it| it.iter(|| compiled().count()));
        group.bench_function("price-all", |it| {
            it.iter(|| programs.iter().filter(|it| it.price(black_box(&none)).is_ok()).count());
        });
        group.bench_function("walk-all", |it| {
            it.iter(|| operations.iter().map(|it| walk(it, black_box(&none))).sum::<usize>());
        });
        group.finish();
        percentiles(&corpus, &model, &operations, &programs);
    }
}

fn percentiles(corpus: &Corpus, model: &Arc<Model>, all: &[Operation], programs: &[Program]) {
    let none = Variables::default();
    let compiling = all.iter().map(|it| nanoseconds(20, || drop(black_box(compile(model, it)))));
    let pricing = programs.iter().map(|it| nanoseconds(2_000, || drop(black_box(it.price(&none)))));
    let walking = all.iter().map(|it| {
        nanoseconds(2_000, || {
            black_box(walk(it, &none));
        })
    });
    let sizes = programs.iter().map(|it| u64::try_from(it.n_expressions()).unwrap_or(u64::MAX));
    for (what, mut samples) in [
        ("compile, ns", compiling.collect::<Vec<_>>()),
        ("price, ns", pricing.collect()),
        ("walk, ns", walking.collect()),
        ("expressions", sizes.collect()),
    ] {
        samples.sort_unstable();
        let at = |percent: usize| {
            let rank = samples.len().saturating_mul(percent) / 100;
            samples.get(rank.min(samples.len().saturating_sub(1))).copied().unwrap_or(0)
        };
        let (p50, p95, p99) = (at(50), at(95), at(99));
        println!("{}: {what}: p50 {p50}, p95 {p95}, p99 {p99}, max {}", corpus.name, at(100));
    }
}

/// The mean of so many runs, in the best of five batches: what others do on the machine is not ours.
fn nanoseconds(runs: u32, run: impl Fn()) -> u64 {
    let batch = || {
        let start = Instant::now();
        for _ in 0..runs {
            run();
        }
        start.elapsed() / runs
    };
    let best = (0..5).map(|_| batch()).min().unwrap_or_default();
    u64::try_from(best.as_nanos()).unwrap_or(u64::MAX)
}

fn walk(operation: &Operation, variables: &Variables<'_>) -> usize {
    let guards = operation.guards();
    operation.nodes().iter().filter(|it| guards.admits(it.guard, variables)).count()
}

/// A schema and operations for it.
struct Corpus {
    name: &'static str,
    schema: &'static str,
    operations: &'static str,
}

impl Corpus {
    fn load(&self) -> (Arc<Model>, Vec<Operation>) {
        let source = Arc::new(Source { name: self.name.into(), text: self.schema.into() });
        let Ok((schema, _)) = Schema::load(source) else { panic!("{} does not load", self.name) };
        let schema = Arc::new(schema);
        let Ok((model, _)) = Model::new(&schema, &Settings::default()) else {
            panic!("{} has bad directives", self.name)
        };
        let lines = self.operations.lines().filter_map(|it| serde_json::from_str(it).ok());
        let operations = lines.filter_map(|it: Value| {
            let read = read(it.get("query")?.as_str()?, &ReadLimits::CEILINGS).ok()?;
            spread(&schema, &read.document, OperationId(0), Skipped::Ignore).ok()
        });
        (Arc::new(model), operations.collect())
    }
}

const CORPORA: [Corpus; 3] = [
    Corpus {
        name: "github",
        schema: include_str!("../tests/corpus/cost/fse/github.graphql"),
        operations: include_str!("../tests/corpus/real/github/operations.jsonl"),
    },
    Corpus {
        name: "linear",
        schema: include_str!("../tests/corpus/real/linear/schema.graphql"),
        operations: include_str!("../tests/corpus/real/linear/operations.jsonl"),
    },
    Corpus {
        name: "shopify",
        schema: include_str!("../tests/corpus/real/shopify-storefront/schema.graphql"),
        operations: include_str!("../tests/corpus/real/shopify-storefront/operations.jsonl"),
    },
];

criterion_group!(benches, cost);
criterion_main!(benches);
