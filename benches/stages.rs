//! How long every stage of a verdict takes, from bytes to the request that goes on.
//!
//! `decode` is JSON and envelope; `admit-warm` and `admit-cold` begin behind it. Cold is a document
//! that the gate does not hold: everything from `read` to `specialise` and what comes after.

#![expect(clippy::panic, reason = "a bench that cannot go on has failed")]

mod support;

use std::sync::Arc;

use std::hint::black_box;

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use portcullis::{
    document::{self, OperationId, Read},
    json,
    operation::{self, Operation},
    policy::Policy,
    rules::Specialised,
};
use support::{ACCOUNT_PAGE, PRODUCT_PAGE, PRODUCT_PAGE_AUTHORIZED, Sample, admit, gate, requests};

fn stages(criterion: &mut Criterion) {
    for sample in [PRODUCT_PAGE, PRODUCT_PAGE_AUTHORIZED, ACCOUNT_PAGE] {
        let mut group = criterion.benchmark_group(sample.name);
        document_stages(&mut group, &sample);
        request_stages(&mut group, &sample);
        group.finish();
    }
}

fn document_stages(group: &mut BenchmarkGroup<'_, WallTime>, sample: &Sample) {
    let policy = sample.policy();
    let read = read(&policy, sample.text);
    let selected = OperationId(0);
    let spread = || spread(&policy, &read, selected);
    let operation = spread();
    group.bench_function("read", |it| it.iter(|| self::read(&policy, black_box(sample.text))));
    group.bench_function("count", |it| {
        it.iter(|| document::count(black_box(&read.document), &policy.ceilings));
    });
    group.bench_function("validate", |it| {
        it.iter(|| document::validate(&policy.schema, black_box(&read)));
    });
    group.bench_function("print", |it| {
        it.iter(|| document::canonical_text(black_box(&read.document), selected));
    });
    group.bench_function("spread", |it| it.iter(&spread));
    group.bench_function("specialise", |it| {
        it.iter(|| specialise(&policy, black_box(&operation)));
    });
}

fn request_stages(group: &mut BenchmarkGroup<'_, WallTime>, sample: &Sample) {
    let policy = sample.policy();
    let body = sample.body();
    let read = |body| json::read(body, json::Limits::default());
    group.bench_function("decode", |it| {
        it.iter(|| read(black_box(&body)).map(|tree| requests(&tree, &policy).rest.len()));
    });
    let Ok(tree) = read(&body) else { return };
    let known = requests(&tree, &policy);
    let warm = gate(policy.clone(), 1_000);
    group.bench_function("admit-warm", |it| it.iter(|| admit(&warm, black_box(&known))));

    // One entry to a shard and many documents in turn: none is still there when it comes again.
    let cold = gate(policy.clone(), 1);
    let bodies: Vec<_> = (0..N_DOCUMENTS).map(|it| sample.renamed(it)).collect();
    let trees: Vec<_> = bodies.iter().flat_map(|it| read(it)).collect();
    let all: Vec<_> = trees.iter().map(|it| requests(it, &policy)).collect();
    let mut turns = all.iter().cycle();
    group.bench_function("admit-cold", |it| {
        it.iter(|| turns.next().map(|it| admit(&cold, black_box(it))));
    });
}

/// So many documents in sixteen shards of one entry: a hit is next to impossible.
const N_DOCUMENTS: usize = 512;

fn read(policy: &Policy, text: &str) -> Read {
    document::read(text, &policy.reading).unwrap_or_else(|it| panic!("{it}"))
}

fn spread(policy: &Policy, read: &Read, selected: OperationId) -> Arc<Operation> {
    operation::spread(&policy.schema, &read.document, selected, policy.skipped)
        .map(Arc::new)
        .unwrap_or_else(|it| panic!("{it:?}"))
}

fn specialise(policy: &Policy, operation: &Arc<Operation>) -> Vec<Specialised> {
    policy.rules().map(|(_, rule)| rule.specialise(operation)).collect()
}

criterion_group!(benches, stages);
criterion_main!(benches);
