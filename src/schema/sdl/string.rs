//! The value of a string token.
//!
//! Lenient on escapes that the language does not have: they stand for themselves.

/// The value of a quoted string.
pub(super) fn string_value(token: &str) -> Box<str> {
    let inner = token.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(token);
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut value = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(it) = chars.next() {
        if it != '\\' {
            value.push(it);
            continue;
        }
        match chars.next() {
            Some('b') => value.push('\u{8}'),
            Some('f') => value.push('\u{c}'),
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some('t') => value.push('\t'),
            Some('u') => {
                let (decoded, rest) = code_point(chars.as_str());
                value.push(decoded);
                chars = rest.chars();
            }
            Some(other) => value.push(other),
            None => {}
        }
    }
    value.into()
}

/// The value of a block string.
// GraphQL §2.9.4: the common indent of all lines but the first goes, and blank first and last lines.
pub(super) fn block_string_value(token: &str) -> Box<str> {
    const QUOTES: &str = "\"\"\"";
    let inner = token.strip_prefix(QUOTES).and_then(|it| it.strip_suffix(QUOTES)).unwrap_or(token);
    let lines: Vec<&str> = inner.lines().collect();
    let is_blank = |it: &&str| it.trim_matches([' ', '\t']).is_empty();
    let indent_of = |it: &&str| it.len() - it.trim_start_matches([' ', '\t']).len();
    let indent = lines.iter().skip(1).filter(|it| !is_blank(it)).map(indent_of).min().unwrap_or(0);
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    for (line_idx, line) in lines.iter().enumerate() {
        let line = if line_idx == 0 { line } else { line.get(indent..).unwrap_or_default() };
        if !(kept.is_empty() && is_blank(&line)) {
            kept.push(line);
        }
    }
    while kept.last().is_some_and(is_blank) {
        kept.pop();
    }
    kept.join("\n").replace("\\\"\"\"", QUOTES).into()
}

/// The character of `XXXX`, `{X…}` or a pair `XXXX\uXXXX`, and the text after it.
fn code_point(text: &str) -> (char, &str) {
    if let Some((digits, rest)) = text.strip_prefix('{').and_then(|it| it.split_once('}')) {
        let decoded = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        return (decoded.unwrap_or(char::REPLACEMENT_CHARACTER), rest);
    }
    let (first, rest) = four_digits(text);
    if let Some(decoded) = char::from_u32(first) {
        return (decoded, rest);
    }
    let (second, after) = rest.strip_prefix("\\u").map_or((0, rest), four_digits);
    match char::decode_utf16([first, second].map(|it| u16::try_from(it).unwrap_or(0))).next() {
        Some(Ok(decoded)) => (decoded, after),
        _ => (char::REPLACEMENT_CHARACTER, rest),
    }
}

fn four_digits(text: &str) -> (u32, &str) {
    text.split_at_checked(4)
        .and_then(|(digits, rest)| Some((u32::from_str_radix(digits, 16).ok()?, rest)))
        .unwrap_or((u32::from(char::REPLACEMENT_CHARACTER), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: &str, expect: &str) {
        let value = if token.starts_with("\"\"\"") {
            block_string_value(token)
        } else {
            string_value(token)
        };
        assert_eq!(&*value, expect, "{token}");
    }

    #[test]
    fn escapes_are_decoded() {
        check(r#""a\n\"\\\/\t""#, "a\n\"\\/\t");
        check(r#""\u0041\u{1F600}\ud83d\ude00""#, "A\u{1F600}\u{1F600}");
        check(r#""\ud83dx\uZZZZ\u""#, "\u{fffd}x\u{fffd}ZZZZ\u{fffd}");
    }

    #[test]
    fn block_strings_lose_their_indent() {
        check("\"\"\"\n    a\n      b\n\n    c\n  \"\"\"", "a\n  b\n\nc");
        check("\"\"\"a \\\"\"\" b\"\"\"", "a \"\"\" b");
        check("\"\"\"  a\"\"\"", "  a");
    }
}
