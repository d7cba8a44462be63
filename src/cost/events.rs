//! JSON as it passes by, in pieces of any size: where containers, keys and values begin.
//!
//! Follows the structure only; a text that is not JSON is noticed where it breaks the structure.

/// What begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    ArrayBegins,
    ArrayEnds,
    /// A key has been read; see [`Events::key`].
    Key,
    Null,
    ObjectBegins,
    ObjectEnds,
    /// A number, string or Boolean begins.
    Scalar,
}

/// The text is not JSON, or nested too deeply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// A reader that can stop after any byte. Its memory is bounded by [`MAX_DEPTH`] and its room.
#[derive(Debug)]
pub(super) struct Events {
    state: State,
    /// For every open container whether it is an object.
    open: Vec<bool>,
    key: Vec<u8>,
    /// Bytes of the longest key that anybody looks for.
    room: usize,
    /// The key cannot be a name: too long, or with characters that names do not have.
    is_foreign: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Behind a value: a comma or the end of the container.
    Behind,
    /// Before the colon.
    Colon,
    /// Nothing may follow but white space.
    End,
    /// Before the first element of an array.
    FirstElement,
    /// Before the first key of an object.
    FirstKey,
    /// In a string; of a key the content is kept.
    InString { is_key: bool, escape: Escape },
    /// Before a further key.
    Key,
    /// In a number or word.
    Literal,
    /// Before a value.
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Begun,
    /// Hexadecimal digits still to come, and the value so far.
    Unicode(u8, u32),
}

impl Events {
    /// `room`: bytes of the longest key that anybody looks for.
    pub(super) const fn new(room: usize) -> Self {
        Self { state: State::Value, open: Vec::new(), key: Vec::new(), room, is_foreign: false }
    }

    /// The key read last; `None` when no field can have it.
    pub(super) fn key(&self) -> Option<&[u8]> {
        (!self.is_foreign).then_some(self.key.as_slice())
    }

    /// True when the text is complete.
    pub(super) fn is_complete(&self) -> bool {
        self.state == State::End || (self.open.is_empty() && self.state == State::Literal)
    }

    /// Reads a piece, up to the next event or its end; gives back what is left.
    // The budget of this loop is the text: every turn consumes at least one byte, but for the one
    // that ends a number.
    pub(super) fn next<'t>(&mut self, text: &'t [u8]) -> Result<(Option<Event>, &'t [u8]), Broken> {
        let mut rest = text;
        while let Some((byte, behind)) = rest.split_first() {
            if let State::InString { is_key: false, escape: Escape::None } = self.state {
                let plain = rest.iter().position(|it| matches!(it, b'"' | b'\\'));
                match rest.get(plain.unwrap_or(rest.len())..) {
                    Some([b'"', behind @ ..]) => {
                        self.state = self.after_value();
                        rest = behind;
                    }
                    Some([_, behind @ ..]) => {
                        self.state = State::InString { is_key: false, escape: Escape::Begun };
                        rest = behind;
                    }
                    Some([]) | None => rest = &[],
                }
                continue;
            }
            if self.state == State::Literal {
                if matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.') {
                    rest = behind;
                } else {
                    self.state = self.after_value();
                }
                continue;
            }
            let event = self.byte(*byte)?;
            rest = behind;
            if event.is_some() {
                return Ok((event, rest));
            }
        }
        Ok((None, rest))
    }

    fn byte(&mut self, byte: u8) -> Result<Option<Event>, Broken> {
        if let State::InString { is_key, escape } = self.state {
            return Ok(self.in_string(byte, is_key, escape));
        }
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            return Ok(None);
        }
        match (self.state, byte) {
            (State::Behind, b',') => {
                let in_object = self.open.last() == Some(&true);
                self.state = if in_object { State::Key } else { State::Value };
                Ok(None)
            }
            (State::Behind | State::FirstKey, b'}') => self.end(true).map(Some),
            (State::Behind | State::FirstElement, b']') => self.end(false).map(Some),
            (State::Colon, b':') => {
                self.state = State::Value;
                Ok(None)
            }
            (State::FirstKey | State::Key, b'"') => {
                self.key.clear();
                self.is_foreign = false;
                self.state = State::InString { is_key: true, escape: Escape::None };
                Ok(None)
            }
            (State::FirstElement | State::Value, _) => self.value(byte).map(Some),
            (State::Behind | State::Colon | State::End | State::FirstKey | State::Key, _)
            | (State::InString { .. } | State::Literal, _) => Err(Broken),
        }
    }

    fn value(&mut self, byte: u8) -> Result<Event, Broken> {
        match byte {
            b'{' => self.begin(true),
            b'[' => self.begin(false),
            b'"' => {
                self.state = State::InString { is_key: false, escape: Escape::None };
                Ok(Event::Scalar)
            }
            b'n' => {
                self.state = State::Literal;
                Ok(Event::Null)
            }
            b't' | b'f' | b'-' | b'0'..=b'9' => {
                self.state = State::Literal;
                Ok(Event::Scalar)
            }
            _ => Err(Broken),
        }
    }

    fn begin(&mut self, is_object: bool) -> Result<Event, Broken> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Broken);
        }
        self.open.push(is_object);
        self.state = if is_object { State::FirstKey } else { State::FirstElement };
        Ok(if is_object { Event::ObjectBegins } else { Event::ArrayBegins })
    }

    fn end(&mut self, is_object: bool) -> Result<Event, Broken> {
        if self.open.pop() != Some(is_object) {
            return Err(Broken);
        }
        self.state = self.after_value();
        Ok(if is_object { Event::ObjectEnds } else { Event::ArrayEnds })
    }

    fn after_value(&self) -> State {
        if self.open.is_empty() { State::End } else { State::Behind }
    }

    fn in_string(&mut self, byte: u8, is_key: bool, escape: Escape) -> Option<Event> {
        let (escape, content) = match (escape, byte) {
            (Escape::None, b'"') => {
                self.state = if is_key { State::Colon } else { self.after_value() };
                return is_key.then_some(Event::Key);
            }
            (Escape::None, b'\\') => (Escape::Begun, None),
            (Escape::None, byte) => (Escape::None, Some(byte)),
            (Escape::Begun, b'u') => (Escape::Unicode(4, 0), None),
            // No name has one of the characters that are written so.
            (Escape::Begun, _) => (Escape::None, Some(FOREIGN)),
            (Escape::Unicode(left, value), byte) => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0xffff);
                let value = (value << 4) | digit;
                match left {
                    0 | 1 => (Escape::None, Some(u8::try_from(value).unwrap_or(FOREIGN))),
                    _ => (Escape::Unicode(left - 1, value), None),
                }
            }
        };
        if let Some(content) = content.filter(|_| is_key) {
            self.is_foreign |= content >= FOREIGN || self.key.len() >= self.room;
            if !self.is_foreign {
                self.key.push(content);
            }
        }
        self.state = State::InString { is_key, escape };
        None
    }
}

/// Containers inside containers. Requests are not read deeper than 200 selections, and a list of
/// lists of objects adds a few for each.
const MAX_DEPTH: usize = 2_000;

/// The first byte that is not ASCII.
const FOREIGN: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 5;

    fn read(text: &str, piece: usize) -> Result<String, Broken> {
        let mut events = Events::new(ROOM);
        let mut seen = String::new();
        for piece in text.as_bytes().chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (event, left) = events.next(rest)?;
                rest = left;
                match event {
                    Some(Event::ArrayBegins) => seen.push('['),
                    Some(Event::ArrayEnds) => seen.push(']'),
                    Some(Event::Key) => {
                        seen.push_str(&String::from_utf8_lossy(events.key().unwrap_or(b"?")));
                        seen.push(':');
                    }
                    Some(Event::Null) => seen.push('n'),
                    Some(Event::ObjectBegins) => seen.push('{'),
                    Some(Event::ObjectEnds) => seen.push('}'),
                    Some(Event::Scalar) => seen.push('s'),
                    None => {}
                }
            }
        }
        if events.is_complete() { Ok(seen) } else { Err(Broken) }
    }

    fn check(text: &str, expect: Result<&str, Broken>) {
        for piece in [1, 2, 3, 1000] {
            assert_eq!(read(text, piece), expect.map(Into::into), "{text} by {piece}");
        }
    }

    #[test]
    fn structure_is_followed_in_pieces_of_any_size() {
        check(r#" {"a": [1, -2.5e3, "x\"]}\\", true, null], "b": {}} "#, Ok("{a:[ssssn]b:{}}"));
        check("[]", Ok("[]"));
        check("12", Ok("s"));
    }

    #[test]
    fn keys_are_known_behind_escapes() {
        check(r#"{"\u0061b": 1, "\u00e9": 2, "\n": 3, "é": 4}"#, Ok("{ab:s?:s?:s?:s}"));
        check(r#"{"abcde": 1, "abcdef": 2}"#, Ok("{abcde:s?:s}"));
    }

    #[test]
    fn broken_structure_is_noticed() {
        for text in
            ["{", "[1", "[1]]", "{]", "{\"a\" 1}", "[1 2]", "[,]", "{\"a\":}", "{a:1}", "\"x"]
        {
            check(text, Err(Broken));
        }
        check(&"[".repeat(MAX_DEPTH + 1), Err(Broken));
    }
}
