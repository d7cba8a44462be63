//! What the content of a string literal says once its escapes are resolved.
//!
//! Only for literals that the scanner has passed: it has checked every escape, and nothing is
//! checked again here.

use crate::json::plain::n_plain;

/// Resolves the escapes of what stands between the quotes, unless it says more than `limit` bytes.
pub(super) fn unescape(inner: &str, limit: usize) -> Option<String> {
    let mut out = String::with_capacity(inner.len().min(limit));
    let mut rest = inner;
    // The budget of this loop is the text: every turn takes an escape off its front.
    while let Some((plain, escape)) = rest.split_at_checked(n_plain(rest.as_bytes()))
        && let Some(escaped) = escape.strip_prefix('\\')
        && out.len() <= limit
    {
        out.push_str(plain);
        let mut chars = escaped.chars();
        let letter = chars.next();
        rest = chars.as_str();
        match letter {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => rest = code_point(rest, &mut out),
            Some(itself) => out.push(itself),
            None => {}
        }
    }
    if out.len().saturating_add(rest.len()) > limit {
        return None;
    }
    out.push_str(rest);
    Some(out)
}

/// Adds the character of one `\uXXXX`, or of two for a pair of surrogates; returns what follows.
fn code_point<'a>(digits: &'a str, out: &mut String) -> &'a str {
    let Some((first, rest)) = unit(digits) else { return digits };
    let pair =
        rest.strip_prefix("\\u").and_then(unit).filter(|_| (0xd800..0xdc00).contains(&first));
    let (second, rest) = pair.map_or((None, rest), |(second, rest)| (Some(second), rest));
    out.extend(char::decode_utf16(std::iter::once(first).chain(second)).flatten());
    rest
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_json_reads_the_same() {
        for inner in [
            r#""#,
            r#"plain é 東"#,
            r#"\"\\\/\b\f\n\r\t"#,
            r#"\\n\\\\u0041"#,
            r#"a\u0041\u00e9\u6771b\u0000"#,
            r#"\ud83d\ude00\ud83d\uDE00!"#,
            r#"\u0041\u0042"#,
            r#"\n"#,
        ] {
            let expect: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            assert_eq!(unescape(inner, usize::MAX), Some(expect), "{inner}");
        }
    }
}
