//! The verbs: one file each. Data goes to stdout, everything else to stderr.

mod address;
mod attack;
mod batch;
mod check;
mod collector;
mod completions;
#[cfg(feature = "demo")]
mod demo;
mod drift;
mod effective;
mod explain;
mod front;
mod init;
mod inventory;
mod learn;
mod link;
mod manifest;
mod past;
mod price;
mod rates;
mod replicas;
mod replay;
mod schema;
mod serve;
mod settings;
mod sunset;
mod terminal;
mod test;
mod tls;
mod traffic;
mod tune;
mod upstream;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

/// The GraphQL security firewall.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Try what a policy forbids against a running firewall, and tell what got through
    Attack(attack::Arguments),
    /// Tell everything that is wrong or suspicious in a policy and its schema
    Check(check::Arguments),
    /// Print shell completions
    Completions(completions::Arguments),
    /// Run an embedded upstream and the firewall on loopback, and try requests against them
    #[cfg(feature = "demo")]
    Demo(demo::Arguments),
    /// Tell why a document is admitted or refused, rule by rule
    Explain(explain::Arguments),
    /// Write a policy that only watches, and the schema of an upstream, to begin with
    Init(init::Arguments),
    /// List who asks for what: operations, fields and arguments, by client, from a traffic log
    Inventory(inventory::Arguments),
    /// Propose trusted documents and limits from a traffic log, as a patch of the policy
    Learn(learn::Arguments),
    /// Build, convert, verify and compare lists of trusted documents
    Manifest(manifest::Arguments),
    /// Judge a traffic log again, by one policy or by two, and tell what changes
    Replay(replay::Arguments),
    /// Print the JSON Schema of the policy file, or fetch the schema of an upstream
    Schema(schema::Arguments),
    /// Run the proxy
    Serve(Box<serve::Arguments>),
    /// Run the cases of a policy, and tell what of it no case touches
    Test(test::Arguments),
    /// Measure the upstream with real operations, and propose weights, list sizes and a limit
    Tune(Box<tune::Arguments>),
}

/// How a verb ended: 0, 1 or 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing to complain about.
    Fine,
    /// Found something.
    Found,
    /// Misuse, or input that cannot be read.
    Misuse,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Found => Self::from(1),
            Exit::Misuse => Self::from(2),
        }
    }
}

/// The command line, whose `--version` tells what program this is.
fn command() -> clap::Command {
    let is_asked = std::env::args_os().any(|it| it == "--version");
    let command = Arguments::command();
    if is_asked { command.long_version(version::long()) } else { command }
}

/// Runs the verb that the command line names.
#[must_use]
pub fn run() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|it| Arguments::from_arg_matches(&it));
    let exit = match parsed {
        Ok(arguments) => arguments.verb.run(),
        Err(error) => {
            let written = error.print();
            // Help and version are errors to clap, and go to stdout.
            if error.use_stderr() {
                Exit::Misuse
            } else {
                terminal::note(written);
                Exit::Fine
            }
        }
    };
    match terminal::finish() {
        Ok(()) => exit.into(),
        // A step that goes on with half of the data must not be green.
        Err(why) => {
            terminal::say(&format!("error: standard output cannot be written: {why}\n"));
            Exit::Misuse.into()
        }
    }
}

impl Verb {
    fn run(self) -> Exit {
        match self {
            Self::Attack(arguments) => attack::run(&arguments),
            Self::Check(arguments) => check::run(&arguments),
            Self::Completions(arguments) => completions::run(&arguments),
            #[cfg(feature = "demo")]
            Self::Demo(arguments) => demo::run(&arguments),
            Self::Explain(arguments) => explain::run(&arguments),
            Self::Init(arguments) => init::run(&arguments),
            Self::Inventory(arguments) => inventory::run(&arguments),
            Self::Learn(arguments) => learn::run(&arguments),
            Self::Manifest(arguments) => manifest::run(&arguments),
            Self::Replay(arguments) => replay::run(&arguments),
            Self::Schema(arguments) => schema::run(&arguments),
            Self::Serve(arguments) => serve::run(&arguments),
            Self::Test(arguments) => test::run(&arguments),
            Self::Tune(arguments) => tune::run(&arguments),
        }
    }
}
