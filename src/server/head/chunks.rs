//! A body in chunks, byte by byte: where it ends, and that everyone finds the same end.
//!
//! Keeps no byte; the trailers after the last chunk belong to `walk`.

use crate::server::head::wrong::Wrong;

/// Where in a chunked body we are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunks {
    place: Place,
    /// Bytes that extensions of this body may still have: nobody reads them.
    extensions_left: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the size, after that many digits.
    Size { n_digits: u8, size: u64 },
    /// After the `;` of a size.
    Extension { size: u64 },
    /// Before the LF after a size.
    SizeEnd { size: u64 },
    /// Before that many bytes.
    Data { left: u64 },
    /// Before the CR after the bytes.
    DataEnd,
    /// Before the LF after the bytes.
    NextSize,
    /// After the size of the last chunk.
    Trailers,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { place: FIRST, extensions_left: MAX_EXTENSIONS }
    }

    /// True before the trailers.
    pub(super) fn has_ended(&self) -> bool {
        self.place == Place::Trailers
    }

    /// Reads on, at most to the trailers; returns how many bytes were read.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        let mut n = 0_usize;
        // Budget: the bytes, of which every turn reads at least one.
        while let Some(byte) = bytes.get(n).filter(|_byte| !self.has_ended()) {
            if let Place::Data { left } = &mut self.place {
                let n_here =
                    bytes.len().saturating_sub(n).min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left = left.saturating_sub(n_here as u64);
                n = n.saturating_add(n_here);
                if *left == 0 {
                    self.place = Place::DataEnd;
                }
            } else {
                self.place = self.next(*byte)?;
                n = n.saturating_add(1);
            }
        }
        Ok(n)
    }

    fn next(&mut self, byte: u8) -> Result<Place, Wrong> {
        Ok(match (self.place, byte) {
            (Place::Size { n_digits, size }, byte) if byte.is_ascii_hexdigit() => {
                if n_digits == MAX_DIGITS {
                    return Err(Wrong::Chunk);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                let size = (size << 4) | u64::from(digit);
                Place::Size { n_digits: n_digits.saturating_add(1), size }
            }
            (Place::Size { n_digits: 1.., size }, b'\r') => Place::SizeEnd { size },
            (Place::Size { n_digits: 1.., size }, b';') => Place::Extension { size },
            (Place::Extension { size }, b'\r') => Place::SizeEnd { size },
            (Place::Extension { size }, byte) if !byte.is_ascii_control() => {
                self.extensions_left = self.extensions_left.checked_sub(1).ok_or(Wrong::Chunk)?;
                Place::Extension { size }
            }
            (Place::SizeEnd { size: 0 }, b'\n') => Place::Trailers,
            (Place::SizeEnd { size }, b'\n') => Place::Data { left: size },
            (Place::DataEnd, b'\r') => Place::NextSize,
            (Place::NextSize, b'\n') => FIRST,
            (
                Place::Size { .. }
                | Place::Extension { .. }
                | Place::SizeEnd { .. }
                | Place::Data { .. }
                | Place::DataEnd
                | Place::NextSize
                | Place::Trailers,
                _,
            ) => return Err(Wrong::Chunk),
        })
    }
}

const FIRST: Place = Place::Size { n_digits: 0, size: 0 };
/// 8 digits: 4 GiB, many times what a body may have, and no reader's number overflows.
const MAX_DIGITS: u8 = 8;
/// 256 bytes for all extensions of a body: they mean nothing here, and no client is known to send
/// any.
const MAX_EXTENSIONS: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes are read, whole and byte by byte.
    fn check(body: &str, expect: Result<usize, Wrong>) {
        let mut whole = Chunks::new();
        let got = whole.advance(body.as_bytes()).map(|n| if whole.has_ended() { n } else { 0 });
        assert_eq!(got, expect, "{body:?}");
        let mut slow = Chunks::new();
        let each = body.as_bytes().chunks(1).map(|it| slow.advance(it));
        let n: Result<usize, Wrong> = each.sum();
        assert_eq!(n.map(|n| if slow.has_ended() { n } else { 0 }), expect, "{body:?}");
    }

    #[test]
    fn chunks_are_walked_to_the_trailers() {
        check("0\r\n", Ok(3));
        check("3\r\nabc\r\n0\r\nX: 1\r\n\r\n", Ok(11));
        check("3;a=b;c\r\nabc\r\n0;z\r\n", Ok(19));
        check("0000000A\r\n0123456789\r\n00\r\n", Ok(26));
        check("a\r\n0123456789\r\n", Ok(0));
        check(&format!("0;{}\r\n", "x".repeat(256)), Ok(260));
    }

    #[test]
    fn everything_else_is_wrong() {
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "0x3\r\nabc\r\n",
            " 3\r\nabc\r\n",
            "3 \r\nabc\r\n",
            "3\nabc\r\n",
            "3\r\rabc\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n0\r\n",
            "3;a\nabc\r\n",
            "3;a\r\rabc",
            "100000000\r\n",
            "FFFFFFFFFFFFFFFFF\r\n",
            &format!("0;{}\r\n", "x".repeat(257)),
        ] {
            check(body, Err(Wrong::Chunk));
        }
    }
}
