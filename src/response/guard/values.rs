//! What a value has to be where it stands.

use crate::{
    operation::AnswerKind,
    response::{
        Guard, Wrong,
        breach::How,
        copier::{Run, To},
        guard::{
            Course, MustBe,
            place::{Apart, DATA, ERROR, NO_ANSWER, NULL, Next, PART, Place},
        },
        scan::{Scalar, Token},
    },
    schema::Kind,
    verdict::Framing,
};

impl Guard {
    /// A value begins.
    pub(super) fn begins(
        &mut self,
        token: Token,
        start: usize,
        run: &mut Run<'_>,
    ) -> Result<(), Wrong> {
        let next = self.what()?;
        if self.apart.is_some() {
            self.open_any(token);
            return Ok(());
        }
        let place = match (next, token) {
            (Next::Drop, _) => return self.leave_out(token),
            (Next::Redact, _) => return self.null_instead(token, start, run),
            (Next::Entry, _) => return self.hold(token, start, false, run),
            (Next::Errors, Token::ArrayBegins) => Some(Place::Errors { n: 0 }),
            (Next::Errors | Next::Extensions, Token::Scalar(Scalar::Null)) => None,
            (Next::Errors, _) => return self.no_errors(token, start, run),
            (Next::Extensions, Token::ObjectBegins) => Some(Place::Extensions { n_kept: 0 }),
            (Next::Extensions, _) => return self.null_instead(token, start, run),
            (Next::Answer, _) => self.answer(token)?,
            (Next::Envelope, Token::ObjectBegins) => Some(self.envelope()),
            (Next::Envelopes, Token::ArrayBegins) => Some(Place::Envelopes { n: 0 }),
            (Next::Envelope | Next::Envelopes, Token::Scalar(Scalar::Null)) => self.no_answer()?,
            (Next::Envelope | Next::Envelopes, _) => return Err(Wrong::NotAnAnswer),
            (Next::Data, _) => match self.data(token)? {
                Some(place) => place,
                None => return self.null_instead(token, start, run),
            },
            (Next::Anywhere { is_free }, _) => anywhere(token, is_free),
            (Next::Field { key, level }, _) => {
                self.field(key, level, token, run.piece.get(start))?
            }
            (Next::Any, _) => any(token),
        };
        let is_filtered = place.is_some_and(|it| it.is_filtered());
        self.open.extend(place);
        if is_filtered {
            self.copier.turn(start.saturating_add(1), To::Held, run);
        }
        Ok(())
    }

    /// What the value that begins is; counts it as an element of the array around it.
    fn what(&mut self) -> Result<Next, Wrong> {
        let Some(place) = self.open.last_mut() else { return Ok(self.next) };
        let n = place.element();
        let place = *place;
        let next = match place {
            Place::Any { is_array: true, .. } => Next::Any,
            Place::Anywhere { is_array: true, is_free, .. } => Next::Anywhere { is_free },
            Place::Batch { n } => {
                self.part = n.saturating_sub(1);
                Next::Envelope
            }
            Place::Envelopes { .. } => Next::Envelope,
            Place::Errors { .. } if self.writes_entries() => Next::Entry,
            Place::Errors { .. } => Next::Any,
            Place::List { key, level, .. } => Next::Field { key, level: level.saturating_add(1) },
            Place::Any { .. }
            | Place::Anywhere { .. }
            | Place::Envelope { .. }
            | Place::Extensions { .. }
            | Place::Object { .. } => self.next,
        };
        match self.rules().list {
            Some(limit) if n.is_some_and(|it| it > limit) => Err(Wrong::TooLong { limit }),
            Some(_) | None => Ok(next),
        }
    }

    fn open_any(&mut self, token: Token) {
        self.open.extend(any(token));
    }

    /// What stands in the place of the errors, and is no list.
    fn no_errors(&mut self, token: Token, start: usize, run: &mut Run<'_>) -> Result<(), Wrong> {
        self.blamed.everywhere();
        self.see(ERROR);
        self.breach("errors".into(), How::Envelope)?;
        if self.writes_entries() {
            return self.hold(token, start, true, run);
        }
        self.open_any(token);
        Ok(())
    }

    /// The client reads `null` where the value is.
    fn null_instead(&mut self, token: Token, start: usize, run: &mut Run<'_>) -> Result<(), Wrong> {
        self.copier.turn(start, To::Nowhere, run);
        run.out.extend_from_slice(b"null");
        self.leave_out(token)
    }

    /// A value goes nowhere.
    fn leave_out(&mut self, token: Token) -> Result<(), Wrong> {
        self.apart = Some(Apart::Dropped { depth: self.open.len() });
        self.open_any(token);
        Ok(())
    }

    /// An error is put aside.
    fn hold(
        &mut self,
        token: Token,
        start: usize,
        is_alone: bool,
        run: &mut Run<'_>,
    ) -> Result<(), Wrong> {
        self.copier.turn(start, To::Held, run);
        self.apart = Some(Apart::Entry { depth: self.open.len(), is_alone });
        self.open_any(token);
        Ok(())
    }

    fn answer(&mut self, token: Token) -> Result<Option<Place>, Wrong> {
        match (token, self.about.framing) {
            (Token::ArrayBegins, Framing::Array) => Ok(Some(Place::Batch { n: 0 })),
            (Token::ObjectBegins, framing) => {
                if framing == Framing::Array {
                    // One answer to all of a batch: it belongs to none of its parts.
                    self.part = usize::MAX;
                }
                Ok(Some(self.envelope()))
            }
            // What is to be taken out of answers cannot be found in anything else.
            _ if self.about.must_be == MustBe::Answer || self.rules().rewrites() => {
                Err(Wrong::NotAnAnswer)
            }
            _ => {
                self.breach(String::new(), How::Envelope)?;
                Ok(any(token))
            }
        }
    }

    /// Null in the place of an answer: fine for what is a part of another.
    fn no_answer(&mut self) -> Result<Option<Place>, Wrong> {
        if let Some(Place::Batch { .. }) = self.open.last() {
            self.breach(self.part.to_string(), How::Unanswered)?;
        }
        Ok(None)
    }

    /// A batch has ended: whose answers did not come is told by the first of them.
    fn judge_batch(&mut self, n: usize) -> Result<(), Wrong> {
        match &self.about.expected {
            Some(expected) if n < expected.len() => self.breach(n.to_string(), How::Unanswered),
            Some(_) | None => Ok(()),
        }
    }

    /// An answer has ended. GraphQL §7.1: one without data has an error, and so has one whose data
    /// are null. What is a part of another need have neither.
    fn judge_data(&mut self, seen: u16) -> Result<(), Wrong> {
        let is_silent = match seen & (DATA | NULL | ERROR) {
            0 => seen & NO_ANSWER == 0,
            it => it & NULL != 0 && it & ERROR == 0 && seen & PART == 0,
        };
        if !is_silent {
            return Ok(());
        }
        let at = match self.open.last() {
            Some(Place::Batch { .. }) => self.part.to_string(),
            _ => "data".to_owned(),
        };
        self.breach(at, How::Silent)
    }

    /// Something is seen of the answer that is open.
    fn see(&mut self, bits: u16) {
        if let Some(place) = self.open.last_mut() {
            place.see(bits);
        }
    }

    fn envelope(&mut self) -> Place {
        let is_inner = matches!(self.open.last(), Some(Place::Envelopes { .. }));
        if !is_inner {
            self.blamed.restart();
            self.missing.restart();
        }
        Place::Envelope { is_inner, n_kept: 0, seen: 0 }
    }

    /// The place of `data`; nothing, when it belongs to no request and something is redacted.
    #[expect(clippy::option_option, reason = "a scalar has no place, and may pass")]
    fn data(&mut self, token: Token) -> Result<Option<Option<Place>>, Wrong> {
        match token {
            _ if !self.rules().needs_operation() => Ok(Some(any(token))),
            Token::Scalar(Scalar::Null) => {
                self.see(NULL);
                Ok(Some(None))
            }
            Token::ObjectBegins if self.expected().is_some() => Ok(Some(Some(self.object(0)))),
            _ => {
                self.breach("data".into(), How::Envelope)?;
                let has_place = self.rules().redact.is_empty();
                Ok(has_place.then(|| any(token)))
            }
        }
    }

    fn object(&mut self, place: u32) -> Place {
        let shape = self.expected().map(|it| &it.shape);
        let n_keys = shape.map_or(0, |it| it.n_keys(place));
        let ty = shape.and_then(|it| it.only_type(place));
        let first_seen = self.seen.len();
        self.seen.resize(first_seen.saturating_add(n_keys.div_ceil(64)), 0);
        Place::Object { place, ty, first_seen }
    }

    /// A value of a field, inside this many of its lists.
    fn field(
        &mut self,
        key: u32,
        level: u32,
        token: Token,
        first: Option<&u8>,
    ) -> Result<Option<Place>, Wrong> {
        let shape = self.expected().map(|it| &it.shape);
        let Some(it) = shape.and_then(|it| it.key(key)) else { return Ok(anywhere(token, false)) };
        let (kind, n_lists, non_null) = (it.kind, it.n_lists, it.is_non_null(level));
        let how = match token {
            Token::Scalar(Scalar::Null) if non_null => How::Null,
            Token::Scalar(Scalar::Null) => return Ok(None),
            Token::ArrayBegins if level < n_lists => {
                return Ok(Some(Place::List { key, level, n: 0 }));
            }
            _ if level < n_lists => How::Type,
            Token::ObjectBegins if matches!(kind, AnswerKind::Object(_)) => {
                let AnswerKind::Object(place) = kind else { return Ok(None) };
                return Ok(Some(self.object(place)));
            }
            _ if kind == AnswerKind::Any => return Ok(any(token)),
            Token::Scalar(scalar) if fits(kind, scalar) => {
                if let (true, Some(first)) = (text_decides(kind, scalar), first) {
                    self.scanner.capture(*first);
                    self.leaf = Some((key, kind));
                }
                return Ok(None);
            }
            _ => How::Type,
        };
        let at = self.coordinate(key);
        self.breach(at, how)?;
        Ok(if self.redacts() { anywhere(token, false) } else { any(token) })
    }

    /// A scalar has been read.
    pub(super) fn scalar_ends(&mut self) -> Result<(), Wrong> {
        let Some((key, kind)) = self.leaf.take() else { return Ok(()) };
        let text = self.scanner.text().and_then(|it| std::str::from_utf8(it).ok());
        let schema = &self.policy.schema;
        let how = match (kind, text) {
            (AnswerKind::Int, Some(text)) if is_int(text) => return Ok(()),
            (AnswerKind::Id, Some(text)) if is_whole(text) => return Ok(()),
            (AnswerKind::Enum(ty), Some(text)) => {
                if schema.ty(ty).values.iter().any(|it| &*it.name == text) {
                    return Ok(());
                }
                How::NotInEnum
            }
            (AnswerKind::Enum(_), None) => How::NotInEnum,
            (AnswerKind::Typename, text) => {
                let ty = text.and_then(|it| schema.type_named(it));
                let object = ty.and_then(|it| match schema.ty(it).kind {
                    Kind::Object { object } => Some(object),
                    _ => None,
                });
                if let (Some(object), Some(Place::Object { ty, .. })) =
                    (object, self.open.last_mut())
                    && ty.is_none_or(|it| it == object)
                {
                    *ty = Some(object);
                    // It is only asked for on types that can be here.
                    if self.expected().is_some_and(|it| it.asks(key, Some(object))) {
                        return Ok(());
                    }
                }
                How::Typename
            }
            _ => How::Type,
        };
        let at = self.coordinate(key);
        self.breach(at, how)
    }

    /// A container has ended.
    pub(super) fn container_ends(&mut self, behind: usize, run: &mut Run<'_>) -> Result<(), Wrong> {
        if self.apart.is_none() && self.open.last().is_some_and(Place::is_filtered) {
            self.copier.turn(behind, To::Out, run);
            run.out.extend_from_slice(self.copier.held().ok_or(Wrong::NotJson)?);
            self.copier.clear();
        }
        self.look_for_gaps();
        match self.open.pop() {
            Some(Place::Object { first_seen, .. }) => self.seen.truncate(first_seen),
            Some(Place::Envelope { is_inner: false, seen, .. }) => {
                // A part may be empty: a sign of life.
                let needs = self.about.must_be == MustBe::Answer;
                if needs && self.about.course == Course::Once && seen & 3 == 0 {
                    return Err(Wrong::NotAnAnswer);
                }
                self.has_data |= seen & 1 != 0;
                self.judge_gaps(seen)?;
                self.judge_data(seen)?;
            }
            Some(Place::Errors { n }) if n > 0 => self.see(ERROR),
            Some(Place::Batch { n }) => self.judge_batch(n)?,
            _ => {}
        }
        Ok(())
    }
}

const fn any(token: Token) -> Option<Place> {
    match token {
        Token::ArrayBegins => Some(Place::Any { n: 0, is_array: true }),
        Token::ObjectBegins => Some(Place::Any { n: 0, is_array: false }),
        _ => None,
    }
}

/// The same of a value that stands where something else is due: what is redacted is looked for by
/// name.
const fn anywhere(token: Token, is_free: bool) -> Option<Place> {
    match token {
        Token::ArrayBegins => Some(Place::Anywhere { n: 0, is_array: true, is_free }),
        Token::ObjectBegins => Some(Place::Anywhere { n: 0, is_array: false, is_free }),
        _ => None,
    }
}

const fn fits(kind: AnswerKind, scalar: Scalar) -> bool {
    match kind {
        AnswerKind::Any => true,
        AnswerKind::Boolean => matches!(scalar, Scalar::Boolean),
        AnswerKind::Enum(_) | AnswerKind::String | AnswerKind::Typename => {
            matches!(scalar, Scalar::String)
        }
        AnswerKind::Float | AnswerKind::Int => matches!(scalar, Scalar::Number),
        AnswerKind::Id => matches!(scalar, Scalar::Number | Scalar::String),
        AnswerKind::Object(_) => false,
    }
}

const fn text_decides(kind: AnswerKind, scalar: Scalar) -> bool {
    match kind {
        AnswerKind::Enum(_) | AnswerKind::Int | AnswerKind::Typename => true,
        AnswerKind::Id => matches!(scalar, Scalar::Number),
        AnswerKind::Any
        | AnswerKind::Boolean
        | AnswerKind::Float
        | AnswerKind::Object(_)
        | AnswerKind::String => false,
    }
}

/// A whole number of 32 bits, however it is written.
fn is_int(text: &str) -> bool {
    let range = f64::from(i32::MIN)..=f64::from(i32::MAX);
    text.parse().is_ok_and(|it: f64| it.fract() == 0.0 && range.contains(&it))
}

/// A whole number; clients read it as a text.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|it| it.is_ascii_digit())
        || text.parse().is_ok_and(|it: f64| it.fract() == 0.0)
}
