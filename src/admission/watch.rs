//! What is to be done with the answers to a document: counted, or given its cost to take along.
//!
//! Only where the policy wants it; otherwise no document has any of this. Reads no answer: the
//! counter is fed by whoever relays.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    cost::{self, Counter, Model, Price, Program, Shape, Told},
    json::{self, Kind},
    operation::{Expected, Operation, Variables},
    policy::Policy,
    verdict::Framing,
    weight,
};

/// What the answers to one document can cost.
#[derive(Debug)]
pub(super) struct Watch {
    program: Program,
    shape: Arc<Shape>,
    /// Every answer is counted: a rate is settled by its cost.
    settles: bool,
    /// Answers so far, so that one in so many is counted.
    n: AtomicU32,
}

/// Whether an answer is counted because of its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is its turn.
    Its,
    /// It is that of others.
    Others,
}

/// What there is to do with the answer to one request of an HTTP request.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) watched: Option<Part>,
    pub(super) expected: Option<Expected>,
    pub(super) delivery: Delivery,
}

/// Whether an answer may come in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// No selection was left for later.
    #[default]
    AtOnce,
    /// @defer or @stream leaves some for later.
    InParts,
}

/// What there is to do with the answers to requests that were admitted: nothing, as a rule.
#[derive(Debug, Default)]
pub struct Follow {
    /// Their cost is counted or told.
    pub watched: Option<Watched>,
    /// What they may hold, one of each request.
    pub expected: Option<Vec<Expected>>,
    /// Whether any of them may come in parts.
    pub delivery: Delivery,
}

/// One request and what there is to do with its answer.
#[derive(Debug)]
pub(super) struct Part {
    counter: Option<Counter>,
    is_sampled: bool,
    told: Option<ToldCost>,
}

/// What there is to do with the answer to an HTTP request.
#[derive(Debug)]
pub struct Watched {
    /// Counts the answer, when it is the turn of this one or a rate is settled by its cost.
    pub counter: Option<Counter>,
    /// It is the turn of this one: lists above their bounds are told.
    pub is_sampled: bool,
    /// How the requests were framed.
    framing: Framing,
    /// What the client is told of each; empty when it is not.
    told: Vec<ToldCost>,
}

/// What a client is told of the cost of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldCost {
    /// Both measures.
    pub price: Price,
    /// The number that is compared with the limit.
    pub combined: u64,
    /// The limit of the profile; `None` when the rule is off.
    pub limit: Option<u64>,
}

impl Follow {
    pub(super) fn of(framing: Framing, all: Vec<Followed>) -> Self {
        let is_in_parts = all.iter().any(|it| it.delivery == Delivery::InParts);
        let (watched, expected): (Vec<_>, Vec<_>) =
            all.into_iter().map(|it| (it.watched, it.expected)).unzip();
        let watched: Option<Vec<_>> = watched.into_iter().collect();
        Self {
            watched: watched.map(|it| Watched::new(framing, it)),
            expected: expected.into_iter().collect(),
            delivery: if is_in_parts { Delivery::InParts } else { Delivery::AtOnce },
        }
    }

    /// Of a request that is no batch.
    pub(super) fn of_one(Followed { watched, expected, delivery }: Followed) -> Self {
        let watched = watched.map(|it| Watched::new(Framing::Single, vec![it]));
        Self { watched, expected: expected.map(|it| vec![it]), delivery }
    }
}

impl Watch {
    /// Nothing, unless the policy wants to know.
    pub(super) fn of(policy: &Policy, operation: &Operation) -> Option<Self> {
        let settles = policy.settles_cost();
        (settles || policy.cost.answers().are_watched()).then(|| Self {
            settles,
            program: cost::compile(&policy.cost, operation),
            shape: Arc::new(Shape::new(&policy.cost, operation)),
            n: AtomicU32::new(0),
        })
    }

    /// Roughly how many bytes it holds on to.
    pub(super) fn weight(&self) -> usize {
        weight::sum([size_of::<Self>(), self.program.weight(), self.shape.weight()])
    }

    /// One request.
    pub(super) fn request(&self, variables: &Variables<'_>, limit: Option<u64>) -> Part {
        self.part(variables, limit, self.is_next())
    }

    /// Whether the next answer is one that is counted because of its turn.
    pub(super) fn is_next(&self) -> Turn {
        let one_in = self.program.model().answers().count_one_in;
        let is_its = |one_in| self.n.fetch_add(1, Ordering::Relaxed) % one_in == 0;
        if one_in.is_some_and(is_its) { Turn::Its } else { Turn::Others }
    }

    /// One request, when that is known. One without a price, which report mode lets through, has no
    /// cost to tell.
    pub(super) fn part(&self, variables: &Variables<'_>, limit: Option<u64>, turn: Turn) -> Part {
        let model: &Model = self.program.model();
        let answers = model.answers();
        let is_sampled = turn == Turn::Its;
        let is_counted = is_sampled || self.settles;
        let counter = is_counted.then(|| Counter::new(&self.shape, variables));
        let told = match answers.told {
            Told::InExtensions => {
                let told = |price: Price| ToldCost {
                    price,
                    combined: price.combined(model.measure()),
                    limit,
                };
                self.program.price(variables).ok().map(told)
            }
            Told::Nowhere => None,
        };
        Part { counter, is_sampled, told }
    }
}

impl Watched {
    fn new(framing: Framing, parts: Vec<Part>) -> Self {
        let n = parts.len();
        let is_sampled = parts.iter().all(|it| it.is_sampled);
        let (mut counters, mut told) = (Vec::new(), Vec::new());
        for part in parts {
            counters.extend(part.counter);
            told.extend(part.told);
        }
        let counter = match framing {
            Framing::Single => counters.pop(),
            // Of a batch all answers are counted, or none: they come in one array.
            Framing::Array => (counters.len() == n).then(|| Counter::batch(counters)),
        };
        Self { counter, is_sampled, framing, told }
    }

    /// True when the client is told what its request costs.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// The answer with the cost in `extensions`; every other byte stays as it is. `None` when it
    /// is no answer in the form asked for, or has a cost already.
    #[must_use]
    pub fn tell(&self, answer: &str) -> Option<String> {
        let tree = json::read(answer.as_bytes(), LIMITS).ok()?;
        let answers: Vec<_> = match self.framing {
            Framing::Single => vec![tree.root()],
            Framing::Array if tree.root().kind() == Kind::Array => tree.root().children().collect(),
            Framing::Array => return None,
        };
        if answers.len() != self.told.len() {
            return None;
        }
        let mut out =
            String::with_capacity(answer.len().saturating_add(answers.len().saturating_mul(ROOM)));
        let mut done = 0;
        for (object, told) in answers.into_iter().zip(&self.told) {
            let (place, text) = told.insertion(object)?;
            out.push_str(answer.get(done..place.start)?);
            out.push_str(&text);
            done = place.end;
        }
        out.push_str(answer.get(done..)?);
        Some(out)
    }
}

impl ToldCost {
    /// What to write into an answer, and in place of which of its bytes.
    fn insertion(&self, answer: json::Value<'_>) -> Option<(Range<usize>, String)> {
        // An answer without members is none.
        if answer.kind() != Kind::Object || answer.n_children() == 0 {
            return None;
        }
        let cost = self.text();
        match answer.member("extensions") {
            None => Some((before_end(answer), format!(",\"extensions\":{{{cost}}}"))),
            Some(it) if it.kind() == Kind::Null => Some((it.range(), format!("{{{cost}}}"))),
            Some(it) if it.kind() != Kind::Object || it.member("cost").is_some() => None,
            Some(it) if it.n_children() == 0 => Some((before_end(it), cost)),
            Some(it) => Some((before_end(it), format!(",{cost}"))),
        }
    }

    fn text(&self) -> String {
        let Self { price: Price { types, fields }, combined, limit } = self;
        let limit = limit.map_or_else(|| "null".to_owned(), |it| it.to_string());
        format!(
            "\"cost\":{{\"type\":{types},\"field\":{fields},\"combined\":{combined},\"limit\":{limit}}}"
        )
    }
}

/// Before the closing brace of an object.
fn before_end(object: json::Value<'_>) -> Range<usize> {
    let at = object.range().end.saturating_sub(1);
    at..at
}

/// Answers nest deeper than requests do; their size is bounded by who reads them.
const LIMITS: json::Limits = json::Limits { depth: 1000, values: u32::MAX, lists: None };
/// Bytes that one cost takes, roughly.
const ROOM: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(framing: Framing, answer: &str, expect: Option<&str>) {
        let price = Price { types: 1, fields: u64::MAX };
        let told = vec![
            ToldCost { price, combined: 3, limit: None };
            2 - usize::from(framing == Framing::Single)
        ];
        let got = Watched { counter: None, is_sampled: false, framing, told }.tell(answer);
        let cost = r#""cost":{"type":1,"field":18446744073709551615,"combined":3,"limit":null}"#;
        assert_eq!(got, expect.map(|it| it.replace('$', cost)), "{answer}");
    }

    #[test]
    fn the_cost_is_added_and_nothing_else_changes() {
        let single = |answer, expect| check(Framing::Single, answer, Some(expect));
        single(" {\"data\" : 1.0e5 }\n", " {\"data\" : 1.0e5 ,\"extensions\":{$}}\n");
        single(r#"{"extensions":{},"data":{}}"#, r#"{"extensions":{$},"data":{}}"#);
        single(
            r#"{"extensions":{ "a":{} } ,"data":{}}"#,
            r#"{"extensions":{ "a":{} ,$} ,"data":{}}"#,
        );
        single(r#"{"extensions": null,"data":1}"#, r#"{"extensions": {$},"data":1}"#);
        single(r#"{"data":{"extensions":{}}}"#, r#"{"data":{"extensions":{}},"extensions":{$}}"#);
        let batch = r#"[{"data":1}, {"data":2}]"#;
        let expect = r#"[{"data":1,"extensions":{$}}, {"data":2,"extensions":{$}}]"#;
        check(Framing::Array, batch, Some(expect));
    }

    #[test]
    fn what_is_no_answer_passes_as_it_is() {
        for answer in [
            "",
            "{}",
            "[]",
            "1",
            "{",
            "[{\"data\":1}]",
            "{\"data\":1}{}",
            r#"{"data":1,"data":2}"#,
            r#"{"data":1,"extensions":[]}"#,
            r#"{"data":1,"extensions":{"cost":1}}"#,
            r#"{"data":1,"extensions":{"\u0063ost":1}}"#,
        ] {
            check(Framing::Single, answer, None);
        }
        for answer in ["[]", "{\"data\":1}", "[{\"data\":1}]", "[{\"data\":1},{}]", "[1,2]"] {
            check(Framing::Array, answer, None);
        }
    }
}
