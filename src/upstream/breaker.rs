//! Whether an address of the upstream is asked at all.
//!
//! It opens when in a window at least so many requests failed, and at least half of all: a single
//! query that the upstream cannot answer must not take the upstream from everybody else. When it
//! was open for a while, one request at a time tries; the first that is answered closes it.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// A breaker, as one worker has learned by itself.
#[derive(Debug)]
pub(super) struct Breaker {
    rules: Rules,
    state: Cell<State>,
}

/// When it opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// So many failures...
    pub(super) failures: u32,
    /// ... in such a time.
    pub(super) window: Duration,
    /// How long the first time; every time in a row it is twice as long, up to `LONGEST` times.
    pub(super) open: Duration,
}

/// 8 times: an upstream that is away for long is asked once in a minute or so.
const LONGEST: u32 = 8;

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { since: Instant, failed: u32, answered: u32 },
    Open { until: Instant, times: u32 },
    Trying { times: u32 },
}

/// As what a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// One of many.
    Regular,
    /// The one that tries.
    Trial,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    Failed,
    /// Nobody waited for it.
    Unknown,
}

/// What an outcome has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    Closed,
    Nothing,
    Open,
}

impl Breaker {
    pub(super) const fn new(rules: Rules, now: Instant) -> Self {
        let state = State::Closed { since: now, failed: 0, answered: 0 };
        Self { rules, state: Cell::new(state) }
    }

    /// Lets a request pass that is about to be sent.
    ///
    /// # Errors
    /// With how long it will not, at the least.
    pub(super) fn pass(&self, now: Instant) -> Result<Pass, Duration> {
        match self.state.get() {
            State::Closed { .. } => Ok(Pass::Regular),
            State::Open { until, times } if until <= now => {
                self.state.set(State::Trying { times });
                Ok(Pass::Trial)
            }
            State::Open { until, .. } => Err(until.saturating_duration_since(now)),
            State::Trying { .. } => Err(self.rules.open),
        }
    }

    /// Whether [`Breaker::pass`] would let a request pass, and if not, for how long.
    pub(super) fn would_pass(&self, now: Instant) -> Result<(), Duration> {
        match self.state.get() {
            State::Closed { .. } => Ok(()),
            State::Open { until, .. } if until <= now => Ok(()),
            State::Open { until, .. } => Err(until.saturating_duration_since(now)),
            State::Trying { .. } => Err(self.rules.open),
        }
    }

    /// Takes note of what became of a request.
    pub(super) fn note(&self, pass: Pass, outcome: Outcome, now: Instant) -> Turned {
        let (state, turned) = self.after(pass, outcome, now);
        self.state.set(state);
        turned
    }

    fn after(&self, pass: Pass, outcome: Outcome, now: Instant) -> (State, Turned) {
        match (self.state.get(), pass, outcome) {
            (State::Closed { since, failed, answered }, _, Outcome::Answered | Outcome::Failed) => {
                let is_over = now.saturating_duration_since(since) >= self.rules.window;
                let fresh = (now, 0, 0);
                let (since, failed, answered) =
                    if is_over { fresh } else { (since, failed, answered) };
                let failed = failed.saturating_add(u32::from(outcome == Outcome::Failed));
                let answered = answered.saturating_add(u32::from(outcome == Outcome::Answered));
                if failed >= self.rules.failures && failed >= answered {
                    return (self.open(now, 1), Turned::Open);
                }
                (State::Closed { since, failed, answered }, Turned::Nothing)
            }
            (State::Trying { .. }, Pass::Trial, Outcome::Answered) => {
                (State::Closed { since: now, failed: 0, answered: 0 }, Turned::Closed)
            }
            (State::Trying { times }, Pass::Trial, Outcome::Failed) => {
                (self.open(now, times.saturating_mul(2).min(LONGEST)), Turned::Nothing)
            }
            // The next one may try at once.
            (State::Trying { times }, Pass::Trial, Outcome::Unknown) => {
                (State::Open { until: now, times }, Turned::Nothing)
            }
            // Sent before it opened, or nothing to learn from.
            (state, Pass::Regular | Pass::Trial, _) => (state, Turned::Nothing),
        }
    }

    fn open(&self, now: Instant, times: u32) -> State {
        let open = self.rules.open.saturating_mul(times);
        State::Open { until: now.checked_add(open).unwrap_or(now), times }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// One word per step: `f`ails, is `a`nswered, nobody `w`aits, `.` a second passes, `?` passes
    /// or not. What the questions came to is compared.
    fn check(steps: &str, expect: &str) {
        let rules = Rules { failures: 3, window: SECOND * 10, open: SECOND * 2 };
        let mut now = Instant::now();
        let breaker = Breaker::new(rules, now);
        let mut got = String::new();
        let mut last = Pass::Regular;
        for step in steps.chars() {
            let outcome = match step {
                'f' => Outcome::Failed,
                'a' => Outcome::Answered,
                'w' => Outcome::Unknown,
                '.' => {
                    now += SECOND;
                    continue;
                }
                _ => {
                    assert_eq!(breaker.would_pass(now).is_ok(), {
                        let passed = breaker.pass(now);
                        got.push(match passed {
                            Ok(Pass::Regular) => 'y',
                            Ok(Pass::Trial) => 't',
                            Err(_) => 'n',
                        });
                        last = passed.unwrap_or(last);
                        passed.is_ok()
                    });
                    continue;
                }
            };
            breaker.note(last, outcome, now);
        }
        assert_eq!(got, expect, "{steps}");
    }

    #[test]
    fn it_opens_at_so_many_failures_and_not_before() {
        check("ff?", "y");
        check("fff?", "n");
    }

    #[test]
    fn half_of_the_answers_keep_it_closed() {
        check("aaaafff?", "y");
        check("aaafff?", "n");
    }

    #[test]
    fn a_window_forgets() {
        check("ff.........f?", "n");
        check("ff..........f?", "y");
    }

    #[test]
    fn one_at_a_time_tries_and_an_answer_closes_it() {
        check("fff.?.??", "ntn");
        check("fff..?a?", "ty");
        check("fff..?w?", "tt");
    }

    #[test]
    fn a_trial_that_fails_opens_it_for_twice_as_long() {
        check("fff..?f...?.?", "tnt");
        check("fff..?f....?f.......?.?", "ttnt");
    }
}
