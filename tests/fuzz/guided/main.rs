//! The laws of `tests/fuzz` under libFuzzer: one program, a law by its name.
//!
//! Has no law of its own. `run` beside it builds and runs it.

#![no_main]
#![allow(dead_code, unused_imports, reason = "what tries the laws without libFuzzer is not used")]

#[path = "../answers.rs"]
mod answers;
#[path = "../counts.rs"]
mod counts;
#[path = "../documents.rs"]
mod documents;
#[path = "../files.rs"]
mod files;
#[path = "../heads.rs"]
mod heads;
#[path = "../json_text.rs"]
mod json_text;
#[path = "../mutate.rs"]
mod mutate;
#[path = "../proofs.rs"]
mod proofs;
#[path = "../sockets.rs"]
mod sockets;
mod support;

use std::{env, fs, path::Path};

use libfuzzer_sys::fuzz_target;
use mutate::{Law, Target};

/// The folder of the package.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

const TARGETS: [fn() -> Target; 10] = [
    answers::target,
    counts::target,
    documents::print_target,
    documents::target,
    files::manifest_target,
    files::policy_target,
    heads::target,
    json_text::target,
    proofs::target,
    sockets::target,
];

thread_local! {
    /// That of the target which `PORTCULLIS_TARGET` names. Its seeds are written to the folder
    /// `PORTCULLIS_SEEDS` first, which is before libFuzzer reads it.
    static LAW: Law = {
        let name = env::var("PORTCULLIS_TARGET").expect("`PORTCULLIS_TARGET` names a target");
        let target = TARGETS.iter().map(|it| it()).find(|it| it.name == name);
        let target = target.unwrap_or_else(|| panic!("there is no target `{name}`"));
        if let Ok(folder) = env::var("PORTCULLIS_SEEDS") {
            for (n, seed) in [target.seeds, mutate::kept(&name)].concat().iter().enumerate() {
                fs::write(Path::new(&folder).join(format!("seed-{n}")), seed).expect("a folder");
            }
        }
        target.law
    };
}

fuzz_target!(init: LAW.with(|_| ()), |input: &[u8]| { LAW.with(|it| it(input)); });
