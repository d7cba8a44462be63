//! The bytes of a body that nobody reads: of all of it, or of each of its events or parts.
//!
//! Holds nothing back and copies nothing, so that an event that is too large is seen to be when
//! some of it has passed.

use crate::response::{
    Most, Wrong,
    event_stream::{self, Byte},
    filter::boundary,
};

/// Counts the bytes of a body on its way.
#[derive(Debug)]
pub struct Counted {
    /// Bytes since something began that is counted by itself.
    n: u64,
    most: Most,
    ends: Ends,
}

/// Where the next thing begins that is counted by itself.
#[derive(Debug)]
enum Ends {
    /// Behind the empty line of an event.
    Events(event_stream::Ends),
    /// Nowhere.
    Never,
    /// Behind a boundary at the beginning of a line.
    Parts {
        /// As it stands between parts.
        boundary: Vec<u8>,
        /// How much of it the line begins with; nothing, when it begins otherwise.
        matched: Option<usize>,
    },
}

impl Counted {
    /// One answer, with so many bytes at most; nothing: any number.
    #[must_use]
    pub fn once(max: Option<u64>) -> Option<Self> {
        max.map(|it| Self { n: 0, most: Most::Allowed(it), ends: Ends::Never })
    }

    /// A body that goes on, by its media type, with so many bytes of an event or part at most.
    #[must_use]
    pub fn stream(media: &str, max: Option<u64>) -> Option<Self> {
        let ends = match boundary(media) {
            Some(it) => Ends::Parts { boundary: format!("--{it}").into_bytes(), matched: Some(0) },
            None => Ends::Events(event_stream::Ends::NEW),
        };
        max.map(|it| Self { n: 0, most: Most::Allowed(it), ends })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When something in it is too large; with how much of the piece stands before that.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), (Wrong, usize)> {
        if matches!(self.ends, Ends::Never) {
            self.n = self.n.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            return self.most.allows(self.n).map_err(|wrong| (wrong, 0));
        }
        let mut n_good = 0;
        // Budget: the piece.
        for (at, byte) in piece.iter().enumerate() {
            self.n = self.n.saturating_add(1);
            self.most.allows(self.n).map_err(|wrong| (wrong, n_good))?;
            if self.ends.take(*byte) {
                (self.n, n_good) = (0, at.saturating_add(1));
            }
        }
        Ok(())
    }
}

impl Ends {
    /// Whether something ends with this byte.
    fn take(&mut self, byte: u8) -> bool {
        match self {
            Self::Events(ends) => ends.take(byte) == Byte::End,
            Self::Never => false,
            Self::Parts { boundary, matched } => {
                let next = matched.filter(|it| boundary.get(*it) == Some(&byte));
                *matched = match next {
                    Some(it) => Some(it.saturating_add(1)),
                    None => (byte == b'\n').then_some(0),
                };
                *matched == Some(boundary.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a body passes that may have ten bytes of anything, in pieces of any size.
    #[track_caller]
    fn check(media: &str, body: &str, expect: bool) {
        for size in 1..=body.len() {
            let mut counted = Counted::stream(media, Some(10)).unwrap();
            let mut pieces = body.as_bytes().chunks(size);
            let got = pieces.all(|it| counted.push(it).is_ok());
            assert_eq!(got, expect, "{body:?} by {size}");
        }
    }

    #[test]
    fn every_event_is_counted_by_itself() {
        let check = |body: &str, expect| check("text/event-stream", body, expect);
        check(&"data: 12\n\n".repeat(100), true);
        check(&"data: 1\r\n\r\n".repeat(2), false);
        check(&"data: 123\n\n".repeat(2), false);
        check(&"data:1\r\r".repeat(100), true);
        check(&":\r\n\r\ndata:1\n\n".repeat(100), true);
        check("data:1\ndata:2\n", false);
        check(&"\n".repeat(100), true);
    }

    #[test]
    fn every_part_is_counted_by_itself() {
        let check = |body: &str, expect| check("multipart/mixed; boundary=b", body, expect);
        check(&"\r\n--b\r\n1\r\n".repeat(100), true);
        check(&"--b\n12345\n".repeat(100), true);
        check(&"--b\n1234567\n".repeat(2), false);
        // No boundary: it does not begin a line, or is not whole.
        check(&"1--b\n".repeat(3), false);
        check(&"--\nb".repeat(3), false);
        check("12345678901", false);
    }

    #[test]
    fn what_stands_before_is_told() {
        let mut counted = Counted::stream("text/event-stream", Some(10)).unwrap();
        let got = counted.push(b"data:1\n\ndata:12345\n\n");
        assert_eq!(got, Err((Wrong::TooLarge { limit: 10 }, b"data:1\n\n".len())));
    }

    #[test]
    fn an_answer_is_counted_as_a_whole() {
        let mut counted = Counted::once(Some(10)).unwrap();
        assert_eq!((counted.push(b"data: 1\n\n"), counted.push(b"1")), (Ok(()), Ok(())));
        assert_eq!(counted.push(b"2"), Err((Wrong::TooLarge { limit: 10 }, 0)));
        assert!(Counted::once(None).is_none() && Counted::stream("", None).is_none());
    }
}
