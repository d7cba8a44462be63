//! Server-sent events: the answer in each is read like one by itself.
//!
//! An event is held until it is complete; comments and events without data pass as they are. Readers
//! drop an event that never is, so that an answer in it would be lost without a word: it is wrong.

use crate::response::{
    Ending, Guard, Most, Wrong,
    event_stream::{Byte, Ends, Event, MARK},
};

/// Reads events, and writes what of them passes.
#[derive(Debug)]
pub struct Events {
    guard: Guard,
    /// The event that is being read.
    held: Vec<u8>,
    /// Bytes of one event.
    most: Most,
    ending: Ending,
    ends: Ends,
    /// No event came before.
    is_first: bool,
    /// The last event passed as it was.
    is_same: bool,
    /// An answer came by name, so that its reader waits for no other.
    has_names: bool,
    /// The event that says that there are no more has passed.
    is_over: bool,
}

impl Events {
    pub(super) fn new(guard: Guard, (most, ending): (Most, Ending)) -> Self {
        Self {
            guard,
            held: Vec::new(),
            most,
            ending,
            ends: Ends::NEW,
            is_first: true,
            is_same: false,
            has_names: false,
            is_over: false,
        }
    }

    // Budget: the piece, and what is held, which is bounded.
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Wrong> {
        for byte in piece {
            let place = self.ends.take(*byte);
            if place == Byte::Second {
                // Behind an event it belongs to the event that is gone, and goes on as that did.
                if !self.held.is_empty() {
                    self.held.push(*byte);
                } else if self.is_same {
                    out.push(*byte);
                }
                continue;
            }
            self.held.push(*byte);
            self.most.allows_held(&self.held)?;
            if place == Byte::End {
                self.is_same = self.event(out)?;
                self.held.clear();
            }
        }
        Ok(())
    }

    /// Writes an error in place of the event that is held, and the end.
    pub(super) fn end_wrong(&mut self, out: &mut Vec<u8>) {
        let mut lines = self.held.split(|it| matches!(it, b'\r' | b'\n'));
        let is_named = self.has_names || lines.any(|it| it.starts_with(b"event"));
        self.ending.write_events(is_named, out);
        self.held = Vec::new();
    }

    /// The body has ended: what is held now has no empty line behind it.
    ///
    /// Nothing is lost with comments, and with what is said to readers that connect again; nor
    /// behind the end of an operation, whatever stands there.
    pub(super) fn finish(&self) -> Result<(), Wrong> {
        let held = &*self.held;
        let marked = held.strip_prefix(MARK_BYTES).filter(|_| self.is_first);
        let mut lines = marked.unwrap_or(held).split(|it| matches!(it, b'\r' | b'\n'));
        let is_lost = |line: &[u8]| {
            let field = line.split(|it| *it == b':').next().unwrap_or_default();
            !matches!(field, b"" | b"id" | b"retry")
        };
        if self.is_over || !lines.any(is_lost) { Ok(()) } else { Err(Wrong::Incomplete) }
    }

    /// Writes an event; true when it is as it was.
    fn event(&mut self, out: &mut Vec<u8>) -> Result<bool, Wrong> {
        let text = std::str::from_utf8(&self.held).map_err(|_| Wrong::NotJson)?;
        let is_first = std::mem::take(&mut self.is_first);
        // WHATWG HTML §9.2.6: one mark at the start of a stream is no part of its first line.
        let marked = text.strip_prefix(MARK).filter(|_| is_first);
        let Event { name, data, others } = Event::read(marked.unwrap_or(text))?;
        self.has_names |= name == "next";
        self.is_over |= name == "complete";
        if data.trim().is_empty() {
            out.extend_from_slice(&self.held);
            return Ok(true);
        }
        let answer = match self.guard.whole(data.as_bytes()) {
            Ok(answer) if answer == data.as_bytes() => {
                out.extend_from_slice(&self.held);
                return Ok(true);
            }
            Ok(answer) => answer,
            Err(wrong) if matches!(name, "" | "error" | "message" | "next") => return Err(wrong),
            // No answer, by its name: what it says is for nobody.
            Err(_) => Vec::new(),
        };
        out.extend_from_slice(others.as_bytes());
        for line in answer.split(|it| *it == b'\n') {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            out.push(b'\n');
        }
        out.push(b'\n');
        Ok(false)
    }
}

const MARK_BYTES: &[u8] = "\u{feff}".as_bytes();
