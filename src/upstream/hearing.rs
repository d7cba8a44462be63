//! Whether an answer that says by its status that nobody is there is one of GraphQL all the same:
//! some servers let a resolver choose the status.

use crate::upstream::pool::Attempt;

/// An attempt of which the words of the answer tell the outcome.
#[derive(Debug)]
pub(super) struct Hearing {
    pub(super) attempt: Attempt,
    words: Words,
}

impl Hearing {
    pub(super) fn new(attempt: Attempt) -> Self {
        Self { attempt, words: Words::default() }
    }

    /// Whether what came so far says what only a server of GraphQL says.
    pub(super) fn is_graphql(&mut self, piece: &[u8]) -> bool {
        self.words.are_in(piece)
    }
}

/// Looks for words in pieces, which may divide them anywhere.
#[derive(Debug, Default)]
struct Words {
    /// The end of what came, where one may have begun.
    end: Vec<u8>,
}

impl Words {
    fn are_in(&mut self, piece: &[u8]) -> bool {
        self.end.extend_from_slice(piece);
        let is_there = |word: &&[u8]| self.end.windows(word.len()).any(|it| it == *word);
        let are_in = WORDS.iter().any(is_there);
        self.end.drain(..self.end.len().saturating_sub(MAX_BEGUN));
        are_in
    }
}

const WORDS: [&[u8]; 2] = [b"\"errors\"", b"\"data\""];
/// 7 bytes: one less than the longest has.
const MAX_BEGUN: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: bool) {
        for size in 1..=text.len() {
            let mut words = Words::default();
            let is_there = text.as_bytes().chunks(size).any(|it| words.are_in(it));
            assert_eq!(is_there, expect, "{text} by {size}");
        }
    }

    #[test]
    fn words_are_found_however_they_are_divided() {
        check(r#"{"extensions":{"a":1},"errors":[]}"#, true);
        check(r#"{"data":null}"#, true);
        check(r#"{"error":"no","message":"no data"}"#, false);
        check("<html>", false);
    }
}
