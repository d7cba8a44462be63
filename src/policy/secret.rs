//! What is wrong with a file of secrets, told without a word of it: what is told goes to logs, and
//! to whoever asks whether we are ready.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Source};

/// Tells what was found in such a file.
pub(super) fn tell(wrong: &Diagnostics, source: &Source, found: &mut Diagnostics) {
    let masked = Source { name: source.name.clone(), text: masked(&source.text) };
    let masked = Arc::new(masked);
    for it in wrong.iter() {
        let place = it.place.as_ref().map(|(_, span)| (Arc::clone(&masked), span.clone()));
        let help = it.help.clone().filter(|it| cut(it) == *it);
        let (code, severity, message) = (it.code, it.severity, cut(&it.message));
        found.push(Diagnostic { code, severity, message, place, help });
    }
}

/// A text of the same lines, with a star for every byte.
fn masked(text: &str) -> Box<str> {
    let mut stars = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | ' ' => stars.push(letter),
            _ => stars.extend(std::iter::repeat_n('*', letter.len_utf8())),
        }
    }
    stars.into()
}

/// The message until the first word that may come from the file: those stand in backticks.
fn cut(message: &str) -> String {
    let mut pieces = message.split('`');
    let mut told: String = pieces.next().unwrap_or_default().into();
    // Budget: the message.
    while let Some(word) = pieces.next() {
        if !OURS.contains(&word) {
            return told + "…";
        }
        told = format!("{told}`{word}`{}", pieces.next().unwrap_or_default());
    }
    told
}

/// The words that are ours.
const OURS: [&str; 11] = [
    "claims",
    "date -d 2030-01-01 +%s",
    "exp",
    "false",
    "hash",
    "keys",
    "nbf",
    "printf %s KEY | sha256sum",
    "sha256:",
    "sub",
    "true",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_file_are_not_repeated() {
        assert_eq!(cut("missing key `hash` in `keys`"), "missing key `hash` in `keys`");
        assert_eq!(cut("unknown key `sk_live` in `keys`"), "unknown key …");
        assert_eq!(cut("expected a list, found `a`b` c"), "expected a list, found …");
        assert_eq!(cut("no word"), "no word");
    }

    #[test]
    fn places_stay_where_they_are() {
        let text = "- hash: \u{e4}\u{20ac}\r\n  b";
        let stars = masked(text);
        assert_eq!(&*stars, "* ***** *****\r\n  *");
        assert_eq!(stars.len(), text.len());
    }
}
