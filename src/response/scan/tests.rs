//! Tokens, and what is no JSON, whatever the pieces.

use super::*;

fn read(text: &str, size: usize) -> Result<String, Wrong> {
    read_with(Scanner::new(20, 0), text, size)
}

fn read_with(mut scanner: Scanner, text: &str, size: usize) -> Result<String, Wrong> {
    let mut seen = String::new();
    for piece in text.as_bytes().chunks(size) {
        let mut at = 0;
        loop {
            let (token, behind) = scanner.next(piece, at)?;
            let Some(token) = token else { break };
            if let Token::Scalar(_) = token {
                scanner.capture(piece[behind - 1]);
            }
            let text = || String::from_utf8_lossy(scanner.text().unwrap_or(b"?")).into_owned();
            match token {
                Token::ArrayBegins => seen.push('['),
                Token::ArrayEnds => seen.push(']'),
                Token::Key => seen.push_str(&format!("{}:", text())),
                Token::ObjectBegins => seen.push('{'),
                Token::ObjectEnds => seen.push('}'),
                Token::Scalar(it) => seen.push(format!("{it:?}").to_lowercase().remove(0)),
                Token::ScalarEnds => seen.push_str(&format!("({})", text())),
            }
            at = behind;
        }
    }
    if scanner.is_complete() { Ok(seen) } else { Err(Wrong::Incomplete) }
}

fn check(text: &str, expect: Result<&str, Wrong>) {
    for size in [1, 2, 3, 1000] {
        let expect = expect.clone().map(Into::into);
        assert_eq!(read(text, size), expect, "{text} by {size}");
    }
}

#[test]
fn tokens_are_found_in_pieces_of_any_size() {
    let text = r#" {"a": [1, -2.5e3, "x\"]\u00e9", true, null], "\u0062": {}} "#;
    check(text, Ok(r#"{a:[n(1)n(-2.5e3)s(x"]é)b(true)n(null)]b:{}}"#));
    check("[0,-0,10,1e5,1E+5,0.10]", Ok("[n(0)n(-0)n(10)n(1e5)n(1E+5)n(0.10)]"));
}

#[test]
fn a_number_alone_ends_with_the_text() {
    for text in ["0", "-1", "\r\r10", "1.5", "1e5"] {
        check(text, Ok("n"));
    }
    check("1 ", Ok("n(1)"));
    for text in ["-", "1.", "1e", "1e+", "[1"] {
        assert_eq!(read(text, 1), Err(Wrong::Incomplete), "{text}");
    }
}

#[test]
fn what_is_too_long_is_not_kept() {
    let key = |n| format!("{{\"{}\":1}}", "a".repeat(n));
    check(&key(MAX_TEXT), Ok(&format!("{{{}:n(1)}}", "a".repeat(MAX_TEXT))));
    check(&key(MAX_TEXT + 1), Ok("{?:n(1)}"));
    check(r#"["\ud800"]"#, Ok("[s(?)]"));
    let longest = MAX_TEXT * 2;
    for (n, expect) in [(longest, "a".repeat(longest)), (longest + 1, "?".into())] {
        let found = read_with(Scanner::new(20, longest), &key(n), 1000);
        assert_eq!(found, Ok(format!("{{{expect}:n(1)}}")));
    }
}

#[test]
fn what_is_no_json_is_noticed() {
    for text in [
        "[01]",
        "[1.]",
        "[.5]",
        "[+1]",
        "[1e]",
        "[--1]",
        "[-]",
        "[tru]",
        "[nulll]",
        "[\"\t\"]",
        "[\"\\x\"]",
        "[\"\\u00g0\"]",
        "[1 2]",
        "[,]",
        "[1,]",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{]",
        "[}",
        "[1]]",
        "[] []",
        "'a'",
    ] {
        check(text, Err(Wrong::NotJson));
    }
    for text in ["", "[", "[1", "[\"a", "{\"a\"", "[tr"] {
        check(text, Err(Wrong::Incomplete));
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    check(&nested(20), Ok(&nested(20)));
    check(&nested(21), Err(Wrong::TooDeep));
}
