//! Writing of strings.

use crate::json::plain::n_plain;

/// The string as a JSON literal, with quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    push_escaped(&mut out, text);
    out
}

/// Appends the string as a JSON literal, with quotes.
pub fn push_escaped(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // A special byte is a character of its own, so the text can be split there.
    while let Some((plain, behind)) = rest.split_at_checked(n_plain(rest.as_bytes()))
        && !behind.is_empty()
    {
        out.push_str(plain);
        let mut chars = behind.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(other) => {
                use std::fmt::Write as _;
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", other as u32);
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_json_reads_back_what_is_written() {
        for text in ["", "plain", "q\"b\\n\n\r\t\u{0}\u{1f}\u{7f}", "é 東 😀 </script>"] {
            assert_eq!(serde_json::from_str::<String>(&escape(text)).ok().as_deref(), Some(text));
        }
    }
}
