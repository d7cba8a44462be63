//! Instructions that one verdict takes, by [`counted`]; the hash seeds are fixed.
//!
//! Without valgrind it says so and ends well. With `--check`, counts that left their band are a
//! failure; with `--write`, the counts are the new middle of the bands. Bands are those of the
//! profile that CI has time for: `cargo bench --profile dev --bench instructions -- --check`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

#[path = "support/counted.rs"]
mod counted;
mod support;

use std::{
    env, fs,
    hint::black_box,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use counted::{can_count, count, measured};
use portcullis::{
    admission::Gate,
    cost,
    document::{self, OperationId, ReadLimits},
    json::{self, Tree},
    operation::{coerce, spread},
};
use support::{
    ACCOUNT_PAGE, FLOODED, PRODUCT_PAGE, PRODUCT_PAGE_AUTHORIZED, Sample, admit, floods, gate,
    refuse, requests,
};

/// So many verdicts are counted, and the mean is printed.
const N_VERDICTS: usize = 20;

/// How far a count may move.
const BAND: f64 = 0.03;

const SAMPLES: [Sample; 4] = [PRODUCT_PAGE, PRODUCT_PAGE_AUTHORIZED, ACCOUNT_PAGE, FLOODED];
const CHILD: &str = "--count";
const WORKS: [&str; 4] = ["decode", "admit-warm", "admit-cold", "price"];
const REFUSE_FLOOD: &str = "refuse-flood";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if let [_, flag, sample, work] = args.as_slice()
        && flag == CHILD
    {
        run(sample, work);
        return ExitCode::SUCCESS;
    }
    if !can_count() {
        println!("not measured, valgrind cannot be run");
        return ExitCode::SUCCESS;
    }
    match compare(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

/// False when a count has left its band and that matters.
fn compare(args: &[String]) -> io::Result<bool> {
    let is_asked = |flag: &str| args.iter().any(|it| it == flag);
    let known = fs::read_to_string(bands()).unwrap_or_default();
    let mut counted = String::new();
    let mut is_within = true;
    for (sample, work) in cases() {
        let Some(all) = count(&[CHILD, sample, work])? else {
            println!("{sample:<11} {work:<12} not measured");
            continue;
        };
        let (name, count) = (format!("{sample} {work}"), all / N_VERDICTS);
        let before = known.lines().find_map(|it| it.strip_prefix(&name)?.trim().parse().ok());
        let moved = before.map(|it: usize| count as f64 / it as f64 - 1.0);
        let is_out = moved.is_none_or(|it| it.abs() > BAND);
        is_within &= !is_out;
        let word = moved.map_or_else(String::new, |it| format!("{:>+7.1} %", it * 100.0));
        println!("{sample:<11} {work:<12} {count:>9} instructions{word}");
        counted += &format!("{name} {count}\n");
    }
    if is_asked("--write") {
        fs::write(bands(), counted)?;
        return Ok(true);
    }
    if is_asked("--check") && !is_within {
        println!("a count has left its band of 3 %: mend it, or run with `--write` and say why");
    }
    Ok(is_within || !is_asked("--check"))
}

fn bands() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/documents/instructions.txt")
}

fn cases() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pages = [PRODUCT_PAGE, PRODUCT_PAGE_AUTHORIZED, ACCOUNT_PAGE];
    let pages = pages.into_iter().flat_map(|it| WORKS.map(|work| (it.name, work)));
    pages.chain([(FLOODED.name, REFUSE_FLOOD)])
}

fn run(name: &str, work: &str) {
    let sample = SAMPLES.into_iter().find(|it| it.name == name).unwrap_or(PRODUCT_PAGE);
    match work {
        "price" => price(&sample),
        REFUSE_FLOOD => refuse_floods(&sample),
        _ => judge(&sample, work),
    }
}

fn judge(sample: &Sample, work: &str) {
    let policy = sample.policy();
    let is_cold = work == "admit-cold";
    let bodies: Vec<_> =
        (0..=N_VERDICTS).map(|it| sample.renamed(if is_cold { it } else { 0 })).collect();
    let trees: Vec<_> = bodies.iter().flat_map(|it| read(it)).collect();
    let all: Vec<_> = trees.iter().map(|it| requests(it, &policy)).collect();
    let gate = gate(policy.clone(), 10_000);
    // What is set up on first use is not counted: the first document goes ahead, twice, as it is
    // kept when it comes again.
    if let Some(first) = all.first() {
        admit(&gate, first);
    }
    for (n, (body, known)) in bodies.iter().zip(&all).enumerate() {
        let step = || match work {
            "decode" => read(black_box(body)).map_or(0, |it| requests(&it, &policy).rest.len()),
            _ => admit(&gate, black_box(known)),
        };
        black_box(if n == 0 { step() } else { measured(step) });
    }
}

/// The cost of a known document.
fn price(sample: &Sample) {
    let policy = sample.policy();
    let body = sample.body();
    let Ok(tree) = read(&body) else { return };
    let Ok(document) = document::read(sample.text, &ReadLimits::CEILINGS) else { return };
    let selected = OperationId(0);
    let spread = spread(&policy.schema, &document.document, selected, policy.skipped);
    let Ok(operation) = spread else { return };
    let program = cost::compile(&policy.cost, &operation);
    let given = tree.root().member("variables");
    let Ok(variables) = coerce(&policy.schema, operation.variables(), given) else { return };
    for _ in 0..N_VERDICTS {
        black_box(measured(|| program.price(black_box(&variables)).is_ok()));
    }
}

/// From the bytes to the refusal, of floods that nobody has seen before.
fn refuse_floods(sample: &Sample) {
    let policy = sample.policy();
    let gate: Gate = gate(policy.clone(), 10_000);
    let flood = String::from_utf8(floods::aliases()).unwrap_or_default();
    for n in 0..=N_VERDICTS {
        let body = flood.replacen("a0:me", &format!("b{n:02}:me"), 1).into_bytes();
        let step = || read(black_box(&body)).is_ok_and(|it| refuse(&gate, &requests(&it, &policy)));
        black_box(if n == 0 { step() } else { measured(step) });
    }
}

fn read(body: &[u8]) -> Result<Tree<'_>, json::Error> {
    json::read(body, json::Limits::default())
}
