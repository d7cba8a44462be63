//! `multipart/mixed`: the answer in each part is read like one by itself.
//!
//! A part is held until the boundary behind it, which servers write together with the part. One that
//! never has a boundary behind it is wrong: an answer in it would be lost without a word.

use crate::response::{Ending, Guard, Most, Wrong};

/// Reads parts, and writes what of them passes.
#[derive(Debug)]
pub struct Parts {
    guard: Guard,
    /// The boundary as it stands between parts.
    boundary: Vec<u8>,
    /// What stands behind the last boundary.
    held: Vec<u8>,
    /// Bytes of one part.
    most: Most,
    ending: Ending,
    /// How much of what is held has no boundary.
    searched: usize,
    /// The last boundary began a part.
    has_begun: bool,
}

impl Parts {
    pub(super) fn new(guard: Guard, boundary: &str, (most, ending): (Most, Ending)) -> Self {
        let boundary = format!("--{boundary}").into_bytes();
        let (held, searched, has_begun) = (Vec::new(), 0, false);
        Self { guard, boundary, held, most, ending, searched, has_begun }
    }

    // Budget: the piece; every turn takes a boundary out of what is held, which is bounded.
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Wrong> {
        self.held.extend_from_slice(piece);
        while let Some(at) = self.find() {
            let behind = self.held.split_off(at.saturating_add(self.boundary.len()));
            self.held.truncate(at);
            self.most.allows_held(&self.held)?;
            self.part(out)?;
            out.extend_from_slice(&self.boundary);
            (self.held, self.searched, self.has_begun) = (behind, 0, true);
        }
        self.most.allows_held(&self.held)
    }

    /// Writes an error in place of the part that is held, and the end.
    pub(super) fn end_wrong(&mut self, out: &mut Vec<u8>) {
        if !self.has_begun {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&self.boundary);
        }
        self.ending.write_part(&self.boundary, out);
        self.held = Vec::new();
    }

    /// The body has ended: writes the end behind the last boundary. Anything else there is a part
    /// that is not complete, or, when no boundary came, a body of something else.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Wrong> {
        if self.has_begun && self.held.starts_with(b"--") {
            out.extend_from_slice(b"--\r\n");
            return Ok(());
        }
        if self.held.trim_ascii().is_empty() { Ok(()) } else { Err(Wrong::Incomplete) }
    }

    /// Where the next boundary stands, at the beginning of a line.
    fn find(&mut self) -> Option<usize> {
        let n = self.boundary.len();
        let rest = self.held.get(self.searched..).unwrap_or_default();
        for (at, window) in rest.windows(n).enumerate() {
            let at = self.searched.saturating_add(at);
            let before = at.checked_sub(1).and_then(|it| self.held.get(it));
            let is_line = matches!((before, self.has_begun), (Some(b'\n'), _) | (None, false));
            if is_line && window == self.boundary {
                return Some(at);
            }
        }
        self.searched = self.held.len().saturating_sub(n.saturating_sub(1)).max(self.searched);
        None
    }

    /// Writes a part, or what stands before the first.
    fn part(&mut self, out: &mut Vec<u8>) -> Result<(), Wrong> {
        let Some((head, body)) = split(&self.held).filter(|_| self.has_begun) else {
            // Nobody reads what stands before the parts but for its line end.
            out.extend_from_slice(if self.has_begun { b"\r\n" } else { line_end(&self.held) });
            return Ok(());
        };
        let answer = body.trim_ascii();
        if answer.is_empty() || is_sign_of_life(answer) {
            out.extend_from_slice(&self.held);
            return Ok(());
        }
        let answer = self.guard.whole(answer)?;
        for line in head.split_inclusive(|it| *it == b'\n') {
            let name = line.get(..CONTENT_LENGTH.len()).unwrap_or_default();
            if !name.eq_ignore_ascii_case(CONTENT_LENGTH) {
                out.extend_from_slice(line);
            }
        }
        out.extend_from_slice(&answer);
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

/// The body in what stands behind a boundary, up to the next; nothing, when no empty line is there.
#[must_use]
pub fn body_of_part(part: &[u8]) -> Option<&[u8]> {
    split(part).map(|(_head, body)| body.trim_ascii())
}

/// What servers send while nothing happens, so that nobody takes the connection for dead.
fn is_sign_of_life(answer: &[u8]) -> bool {
    let inside = answer.strip_prefix(b"{").and_then(|it| it.strip_suffix(b"}"));
    inside.is_some_and(|it| it.trim_ascii().is_empty())
}

/// The line end before a boundary, when there is one.
fn line_end(held: &[u8]) -> &'static [u8] {
    if held.is_empty() { b"" } else { b"\r\n" }
}

/// The headers with the empty line behind them, and the body.
fn split(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut is_empty = false;
    let mut end = 0_usize;
    // The first line is the rest of the boundary's.
    for (n, line) in part.split_inclusive(|it| *it == b'\n').enumerate() {
        end = end.saturating_add(line.len());
        if n > 0 && line.trim_ascii().is_empty() {
            is_empty = true;
            break;
        }
    }
    part.split_at_checked(end).filter(|_| is_empty)
}

const CONTENT_LENGTH: &[u8] = b"content-length:";
