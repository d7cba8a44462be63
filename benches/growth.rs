//! How the cost of reading a document grows with its bytes, for shapes that a parser may dislike.
//!
//! For each shape the time of 4, 16, 64 and 256 KiB, the least of many runs, and the exponent over
//! the whole range: 1 is linear. Where there is valgrind, the exponent of instructions stands beside
//! it and is the one that the goal is about, as no noise moves it and no cache has a part in it.
//! Limits on tokens and bytes are lifted; the ceilings on nesting and on what validation may do
//! stay, since nothing can lift them.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints what it measures, and one that cannot go on has failed"
)]

#[path = "support/counted.rs"]
mod counted;
mod shapes;

use std::{
    env,
    hint::black_box,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use counted::{can_count, count, measured};
use mimalloc::MiMalloc;
use portcullis::{
    diagnostic::Source,
    document::{self, Ceilings, ReadLimits, print, read, validate},
    schema::Schema,
};
use shapes::{Shape, filled};

/// That of the binary: another one asks the system for every large piece anew, and its pages come
/// one fault at a time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const KIB: [usize; 4] = [4, 16, 64, 256];
/// The exponent that is one too many.
const GOAL: f64 = 1.05;

const CHILD: &str = "--count";

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    if let [_, flag, name, kib] = args.as_slice()
        && flag == CHILD
    {
        work_once(name, kib);
        return Ok(());
    }
    // `cargo bench` adds a flag of its own.
    let wanted = args.into_iter().skip(1).find(|it| !it.starts_with('-')).unwrap_or_default();
    compare(&wanted)
}

/// Prints all shapes whose names contain this.
fn compare(wanted: &str) -> io::Result<()> {
    let (schema, can_count) = (schema(), can_count());
    let [a, b, c, d] = KIB.map(|it| format!("{it}K"));
    println!("{:<31} {a:>9} {b:>9} {c:>9} {d:>9}  of time  of instructions", "exponents of");
    let mut over = Vec::new();
    for (name, shape) in shapes::ALL.into_iter().filter(|(name, _)| name.contains(wanted)) {
        let times = times(&schema, shape);
        let of_time = times.map(|it| exponent(it.map(|it| it.as_secs_f64())));
        let counts = if can_count { counts(name)? } else { None };
        let of_instructions = counts.map(exponent);
        let shown: String = match times {
            Some(times) => times.map(|it| format!("{:>8.1}µs", it.as_secs_f64() * 1e6)).concat(),
            None => "   too slow".to_owned(),
        };
        let number = |it: Option<f64>| it.map_or_else(|| "-".to_owned(), |it| format!("{it:.3}"));
        println!("{name:<30} {shown}  {:>7}  {:>15}", number(of_time), number(of_instructions));
        let judged = of_instructions.or(of_time).unwrap_or(f64::INFINITY);
        if judged > GOAL {
            over.push((name, judged));
        }
    }
    println!("{} shapes, {} over {GOAL}: {over:?}", shapes::ALL.len(), over.len());
    Ok(())
}

/// Between the first and the last size.
fn exponent<const N: usize>(costs: [f64; N]) -> f64 {
    let [first, .., last] = costs.as_slice() else { return f64::INFINITY };
    let [small, .., large] = KIB;
    (last / first).log2() / (large as f64 / small as f64).log2()
}

/// The least time of every size; nothing when one takes too long.
fn times(schema: &Schema, shape: Shape) -> Option<[Duration; KIB.len()]> {
    let mut times = [Duration::ZERO; KIB.len()];
    for (time, kib) in times.iter_mut().zip(KIB) {
        *time = least(schema, &filled(shape, bytes(kib)));
        // The next size may take a hundred times as long; what is steep shows by now.
        if *time > PATIENCE {
            return None;
        }
    }
    Some(times)
}

/// The instructions of the first and of the last size.
fn counts(name: &str) -> io::Result<Option<[f64; 2]>> {
    let [first, .., last] = KIB;
    let of = |kib: usize| count(&[CHILD, name, &kib.to_string()]);
    let (Some(first), Some(last)) = (of(first)?, of(last)?) else { return Ok(None) };
    Ok(Some([first as f64, last as f64]))
}

/// What is counted in a child.
fn work_once(name: &str, kib: &str) {
    let shape = shapes::ALL.into_iter().find(|(it, _)| *it == name).expect("a shape").1;
    let (schema, kib) = (schema(), kib.parse().expect("a number"));
    // What is set up on first use is not counted.
    work(&schema, &filled(shape, bytes(1)));
    let text = filled(shape, bytes(kib));
    measured(|| work(&schema, black_box(&text)));
}

/// The least time of as many runs as a budget has room for.
fn least(schema: &Schema, text: &str) -> Duration {
    let begun = Instant::now();
    let mut least = Duration::MAX;
    let mut n_runs = 0;
    while n_runs < MIN_RUNS || (begun.elapsed() < BUDGET && n_runs < MAX_RUNS) {
        let run = Instant::now();
        work(schema, black_box(text));
        least = least.min(run.elapsed());
        n_runs += 1;
    }
    least
}

/// A shape that takes longer is looked at no further.
const PATIENCE: Duration = Duration::from_millis(500);
const MIN_RUNS: usize = 5;
const MAX_RUNS: usize = 2000;
const BUDGET: Duration = Duration::from_millis(150);

/// Everything that a document costs before it is judged.
fn work(schema: &Schema, text: &str) {
    let limits = ReadLimits { bytes: u64::MAX, tokens: u32::MAX, ..ReadLimits::CEILINGS };
    let Ok(document) = read(text, &limits) else { return };
    if document::count(&document.document, &Ceilings::default()).is_err() {
        return;
    }
    black_box(print(&document.document));
    let _invalid = black_box(validate(schema, &document));
}

const fn bytes(kib: usize) -> usize {
    kib.saturating_mul(1024)
}

fn schema() -> Schema {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/schema.graphql");
    let text = std::fs::read_to_string(path).expect("the schema").into();
    let source = Source { name: "schema.graphql".into(), text };
    Schema::load(Arc::new(source)).expect("a schema").0
}
