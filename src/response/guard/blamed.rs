//! Where in an answer its errors are: what is missing there is excused.
//!
//! Follows the members `path` of the entries as they pass, held or not. An error that does not say
//! where it is, or in a way that cannot be followed, is everywhere.

use crate::{
    policy::Contract,
    response::{
        Guard,
        guard::place::Place,
        scan::{Scalar, Token},
    },
};

/// A response key or an index, as it is written.
pub(super) type Step = Box<[u8]>;

/// Where the errors of one answer are.
#[derive(Debug, Default)]
pub(super) struct Blamed {
    paths: Vec<Vec<Step>>,
    n_bytes: usize,
    is_everywhere: bool,
    at: At,
    /// The path of the entry that is read.
    path: Option<Vec<Step>>,
    /// The value behind the last key of the entry is its path.
    is_path: bool,
}

/// What is being read.
#[derive(Clone, Copy, Debug, Default)]
enum At {
    #[default]
    Elsewhere,
    /// An entry, whose members have so many containers around them.
    Entry(usize),
    /// Its path, and the same of the entry.
    Path(usize),
}

impl Blamed {
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// There is an error that does not say where.
    pub(super) const fn everywhere(&mut self) {
        self.is_everywhere = true;
    }

    /// Whether there is an error at this place, or above it.
    pub(super) fn excuses(&self, path: &[Step]) -> bool {
        self.is_everywhere || self.paths.iter().any(|it| path.starts_with(it))
    }

    fn step(&mut self, text: Option<&[u8]>) {
        match (text, &mut self.path) {
            (Some(text), Some(path)) if self.n_bytes < MAX_BYTES => {
                self.n_bytes = self.n_bytes.saturating_add(text.len()).saturating_add(1);
                path.push(text.into());
            }
            _ => self.is_everywhere = true,
        }
    }

    fn end_entry(&mut self) {
        self.at = At::Elsewhere;
        match self.path.take() {
            Some(path) if self.paths.len() < MAX_PATHS => self.paths.push(path),
            Some(_) | None => self.is_everywhere = true,
        }
    }
}

impl Guard {
    /// Follows the errors, before anything else is done with a token.
    pub(super) fn follow_errors(&mut self, token: Token, first: Option<u8>) {
        if self.rules().contract == Contract::Off {
            return;
        }
        let depth = self.open.len();
        match (self.blamed.at, token) {
            (At::Elsewhere, _) if !matches!(self.open.last(), Some(Place::Errors { .. })) => {}
            (At::Elsewhere, Token::ObjectBegins) => {
                (self.blamed.path, self.blamed.is_path) = (None, false);
                self.blamed.at = At::Entry(depth.saturating_add(1));
            }
            (At::Elsewhere, Token::ArrayBegins | Token::Scalar(_)) => self.blamed.everywhere(),
            (At::Entry(entry), Token::Key) if depth == entry => {
                self.blamed.is_path = self.scanner.text() == Some(b"path");
            }
            (At::Entry(entry), Token::ArrayBegins) if depth == entry && self.blamed.is_path => {
                self.blamed.path = Some(Vec::new());
                self.blamed.at = At::Path(entry);
            }
            (At::Entry(entry), Token::ObjectEnds) if depth == entry => self.blamed.end_entry(),
            (At::Path(entry), Token::ArrayEnds) if depth == entry.saturating_add(1) => {
                self.blamed.at = At::Entry(entry);
            }
            (At::Path(entry), Token::Scalar(Scalar::Number | Scalar::String))
                if depth == entry.saturating_add(1) =>
            {
                self.scanner.capture(first.unwrap_or(b'"'));
            }
            (At::Path(entry), Token::ScalarEnds) if depth == entry.saturating_add(1) => {
                self.blamed.step(self.scanner.text());
            }
            (At::Path(_), Token::ArrayBegins | Token::ObjectBegins | Token::Scalar(_)) => {
                self.blamed.everywhere();
            }
            (At::Elsewhere | At::Entry(_) | At::Path(_), _) => {}
        }
    }
}

/// 1,000 errors: with more of them nobody can say any more what is missing without one.
const MAX_PATHS: usize = 1_000;
/// 64 KiB of all paths, a byte for each step besides.
const MAX_BYTES: usize = 64 * 1024;
