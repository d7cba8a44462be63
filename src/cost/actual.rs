//! The actual cost of an answer, counted while its bytes pass by.
//!
//! The same weights as the static cost, on what came back. Memory is bounded by the operation and
//! by the depth of the answer, never by its length. Judges nothing but sizes; what an answer may
//! contain is for `response/`.

use crate::{
    cost::{
        events::{Event, Events},
        program::Price,
        shape::{Bounds, Shape},
    },
    operation::Variables,
    schema::FieldId,
};

/// Counts one answer.
#[derive(Debug)]
pub struct Counter<'s> {
    shape: &'s Shape,
    bounds: Bounds,
    events: Events,
    open: Vec<Place>,
    /// Containers that are open inside a value that nothing was selected of.
    skipped: u32,
    /// The field whose value comes next.
    next: Next,
    types: i64,
    fields: u64,
    /// By list of the shape.
    seen: Vec<Seen>,
    is_broken: bool,
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
    /// The outermost object, around `data`.
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
    /// A value of a field, inside this many of its lists.
    Field { field: u32, level: u32 },
    /// Nothing that costs.
    Other,
}

impl<'s> Counter<'s> {
    /// Begins to count the answer to one request.
    #[must_use]
    pub fn new(shape: &'s Shape, variables: &Variables<'_>) -> Self {
        Self {
            shape,
            bounds: shape.bounds(variables),
            events: Events::new(),
            open: Vec::new(),
            skipped: 0,
            next: Next::Answer,
            types: 0,
            fields: 0,
            seen: vec![Seen::default(); shape.lists.len()],
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

    /// What was counted. Of an answer that broke off, what came before.
    #[must_use]
    pub fn finish(self) -> Actual {
        let types = u64::try_from(self.types).unwrap_or(0);
        let lists = self.shape.lists.iter().zip(&self.seen).zip(&self.bounds.sizes);
        let lists = lists.filter(|((_, seen), _)| seen.n > 0).map(|((list, seen), bound)| {
            let Seen { n, longest, total } = *seen;
            ListSeen { field: list.field, n, longest, total, bound: *bound }
        });
        Actual {
            price: Price { types, fields: self.fields },
            lists: lists.collect(),
            is_complete: !self.is_broken && self.events.is_complete(),
        }
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
            Event::Scalar => {
                if let Next::Field { field, .. } = self.value() {
                    self.weigh(field);
                }
            }
        }
    }

    fn key(&mut self) {
        self.next = match (self.open.last(), self.events.key()) {
            (Some(Place::Envelope), Some(b"data")) => Next::Data,
            (Some(Place::Object { group }), Some(key)) => {
                let keys = self.shape.groups.get(*group as usize);
                match keys.and_then(|it| it.field(key)) {
                    Some(field) => {
                        let call = self.bounds.calls.get(field as usize).copied().unwrap_or(0);
                        self.fields = self.fields.saturating_add(call);
                        Next::Field { field, level: 0 }
                    }
                    None => Next::Other,
                }
            }
            (Some(_), _) | (None, _) => Next::Other,
        };
    }

    /// What the value that begins is; counts it as an element of the list around it.
    fn value(&mut self) -> Next {
        match self.open.last_mut() {
            Some(Place::List { field, level, length }) => {
                *length = length.saturating_add(1);
                Next::Field { field: *field, level: level.saturating_add(1) }
            }
            Some(Place::Envelope | Place::Object { .. }) | None => self.next,
        }
    }

    fn weigh(&mut self, field: u32) {
        let weight = self.shape.fields.get(field as usize).map_or(0, |it| it.weight);
        self.types = self.types.saturating_add(weight);
    }

    fn array(&mut self) {
        match self.value() {
            Next::Field { field, level } if self.list(field, level).is_some() => {
                self.open.push(Place::List { field, level, length: 0 });
            }
            Next::Answer | Next::Data | Next::Field { .. } | Next::Other => self.skipped = 1,
        }
    }

    fn object(&mut self) {
        let place = match self.value() {
            Next::Answer => Place::Envelope,
            Next::Data => Place::Object { group: 0 },
            Next::Field { field, .. } => {
                self.weigh(field);
                match self.shape.fields.get(field as usize).and_then(|it| it.below) {
                    Some(group) => Place::Object { group },
                    // A scalar that is an object.
                    None => return self.skipped = 1,
                }
            }
            Next::Other => return self.skipped = 1,
        };
        self.open.push(place);
    }

    /// The position in the shape of a field's list at a level.
    fn list(&self, field: u32, level: u32) -> Option<usize> {
        let (first, n) = self.shape.fields.get(field as usize)?.lists;
        (level < n).then(|| first.saturating_add(level) as usize)
    }

    fn close(&mut self) {
        let Some(Place::List { field, level, length }) = self.open.pop() else { return };
        let list = self.list(field, level);
        if let Some(seen) = list.and_then(|it| self.seen.get_mut(it)) {
            seen.n = seen.n.saturating_add(1);
            seen.longest = seen.longest.max(length);
            seen.total = seen.total.saturating_add(length);
        }
    }
}
