//! Where the body of an answer ends (RFC 9112 §6.3).

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::body::SizeHint;

use super::Wrong;

/// What is to come of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// So many bytes.
    Length(u64),
    /// So many bytes, and the end of their chunk.
    Chunk(u64),
    /// A line between chunks.
    Between(Line),
    /// All until the upstream closes the connection.
    UntilClosed,
}

/// What stands between chunks (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The size of the next.
    Size,
    /// The end of a line behind its bytes.
    End,
    /// Trailers, of which so many bytes were read.
    Trailers(usize),
}

/// What was taken of the bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Piece(Bytes),
    End,
    /// More has to come first.
    Nothing,
}

impl Reading {
    /// Nothing is to come.
    pub(super) const DONE: Self = Self::Length(0);
    /// The first chunk is to come.
    pub(super) const CHUNKS: Self = Self::Between(Line::Size);

    pub(super) const fn is_done(self) -> bool {
        matches!(self, Self::DONE)
    }

    pub(super) fn size_hint(self) -> SizeHint {
        match self {
            Self::Length(n) => SizeHint::with_exact(n),
            Self::Chunk(_) | Self::Between(_) | Self::UntilClosed => SizeHint::default(),
        }
    }

    /// The connection was closed.
    pub(super) const fn close(&mut self) -> Result<(), Wrong> {
        match self {
            Self::UntilClosed => {
                *self = Self::DONE;
                Ok(())
            }
            Self::Length(_) | Self::Chunk(_) | Self::Between(_) => Err(Wrong::Cut),
        }
    }

    /// Takes the next piece out of what came.
    pub(super) fn take(&mut self, received: &mut BytesMut) -> Result<Taken, Wrong> {
        // Budget: every turn but the last takes bytes.
        loop {
            match self {
                Self::Length(0) => return Ok(Taken::End),
                _ if received.is_empty() => return Ok(Taken::Nothing),
                Self::Length(left) => return Ok(Taken::Piece(up_to(left, received))),
                Self::UntilClosed => return Ok(Taken::Piece(received.split().freeze())),
                Self::Chunk(left) => {
                    let piece = up_to(left, received);
                    if *left == 0 {
                        *self = Self::Between(Line::End);
                    }
                    return Ok(Taken::Piece(piece));
                }
                Self::Between(line) => match line.take(received)? {
                    Some(next) => *self = next,
                    None => return Ok(Taken::Nothing),
                },
            }
        }
    }
}

impl Line {
    /// Takes it out of what came, and says what follows; nothing before it is complete.
    fn take(self, received: &mut BytesMut) -> Result<Option<Reading>, Wrong> {
        match self {
            // The parser takes no digit for a zero.
            Self::Size if !received.first().is_none_or(u8::is_ascii_hexdigit) => Err(Wrong::Chunk),
            Self::Size => match httparse::parse_chunk_size(received) {
                Ok(httparse::Status::Complete((n, size))) => {
                    received.advance(n);
                    Ok(Some(match size {
                        0 => Reading::Between(Self::Trailers(0)),
                        1.. => Reading::Chunk(size),
                    }))
                }
                Ok(httparse::Status::Partial) if received.len() <= MAX_SIZE_LINE => Ok(None),
                Ok(httparse::Status::Partial) | Err(_) => Err(Wrong::Chunk),
            },
            Self::End => match received.get(..2) {
                Some(b"\r\n") => {
                    received.advance(2);
                    Ok(Some(Reading::CHUNKS))
                }
                Some(_) => Err(Wrong::Chunk),
                None => Ok(None),
            },
            Self::Trailers(n_read) => trailer(n_read, received),
        }
    }
}

/// Trailers do not pass, so that nobody reads them: a line without anything is their end.
fn trailer(n_read: usize, received: &mut BytesMut) -> Result<Option<Reading>, Wrong> {
    let end = received.iter().position(|it| *it == b'\n');
    let n_read = n_read.saturating_add(end.unwrap_or(received.len()));
    if n_read > MAX_TRAILERS {
        return Err(Wrong::Trailers(MAX_TRAILERS));
    }
    let Some(end) = end else { return Ok(None) };
    let is_empty = matches!(received.get(..end), Some(b"" | b"\r"));
    received.advance(end.saturating_add(1));
    let more = Reading::Between(Line::Trailers(n_read.saturating_add(1)));
    Ok(Some(if is_empty { Reading::DONE } else { more }))
}

fn up_to(left: &mut u64, received: &mut BytesMut) -> Bytes {
    let n = received.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
    *left = left.saturating_sub(n as u64);
    received.split_to(n).freeze()
}

/// 4 KiB: of the size of a chunk and its extensions, which nobody reads.
const MAX_SIZE_LINE: usize = 4 * 1024;
/// 16 KiB: of all trailers, which nobody reads.
const MAX_TRAILERS: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of bytes that come in pieces of that size: the body, and what is left.
    fn read(mut reading: Reading, bytes: &str, size: usize) -> Result<(String, String), String> {
        let (mut received, mut body) = (BytesMut::new(), String::new());
        let mut pieces = bytes.as_bytes().chunks(size);
        loop {
            match reading.take(&mut received).map_err(|it| it.to_string())? {
                Taken::Piece(piece) => body.push_str(str::from_utf8(&piece).unwrap()),
                Taken::End => break,
                Taken::Nothing => match pieces.next() {
                    Some(piece) => received.extend_from_slice(piece),
                    None => reading.close().map_err(|it| it.to_string())?,
                },
            }
        }
        assert!(reading.is_done());
        received.extend_from_slice(&pieces.collect::<Vec<_>>().concat());
        Ok((body, String::from_utf8(received.to_vec()).unwrap()))
    }

    fn check(reading: Reading, bytes: &str, expect: Result<(&str, &str), Wrong>) {
        let expect = expect.map(|(body, left)| (body.to_owned(), left.to_owned()));
        let expect = expect.map_err(|it| it.to_string());
        for size in [1, 2, 3, 7, bytes.len().max(1)] {
            assert_eq!(read(reading, bytes, size), expect, "{bytes:?} by {size}");
        }
    }

    #[test]
    fn a_length_is_so_many_bytes() {
        check(Reading::Length(0), "HTTP", Ok(("", "HTTP")));
        check(Reading::Length(3), "abc", Ok(("abc", "")));
        check(Reading::Length(3), "abcd", Ok(("abc", "d")));
        check(Reading::Length(3), "ab", Err(Wrong::Cut));
        check(Reading::Length(u64::MAX), "ab", Err(Wrong::Cut));
    }

    #[test]
    fn what_is_open_ended_ends_with_the_connection() {
        check(Reading::UntilClosed, "", Ok(("", "")));
        check(Reading::UntilClosed, "abc", Ok(("abc", "")));
    }

    #[test]
    fn chunks_are_put_together() {
        let check = |bytes, expect| check(Reading::CHUNKS, bytes, expect);
        check("0\r\n\r\n", Ok(("", "")));
        check("3\r\nabc\r\n0\r\n\r\n", Ok(("abc", "")));
        check("3\r\nabc\r\nA\r\n0123456789\r\n00\r\n\r\nHTTP", Ok(("abc0123456789", "HTTP")));
        check("3;a=b\r\nabc\r\n0;z\r\nX: 1\r\nY: 2\r\n\r\nH", Ok(("abc", "H")));
        // Padded, as some old servers write it.
        check("3  \r\nabc\r\n0  \r\n\r\n", Ok(("abc", "")));
    }

    #[test]
    fn what_are_no_chunks_is_wrong() {
        let check = |bytes, wrong| check(Reading::CHUNKS, bytes, Err(wrong));
        check("3\r\nab", Wrong::Cut);
        check("3\r\nabc\r\n0\r\n", Wrong::Cut);
        for bytes in ["x\r\n", "-1\r\n", "\r\n\r\n", "3\r\nabcd\r\n", "3\r\nabc\n0\r\n"] {
            check(bytes, Wrong::Chunk);
        }
        check("FFFFFFFFFFFFFFFFF\r\n", Wrong::Chunk);
    }

    #[test]
    fn lines_between_chunks_have_a_bound() {
        let extended = |n: usize| format!("0;{}\r\n\r\n", "x".repeat(n));
        check(Reading::CHUNKS, &extended(MAX_SIZE_LINE - 4), Ok(("", "")));
        let mut received = BytesMut::from(format!("0;{}", "x".repeat(MAX_SIZE_LINE)).as_str());
        assert!(matches!(Reading::CHUNKS.clone().take(&mut received), Err(Wrong::Chunk)));
        let trailed = |n: usize| format!("0\r\nX: {}\r\n\r\n", "x".repeat(n));
        let mut received = BytesMut::from(trailed(MAX_TRAILERS - 6).as_str());
        assert_eq!(Reading::CHUNKS.clone().take(&mut received).unwrap(), Taken::End);
        let mut received = BytesMut::from(trailed(MAX_TRAILERS).as_str());
        assert!(matches!(Reading::CHUNKS.clone().take(&mut received), Err(Wrong::Trailers(_))));
    }
}
