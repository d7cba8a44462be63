//! `portcullis completions SHELL`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::{self, Exit, terminal};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The shell to write for
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    let mut command = cli::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "portcullis", &mut script);
    terminal::data(&String::from_utf8_lossy(&script));
    Exit::Fine
}
