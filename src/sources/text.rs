//! The bytes of a file that somebody wrote → its text.
//!
//! UTF-8 alone; a byte order mark at the start, which some editors write, is no part of the text.

use std::{error::Error, fmt};

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoText {
    /// They begin as UTF-16 does.
    Utf16,
    /// This byte, in this line, is none of UTF-8.
    Utf8 { at: usize, line: usize },
}

/// Reads UTF-8.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, NoText> {
    let mut text = String::from_utf8(bytes).map_err(|it| {
        let at = it.utf8_error().valid_up_to();
        let before = it.as_bytes().iter().take(at);
        let line = before.filter(|it| **it == b'\n').count().saturating_add(1);
        let is_utf16 = UTF_16.iter().any(|mark| it.as_bytes().starts_with(mark));
        if is_utf16 { NoText::Utf16 } else { NoText::Utf8 { at, line } }
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf16 => f.write_str("it is UTF-16; save it as UTF-8"),
            Self::Utf8 { at, line } => {
                write!(f, "it is not UTF-8 at byte {at}, in line {line}; save it as UTF-8")
            }
        }
    }
}

impl Error for NoText {}

const BYTE_ORDER_MARK: char = '\u{feff}';
/// The same in UTF-16, in both orders; neither can begin UTF-8.
const UTF_16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expect: Result<&str, &str>) {
        let decoded = decode(bytes.to_vec()).map_err(|it| it.to_string());
        assert_eq!(decoded.as_deref().map_err(|it| &**it), expect);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        check(b"", Ok(""));
        check("ä\u{feff}".as_bytes(), Ok("ä\u{feff}"));
        check("\u{feff}{}".as_bytes(), Ok("{}"));
        check("\u{feff}\u{feff}{}".as_bytes(), Ok("\u{feff}{}"));
    }

    #[test]
    fn what_is_not_utf8_is_told_with_its_place() {
        let utf16 = "it is UTF-16; save it as UTF-8";
        check(b"\xff\xfea\0", Err(utf16));
        check(b"\xfe\xff\0a", Err(utf16));
        let latin1 = |at: &str| format!("it is not UTF-8 at byte {at}; save it as UTF-8");
        check(b"\xe4", Err(&latin1("0, in line 1")));
        check(b"# a\nn: \xfcber\n", Err(&latin1("7, in line 2")));
        check(b"\xff", Err(&latin1("0, in line 1")));
    }
}
