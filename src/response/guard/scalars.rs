//! Which keys of an operation hold custom scalars, in which everything is free.
//!
//! A part of an answer may say behind its data where it belongs, or not at all: what a key holds
//! there is known by its name alone.

use crate::{
    operation::{AnswerKind, AnswerShape, Expected},
    response::Guard,
};

/// What is known by name of the custom scalars that an operation asks for.
#[derive(Debug, Default)]
pub(super) struct Scalars {
    /// The names of keys that hold one somewhere, in order, and whether they hold nothing else.
    names: Vec<(Box<str>, Holds)>,
    /// What the elements of lists are.
    elements: Option<Holds>,
}

/// Whether a value is a custom scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// It is none.
    None,
    /// It is one.
    Scalar,
    /// It is one at some place, and something else at another.
    Some,
}

impl Scalars {
    pub(super) fn of(shape: &AnswerShape) -> Self {
        let keys = || (0..).map_while(|it| Some((it, shape.key(it)?)));
        let holds = |kind| match kind {
            AnswerKind::Any => Holds::Scalar,
            AnswerKind::Boolean
            | AnswerKind::Enum(_)
            | AnswerKind::Float
            | AnswerKind::Id
            | AnswerKind::Int
            | AnswerKind::Object(_)
            | AnswerKind::String
            | AnswerKind::Typename => Holds::None,
        };
        let mut names: Vec<(Box<str>, Holds)> = keys()
            .map(|(id, it)| (shape.name(id).unwrap_or_default().into(), holds(it.kind)))
            .collect();
        names.sort_by(|one, other| one.0.cmp(&other.0));
        names.dedup_by(|one, first| {
            let is_same = one.0 == first.0;
            if is_same {
                first.1 = first.1.and(one.1);
            }
            is_same
        });
        names.retain(|it| it.1 != Holds::None);
        let lists = keys().filter(|(_, it)| it.n_lists > 0);
        let elements = lists.map(|(_, it)| holds(it.kind)).reduce(Holds::and);
        Self { names, elements }
    }

    fn holds(&self, name: &[u8]) -> Holds {
        let at = self.names.binary_search_by(|it| it.0.as_bytes().cmp(name));
        at.ok().and_then(|it| self.names.get(it)).map_or(Holds::None, |it| it.1)
    }
}

impl Holds {
    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Some }
    }
}

impl Guard {
    /// What the last key holds, where its name alone is known.
    pub(super) fn holds(&self) -> Holds {
        let scalars = self.scalars.get(self.part);
        scalars.map_or(Holds::None, |it| it.holds(self.name()))
    }

    /// The same of the elements of a list that goes on.
    pub(super) fn elements_hold(&self) -> Holds {
        self.scalars.get(self.part).and_then(|it| it.elements).unwrap_or(Holds::None)
    }
}

/// Of all operations of a request.
pub(super) fn all(expected: &[Expected]) -> Vec<Scalars> {
    expected.iter().map(|it| Scalars::of(&it.shape)).collect()
}
