//! What a key says about the value behind it.

use crate::{
    operation::AnswerShape,
    policy::{Contract, ErrorText, Suggestions},
    response::{
        Breach, Guard, Wrong,
        breach::How,
        copier::{Run, To},
        guard::{
            Course,
            place::{
                COMPLETED, DATA, ERRORS, EXTENSIONS, INCREMENTAL, ITEMS, MAY_REPEAT, MORE, Next,
                PART, PAYLOAD, Place,
            },
            scalars::Holds,
        },
    },
    schema::FieldId,
};

impl Guard {
    pub(super) fn key(&mut self, behind: usize, run: &mut Run<'_>) -> Result<(), Wrong> {
        self.next = match self.open.last().copied() {
            Some(Place::Anywhere { is_free, .. }) => self.key_anywhere(is_free)?,
            Some(Place::Envelope { is_inner, seen, .. }) => {
                let next = self.member(is_inner, seen)?;
                self.keep(next, behind, run)?;
                next
            }
            Some(Place::Extensions { .. }) => {
                let next = self.extension();
                self.keep(next, behind, run)?;
                next
            }
            Some(Place::Object { place, ty, first_seen }) => {
                self.key_of_operation(place, ty, first_seen)?
            }
            Some(
                Place::Any { .. }
                | Place::Batch { .. }
                | Place::Envelopes { .. }
                | Place::Errors { .. }
                | Place::List { .. },
            )
            | None => Next::Any,
        };
        Ok(())
    }

    /// Writes what was put aside of a member: the comma before it, and its key.
    fn keep(&mut self, next: Next, behind: usize, run: &mut Run<'_>) -> Result<(), Wrong> {
        let is_dropped = next == Next::Drop;
        let to = if is_dropped { To::Nowhere } else { To::Out };
        self.copier.turn(behind, to, run);
        if let (false, Some(place)) = (is_dropped, self.open.last_mut())
            && let Place::Envelope { n_kept, .. } | Place::Extensions { n_kept } = place
        {
            let is_first = *n_kept == 0;
            *n_kept = n_kept.saturating_add(1);
            // White space and keys beyond what is held are none that servers write.
            let held = self.copier.held().ok_or(Wrong::NotJson)?;
            run.out.extend_from_slice(if is_first { without_comma(held) } else { held });
        }
        self.copier.clear();
        Ok(())
    }

    /// The key read last. One that the scanner does not know is none that was asked for, and no
    /// name of a field that is redacted: there is room for all of these.
    pub(super) fn name(&self) -> &[u8] {
        self.scanner.text().unwrap_or_default()
    }

    /// The key read last, as it is told of.
    fn told(&self) -> String {
        let name = self.name();
        String::from_utf8_lossy(name.get(..MAX_NAME).unwrap_or(name)).into_owned()
    }

    /// A member of an answer.
    fn member(&mut self, is_inner: bool, seen: u16) -> Result<Next, Wrong> {
        let name = self.name();
        let (is_part, is_once) =
            (self.about.course == Course::Parts, self.about.course == Course::Once);
        let (bit, next) = match name {
            // Where it belongs may be said behind it, and by an id.
            b"data" if is_inner || (is_part && self.has_data) => (DATA, self.data_anywhere()),
            b"data" => (DATA, Next::Data),
            b"errors" => (ERRORS, self.errors_are()),
            b"extensions" => (EXTENSIONS, self.extensions_are()),
            b"incremental" if is_part && !is_inner => (INCREMENTAL, Next::Envelopes),
            b"completed" if is_part && !is_inner => (COMPLETED, Next::Envelopes),
            b"payload" if !is_once && !is_inner => (PAYLOAD, Next::Envelope),
            b"items" if is_inner => (ITEMS, self.items_are()),
            b"hasNext" if !is_once => (MORE, Next::Any),
            b"pending" if is_part => (MORE, Next::Any),
            b"id" | b"label" | b"path" | b"subPath" if is_part => (PART, Next::Any),
            // A part that nobody asked for: nothing says what of it is redacted.
            _ if !is_once && self.redacts() && OF_PARTS.contains(&name) => {
                return Err(Wrong::NotAnAnswer);
            }
            _ => {
                self.breach(self.told(), How::Envelope)?;
                let is_dropped = self.masks() || self.redacts();
                return Ok(if is_dropped { Next::Drop } else { Next::Any });
            }
        };
        if seen & bit & !MAY_REPEAT != 0 {
            self.breach(self.told(), How::Twice)?;
        }
        if let Some(Place::Envelope { seen, .. }) = self.open.last_mut() {
            *seen |= bit;
        }
        Ok(next)
    }

    /// Where errors are masked, nothing else may tell what they say.
    fn masks(&self) -> bool {
        matches!(self.rules().errors, ErrorText::Mask { .. })
    }

    pub(super) fn errors_are(&self) -> Next {
        let rules = self.rules();
        let is_judged = rules.contract != Contract::Off;
        if self.writes_entries() || is_judged { Next::Errors } else { Next::Any }
    }

    pub(super) fn writes_entries(&self) -> bool {
        self.masks() || self.rules().suggestions == Suggestions::Strip
    }

    fn extensions_are(&self) -> Next {
        match &self.rules().extensions {
            None => Next::Any,
            Some(kept) if kept.is_empty() => Next::Drop,
            Some(_) => Next::Extensions,
        }
    }

    fn extension(&self) -> Next {
        let kept = self.rules().extensions.as_deref().unwrap_or_default();
        let is_kept =
            self.scanner.text().is_some_and(|name| kept.iter().any(|it| it.as_bytes() == name));
        if is_kept { Next::Any } else { Next::Drop }
    }

    fn data_anywhere(&self) -> Next {
        let is_read = self.rules().needs_operation();
        if is_read { Next::Anywhere { is_free: false } } else { Next::Any }
    }

    /// Elements that belong to a list that came before.
    fn items_are(&self) -> Next {
        match self.data_anywhere() {
            Next::Anywhere { is_free } => self.holding(self.elements_hold(), is_free),
            it => it,
        }
    }

    fn key_anywhere(&mut self, is_free: bool) -> Result<Next, Wrong> {
        let shape = self.expected().map(|it| &it.shape);
        match shape.and_then(|it| it.anywhere(self.name())) {
            Some(true) => Ok(Next::Redact),
            Some(false) => Ok(self.holding(self.holds(), is_free)),
            None if is_free => Ok(self.unasked(is_free)),
            None => self.not_asked(),
        }
    }

    /// A value that may be a custom scalar: then nobody looks into it, unless it may be something
    /// else with what is redacted.
    fn holding(&self, holds: Holds, is_free: bool) -> Next {
        match holds {
            Holds::None => Next::Anywhere { is_free },
            Holds::Some if self.redacts() => Next::Anywhere { is_free: true },
            Holds::Scalar | Holds::Some => Next::Any,
        }
    }

    fn key_of_operation(
        &mut self,
        place: u32,
        ty: Option<u32>,
        first_seen: usize,
    ) -> Result<Next, Wrong> {
        let name = self.name();
        let Some(expected) = self.expected() else { return Ok(Next::Redact) };
        let shape = &expected.shape;
        let Some((n, key)) = shape.find(place, name) else { return self.not_asked() };
        let (is_redacted, is_asked) = (shape.is_redacted(key, ty), expected.asks(key, ty));
        if !is_asked {
            return self.not_asked();
        }
        if let Some(word) = self.seen.get_mut(first_seen.saturating_add(n / 64)) {
            let bit = 1_u64 << (n % 64);
            let is_twice = *word & bit != 0;
            *word |= bit;
            if is_twice {
                let at = self.coordinate(key);
                self.breach(at, How::Twice)?;
            }
        }
        Ok(if is_redacted { Next::Redact } else { Next::Field { key, level: 0 } })
    }

    fn not_asked(&mut self) -> Result<Next, Wrong> {
        self.breach(self.told(), How::NotAsked)?;
        Ok(self.unasked(false))
    }

    /// What a value is that nobody asked for: null, when it has a name or a key of what is redacted;
    /// else that may stand below it.
    fn unasked(&self, is_free: bool) -> Next {
        if !self.redacts() {
            return Next::Any;
        }
        let (name, shape) = (self.name(), self.expected().map(|it| &it.shape));
        let is_it = |it: &AnswerShape| it.is_name_redacted(name) || it.anywhere(name) == Some(true);
        if shape.is_none_or(|it| is_it(it)) { Next::Redact } else { Next::Anywhere { is_free } }
    }

    pub(super) fn redacts(&self) -> bool {
        !self.rules().redact.is_empty()
    }

    pub(super) fn coordinate(&self, key: u32) -> String {
        let shape = self.expected().map(|it| &it.shape);
        let Some((shape, field)) = shape.and_then(|it| Some((it, it.key(key)?.field))) else {
            return String::new();
        };
        if field == FieldId::TYPENAME {
            return "__typename".to_owned();
        }
        shape.schema().coordinate(field)
    }

    /// Writes a breach of the contract down, or refuses the answer for it.
    pub(super) fn breach(&mut self, at: String, how: How) -> Result<(), Wrong> {
        let breach = Breach { at: at.into(), how };
        match self.rules().contract {
            Contract::Enforce => Err(Wrong::Contract(breach)),
            Contract::Off => Ok(()),
            Contract::Report => {
                self.breaches.add(breach);
                Ok(())
            }
        }
    }
}

/// What stands before a key, without the comma of a member that is gone.
fn without_comma(held: &[u8]) -> &[u8] {
    let comma = held.iter().position(|it| *it == b',' || *it == b'"');
    match comma.and_then(|it| held.split_at_checked(it)) {
        Some((_, [b',', behind @ ..])) => behind,
        Some(_) | None => held,
    }
}

/// What only parts of answers have.
const OF_PARTS: [&[u8]; 7] =
    [b"completed", b"incremental", b"items", b"label", b"path", b"pending", b"subPath"];
/// 64 bytes of a key are enough to know it by.
const MAX_NAME: usize = 64;
