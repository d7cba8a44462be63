//! Instructions that one verdict takes: a number that noise does not move.
//!
//! Runs itself under callgrind, which counts inside [`measured`] only; the hash seeds are fixed.
//! Without valgrind it says so and ends well.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

mod support;

use std::{
    env,
    hint::black_box,
    io,
    process::{Command, ExitCode},
};

use portcullis::json::{self, Tree};
use support::{ACCOUNT_PAGE, PRODUCT_PAGE, PRODUCT_PAGE_AUTHORIZED, Sample, admit, gate, requests};

/// So many verdicts are counted, and the mean is printed.
const N_VERDICTS: usize = 20;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if let [_, flag, sample, work] = args.as_slice()
        && flag == CHILD
    {
        run(sample, work);
        return ExitCode::SUCCESS;
    }
    let measured = compare();
    measured.unwrap_or_else(|error| println!("not measured, valgrind cannot be run: {error}"));
    ExitCode::SUCCESS
}

const SAMPLES: [Sample; 3] = [PRODUCT_PAGE, PRODUCT_PAGE_AUTHORIZED, ACCOUNT_PAGE];
const CHILD: &str = "--count";
const WORKS: [&str; 3] = ["decode", "admit-warm", "admit-cold"];

fn compare() -> io::Result<()> {
    Command::new("valgrind").arg("--version").output()?;
    for sample in SAMPLES {
        for work in WORKS {
            match count(sample.name, work)? {
                Some(all) => {
                    println!("{:<11} {work:<11} {:>9} instructions", sample.name, all / N_VERDICTS);
                }
                None => println!("{:<11} {work:<11} not measured", sample.name),
            }
        }
    }
    Ok(())
}

/// The instructions that callgrind counts in a child of this program.
fn count(sample: &str, work: &str) -> io::Result<Option<usize>> {
    let keep = env::var_os("PORTCULLIS_CALLGRIND_OUT").unwrap_or_else(|| "/dev/null".into());
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(keep);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*measured*"])
        .arg(out)
        .arg(env::current_exe()?)
        .args([CHILD, sample, work])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|it| it.split_once("Collected :"));
    Ok(collected.and_then(|(_, number)| number.trim().parse().ok()))
}

fn run(name: &str, work: &str) {
    let sample = SAMPLES.into_iter().find(|it| it.name == name).unwrap_or(PRODUCT_PAGE);
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

fn read(body: &[u8]) -> Result<Tree<'_>, json::Error> {
    json::read(body, json::Limits::default())
}

/// What is counted. Never inlined, so that callgrind finds it by its name.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    work()
}
