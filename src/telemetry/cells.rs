//! What every request counts: numbers of the thread that counts, added up only when somebody looks.
//!
//! No lock and no shared cache line on the road of a request: each thread has numbers of its own for
//! each graph, which are made with the first request for it. A thread that ends leaves them to the
//! next one, so that nothing is lost and nothing grows.

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    rules::REGISTRY,
    telemetry::{
        Carrier, GraphIndex, Outcome,
        histogram::{COST, Distribution, Histogram, OWN, UPSTREAM, add},
    },
    verdict::{Code, ids},
};

/// The numbers of one thread for one graph.
#[derive(Debug)]
struct Cells {
    graph: GraphIndex,
    /// By what became of them, code and carrier.
    requests: Box<[AtomicU64]>,
    /// By rule.
    rules: Box<[AtomicU64]>,
    asked: AtomicU64,
    left: AtomicU64,
    own: Histogram,
    upstream: Histogram,
    admitted_cost: Histogram,
    refused_cost: Histogram,
}

/// What all threads have counted.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// Requests; only what happened.
    pub requests: Vec<(&'static str, Option<Code>, Carrier, u64)>,
    /// Objections that refused, by rule; only what happened.
    pub rules: Vec<(&'static str, u64)>,
    /// Requests that are with the upstream.
    pub in_flight: u64,
    /// Nanoseconds from the last byte of a request until it went on or was answered.
    pub own: Distribution,
    /// Nanoseconds that the upstream took until the head of its answer.
    pub upstream: Distribution,
    /// Static costs of admitted operations.
    pub admitted_cost: Distribution,
    /// Static costs of refused operations.
    pub refused_cost: Distribution,
}

impl Numbers {
    /// How many requests became of it what this word says; all of them without a word.
    #[must_use]
    pub fn requests_of(&self, word: &str) -> u64 {
        let its = self.requests.iter().filter(|it| word.is_empty() || it.0 == word);
        its.map(|it| it.3).fold(0, u64::saturating_add)
    }
}

/// Counts one request.
pub(super) fn count_request(graph: GraphIndex, outcome: Outcome, carrier: Carrier) {
    with(graph, |it| {
        it.requests.get(place(outcome, carrier)).into_iter().for_each(|it| add(it, 1))
    });
}

/// Counts one objection that refused.
pub(super) fn count_rule(graph: GraphIndex, rule: &str) {
    let place = rules().position(|it| it == rule).unwrap_or_else(|| rules().count());
    with(graph, |it| it.rules.get(place).into_iter().for_each(|it| add(it, 1)));
}

/// Counts how long a request took.
pub(super) fn count_times(graph: GraphIndex, own: Duration, upstream: Option<Duration>) {
    with(graph, |it| {
        it.own.observe_time(own);
        if let Some(upstream) = upstream {
            it.upstream.observe_time(upstream);
        }
    });
}

/// Counts a static cost that was admitted.
pub(super) fn count_admitted_cost(graph: GraphIndex, cost: u64) {
    with(graph, |it| it.admitted_cost.observe(cost));
}

/// Counts a static cost that was refused.
pub(super) fn count_refused_cost(graph: GraphIndex, cost: u64) {
    with(graph, |it| it.refused_cost.observe(cost));
}

/// Counts a request that goes to the upstream.
pub(super) fn count_asked(graph: GraphIndex) {
    with(graph, |it| add(&it.asked, 1));
}

/// Counts one that the upstream is done with.
pub(super) fn count_left(graph: GraphIndex) {
    with(graph, |it| add(&it.left, 1));
}

/// What all threads have counted so far, for all graphs.
#[must_use]
pub fn numbers() -> Numbers {
    sum(&ALL.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// What all threads have counted so far for one graph.
#[must_use]
pub fn numbers_of(graph: GraphIndex) -> Numbers {
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let its: Vec<_> = all.iter().filter(|it| it.graph == graph).map(Arc::clone).collect();
    drop(all);
    sum(&its)
}

fn sum(all: &[Arc<Cells>]) -> Numbers {
    let mut sum = Numbers {
        requests: Vec::new(),
        rules: Vec::new(),
        in_flight: 0,
        own: Distribution::of(&OWN),
        upstream: Distribution::of(&UPSTREAM),
        admitted_cost: Distribution::of(&COST),
        refused_cost: Distribution::of(&COST),
    };
    let total = |of: &dyn Fn(&Cells) -> Option<&AtomicU64>| {
        let values = all.iter().filter_map(|it| of(it)).map(|it| it.load(Ordering::Relaxed));
        values.fold(0, u64::saturating_add)
    };
    for (word, outcome) in Outcome::WORDS.iter().enumerate() {
        for code in 0..=Code::ALL.len() {
            for (n, carrier) in Carrier::ALL.into_iter().enumerate() {
                let count = total(&|it| it.requests.get(place_of(word, code, n)));
                if count > 0 {
                    let code = code.checked_sub(1).and_then(|it| Code::ALL.get(it)).copied();
                    sum.requests.push((outcome, code, carrier, count));
                }
            }
        }
    }
    for (n, rule) in rules().chain(["other"]).enumerate() {
        let count = total(&|it| it.rules.get(n));
        if count > 0 {
            sum.rules.push((rule, count));
        }
    }
    // What has left was asked before: read so, there are never fewer.
    let left = total(&|it| Some(&it.left));
    sum.in_flight = total(&|it| Some(&it.asked)).saturating_sub(left);
    for it in all {
        it.own.add_to(&mut sum.own);
        it.upstream.add_to(&mut sum.upstream);
        it.admitted_cost.add_to(&mut sum.admitted_cost);
        it.refused_cost.add_to(&mut sum.refused_cost);
    }
    sum
}

/// Everything that objects: the rules, and what stands before them.
pub(super) fn rules() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|it| it.meta.id).chain(ids::ALL.iter().copied())
}

fn place(outcome: Outcome, carrier: Carrier) -> usize {
    let word = Outcome::WORDS.iter().position(|it| *it == outcome.as_str()).unwrap_or(0);
    let code = outcome.code().and_then(|code| Code::ALL.iter().position(|it| *it == code));
    let carrier = Carrier::ALL.iter().position(|it| *it == carrier).unwrap_or(0);
    place_of(word, code.map_or(0, |it| it.saturating_add(1)), carrier)
}

const fn place_of(word: usize, code: usize, carrier: usize) -> usize {
    let row = word.saturating_mul(Code::ALL.len().saturating_add(1)).saturating_add(code);
    row.saturating_mul(Carrier::ALL.len()).saturating_add(carrier)
}

impl Cells {
    fn new(graph: GraphIndex) -> Self {
        let zeros = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect();
        Self {
            graph,
            requests: zeros(place_of(Outcome::WORDS.len(), 0, 0)),
            rules: zeros(rules().count().saturating_add(1)),
            asked: AtomicU64::new(0),
            left: AtomicU64::new(0),
            own: Histogram::new(&OWN),
            upstream: Histogram::new(&UPSTREAM),
            admitted_cost: Histogram::new(&COST),
            refused_cost: Histogram::new(&COST),
        }
    }
}

/// The numbers of this thread for one graph, which go back when it ends.
struct Lease(Arc<Cells>);

impl Lease {
    fn take(graph: GraphIndex) -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let found = free.iter().position(|it| it.graph == graph);
        Self(found.map(|it| free.swap_remove(it)).unwrap_or_else(|| {
            let cells = Arc::new(Cells::new(graph));
            ALL.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&cells));
            cells
        }))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&self.0));
    }
}

fn with(graph: GraphIndex, count: impl FnOnce(&Cells)) {
    // A thread that is ending counts nothing any more.
    let _counted = MINE.try_with(|mine| {
        if let Some(Some(it)) = mine.borrow().get(graph.place()) {
            return count(&it.0);
        }
        let lease = Lease::take(graph);
        count(&lease.0);
        let mut mine = mine.borrow_mut();
        let n = mine.len().max(graph.place().saturating_add(1));
        mine.resize_with(n, || None);
        if let Some(it) = mine.get_mut(graph.place()) {
            *it = Some(lease);
        }
    });
}

static ALL: Mutex<Vec<Arc<Cells>>> = Mutex::new(Vec::new());
static FREE: Mutex<Vec<Arc<Cells>>> = Mutex::new(Vec::new());

thread_local! {
    /// By graph.
    static MINE: RefCell<Vec<Option<Lease>>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_of(wanted: (&str, Option<Code>, Carrier)) -> u64 {
        let all = numbers().requests;
        let found = all.iter().find(|it| (it.0, it.1, it.2) == wanted);
        found.map_or(0, |it| it.3)
    }

    #[test]
    fn what_objects_has_one_id() {
        let mut all: Vec<_> = rules().collect();
        all.sort_unstable();
        assert!(all.is_sorted_by(|one, next| one < next), "{all:?}");
    }

    #[test]
    fn what_a_thread_has_counted_stays_when_it_has_ended() {
        let code = Code::MAX_UPLOAD_FILES_LIMIT;
        let wanted = ("shed", Some(code), Carrier::Upload);
        let before = count_of(wanted);
        for _ in 0..3 {
            let count =
                move || count_request(GraphIndex::NONE, Outcome::Shed(code), Carrier::Upload);
            std::thread::spawn(count).join().unwrap();
        }
        assert_eq!(count_of(wanted) - before, 3);
        assert_eq!(count_of(("shed", Some(code), Carrier::Post)), 0);
    }

    #[test]
    fn rules_that_nobody_knows_are_one() {
        let other = || numbers().rules.iter().find(|it| it.0 == "other").map_or(0, |it| it.1);
        let before = other();
        count_rule(GraphIndex::NONE, "client-made");
        assert_eq!(other() - before, 1);
    }

    #[test]
    fn what_is_counted_for_a_graph_is_not_told_of_another() {
        let [one, two] = ["cells-one", "cells-two"].map(|it| GraphIndex::named(it).unwrap());
        let count = |graph| {
            count_request(graph, Outcome::Admitted, Carrier::Get);
            count_rule(graph, ids::HOST);
            count_admitted_cost(graph, 7);
            count_times(graph, Duration::ZERO, None);
            count_asked(graph);
        };
        std::thread::scope(|scope| {
            [one, one, two].into_iter().for_each(|it| drop(scope.spawn(move || count(it))));
        });
        count_left(one);
        for (graph, n, in_flight) in [(one, 2, 1), (two, 1, 1)] {
            let numbers = numbers_of(graph);
            assert_eq!(numbers.requests, [("admitted", None, Carrier::Get, n)]);
            assert_eq!((numbers.rules, numbers.in_flight), (vec![("host", n)], in_flight));
            assert_eq!((numbers.own.count(), numbers.admitted_cost.count()), (n, n));
        }
    }
}
