//! A body on its way, as one answer or as many.

use crate::response::{Ending, Guard, Most, Wrong, events::Events, parts::Parts};

/// Reads a body, and writes what of it passes.
#[derive(Debug)]
pub enum Filter {
    /// Server-sent events, each with an answer.
    Events(Events),
    /// One answer, or an array of them.
    Once(Guard),
    /// `multipart/mixed`, each part with an answer.
    Parts(Parts),
}

impl Filter {
    /// One answer.
    #[must_use]
    pub const fn once(guard: Guard) -> Self {
        Self::Once(guard)
    }

    /// A body that goes on, by its media type; `ending` is for an answer in it that is wrong.
    #[must_use]
    pub fn stream(guard: Guard, media: &str, (most, ending): (Most, Ending)) -> Self {
        match boundary(media) {
            Some(boundary) => Self::Parts(Parts::new(guard, &boundary, (most, ending))),
            None => Self::Events(Events::new(guard, (most, ending))),
        }
    }

    /// Takes the next piece, and writes what goes on.
    ///
    /// # Errors
    /// When the body may not go on.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Wrong> {
        match self {
            Self::Events(it) => it.push(piece, out),
            Self::Once(it) => it.push(piece, out),
            Self::Parts(it) => it.push(piece, out),
        }
    }

    /// Behind an error of the others: tells of it in place of what was wrong, and ends the
    /// body as its form ends. False when its form has no place for that.
    pub fn end_wrong(&mut self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Events(it) => it.end_wrong(out),
            Self::Once(_) => return false,
            Self::Parts(it) => it.end_wrong(out),
        }
        true
    }

    /// The body has ended.
    ///
    /// # Errors
    /// When it is not complete.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Wrong> {
        match self {
            Self::Events(it) => it.finish(),
            Self::Once(it) => it.finish(),
            Self::Parts(it) => it.finish(out),
        }
    }
}

/// What stands between the parts, when there are parts; RFC 2046 §5.1.1.
#[must_use]
pub fn boundary(media: &str) -> Option<String> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    // RFC 9110 §5.6.4: a text in quotes holds semicolons, and a quote behind a backslash.
    let mut parts = media.split(|it| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && it == '\\' && !was_escaped;
        is_quoted ^= it == '"' && !was_escaped;
        it == ';' && !is_quoted
    });
    if !parts.next()?.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let named = parts.find_map(|it| {
        let (name, value) = it.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| unquoted(value.trim()))
    });
    // What clients take for it when nothing is said.
    Some(named.unwrap_or_else(|| "-".to_owned()))
}

/// A value as it is meant.
fn unquoted(value: &str) -> String {
    let inside = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(inside) = inside else { return value.trim_matches('"').to_owned() };
    let mut is_escaped = false;
    let is_meant = |it: &char| {
        is_escaped = *it == '\\' && !is_escaped;
        !is_escaped
    };
    inside.chars().filter(is_meant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries() {
        for (media, expect) in [
            ("text/event-stream", None),
            ("multipart/mixed", Some("-")),
            ("Multipart/Mixed; boundary=\"graphql\"; deferSpec=1", Some("graphql")),
            ("multipart/mixed;BOUNDARY=-", Some("-")),
            (r#"multipart/mixed; boundary="a;b"; c=d"#, Some("a;b")),
            (r#"multipart/mixed; c="x\"; boundary=y"; boundary=z"#, Some("z")),
            (r#"multipart/mixed; c="x\\"; boundary="a\"\\b""#, Some(r#"a"\b"#)),
        ] {
            assert_eq!(boundary(media).as_deref(), expect, "{media}");
        }
    }
}
