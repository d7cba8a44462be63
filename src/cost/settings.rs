//! What a policy and a tuned file say about cost, as plain values.
//!
//! Reads no file: the policy's reader fills this in, `model` binds it to a schema.

use std::{num::NonZeroU32, ops::Range, sync::Arc};

use crate::{diagnostic::Source, schema::Coordinate};

/// Where a setting is written.
pub type Place = (Arc<Source>, Range<usize>);

/// Everything that decides about the cost of an operation, the limit excepted.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What costs as much as nothing says otherwise.
    pub defaults: Defaults,
    /// The same without the tuned file.
    pub untuned: Defaults,
    /// Which number is compared with the limit.
    pub measure: Measure,
    /// Negative type weights are accepted, and merged before they are clamped.
    pub negative_types: NegativeTypes,
    /// What `max` of a list means for its size.
    pub clamps: Clamps,
    /// What is done with the cost of an answer.
    pub answers: Answers,
    /// Between the schema and the policy: what `tune` has measured.
    pub tuned: Layer,
    /// Wins over everything else.
    pub policy: Layer,
}

/// The cost of what has no weight of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// In the type measure.
    pub types: Weights,
    /// In the field measure.
    pub fields: Weights,
    /// Type cost of the root type itself; 0: not even a weight of its own counts.
    pub root: u32,
    /// Field cost of a root field of a mutation.
    pub mutation: u32,
    /// What a list without any size counts as.
    pub list: DefaultList,
}

impl Default for Defaults {
    /// The IBM GraphQL cost specification, without its 1 for the root; mutations cost 10.
    fn default() -> Self {
        let weights = Weights { object: 1, leaf: 0 };
        Self {
            types: weights,
            fields: weights,
            root: 0,
            mutation: 10,
            list: DefaultList::Assumed(USUAL_LIST),
        }
    }
}

/// Default weights of one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Objects, interfaces and unions.
    pub object: u32,
    /// Scalars and enums.
    pub leaf: u32,
}

/// What becomes of a list whose size nothing tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultList {
    /// It counts as this many elements.
    Assumed(u32),
    /// The operation is refused.
    Refuse,
}

/// What is done with the cost of an answer on its way to the client. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// One answer in this many, by document, is counted while it passes; `None`: none is.
    pub count_one_in: Option<NonZeroU32>,
    /// Whether the client is told.
    pub told: Told,
}

impl Answers {
    /// True when there is anything to do.
    #[must_use]
    pub fn are_watched(self) -> bool {
        self.count_one_in.is_some() || self.told == Told::InExtensions
    }
}

/// Whether a client is told the cost of its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// As `extensions.cost` of the answer.
    InExtensions,
    /// It is not.
    #[default]
    Nowhere,
}

/// Which number is compared with the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Type cost and field cost together.
    #[default]
    Both,
    /// Resolver calls.
    Field,
    /// Objects that can come back.
    Type,
}

/// Whether type weights below zero are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NegativeTypes {
    /// `cost.exact: true`
    Allowed,
    /// They are an error.
    #[default]
    Refused,
}

/// Whether the upstream is known to cut a slicing argument down to `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clamps {
    /// A list is as long as was asked for; a rule refuses what is over `max`.
    #[default]
    Ignored,
    /// `upstream_clamps: true`: a list is never longer than `max`.
    Upstream,
}

/// One source of weights and lists.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Weights by coordinate.
    pub weights: Vec<Entry<i64>>,
    /// Sizes of lists by coordinate.
    pub lists: Vec<Entry<List>>,
}

/// One setting and where it is written.
#[derive(Clone, Debug)]
pub struct Entry<T> {
    /// What it is about.
    pub on: Coordinate,
    /// What it says.
    pub value: T,
    /// Where it is written.
    pub place: Option<Place>,
}

/// What tells the size of a list. What is `None` is left to the layers below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Arguments that bound it, also paths into input objects: `input.page.first`.
    pub slicing: Option<Vec<Box<str>>>,
    /// The largest value that a slicing argument may have.
    pub max: Option<u32>,
    /// Fields below that the size is of, instead of this one.
    pub sized: Option<Vec<Box<str>>>,
    /// Its size when no slicing argument is given.
    pub assumed: Option<u32>,
    /// One slicing argument must be given, or have a default in the schema.
    pub require_one: Option<bool>,
}

impl List {
    /// Lays another list of settings over this one.
    pub(super) fn lay_over(&mut self, over: &Self) {
        let Self { slicing, max, sized, assumed, require_one } = over;
        self.slicing = slicing.clone().or(self.slicing.take());
        self.max = max.or(self.max);
        self.sized = sized.clone().or(self.sized.take());
        self.assumed = assumed.or(self.assumed);
        self.require_one = require_one.or(self.require_one);
    }
}

/// The size of a list that nothing tells, where nothing else is said.
pub(super) const USUAL_LIST: u32 = 10;
