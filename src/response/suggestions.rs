//! Takes "Did you mean" out of a message: it tells names of the schema to those who guess.
//!
//! Knows the words that servers have in common, not their languages.

use std::borrow::Cow;

/// The message without what it suggests: from the words to the question mark, a parenthesis
/// around them counted.
pub(super) fn stripped(message: &str) -> Cow<'_, str> {
    let Some((before, rest)) = split(message) else { return Cow::Borrowed(message) };
    let mut out = before.to_owned();
    let mut rest = rest;
    // Budget: the message, of which every turn leaves less.
    while let Some((before, behind)) = split(rest) {
        out.push_str(before);
        rest = behind;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether a JSON text has the words in a string, however it is escaped.
pub(super) fn may_suggest(json: &[u8]) -> bool {
    find(&unescaped(json), WORDS).is_some()
}

/// The ASCII of a text, its escapes resolved; for any other character of an escape stands a zero.
fn unescaped(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut rest = json;
    // Budget: the text, of which every turn takes a byte.
    while let [byte, behind @ ..] = rest {
        let (byte, behind) = match (byte, behind) {
            (b'\\', [b'u', digits @ ..]) => {
                let (digits, behind) = digits.split_at_checked(4).unwrap_or((digits, &[]));
                let text = std::str::from_utf8(digits).ok();
                let byte = text.and_then(|it| u8::try_from(u32::from_str_radix(it, 16).ok()?).ok());
                (byte.unwrap_or(0), behind)
            }
            // No letter of the words: `\n` is none.
            (b'\\', [_, behind @ ..]) => (0, behind),
            _ => (*byte, behind),
        };
        out.push(byte);
        rest = behind;
    }
    out
}

/// What stands before a suggestion and behind it.
fn split(text: &str) -> Option<(&str, &str)> {
    let at = find(text.as_bytes(), WORDS)?;
    let (before, suggestion) = text.split_at_checked(at)?;
    let behind = suggestion.split_once('?').map_or("", |(_, behind)| behind);
    let (before, is_enclosed) = match before.trim_end().strip_suffix('(') {
        Some(before) => (before, true),
        None => (before, false),
    };
    let behind = if is_enclosed { behind.strip_prefix(')').unwrap_or(behind) } else { behind };
    Some((before.trim_end(), behind))
}

/// Where words stand that are ASCII, in any case.
fn find(text: &[u8], words: &str) -> Option<usize> {
    let windows = text.windows(words.len());
    windows.into_iter().position(|it| it.eq_ignore_ascii_case(words.as_bytes()))
}

const WORDS: &str = "did you mean";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expect: &str) {
        assert_eq!(stripped(message), expect);
    }

    #[test]
    fn suggestions_of_servers_are_taken_out() {
        let cannot = r#"Cannot query field "nam" on type "User"."#;
        check(cannot, cannot);
        check(&format!(r#"{cannot} Did you mean "name"?"#), cannot);
        check(
            &format!(r#"{cannot} Did you mean to use an inline fragment on "A" or "B"?"#),
            cannot,
        );
        check(
            "Field 'x' doesn't exist on type 'Y' (Did you mean `z`?)",
            "Field 'x' doesn't exist on type 'Y'",
        );
        check("a did you mean b? c DID YOU MEAN d", "a c");
        check("é did you mean é? é", "é é");
        check("Did you mean a?", "");
        check("", "");
    }
}
