//! How many requests are with the upstream at a time, and who waits for a place.
//!
//! A short queue takes up a burst; a long one only makes everybody late. So whoever cannot expect a
//! place within the deadline of waiting is told at once, before anything was done for it.

use std::{
    cell::Cell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    telemetry::{GraphIndex, UpstreamAsked, UpstreamLeft},
    upstream::fault::Failure,
};

/// The places of one worker.
#[derive(Debug)]
pub(super) struct Turnstile {
    places: Arc<Semaphore>,
    n_waiting: Cell<usize>,
    max_waiting: usize,
    /// How long one may wait.
    patience: Duration,
    pace: Cell<Pace>,
    /// Whose upstream it is.
    graph: GraphIndex,
}

/// How fast places become free while somebody waits for them.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    /// When one became free last; nothing while nobody waits.
    last: Option<Instant>,
    /// Between two of them, smoothed.
    between: Duration,
}

/// One of the requests that may be in flight.
#[derive(Debug)]
pub(super) struct Permit {
    turnstile: Rc<Turnstile>,
    _place: OwnedSemaphorePermit,
    /// Nothing when there was a place at once.
    waited: Duration,
}

impl Permit {
    /// How long it was waited for.
    pub(super) const fn waited(&self) -> Duration {
        self.waited
    }
}

/// One of those who wait.
struct Waiting<'t>(&'t Turnstile);

impl Turnstile {
    pub(super) fn new(
        n_places: usize,
        max_waiting: usize,
        patience: Duration,
        graph: GraphIndex,
    ) -> Rc<Self> {
        Rc::new(Self {
            places: Arc::new(Semaphore::new(n_places.min(Semaphore::MAX_PERMITS))),
            n_waiting: Cell::new(0),
            max_waiting,
            patience,
            pace: Cell::default(),
            graph,
        })
    }

    /// Whether a request that comes now can expect a place in time.
    pub(super) fn has_room(&self) -> Result<(), Failure> {
        if self.places.available_permits() > 0 && self.n_waiting.get() == 0 {
            return Ok(());
        }
        let n_before = u32::try_from(self.n_waiting.get()).unwrap_or(u32::MAX);
        let wait = self.pace.get().between.saturating_mul(n_before);
        if self.n_waiting.get() >= self.max_waiting || wait > self.patience {
            return Err(Failure::Overload);
        }
        Ok(())
    }

    /// A place, after a short time of waiting if need be.
    pub(super) async fn pass(self: &Rc<Self>) -> Result<Permit, Failure> {
        self.has_room()?;
        let places = Arc::clone(&self.places);
        let (place, waited) = match places.try_acquire_owned() {
            Ok(place) => (place, Duration::ZERO),
            Err(_full) => {
                let (_waiting, since) = (self.wait(), Instant::now());
                let place = timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
                let place = place.map_err(|_elapsed| Failure::Overload)?;
                (place.map_err(|_closed| Failure::Overload)?, since.elapsed())
            }
        };
        UpstreamAsked { graph: self.graph }.emit();
        Ok(Permit { turnstile: Rc::clone(self), _place: place, waited })
    }

    fn wait(&self) -> Waiting<'_> {
        self.n_waiting.set(self.n_waiting.get().saturating_add(1));
        Waiting(self)
    }

    /// A place becomes free.
    fn note(&self, now: Instant) {
        let Pace { last, between } = self.pace.get();
        if self.n_waiting.get() == 0 {
            return self.pace.set(Pace::default());
        }
        let between = match last {
            None => between,
            // The last eight, roughly.
            Some(last) => {
                let latest = now.saturating_duration_since(last);
                if between.is_zero() { latest } else { (between * 7 + latest) / 8 }
            }
        };
        self.pace.set(Pace { last: Some(now), between });
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.n_waiting.set(self.0.n_waiting.get().saturating_sub(1));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        UpstreamLeft { graph: self.turnstile.graph }.emit();
        self.turnstile.note(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::{LocalSet, yield_now};

    use super::*;

    #[tokio::test]
    async fn places_queue_and_patience_have_an_end() {
        let turnstile = Turnstile::new(1, 1, Duration::from_secs(20), GraphIndex::NONE);
        let first = turnstile.pass().await.unwrap();
        LocalSet::new()
            .run_until(async {
                let second = Rc::clone(&turnstile);
                let second = tokio::task::spawn_local(async move { second.pass().await });
                while turnstile.n_waiting.get() == 0 {
                    yield_now().await;
                }
                // The queue is full.
                assert!(matches!(turnstile.pass().await, Err(Failure::Overload)));
                drop(first);
                assert!(second.await.unwrap().is_ok());
            })
            .await;
        assert_eq!(turnstile.n_waiting.get(), 0);
        assert!(turnstile.pass().await.is_ok());

        let hasty = Turnstile::new(1, 1, Duration::from_millis(1), GraphIndex::NONE);
        let _first = hasty.pass().await.unwrap();
        assert!(matches!(hasty.pass().await, Err(Failure::Overload)));
        assert_eq!(hasty.n_waiting.get(), 0);
    }

    #[test]
    fn who_would_wait_too_long_is_told_at_once() {
        let turnstile = Turnstile::new(0, 100, Duration::from_millis(100), GraphIndex::NONE);
        let now = Instant::now();
        let waiting: Vec<_> = (0..10).map(|_| turnstile.wait()).collect();
        turnstile.note(now);
        turnstile.note(now + Duration::from_millis(10));
        assert!(turnstile.has_room().is_ok());
        let _one_more = turnstile.wait();
        assert!(matches!(turnstile.has_room(), Err(Failure::Overload)));
        drop(waiting);
        assert!(turnstile.has_room().is_ok());
    }
}
