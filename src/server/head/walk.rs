//! Walks the bytes of a connection from head to head.
//!
//! Pure: bytes in, how many of them may go on out. Of a head none may before it is complete, so
//! whoever holds the bytes presents an incomplete one again, with more behind it.

use memchr::memchr;

use crate::server::head::{
    Limits,
    check::{Body, check, check_first_line, check_trailers, is_token},
    chunks::Chunks,
    wrong::Wrong,
};

/// Where on a connection we are.
#[derive(Debug)]
pub struct Walk {
    limits: Limits,
    place: Place,
    n_heads: u64,
}

#[derive(Debug)]
enum Place {
    Chunks(Chunks),
    Head(Block),
    Length(u64),
    /// Nothing goes on: whoever answers decides what the bytes are.
    Switch,
    Trailers(Block),
}

/// Lines up to a blank one, of which we have seen the beginning.
#[derive(Debug, Default)]
struct Block {
    /// Bytes that were looked at.
    seen: usize,
    /// Where the line begins that is not complete.
    line: usize,
}

/// What may be done with bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// So many of them may go on.
    pub n: usize,
    /// What comes after these is wrong.
    pub wrong: Option<Wrong>,
}

impl Walk {
    /// A connection of which nothing has come.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, place: HEAD, n_heads: 0 }
    }

    /// How many faultless heads there were.
    #[must_use]
    pub const fn n_heads(&self) -> u64 {
        self.n_heads
    }

    /// True between two requests and within a head.
    #[must_use]
    pub const fn is_at_head(&self) -> bool {
        matches!(self.place, Place::Head(_))
    }

    /// True after a head that asks for another protocol. There is no way on from here.
    #[must_use]
    pub const fn is_switching(&self) -> bool {
        matches!(self.place, Place::Switch)
    }

    /// Walks on. `bytes` begin with those of the last call that may not go on.
    pub fn advance(&mut self, bytes: &[u8]) -> Step {
        let mut n = 0_usize;
        // Budget: the bytes; every turn reads some of them or ends.
        while let Some(rest) = bytes.get(n..).filter(|it| !it.is_empty()) {
            match self.step(rest) {
                Ok(0) => break,
                Ok(n_here) => n = n.saturating_add(n_here),
                Err(wrong) => return Step { n, wrong: Some(wrong) },
            }
        }
        Step { n, wrong: None }
    }

    fn step(&mut self, bytes: &[u8]) -> Result<usize, Wrong> {
        match &mut self.place {
            Place::Chunks(chunks) => {
                let n = chunks.advance(bytes)?;
                if chunks.has_ended() {
                    self.place = Place::Trailers(Block::NEW);
                }
                Ok(n)
            }
            Place::Head(block) => {
                let Some(head) = block.head(bytes, &self.limits)? else { return Ok(0) };
                self.place = match check(head, &self.limits)? {
                    Body::Length(0) => HEAD,
                    Body::Length(n) => Place::Length(n),
                    Body::Chunks => Place::Chunks(Chunks::new()),
                    Body::Switch => Place::Switch,
                };
                self.n_heads = self.n_heads.saturating_add(1);
                Ok(head.len())
            }
            Place::Length(left) => {
                let n = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left = left.saturating_sub(n as u64);
                if *left == 0 {
                    self.place = HEAD;
                }
                Ok(n)
            }
            Place::Switch => Ok(0),
            Place::Trailers(block) => {
                let Some(trailers) = block.complete(bytes, self.limits.head)? else { return Ok(0) };
                check_trailers(trailers, &self.limits)?;
                self.place = HEAD;
                Ok(trailers.len())
            }
        }
    }
}

impl Block {
    const NEW: Self = Self { seen: 0, line: 0 };

    /// A head, when it is complete; what is surely none is found before.
    fn head<'b>(&mut self, bytes: &'b [u8], limits: &Limits) -> Result<Option<&'b [u8]>, Wrong> {
        match bytes.first() {
            Some(b'\r' | b'\n') => return Err(Wrong::LeadingBlankLine),
            Some(byte) if !is_token(*byte) => return Err(Wrong::Method),
            Some(_) | None => {}
        }
        let head = self.complete(bytes, limits.head)?;
        match (head, self.line) {
            (Some(_), _) => {}
            (None, 0) if bytes.len() > limits.target.saturating_add(REST_OF_LINE) => {
                return Err(Wrong::TargetTooLong);
            }
            (None, 0) => {}
            // An HTTP/0.9 request has no other line that could be waited for.
            (None, _) => check_first_line(bytes, limits)?,
        }
        Ok(head)
    }

    /// The lines with their blank one, when that is there.
    fn complete<'b>(&mut self, bytes: &'b [u8], limit: usize) -> Result<Option<&'b [u8]>, Wrong> {
        // Budget: the bytes not yet seen.
        loop {
            let unseen = bytes.get(self.seen..).unwrap_or_default();
            let Some(n) = memchr(b'\n', unseen) else {
                self.seen = bytes.len();
                return if bytes.len() > limit { Err(Wrong::HeadTooLarge) } else { Ok(None) };
            };
            let end = self.seen.saturating_add(n).saturating_add(1);
            let line = bytes.get(self.line..end).unwrap_or_default();
            if !line.ends_with(b"\r\n") {
                return Err(Wrong::BareLineFeed);
            }
            if end > limit {
                return Err(Wrong::HeadTooLarge);
            }
            if line.len() == 2 {
                return Ok(bytes.get(..end));
            }
            (self.seen, self.line) = (end, end);
        }
    }
}

const HEAD: Place = Place::Head(Block::NEW);
/// 64 bytes: method, version and blanks of a request line, with room for the longest method.
const REST_OF_LINE: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample};

    use super::*;

    const LIMITS: Limits = Limits { head: 200, fields: 10, target: 40 };
    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    /// Whole and byte by byte: how many bytes go on, how many heads were good, what is wrong.
    fn check(bytes: &str, expect: (usize, u64, Option<Wrong>)) {
        let bytes = bytes.as_bytes();
        let mut walk = Walk::new(LIMITS);
        let Step { n, wrong } = walk.advance(bytes);
        assert_eq!((n, walk.n_heads(), wrong), expect, "{bytes:?}");
        let (mut walk, mut from, mut wrong) = (Walk::new(LIMITS), 0, None);
        for end in 1..=bytes.len() {
            let step = walk.advance(&bytes[from..end]);
            from += step.n;
            wrong = step.wrong;
            if wrong.is_some() {
                break;
            }
        }
        assert_eq!((from, walk.n_heads(), wrong), expect, "{bytes:?} byte by byte");
    }

    #[test]
    fn heads_are_found_behind_bodies() {
        let n = GET.len();
        check(GET, (n, 1, None));
        check(&format!("{GET}{GET}"), (2 * n, 2, None));
        check(&format!("{GET}GET"), (n, 1, None));
        let length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        check(&format!("{length}{GET}"), (length.len() + n, 2, None));
        let chunks =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n";
        check(&format!("{chunks}\r\n{GET}"), (chunks.len() + 2 + n, 2, None));
        check(&format!("{chunks}X: 1\r\n\r\n{GET}"), (chunks.len() + 8 + n, 2, None));
        check(&format!("{chunks}X: 1"), (chunks.len(), 1, None));
    }

    #[test]
    fn what_is_wrong_is_found_where_it_is() {
        let n = GET.len();
        check("\r\n", (0, 0, Some(Wrong::LeadingBlankLine)));
        check(&format!("{GET}\n"), (n, 1, Some(Wrong::LeadingBlankLine)));
        check("\u{16}\u{3}\u{1}", (0, 0, Some(Wrong::Method)));
        check("GET /\r\n", (0, 0, Some(Wrong::Version)));
        check("GET / HTTP/1.1\nHost: a\n\n", (0, 0, Some(Wrong::BareLineFeed)));
        check("GET / HTTP/1.1\r\nHost: a\n\r\n", (0, 0, Some(Wrong::BareLineFeed)));
        check("GET / HTTP/1.1\r\nHost: a\r\n\n", (0, 0, Some(Wrong::BareLineFeed)));
        let chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let wrong = format!("{chunks}0\r\nX : 1\r\n\r\n");
        check(&wrong, (chunks.len() + 3, 1, Some(Wrong::FieldName)));
        let wrong = format!("{chunks}0\r\nX: 1\n\r\n");
        check(&wrong, (chunks.len() + 3, 1, Some(Wrong::BareLineFeed)));
    }

    #[test]
    fn heads_have_limits_on_both_sides() {
        let head = |n: usize| GET.replace("Host: a", &format!("Host: a\r\nX: {}", "x".repeat(n)));
        let room = LIMITS.head - head(0).len();
        check(&head(room), (LIMITS.head, 1, None));
        check(&head(room + 1), (0, 0, Some(Wrong::HeadTooLarge)));
    }

    #[test]
    fn an_endless_target_is_given_up() {
        let bytes = |n: usize| format!("GET /{}", "x".repeat(n - 5));
        check(&bytes(LIMITS.target + REST_OF_LINE), (0, 0, None));
        check(&bytes(LIMITS.target + REST_OF_LINE + 1), (0, 0, Some(Wrong::TargetTooLong)));
    }

    /// Pieces of requests, some of which fit together.
    const PIECES: [&str; 14] = [
        GET,
        "POST / HTTP/1.1\r\n",
        "Host: a\r\n",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\r\n",
        "3\r\nabc\r\n",
        "abc",
        "0\r\n",
        "X: 1\r\n",
        "\n",
        " ",
        ";",
        "\r",
    ];

    proptest! {
        #[test]
        fn how_bytes_arrive_makes_no_difference(
            pieces in vec(sample::select(&PIECES[..]), 0..12),
            cuts in vec(1_usize..9, 1..9),
        ) {
            let bytes = pieces.concat().into_bytes();
            let mut whole = Walk::new(LIMITS);
            let at_once = whole.advance(&bytes);
            let (mut walk, mut from, mut end, mut wrong) = (Walk::new(LIMITS), 0, 0, None);
            for cut in cuts.iter().cycle() {
                end = bytes.len().min(end + cut);
                let step = walk.advance(&bytes[from..end]);
                from += step.n;
                wrong = step.wrong;
                if wrong.is_some() || end == bytes.len() {
                    break;
                }
            }
            prop_assert_eq!(wrong.is_some(), at_once.wrong.is_some());
            prop_assert_eq!(walk.n_heads(), whole.n_heads());
            prop_assert!(wrong.is_some() || from == at_once.n);
        }
    }
}
