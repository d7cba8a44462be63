//! Bytes of a text → line and column, as people and their editors count them.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source};

/// A place in a text; both count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// The place of a byte; a byte behind the end or inside a character counts as the one before it.
#[must_use]
pub fn position(text: &str, byte: usize) -> Position {
    let before = text.get(..text.floor_char_boundary(byte)).unwrap_or_default();
    let line = before.bytes().filter(|it| *it == b'\n').count().saturating_add(1);
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    Position { line, column: last_line.chars().count().saturating_add(1) }
}

/// Where a diagnostic begins and ends.
pub(super) fn range(diagnostic: &Diagnostic) -> Option<(&Arc<Source>, Position, Position)> {
    let (source, span) = diagnostic.place.as_ref()?;
    let end = span.end.max(span.start);
    Some((source, position(&source.text, span.start), position(&source.text, end)))
}

#[cfg(test)]
mod tests {
    use super::position;

    #[track_caller]
    fn check(text: &str, byte: usize, line: usize, column: usize) {
        let found = position(text, byte);
        assert_eq!((found.line, found.column), (line, column));
    }

    #[test]
    fn both_count_from_one() {
        check("", 0, 1, 1);
        check("ab\ncd", 0, 1, 1);
        check("ab\ncd", 3, 2, 1);
        check("ab\ncd", 4, 2, 2);
    }

    #[test]
    fn columns_are_characters() {
        check("äöü: x", 8, 1, 6);
        check("ä", 1, 1, 1);
    }

    #[test]
    fn behind_the_end_is_the_end() {
        check("ab\n", 99, 2, 1);
    }
}
