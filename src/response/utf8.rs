//! UTF-8 as it passes by, in pieces of any size.

use crate::response::Wrong;

/// What has been seen of a character that goes on in the next piece.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    begun: [u8; 4],
    n: usize,
}

impl Utf8 {
    /// Looks at the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Wrong> {
        let mut rest = piece;
        // Budget: four bytes of one character.
        while self.n > 0 {
            let Some((byte, behind)) = rest.split_first() else { return Ok(()) };
            self.keep(&[*byte])?;
            rest = behind;
            match std::str::from_utf8(self.begun.get(..self.n).unwrap_or_default()) {
                Ok(_) => self.n = 0,
                Err(it) if it.error_len().is_none() => {}
                Err(_) => return Err(Wrong::NotJson),
            }
        }
        match std::str::from_utf8(rest) {
            Ok(_) => Ok(()),
            Err(it) if it.error_len().is_none() => {
                self.keep(rest.get(it.valid_up_to()..).unwrap_or_default())
            }
            Err(_) => Err(Wrong::NotJson),
        }
    }

    /// Whether the text ends between two characters.
    pub(super) const fn is_complete(&self) -> bool {
        self.n == 0
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        for byte in bytes {
            *self.begun.get_mut(self.n).ok_or(Wrong::NotJson)? = *byte;
            self.n = self.n.saturating_add(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], expect: bool) {
        for size in 1..=text.len().max(1) {
            let mut utf8 = Utf8::default();
            let all = text.chunks(size).all(|it| utf8.push(it).is_ok()) && utf8.is_complete();
            assert_eq!(all, expect, "{text:?} by {size}");
        }
    }

    #[test]
    fn characters_are_followed_over_pieces() {
        check("".as_bytes(), true);
        check("aé東😀z😀".as_bytes(), true);
        check(b"a\xff", false);
        check(b"\xc3a", false);
        check(b"\xf0\x9f\x98", false);
        check(b"\xed\xa0\x80", false);
        check(b"\xc0\x80", false);
    }
}
