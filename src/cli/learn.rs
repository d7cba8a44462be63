//! x
use crate::cli::Exit;
#[derive(clap::Args, Debug)]
pub(super) struct Arguments {}
pub(super) fn run(_arguments: &Arguments) -> Exit {
    Exit::Fine
}
