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

use portcullis::{
    admission::{Gate, Requests},
    json,
};
use support::{ACCOUNT_PAGE, PRODUCT_PAGE, admit, gate, requests};

/// So many verdicts are counted, and the mean is printed.
const N_VERDICTS: usize = 20;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if let [_, flag, sample, heat] = args.as_slice()
        && flag == CHILD
    {
        run(sample, heat);
        return ExitCode::SUCCESS;
    }
    let measured = compare();
    measured.unwrap_or_else(|error| println!("not measured, valgrind cannot be run: {error}"));
    ExitCode::SUCCESS
}

const CHILD: &str = "--count";
const HEATS: [&str; 2] = ["admit-warm", "admit-cold"];

fn compare() -> io::Result<()> {
    Command::new("valgrind").arg("--version").output()?;
    for sample in [PRODUCT_PAGE, ACCOUNT_PAGE] {
        for heat in HEATS {
            match count(sample.name, heat)? {
                Some(all) => {
                    println!("{:<6} {heat:<11} {:>9} instructions", sample.name, all / N_VERDICTS);
                }
                None => println!("{:<6} {heat:<11} not measured", sample.name),
            }
        }
    }
    Ok(())
}

/// The instructions that callgrind counts in a child of this program.
fn count(sample: &str, heat: &str) -> io::Result<Option<usize>> {
    let keep = env::var_os("PORTCULLIS_CALLGRIND_OUT").unwrap_or_else(|| "/dev/null".into());
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(keep);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*measured*"])
        .arg(out)
        .arg(env::current_exe()?)
        .args([CHILD, sample, heat])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|it| it.split_once("Collected :"));
    Ok(collected.and_then(|(_, number)| number.trim().parse().ok()))
}

fn run(name: &str, heat: &str) {
    let sample = if name == PRODUCT_PAGE.name { PRODUCT_PAGE } else { ACCOUNT_PAGE };
    let policy = sample.policy();
    let is_cold = heat == "admit-cold";
    // What is set up on first use is not counted: the first document goes ahead.
    let bodies: Vec<_> =
        (0..=N_VERDICTS).map(|it| sample.renamed(if is_cold { it } else { 0 })).collect();
    let trees: Vec<_> =
        bodies.iter().flat_map(|it| json::read(it, json::Limits::default())).collect();
    let all: Vec<_> = trees.iter().map(|it| requests(it, &policy)).collect();
    let gate = gate(policy.clone(), 10_000);
    let Some((first, rest)) = all.split_first() else { return };
    black_box(admit(&gate, first));
    for requests in rest {
        black_box(measured(&gate, requests));
    }
}

/// What is counted. Never inlined, so that callgrind finds it by its name.
#[inline(never)]
fn measured(gate: &Gate, requests: &Requests<'_>) -> usize {
    admit(black_box(gate), black_box(requests))
}
