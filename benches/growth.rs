//! How the cost of reading a document grows with its bytes, for shapes that a parser may dislike.
//!
//! For each shape the time of 4, 16, 64 and 256 KiB, the least of many runs, and the exponent over
//! the whole range: 1 is linear. Limits on tokens and bytes are lifted; the ceilings on nesting and
//! on what validation may do stay, since nothing can lift them.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints what it measures, and one that cannot go on has failed"
)]

mod shapes;

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use mimalloc::MiMalloc;
use portcullis::{
    diagnostic::Source,
    document::{Ceilings, ReadLimits, count, print, read, validate},
    schema::Schema,
};

/// That of the binary: another one asks the system for every large piece anew, and its pages come
/// one fault at a time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const KIB: [usize; 4] = [4, 16, 64, 256];
/// The exponent that is one too many.
const GOAL: f64 = 1.05;

fn main() {
    let schema = schema();
    println!("{:<28} {:>9} {:>9} {:>9} {:>9}  exponent", "shape", "4K", "16K", "64K", "256K");
    let mut over = Vec::new();
    // `cargo bench` adds a flag of its own.
    let wanted = std::env::args().skip(1).find(|it| !it.starts_with('-')).unwrap_or_default();
    let wanted = shapes::ALL.into_iter().filter(|(name, _)| name.contains(&*wanted));
    'shapes: for (name, shape) in wanted {
        let texts = KIB.map(|it| shapes::filled(shape, it.saturating_mul(1024)));
        let mut times = [Duration::ZERO; KIB.len()];
        for (time, text) in times.iter_mut().zip(&texts) {
            *time = least(&schema, text);
            // The next size may take a hundred times as long; what is steep shows by now.
            if *time > PATIENCE {
                println!("{name:<28} {time:?} for {} bytes: the rest is left out", text.len());
                over.push((name, f64::INFINITY));
                continue 'shapes;
            }
        }
        let [first, .., last] = times.map(|it| it.as_secs_f64());
        let exponent = (last / first).log2() / 6.0;
        let shown: Vec<_> =
            times.iter().map(|it| format!("{:>7.1}µs", it.as_secs_f64() * 1e6)).collect();
        println!("{name:<28} {}  {exponent:.3}", shown.join(" "));
        if exponent > GOAL {
            over.push((name, exponent));
        }
    }
    println!("{} shapes, {} over {GOAL}: {over:?}", shapes::ALL.len(), over.len());
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
    if count(&document.document, &Ceilings::default()).is_err() {
        return;
    }
    black_box(print(&document.document));
    let _invalid = black_box(validate(schema, &document));
}

fn schema() -> Schema {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/schema.graphql");
    let text = std::fs::read_to_string(path).expect("the schema").into();
    let source = Source { name: "schema.graphql".into(), text };
    Schema::load(Arc::new(source)).expect("a schema").0
}
