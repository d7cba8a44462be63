//! Server-sent events as bytes and as text (WHATWG HTML §9.2.6): where one ends, and what it says.
//!
//! Judges nothing and holds nothing.

use crate::response::Wrong;

/// Where events end, byte by byte.
#[derive(Debug)]
pub(super) struct Ends {
    /// The end of the last line was a carriage return, so that a line feed is part of it.
    after_return: bool,
    /// The line that is being read has no byte yet.
    is_line_empty: bool,
}

/// What a byte is to the event that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Byte {
    /// The last one.
    End,
    Inside,
    /// The line feed of a line end that was over with its carriage return.
    Second,
}

impl Ends {
    pub(super) const NEW: Self = Self { after_return: false, is_line_empty: true };

    pub(super) const fn take(&mut self, byte: u8) -> Byte {
        let is_second = byte == b'\n' && self.after_return;
        self.after_return = byte == b'\r';
        if is_second {
            return Byte::Second;
        }
        let is_line_end = matches!(byte, b'\r' | b'\n');
        let was_empty = std::mem::replace(&mut self.is_line_empty, is_line_end);
        if is_line_end && was_empty { Byte::End } else { Byte::Inside }
    }
}

/// One event, without the mark before the first.
#[derive(Debug, Default)]
pub(super) struct Event<'t> {
    pub(super) name: &'t str,
    pub(super) data: String,
    /// The lines that are no data.
    pub(super) others: String,
}

impl<'t> Event<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, Wrong> {
        let (mut event, mut has_data) = (Self::default(), false);
        for line in text.split(['\r', '\n']).filter(|it| !it.is_empty()) {
            // Some readers take a mark off wherever a piece begins, and see another field then.
            if line.starts_with(MARK) {
                return Err(Wrong::NotJson);
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            if field == "data" {
                if std::mem::replace(&mut has_data, true) {
                    event.data.push('\n');
                }
                event.data.push_str(value);
                continue;
            }
            if field == "event" {
                event.name = value;
            }
            event.others.push_str(line);
            event.others.push('\n');
        }
        Ok(event)
    }
}

/// The answers in events that are complete, of a stream that was let pass.
#[must_use]
pub fn answers_in_events(text: &str) -> Vec<Vec<u8>> {
    let (mut ends, mut answers, mut begin) = (Ends::NEW, Vec::new(), 0);
    for (at, byte) in text.bytes().enumerate() {
        if ends.take(byte) != Byte::End {
            continue;
        }
        let event = text.get(begin..=at).unwrap_or_default();
        begin = at.saturating_add(1);
        let Ok(Event { name, data, .. }) = Event::read(event.trim_start_matches(MARK)) else {
            continue;
        };
        if matches!(name, "" | "message" | "next") && !data.trim().is_empty() {
            answers.push(data.into_bytes());
        }
    }
    answers
}

/// The byte order mark.
pub(super) const MARK: char = '\u{feff}';
