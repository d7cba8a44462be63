//! Requests that an HTTP/2 client takes back before they are answered (CVE-2023-44487).
//!
//! Pages that are left do so, a hundred at a time at most, as no more may be open; whoever goes on
//! and on makes work that nobody wants. Each answer makes up for one that was taken back, so that a
//! proxy in front of us may have the clients of many pages on one connection. The library counts
//! only those that were taken back before it had looked at them.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
    time::Duration,
};

use tokio::time::Instant;

/// How many requests of a connection were taken back lately.
#[derive(Debug)]
pub(super) struct TakenBack {
    /// So many at once, and then one in every [`PERIOD`].
    most: u32,
    /// When the last of them is forgotten.
    forgotten: Cell<Instant>,
    /// Answers to come that are none: to requests whose bodies broke off.
    n_broken: Cell<u32>,
    is_over: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

/// A request that was not answered yet.
pub(super) struct Unanswered<'t> {
    taken_back: &'t TakenBack,
    is_answered: bool,
}

impl TakenBack {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            forgotten: Cell::new(Instant::now()),
            n_broken: Cell::new(0),
            is_over: Cell::new(false),
            waiting: RefCell::default(),
        }
    }

    /// A request begins.
    pub(super) const fn begin(&self) -> Unanswered<'_> {
        Unanswered { taken_back: self, is_answered: false }
    }

    /// The body of a request does not come any more.
    pub(super) fn broke_off(&self) {
        self.n_broken.set(self.n_broken.get().saturating_add(1));
        self.add(Instant::now());
    }

    /// Waits until there were too many.
    pub(super) async fn too_many(&self) {
        poll_fn(|context| {
            if self.is_over.get() {
                return Poll::Ready(());
            }
            self.waiting.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    fn make_up_for_one(&self) {
        if let Some(left) = self.n_broken.get().checked_sub(1) {
            self.n_broken.set(left);
            return;
        }
        let earlier = self.forgotten.get().checked_sub(PERIOD);
        earlier.into_iter().for_each(|it| self.forgotten.set(it));
    }

    fn add(&self, now: Instant) {
        let forgotten = self.forgotten.get().max(now).checked_add(PERIOD).unwrap_or(now);
        self.forgotten.set(forgotten);
        if forgotten.saturating_duration_since(now) > PERIOD.saturating_mul(self.most) {
            self.is_over.set(true);
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }
}

impl Unanswered<'_> {
    /// It was answered.
    pub(super) fn answered(mut self) {
        self.is_answered = true;
        self.taken_back.make_up_for_one();
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.taken_back.add(Instant::now());
        }
    }
}

/// Ten a second for ever: more than a person can click.
const PERIOD: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_at_once_and_ten_a_second() {
        let all = TakenBack::new(100);
        let start = Instant::now();
        (0..100).for_each(|_| all.add(start));
        assert!(!all.is_over.get());
        let later = start + Duration::from_secs(1);
        (0..10).for_each(|_| all.add(later));
        assert!(!all.is_over.get());
        all.add(later);
        assert!(all.is_over.get());
    }

    #[test]
    fn what_was_answered_makes_up_for_what_was_not() {
        let all = TakenBack::new(2);
        for _ in 0..1_000 {
            drop(all.begin());
            all.begin().answered();
        }
        assert!(!all.is_over.get());
        (0..10).for_each(|_| drop(all.begin()));
        assert!(all.is_over.get());
    }

    #[test]
    fn the_answer_to_a_body_that_broke_off_is_none() {
        let all = TakenBack::new(2);
        for _ in 0..10 {
            let request = all.begin();
            all.broke_off();
            request.answered();
        }
        assert!(all.is_over.get());
    }
}
