//! One answer on its way: what of it passes, and what is wrong with it.
//!
//! A stack of open containers over the tokens of the text. Memory is bounded by the operation, by
//! the depth of the answer, and by one entry of `errors`; everything else goes on at once.

mod blamed;
mod keys;
mod missing;
mod place;
mod scalars;
mod values;

use std::sync::Arc;

use crate::{
    operation::{AnswerKind, Expected},
    policy::{Policy, ResponseRules},
    response::{
        Wrong,
        breach::Breaches,
        copier::{Copier, Run, To},
        entry::Entries,
        guard::{
            blamed::Blamed,
            missing::Missing,
            place::{Apart, Next, Place},
            scalars::Scalars,
        },
        scan::{Scanner, Token},
        utf8::Utf8,
    },
    telemetry::RequestId,
    verdict::Framing,
};

/// What is known of an answer before it comes.
#[derive(Debug)]
pub struct About {
    /// The request.
    pub id: RequestId,
    /// Whether the requests were an array.
    pub framing: Framing,
    /// The answers that they may have; nothing, when nobody asks.
    pub expected: Option<Vec<Expected>>,
    /// Whether more than one answer comes.
    pub course: Course,
    /// Whether JSON that is none of GraphQL passes.
    pub must_be: MustBe,
}

/// Whether more than one answer comes to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// Many, each of them whole: events.
    Events,
    /// One.
    Once,
    /// Many, and parts of them: what @defer and @stream leave for later.
    Parts,
}

/// Whether JSON that is none of GraphQL passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MustBe {
    /// It has to be an answer.
    Answer,
    /// It passes like one.
    Json,
}

/// Reads an answer, and writes what of it passes.
#[derive(Debug)]
pub struct Guard {
    policy: Arc<Policy>,
    about: About,
    scanner: Scanner,
    utf8: Utf8,
    copier: Copier,
    open: Vec<Place>,
    /// What the value behind the last key is.
    next: Next,
    /// A value that nobody looks into.
    apart: Option<Apart>,
    /// The part of a batch that is being read.
    part: usize,
    /// Data came before; what comes now may be a part of it.
    has_data: bool,
    /// By open object of the operation: which of its keys have been there.
    seen: Vec<u64>,
    /// The scalar that is being read, when its text decides.
    leaf: Option<(u32, AnswerKind)>,
    entries: Entries,
    breaches: Breaches,
    blamed: Blamed,
    missing: Missing,
    /// By part of a batch; of answers that come in parts alone.
    scalars: Vec<Scalars>,
}

impl Guard {
    /// Begins to read an answer.
    #[must_use]
    pub fn new(policy: &Arc<Policy>, about: About) -> Self {
        let max_depth = policy.response.depth.map_or(MAX_DEPTH, |it| it as usize);
        let expected = about.expected.iter().flatten();
        let names_decide = about.course == Course::Parts && policy.response.needs_operation();
        let of_parts = about.expected.as_deref().filter(|_| names_decide);
        let scalars = scalars::all(of_parts.unwrap_or_default());
        let longest = expected.map(|it| it.shape.longest_key()).max().unwrap_or(0);
        Self {
            policy: Arc::clone(policy),
            scanner: Scanner::new(max_depth, longest),
            utf8: Utf8::default(),
            copier: Copier::new(),
            open: Vec::new(),
            next: Next::Answer,
            apart: None,
            part: 0,
            has_data: false,
            seen: Vec::new(),
            leaf: None,
            entries: Entries::new(about.id),
            breaches: Breaches::new(about.id),
            blamed: Blamed::default(),
            missing: Missing::default(),
            scalars,
            about,
        }
    }

    /// Takes the next piece, and writes what goes on.
    ///
    /// # Errors
    /// When the answer may not go on.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Wrong> {
        self.utf8.push(piece)?;
        self.copier.begin();
        let mut run = Run { piece, out };
        let mut at = 0;
        // Budget: the piece, of which every token takes some.
        while let (Some(token), behind) = self.scanner.next(piece, at)? {
            self.token(token, behind, &mut run)?;
            at = behind;
        }
        self.copier.flush(&mut run);
        Ok(())
    }

    /// The answer has ended.
    ///
    /// # Errors
    /// When it is not complete.
    pub fn finish(&mut self) -> Result<(), Wrong> {
        self.breaches.tell();
        // What is still held has not been written.
        let is_written = self.apart.is_none();
        if self.scanner.is_complete() && self.utf8.is_complete() && is_written {
            Ok(())
        } else {
            Err(Wrong::Incomplete)
        }
    }

    /// A whole answer, one of many.
    ///
    /// # Errors
    /// When it may not pass.
    pub fn whole(&mut self, answer: &[u8]) -> Result<Vec<u8>, Wrong> {
        self.restart(Next::Answer);
        let mut out = Vec::with_capacity(answer.len());
        self.push(answer, &mut out)?;
        self.finish()?;
        Ok(out)
    }

    /// A list of errors by itself.
    ///
    /// # Errors
    /// When it is none.
    pub fn errors(&mut self, errors: &[u8]) -> Result<Vec<u8>, Wrong> {
        self.restart(self.errors_are());
        let mut out = Vec::with_capacity(errors.len());
        self.push(errors, &mut out)?;
        self.finish()?;
        Ok(out)
    }

    fn restart(&mut self, next: Next) {
        self.scanner.restart();
        self.copier.restart();
        self.utf8 = Utf8::default();
        self.open.clear();
        self.seen.clear();
        self.blamed.restart();
        self.missing.restart();
        (self.next, self.apart, self.leaf, self.part) = (next, None, None, 0);
    }

    fn rules(&self) -> &ResponseRules {
        &self.policy.response
    }

    fn expected(&self) -> Option<&Expected> {
        self.about.expected.as_ref()?.get(self.part)
    }

    fn token(&mut self, token: Token, behind: usize, run: &mut Run<'_>) -> Result<(), Wrong> {
        self.follow_errors(token, run.piece.get(behind.saturating_sub(1)).copied());
        match token {
            Token::ArrayBegins | Token::ObjectBegins | Token::Scalar(_) => {
                self.begins(token, behind.saturating_sub(1), run)
            }
            Token::Key if self.apart.is_some() => Ok(()),
            Token::Key => self.key(behind, run),
            Token::ScalarEnds => {
                self.scalar_ends()?;
                self.ended(behind, run)
            }
            Token::ArrayEnds | Token::ObjectEnds => {
                self.container_ends(behind, run)?;
                self.ended(behind, run)
            }
        }
    }

    /// What there is to do behind a value.
    fn ended(&mut self, behind: usize, run: &mut Run<'_>) -> Result<(), Wrong> {
        if let Some(apart) = self.apart.filter(|it| it.depth() == self.open.len()) {
            self.apart = None;
            self.copier.turn(behind, To::Out, run);
            if let Apart::Entry { is_alone, .. } = apart {
                let entry = self.copier.held();
                if is_alone {
                    run.out.push(b'[');
                }
                self.entries.write(&self.policy.response, entry, run.out);
                if is_alone {
                    run.out.push(b']');
                }
                self.copier.clear();
            }
        }
        if self.apart.is_none() && self.open.last().is_some_and(Place::is_filtered) {
            self.copier.turn(behind, To::Held, run);
        }
        Ok(())
    }
}

/// Containers inside containers, unless the policy has fewer. Requests are not read deeper than
/// 200 selections, and a list of lists of objects adds a few for each.
const MAX_DEPTH: usize = 2_000;

#[cfg(test)]
mod tests;
