//! What strings stand for: escapes, and the indentation of block strings.
//!
//! Finds no ends: the lexer has done that, and has seen that every escape is one.

/// The character of the escape that `text` begins with, and how many bytes it takes.
// GraphQL §2.9.4 EscapedUnicode, EscapedCharacter.
pub(super) fn escape(text: &[u8]) -> Option<(char, usize)> {
    let char = match text {
        [b'\\', b'u', b'{', ..] => return braced(text),
        [b'\\', b'u', ..] => return four_digits(text),
        [b'\\', b'"', ..] => '"',
        [b'\\', b'\\', ..] => '\\',
        [b'\\', b'/', ..] => '/',
        [b'\\', b'b', ..] => '\u{8}',
        [b'\\', b'f', ..] => '\u{c}',
        [b'\\', b'n', ..] => '\n',
        [b'\\', b'r', ..] => '\r',
        [b'\\', b't', ..] => '\t',
        _ => return None,
    };
    Some((char, 2))
}

/// Adds what stands between the quotes of a string with escapes.
pub(super) fn unescape(mut text: &str, out: &mut String) {
    while let Some(at) = text.find('\\') {
        let (plain, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        out.push_str(plain);
        let Some((char, n_bytes)) = escape(rest.as_bytes()) else { return };
        out.push(char);
        text = rest.get(n_bytes..).unwrap_or_default();
    }
    out.push_str(text);
}

/// Adds what stands between the quotes of a block string: without the indentation that all lines
/// but the first have in common, and without blank lines at either end.
// GraphQL §2.9.4 BlockStringValue.
pub(super) fn unindent(text: &str, out: &mut String) {
    let filled = |(n, line): (usize, &str)| (!is_blank(line)).then_some(n);
    let Some(first) = lines(text).enumerate().find_map(filled) else { return };
    let last = lines(text).enumerate().filter_map(filled).last().unwrap_or(first);
    let indents = lines(text).skip(1).filter(|it| !is_blank(it)).map(n_blanks);
    let indent = indents.min().unwrap_or_default();
    for (n, line) in lines(text).enumerate().take(last.saturating_add(1)).skip(first) {
        if n > first {
            out.push('\n');
        }
        let line = if n == 0 { line } else { line.get(indent..).unwrap_or_default() };
        for (n, piece) in line.split("\\\"\"\"").enumerate() {
            out.push_str(if n == 0 { "" } else { "\"\"\"" });
            out.push_str(piece);
        }
    }
}

/// `\u{X…}`. More digits than eight are zeros, and graphql-js does not read them either.
fn braced(text: &[u8]) -> Option<(char, usize)> {
    let digits = text.get(3..)?;
    let n_digits = digits.iter().take(9).position(|it| *it == b'}').filter(|it| *it > 0)?;
    let char = char::from_u32(number(digits.get(..n_digits)?)?)?;
    Some((char, n_digits.saturating_add(4)))
}

/// `\uXXXX`, or a pair of surrogates that are written so.
fn four_digits(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| number(text.get(at..at.saturating_add(4))?);
    let first = unit(2)?;
    if let Some(char) = char::from_u32(first) {
        return Some((char, 6));
    }
    let second = text.get(6..8).filter(|it| *it == b"\\u").and_then(|_| unit(8))?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let char = char::decode_utf16(units).next()?.ok()?;
    Some((char, 12))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        number.checked_mul(16)?.checked_add(digit)
    })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut left = Some(text);
    std::iter::from_fn(move || {
        let text = left?;
        let Some((line, rest)) = text.split_once(['\n', '\r']) else {
            left = None;
            return Some(text);
        };
        let ends_in_return = text.as_bytes().get(line.len()) == Some(&b'\r');
        left = rest.strip_prefix('\n').filter(|_| ends_in_return).or(Some(rest));
        Some(line)
    })
}

fn is_blank(line: &str) -> bool {
    n_blanks(line) == line.len()
}

fn n_blanks(line: &str) -> usize {
    line.bytes().take_while(|it| matches!(it, b' ' | b'\t')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let mut out = "before ".to_owned();
        unescape(text, &mut out);
        assert_eq!(out, format!("before {expect}"), "{text}");
    }

    #[test]
    fn escapes_stand_for_characters() {
        check("", "");
        check(r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t");
        check(r"a\u0041é\u00e9b\u{1F600}\u{00000041}", "aAééb😀A");
        check(r"\ud83d\ude00\u00e9\ud83d\ude00", "😀é😀");
        check(r"\\u0041", r"\u0041");
    }

    #[test]
    fn what_is_no_character_is_no_escape() {
        for bad in [
            r"\",
            r"\x",
            r"\U0041",
            r"\u",
            r"\u004",
            r"\u00g1",
            r"\u+041",
            r"\u{}",
            r"\u{41",
            r"\u{000000041}",
            r"\u{110000}",
            r"\u{d83d}",
            r"\u{ 41}",
            r"\ud83d",
            r"\ude00",
            r"\ud83d\u0041",
            r"\ud83d\ud83d",
            r"\ud83dx",
            r"\ud83d\u{de00}",
            "a",
        ] {
            assert_eq!(escape(bad.as_bytes()), None, "{bad}");
        }
    }

    fn check_block(text: &str, expect: &str) {
        let mut out = "before ".to_owned();
        unindent(text, &mut out);
        assert_eq!(out, format!("before {expect}"), "{text:?}");
    }

    #[test]
    fn block_strings_lose_what_the_editor_added() {
        check_block("", "");
        check_block(" \n\t\r\n ", "");
        check_block("  a ", "  a ");
        check_block(
            "\n    Hello,\n      World!\n\n    Yours,\n      GraphQL.\n  ",
            "Hello,\n  World!\n\nYours,\n  GraphQL.",
        );
        check_block("a\n  b\n c", "a\n b\nc");
        check_block(" a\r\n  b\r  c\n\rd", " a\n  b\n  c\n\nd");
        check_block("\n\t\ta\n\t b", "a\nb");
        check_block("\n  a\n \n      \n  b\n", "a\n\n    \nb");
        check_block("a \\\"\"\" \\\"\"\"b \\n \\", "a \"\"\" \"\"\"b \\n \\");
        check_block("\n é\n  ü", "é\n ü");
    }
}
