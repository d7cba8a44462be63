//! Compiling and pricing real operations, and pricing against walking the operation again.
//!
//! The walk does the least that any walk must do: it visits every node and asks whether its guard
//! holds; it prices nothing. Prints percentiles over the corpus, which one sample cannot show.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed, and prints what it measured"
)]

use std::{hint::black_box, io::Read as _, sync::Arc, time::Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use flate2::read::GzDecoder;
use portcullis::{
    cost::{Model, Program, Settings, compile},
    diagnostic::Source,
    document::{OperationId, ReadLimits, read},
    json,
    operation::{Operation, Skipped, Variables, coerce, spread},
    schema::Schema,
};
use serde_json::Value;

fn cost(criterion: &mut Criterion) {
    for corpus in CORPORA {
        let (model, asked) = corpus.load();
        let compiled = || asked.iter().map(|it| compile(&model, &it.operation));
        let programs: Vec<_> = compiled().collect();
        let none = Variables::default();
        let mut group = criterion.benchmark_group(corpus.name);
        group.bench_function("compile-all", |it| it.iter(|| compiled().count()));
        group.bench_function("price-all", |it| {
            it.iter(|| programs.iter().filter(|it| it.price(black_box(&none)).is_ok()).count());
        });
        group.bench_function("walk-all", |it| {
            let walk = |it: &Asked| walk(&it.operation, black_box(&none));
            it.iter(|| asked.iter().map(walk).sum::<usize>());
        });
        group.finish();
        percentiles(&corpus, &model, &asked, &programs);
    }
}

fn percentiles(corpus: &Corpus, model: &Arc<Model>, asked: &[Asked], programs: &[Program]) {
    let mut compiling = Vec::new();
    let mut pricing = Vec::new();
    let mut walking = Vec::new();
    let mut sizes = Vec::new();
    for (Asked { operation, variables }, program) in asked.iter().zip(programs) {
        let limits = json::Limits::default();
        let Ok(tree) = json::read(variables.as_bytes(), limits) else { panic!("{variables}") };
        // Required variables that nobody gives are no request; then none is given.
        let variables = coerce(model.schema(), operation.variables(), Some(tree.root()));
        let variables = variables.unwrap_or_default();
        compiling.push(nanoseconds(20, || drop(black_box(compile(model, operation)))));
        pricing.push(nanoseconds(2_000, || drop(black_box(program.price(black_box(&variables))))));
        walking.push(nanoseconds(2_000, || {
            black_box(walk(operation, black_box(&variables)));
        }));
        sizes.push(u64::try_from(program.n_expressions()).unwrap_or(u64::MAX));
    }
    for (what, mut samples) in [
        ("compile, ns", compiling),
        ("price, ns", pricing),
        ("walk, ns", walking),
        ("expressions", sizes),
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

/// A request.
struct Asked {
    operation: Operation,
    /// JSON text; an empty object where the corpus has operations only.
    variables: String,
}

/// A schema and operations for it.
struct Corpus {
    name: &'static str,
    schema: &'static str,
    /// JSON lines, as they are or compressed.
    operations: &'static [u8],
}

impl Corpus {
    fn load(&self) -> (Arc<Model>, Vec<Asked>) {
        let source = Arc::new(Source { name: self.name.into(), text: self.schema.into() });
        let Ok((schema, _)) = Schema::load(source) else { panic!("{} does not load", self.name) };
        let schema = Arc::new(schema);
        let Ok((model, _)) = Model::new(&schema, &Settings::default()) else {
            panic!("{} has bad directives", self.name)
        };
        let text = self.text();
        let lines = text.lines().filter_map(|it| serde_json::from_str(it).ok());
        let asked = lines.filter_map(|it: Value| {
            let read = read(it.get("query")?.as_str()?, &ReadLimits::CEILINGS).ok()?;
            let operation =
                spread(&schema, &read.document, OperationId(0), Skipped::Ignore).ok()?;
            let variables = it.get("variables").map_or_else(|| "{}".into(), Value::to_string);
            Some(Asked { operation, variables })
        });
        (Arc::new(model), asked.collect())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let gzip = GzDecoder::new(self.operations).read_to_string(&mut text);
        if gzip.is_err() {
            text = String::from_utf8_lossy(self.operations).into_owned();
        }
        text
    }
}

const CORPORA: [Corpus; 4] = [
    Corpus {
        name: "github",
        schema: include_str!("../tests/corpus/cost/fse/github.graphql"),
        operations: include_bytes!("../tests/corpus/real/github/operations.jsonl"),
    },
    Corpus {
        name: "github-pairs",
        schema: include_str!("../tests/corpus/cost/fse/github.graphql"),
        operations: include_bytes!("../tests/corpus/cost/fse/github-sample.jsonl.gz"),
    },
    Corpus {
        name: "linear",
        schema: include_str!("../tests/corpus/real/linear/schema.graphql"),
        operations: include_bytes!("../tests/corpus/real/linear/operations.jsonl"),
    },
    Corpus {
        name: "shopify",
        schema: include_str!("../tests/corpus/real/shopify-storefront/schema.graphql"),
        operations: include_bytes!("../tests/corpus/real/shopify-storefront/operations.jsonl"),
    },
];

criterion_group!(benches, cost);
criterion_main!(benches);
