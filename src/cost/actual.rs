//! The actual cost of an answer, counted while its bytes pass by.
//!
//! The same weights as the static cost, on what came back. Memory is bounded by the operation and
//! by the depth of the answer, never by its length. Judges nothing but sizes; what an answer may
//! contain is for `response/`.

use std::sync::Arc;

use crate::{
    cost::{
        events::{Event, Events},
        program::Price,
        shape::{Bounds, Shape},
    },
    operation::Variables,
    schema::FieldId,
};

/// Counts the answer to one request or to a batch.
#[derive(Debug)]
pub struct Counter {
    events: Events,
    open: Vec<Place>,
    /// Containers that are open inside a value that nothing was selected of.
    skipped: u32,
    /// What the next value is.
    next: Next,
    framing: Framing,
    /// The parts of a batch; of a request by itself one.
    tallies: Vec<Tally>,
    /// The part whose answer is being read.
    at: usize,
    is_broken: bool,
}

/// Whether the answer is one object or an array of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Batch,
    Single,
}

/// What is known of one request, and what was counted of its answer.
#[derive(Debug)]
struct Tally {
    shape: Arc<Shape>,
    bounds: Bounds,
    types: i64,
    fields: u64,
    /// By list of the shape.
    seen: Vec<Seen>,
    /// Its answer has errors, or keys that nobody can have asked for.
    is_doubtful: bool,
    /// Its answer has data, and nothing that makes it doubtful so far.
    is_whole: bool,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actual {
    /// Both measures.
    pub price: Price,
    /// The lists of the answer.
    pub lists: Vec<ListSeen>,
    /// The answer was read to its end.
    pub is_complete: bool,
}

/// The lists at one place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListSeen {
    /// The field that returns them.
    pub field: FieldId,
    /// How many lists there were.
    pub n: u64,
    /// Elements of the longest.
    pub longest: u64,
    /// Elements of all of them.
    pub total: u64,
    /// The size that the static cost has taken for them.
    pub bound: u64,
}

impl ListSeen {
    /// True when the upstream gave more than the static cost has taken for possible.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.longest > self.bound
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    n: u64,
    longest: u64,
    total: u64,
}

/// An open container.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// The outermost array, around the answers to a batch, with those begun so far.
    Batch { n: usize },
    /// The outermost object of an answer, around `data`.
    Envelope,
    /// A list of a field, at a level of its lists, with the elements so far.
    List { field: u32, level: u32, length: u64 },
    /// An object of a place of the shape.
    Object { group: u32 },
}

/// What the next value is.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The whole answer.
    Answer,
    /// `data`
    Data,
    /// `errors`
    Errors,
    /// A value of a field, inside this many of its lists.
    Field { field: u32, level: u32 },
    /// Nothing that costs.
    Other,
}

impl Counter {
    /// Begins to count the answer to one request.
    #[must_use]
    pub fn new(shape: &Arc<Shape>, variables: &Variables<'_>) -> Self {
        let tally = Tally {
            shape: Arc::clone(shape),
            bounds: shape.bounds(variables),
            types: 0,
            fields: 0,
            seen: vec![Seen::default(); shape.lists.len()],
            is_doubtful: false,
            is_whole: false,
        };
        Self::of(Framing::Single, vec![tally])
    }

    /// Begins to count the answer to a batch, an array of the answers to its parts.
    #[must_use]
    pub fn batch(parts: Vec<Self>) -> Self {
        Self::of(Framing::Batch, parts.into_iter().flat_map(|it| it.tallies).collect())
    }

    fn of(framing: Framing, tallies: Vec<Tally>) -> Self {
        let longest = tallies.iter().map(|it| it.shape.longest_key).max().unwrap_or(0);
        Self {
            events: Events::new(longest.max(MEMBER)),
            open: Vec::new(),
            skipped: 0,
            next: Next::Answer,
            framing,
            tallies,
            at: 0,
            is_broken: false,
        }
    }

    /// Takes the next piece of the answer, of any size.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while !self.is_broken && !rest.is_empty() {
            match self.events.next(rest) {
                Ok((event, left)) => {
                    rest = left;
                    if let Some(event) = event {
                        self.event(event);
                    }
                }
                Err(_) => self.is_broken = true,
            }
        }
    }

    /// What was counted, of a batch all parts together. Of an answer that broke off, what came
    /// before.
    #[must_use]
    pub fn finish(&self) -> Actual {
        let prices = self.tallies.iter().map(Tally::price);
        Actual {
            price: prices.fold(Price::default(), |sum, it| sum + it),
            lists: self.tallies.iter().flat_map(Tally::lists).collect(),
            is_complete: !self.is_broken && self.events.is_complete(),
        }
    }

    /// By part what its answer cost; `None` when that is not known: it broke off, or has keys that
    /// nobody can have asked for, or errors, behind which may stand work whose result was thrown
    /// away.
    pub fn settled(&self) -> impl Iterator<Item = Option<Price>> {
        let is_complete = !self.is_broken && self.events.is_complete();
        self.tallies.iter().map(move |it| (is_complete && it.is_whole).then(|| it.price()))
    }

    fn event(&mut self, event: Event) {
        if self.skipped > 0 {
            match event {
                Event::ArrayBegins | Event::ObjectBegins => {
                    self.skipped = self.skipped.saturating_add(1);
                }
                Event::ArrayEnds | Event::ObjectEnds => {
                    self.skipped = self.skipped.saturating_sub(1);
                }
                Event::Key | Event::Null | Event::Scalar => {}
            }
            return;
        }
        match event {
            Event::ArrayBegins => self.array(),
            Event::ArrayEnds | Event::ObjectEnds => self.close(),
            Event::Key => self.key(),
            Event::Null => drop(self.value()),
            Event::ObjectBegins => self.object(),
            Event::Scalar => match self.value() {
                Next::Field { field, .. } => self.weigh(field),
                Next::Errors => self.doubt(),
                Next::Answer | Next::Data | Next::Other => {}
            },
        }
    }

    fn key(&mut self) {
        self.next = match (self.open.last(), self.events.key()) {
            (Some(Place::Envelope), Some(b"data")) => Next::Data,
            (Some(Place::Envelope), Some(b"errors")) => Next::Errors,
            (Some(Place::Object { group }), Some(key)) => {
                let tally = self.tallies.get_mut(self.at);
                match tally.and_then(|it| it.call(*group, key)) {
                    Some(field) => Next::Field { field, level: 0 },
                    None => Next::Other,
                }
            }
            (Some(Place::Object { .. }), None) => {
                self.doubt();
                Next::Other
            }
            (Some(Place::Batch { .. } | Place::Envelope | Place::List { .. }) | None, _) => {
                Next::Other
            }
        };
    }

    /// What the value that begins is; counts it as an element of the list around it.
    fn value(&mut self) -> Next {
        match self.open.last_mut() {
            Some(Place::Batch { n }) => {
                self.at = *n;
                *n = n.saturating_add(1);
                if self.at < self.tallies.len() { Next::Answer } else { Next::Other }
            }
            Some(Place::List { field, level, length }) => {
                *length = length.saturating_add(1);
                Next::Field { field: *field, level: level.saturating_add(1) }
            }
            Some(Place::Envelope | Place::Object { .. }) | None => self.next,
        }
    }

    fn array(&mut self) {
        let is_outermost = self.open.is_empty();
        match self.value() {
            Next::Answer if is_outermost && self.framing == Framing::Batch => {
                self.open.push(Place::Batch { n: 0 });
            }
            Next::Field { field, level } if self.has_list(field, level) => {
                self.open.push(Place::List { field, level, length: 0 });
            }
            Next::Errors => {
                self.doubt();
                self.skipped = 1;
            }
            Next::Answer | Next::Data | Next::Field { .. } | Next::Other => self.skipped = 1,
        }
    }

    fn object(&mut self) {
        let is_outermost = self.open.is_empty();
        let place = match self.value() {
            // One answer to all of a batch: its parts were not answered.
            Next::Answer if is_outermost && self.framing == Framing::Batch => None,
            Next::Answer => Some(Place::Envelope),
            Next::Data => {
                self.has_data();
                Some(Place::Object { group: 0 })
            }
            Next::Errors => {
                self.doubt();
                None
            }
            Next::Field { field, .. } => {
                self.weigh(field);
                // Without a place below it is a scalar that is an object.
                let tally = self.tallies.get(self.at);
                tally.and_then(|it| it.below(field)).map(|group| Place::Object { group })
            }
            Next::Other => None,
        };
        match place {
            Some(place) => self.open.push(place),
            None => self.skipped = 1,
        }
    }

    fn has_data(&mut self) {
        if let Some(tally) = self.tallies.get_mut(self.at) {
            tally.is_whole = !tally.is_doubtful;
        }
    }

    fn doubt(&mut self) {
        if let Some(tally) = self.tallies.get_mut(self.at) {
            (tally.is_doubtful, tally.is_whole) = (true, false);
        }
    }

    fn weigh(&mut self, field: u32) {
        if let Some(tally) = self.tallies.get_mut(self.at) {
            tally.weigh(field);
        }
    }

    fn has_list(&self, field: u32, level: u32) -> bool {
        self.tallies.get(self.at).is_some_and(|it| it.list(field, level).is_some())
    }

    fn close(&mut self) {
        let Some(Place::List { field, level, length }) = self.open.pop() else { return };
        if let Some(tally) = self.tallies.get_mut(self.at) {
            tally.see(field, level, length);
        }
    }
}

impl Tally {
    /// Counts the call behind a response key of a place.
    fn call(&mut self, group: u32, key: &[u8]) -> Option<u32> {
        let field = self.shape.groups.get(group as usize)?.field(key)?;
        let call = self.bounds.calls.get(field as usize).copied().unwrap_or(0);
        self.fields = self.fields.saturating_add(call);
        Some(field)
    }

    /// Counts one value that is not null.
    fn weigh(&mut self, field: u32) {
        let weight = self.shape.fields.get(field as usize).map_or(0, |it| it.weight);
        self.types = self.types.saturating_add(weight);
    }

    /// Counts one list.
    fn see(&mut self, field: u32, level: u32, length: u64) {
        let list = self.list(field, level);
        if let Some(seen) = list.and_then(|it| self.seen.get_mut(it)) {
            seen.n = seen.n.saturating_add(1);
            seen.longest = seen.longest.max(length);
            seen.total = seen.total.saturating_add(length);
        }
    }

    /// The place below a field.
    fn below(&self, field: u32) -> Option<u32> {
        self.shape.fields.get(field as usize)?.below
    }

    /// The position in the shape of a field's list at a level.
    fn list(&self, field: u32, level: u32) -> Option<usize> {
        let (first, n) = self.shape.fields.get(field as usize)?.lists;
        (level < n).then(|| first.saturating_add(level) as usize)
    }

    fn price(&self) -> Price {
        Price { types: u64::try_from(self.types).unwrap_or(0), fields: self.fields }
    }

    fn lists(&self) -> impl Iterator<Item = ListSeen> {
        let lists = self.shape.lists.iter().zip(&self.seen).zip(&self.bounds.sizes);
        lists.filter(|((_, seen), _)| seen.n > 0).map(|((list, seen), bound)| {
            let Seen { n, longest, total } = *seen;
            ListSeen { field: list.field, n, longest, total, bound: *bound }
        })
    }
}

/// `errors`, the longest member of an answer that is looked for.
const MEMBER: usize = "errors".len();
