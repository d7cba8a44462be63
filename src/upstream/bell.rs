//! Who is woken when a connection moves that is driven by the one who waits for it.
//!
//! While a task drives its connection to the upstream, the connection wakes it for whatever it
//! hands over, although the task is there to take it at once. Such a ring is noted, and looked at
//! when the connection was driven. Any other wakes the task.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// The bell of one connection.
#[derive(Debug)]
pub(super) struct Bell {
    ringing: Arc<Ringing>,
    /// Rings it.
    waker: Waker,
}

#[derive(Debug)]
struct Ringing {
    state: AtomicU8,
    /// The one who drives.
    task: Waker,
}

/// Nobody drives: a ring wakes the task.
const IDLE: u8 = 0;
/// The task drives: a ring is noted.
const DRIVEN: u8 = 1;
/// It was noted.
const RUNG: u8 = 2;

impl Bell {
    pub(super) fn new() -> Self {
        Self::of(Waker::noop())
    }

    fn of(task: &Waker) -> Self {
        let ringing = Arc::new(Ringing { state: AtomicU8::new(IDLE), task: task.clone() });
        Self { waker: Waker::from(Arc::clone(&ringing)), ringing }
    }

    /// Takes a step, and another when it has rung meanwhile, until there is something or nothing
    /// moves any more. Every step registers all that it waits for with the context it is given.
    pub(super) fn poll<T>(
        &mut self,
        ctx: &mut Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // Seldom another than before: connections stay with their clients.
        if !self.ringing.task.will_wake(ctx.waker()) {
            *self = Self::of(ctx.waker());
        }
        for _ in 0..MAX_STEPS {
            self.ringing.state.store(DRIVEN, Ordering::Release);
            let polled = step(&mut Context::from_waker(&self.waker));
            let has_rung = self.ringing.state.swap(IDLE, Ordering::AcqRel) == RUNG;
            // Who has got something comes back for the rest, and takes a step first.
            if polled.is_ready() || !has_rung {
                return polled;
            }
        }
        ctx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Ringing {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted = |state| (state != IDLE).then_some(RUNG);
        if self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, noted).is_err() {
            self.task.wake_by_ref();
        }
    }
}

/// What rings more often in a row lets others go first.
const MAX_STEPS: usize = 4;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A bell, how often its task was woken, and one more task.
    fn task() -> (Arc<Woken>, Waker) {
        let woken = Arc::new(Woken::default());
        (Arc::clone(&woken), woken.into())
    }

    fn n(woken: &Woken) -> usize {
        woken.0.load(Ordering::SeqCst)
    }

    #[test]
    fn a_ring_while_it_is_driven_is_another_step() {
        let (woken, waker) = task();
        let (mut bell, mut n_steps) = (Bell::new(), 0);
        let polled: Poll<()> = bell.poll(&mut Context::from_waker(&waker), |ctx| {
            n_steps += 1;
            if n_steps < MAX_STEPS {
                ctx.waker().wake_by_ref();
            }
            Poll::Pending
        });
        assert!(polled.is_pending());
        assert_eq!((n_steps, n(&woken)), (MAX_STEPS, 0));
    }

    #[test]
    fn one_that_always_rings_lets_others_go_first() {
        let (woken, waker) = task();
        let mut n_steps = 0;
        let polled: Poll<()> = Bell::new().poll(&mut Context::from_waker(&waker), |ctx| {
            n_steps += 1;
            ctx.waker().wake_by_ref();
            Poll::Pending
        });
        assert!(polled.is_pending());
        assert_eq!((n_steps, n(&woken)), (MAX_STEPS, 1));
    }

    #[test]
    fn what_was_found_ends_the_steps() {
        let (woken, waker) = task();
        let polled = Bell::new().poll(&mut Context::from_waker(&waker), |ctx| {
            ctx.waker().wake_by_ref();
            Poll::Ready(7)
        });
        assert_eq!((polled, n(&woken)), (Poll::Ready(7), 0));
    }

    #[test]
    fn a_ring_afterwards_wakes_the_task_that_drove_last() {
        let mut bell = Bell::new();
        let (first, second) = (task(), task());
        let mut drive = |waker: &Waker| {
            let mut kept = None;
            let polled: Poll<()> = bell.poll(&mut Context::from_waker(waker), |ctx| {
                kept = Some(ctx.waker().clone());
                Poll::Pending
            });
            assert!(polled.is_pending());
            kept.unwrap()
        };
        drive(&first.1).wake();
        assert_eq!((n(&first.0), n(&second.0)), (1, 0));
        drive(&second.1).wake();
        assert_eq!((n(&first.0), n(&second.0)), (1, 1));
    }
}
