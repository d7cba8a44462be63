//! CPU per request of Portcullis beside other proxies and GraphQL gateways: one upstream, the same
//! bodies, turn by turn. Prints a table and draws it into `benches/peers/results.svg`.
//!
//! `benches/peers/run` installs what takes part and starts this; `benches/peers/run 1` is the quick
//! run: one turn of each.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

#[path = "support/children.rs"]
mod children;
#[path = "support/contest.rs"]
mod contest;
#[path = "peers/contestants.rs"]
mod contestants;
#[path = "support/load.rs"]
mod load;
#[path = "peers/picture.rs"]
mod picture;
#[path = "support/pieces.rs"]
mod pieces;
#[path = "peers/process.rs"]
mod process;
#[path = "peers/results.rs"]
mod results;
mod support;
#[path = "peers/tasks.rs"]
mod tasks;

use std::{env, fs, io, path::Path, process::ExitCode};

use contest::{Server, caution, n_turns, play};
use contestants::said;
use load::Upstream;
use results::{Column, Results};

const N_TURNS: usize = 5;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let done = match args.get(1).map(String::as_str) {
        Some(children::PASS_THROUGH) => children::pass_through(&args),
        Some(children::PORTCULLIS) => children::portcullis(&args),
        _ => compare(n_turns(&args, N_TURNS)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(n_turns: usize) -> io::Result<()> {
    let upstream = Upstream::start()?;
    let contestants = contestants::start(&upstream)?;
    let mut columns = Vec::new();
    for (kind, task) in tasks::tasks(n_turns) {
        say(&format!("{} …", task.name));
        let servers: Vec<(&dyn Server, _)> =
            contestants.iter().map(|it| (it.server.as_ref(), kind.end(it.floods))).collect();
        let scores = play(&upstream, &task, &servers, n_turns);
        columns.push(Column { name: task.name, kind, scores });
    }
    let mut notes = results::notes(said("date", "+%F")?.trim(), &contestants, n_turns);
    notes.extend(caution().map(str::to_owned));
    let names = contestants.iter().map(|it| it.name).collect();
    let results = Results { names, columns, notes };
    say(&results::table(&results));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/results.svg");
    fs::write(path, picture::draw(&results))
}

fn say(text: &str) {
    println!("{text}");
}
