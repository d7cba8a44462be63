//! Shapes of documents: a head, a piece that is repeated, and an end.

/// What comes before, what is repeated, what comes behind. `#` in a piece is its number.
pub(crate) type Shape = (&'static str, &'static str, &'static str);

/// A document of so many bytes, or a little less.
pub(crate) fn filled((head, piece, end): Shape, bytes: usize) -> String {
    let mut text = head.to_owned();
    let room = bytes.saturating_sub(end.len());
    for n in 0..bytes {
        let piece = piece.replace('#', &n.to_string());
        if text.len().saturating_add(piece.len()) > room {
            break;
        }
        text.push_str(&piece);
    }
    text.push_str(end);
    text
}

/// All of them.
pub(crate) const ALL: [(&str, Shape); 42] = [
    ("open braces", ("", "{", "")),
    ("open brackets in a value", ("{a(b:", "[", "")),
    ("open braces in a value", ("{a(b:", "{a:", "")),
    ("open parentheses", ("{a", "(", "")),
    ("open fields", ("", "{a", "")),
    ("closed braces", ("{a", "}", "")),
    ("open types", ("query($a:", "[", "")),
    ("a long name", ("{", "a", "}")),
    ("a long alias", ("{a:", "b", "}")),
    ("a long operation name", ("query ", "a", "{a}")),
    ("a long fragment name", ("{...", "a", "}")),
    ("a long variable", ("query($", "a", ":Int){a}")),
    ("a long directive", ("{a@", "a", "}")),
    ("a comment", ("#", "x", "\n{a}")),
    ("comments", ("", "#\n", "{a}")),
    ("a comment at the end", ("{a}#", "x", "")),
    ("blanks", ("", " ", "{a}")),
    ("commas", ("{", ",", "a}")),
    ("line ends", ("", "\r\n", "{a}")),
    ("a string", ("{a(b:\"", "x", "\")}")),
    ("a string of escapes", ("{a(b:\"", "\\u00e9", "\")}")),
    ("an open string", ("{a(b:\"", "x", "")),
    ("a block string", ("{a(b:\"\"\"", "x", "\"\"\")}")),
    ("lines of a block string", ("{a(b:\"\"\"", "\n  x", "\"\"\")}")),
    ("deeper lines of a block string", ("{a(b:\"\"\"", "\n\t\t\t\t\t\t\t\t", "\"\"\")}")),
    ("quotes of a block string", ("{a(b:\"\"\"", "\\\"\"\"", "\"\"\")}")),
    ("an open block string", ("{a(b:\"\"\"", "\"\" ", "")),
    ("a long number", ("{a(b:", "1", ")}")),
    ("a long fraction", ("{a(b:0.", "1", ")}")),
    ("fields", ("{", "a ", "}")),
    ("different fields", ("{", "a# ", "}")),
    ("typenames", ("{", "__typename ", "}")),
    ("aliases", ("{", "a#:__typename ", "}")),
    ("one alias of two fields", ("{", "a:b a:c ", "}")),
    ("arguments", ("{a(", "b:1 ", ")}")),
    ("different arguments", ("{a(", "b#:1 ", ")}")),
    ("items of a list", ("{a(b:[", "1 ", "])}")),
    ("variables", ("query(", "$a#:Int ", "){a}")),
    ("directives", ("{__typename ", "@include(if:true) ", "}")),
    ("inline fragments", ("{", "...{__typename}", "}")),
    ("spreads", ("{", "...F ", "} fragment F on Query{__typename}")),
    ("fragments", ("{__typename}", "fragment F# on Query{__typename}", "")),
];
