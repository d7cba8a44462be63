//! Long strings that were read before: one that comes again is compared, not scanned.
//!
//! A literal ends with its closing quote, so a text that begins with one that was scanned begins
//! with a string that is well formed and ends where that one ended: nothing is taken on trust.

use ahash::RandomState;

use crate::json::Literal;

/// A few literals, each in the place that its first bytes give it; a later one takes the place of
/// an earlier one. It holds at most 4 MiB.
#[derive(Debug)]
pub struct Recent {
    places: Box<[Box<str>]>,
    hasher: RandomState,
}

/// As many as the documents of a busy client fleet, nearly (332 seen).
const PLACES: usize = 256;
/// 256 bytes: less is scanned as fast as it is looked up.
const SHORTEST: usize = 256;
/// 16 KiB: twice the longest document that clients were seen to send.
const LONGEST: usize = 16 * 1024;
/// 64 bytes: enough to tell the names of operations apart.
const BEGINNING: usize = 64;

impl Default for Recent {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| Box::from("")).collect();
        Self { places, hasher: RandomState::default() }
    }
}

impl Recent {
    /// The length of the string that a text begins with, when that string is one of these.
    pub(super) fn length_of_first(&self, text: &[u8]) -> Option<usize> {
        let known = self.places.get(self.place_of(text)?)?;
        (!known.is_empty() && text.starts_with(known.as_bytes())).then_some(known.len())
    }

    /// Keeps a literal for the next time.
    pub fn keep(&mut self, literal: &Literal<'_>) {
        let written = literal.as_written();
        let place = self.place_of(written.as_bytes()).filter(|_| written.len() <= LONGEST);
        if let Some(place) = place.and_then(|it| self.places.get_mut(it))
            && **place != *written
        {
            *place = written.into();
        }
    }

    fn place_of(&self, text: &[u8]) -> Option<usize> {
        let beginning = text.get(..SHORTEST)?.first_chunk::<BEGINNING>()?;
        usize::try_from(self.hasher.hash_one(beginning)).ok()?.checked_rem(PLACES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Escapes, Limits, read, read_again};

    fn literal(len: usize) -> String {
        format!("\"{}\\n\"", "x".repeat(len - 4))
    }

    fn keeping(text: &str) -> Recent {
        let mut recent = Recent::default();
        recent.keep(&Literal::scanned(text, Escapes::Some));
        recent
    }

    fn check(recent: &Recent, text: &str, expect: Option<usize>) {
        assert_eq!(recent.length_of_first(text.as_bytes()), expect, "{text}");
    }

    #[test]
    fn both_sides_of_its_lengths() {
        for (len, is_kept) in [(255, false), (256, true), (16_384, true), (16_385, false)] {
            let text = literal(len);
            check(&keeping(&text), &format!("{text},1]"), is_kept.then_some(len));
        }
    }

    #[test]
    fn only_the_whole_literal_is_known() {
        let recent = keeping(&literal(300));
        check(&recent, &literal(301), None);
        check(&recent, &literal(299), None);
        check(&recent, literal(300).get(..299).unwrap(), None);
        check(&recent, "", None);
        check(&Recent::default(), &literal(300), None);
    }

    #[test]
    fn what_is_read_is_the_same() {
        let recent = keeping(&literal(300));
        for rest in ["", ",\"b\":[1]", ",\"a\":1", "x", "\""] {
            let text = format!("{{\"a\":{}{rest}}}", literal(300));
            let expect = read(text.as_bytes(), Limits::default());
            let got = read_again(text.as_bytes(), Limits::default(), &recent);
            assert_eq!(format!("{got:?}"), format!("{expect:?}"));
        }
    }
}
