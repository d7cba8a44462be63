//! Lines and columns, as the parser reports them, back to byte offsets.
//!
//! Not for display: nothing here is a promise about how editors count.

/// The byte offset of a line and a column, both from 1, in characters. `\r\n` is one line ending.
pub(super) fn offset(text: &str, line: usize, column: usize) -> u32 {
    let mut chars = text.char_indices().peekable();
    let mut left = line.saturating_sub(1);
    while left > 0 {
        let Some((_, char)) = chars.next() else { break };
        if char == '\r' && chars.next_if(|(_, it)| *it == '\n').is_some() || ENDINGS.contains(&char)
        {
            left = left.saturating_sub(1);
        }
    }
    let at = chars.nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// What the parser's error report takes for the end of a line.
const ENDINGS: [char; 7] = ['\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ending_counts_once() {
        assert_eq!(offset("ab", 1, 2), 1);
        assert_eq!(offset("é\r\nxy\n\rz", 2, 2), 5);
        assert_eq!(offset("é\r\nxy\n\rz", 4, 1), 8);
        assert_eq!(offset("a\u{2028}b", 2, 1), 4);
        assert_eq!(offset("a", 9, 9), 1);
    }
}
