//! What goes to stdout and stderr, and whether it is coloured.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::OnceLock,
};

use crate::diagnostic::{Colour, Diagnostics, render};

/// Writes data. What cannot be written is told by [`finish`].
pub(super) fn data(text: &str) {
    note(io::stdout().lock().write_all(text.as_bytes()));
}

/// Keeps what went wrong when data was written past [`data`].
pub(super) fn note(written: io::Result<()>) {
    if let Err(why) = written {
        // The first error is the reason; all that follow are its consequences.
        let _ = UNWRITTEN.set(why);
    }
}

/// Ends the data. The error, when some of it was lost; a closed pipe is nobody's fault.
pub(super) fn finish() -> Result<(), &'static io::Error> {
    note(io::stdout().lock().flush());
    let lost = UNWRITTEN.get().filter(|it| it.kind() != io::ErrorKind::BrokenPipe);
    lost.map_or(Ok(()), Err)
}

/// Writes anything that is not data.
pub(super) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes what is wrong with a file.
pub(super) fn complain(diagnostics: &Diagnostics) {
    if !diagnostics.is_empty() {
        say(&render(diagnostics, stderr_colour()));
    }
}

/// Colours for stdout.
pub(super) fn stdout_colour() -> Colour {
    colour(io::stdout().is_terminal())
}

/// Colours for stderr.
pub(super) fn stderr_colour() -> Colour {
    colour(io::stderr().is_terminal())
}

/// <https://no-color.org>: any value of the variable turns colours off.
fn colour(is_terminal: bool) -> Colour {
    let is_wanted = is_terminal && std::env::var_os("NO_COLOR").is_none();
    if is_wanted { Colour::Ansi } else { Colour::Plain }
}

/// Why data was lost: of the process, as its stdout is.
static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();
