//! A rate is exceeded: what the client is told.

use std::num::NonZeroU64;

use crate::{
    policy::{Allowance, Counts, Rate},
    verdict::{Code, Violation, ids},
};

/// A rate is exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The objection.
    pub violation: Violation,
    /// The rate.
    pub name: Box<str>,
    /// How much there is in a window.
    pub quota: u32,
    /// The window, in seconds; none when what runs at a time is counted.
    pub window: Option<u64>,
    /// When the same could be admitted; `None`: never, since it is more than the burst.
    pub wait: Option<Wait>,
}

/// When the same could be admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Seconds, rounded up.
    pub seconds: NonZeroU64,
    /// How much could be spent now.
    pub remaining: u64,
}

impl Wait {
    /// Until so many ns have passed, of which one of an amount takes an interval.
    pub(super) fn of(nanos: u64, amount: u64, interval: u64) -> Self {
        let seconds = NonZeroU64::new(nanos.div_ceil(SECOND)).unwrap_or(NonZeroU64::MIN);
        let missing = nanos.div_ceil(interval.max(1)).max(1);
        Self { seconds, remaining: amount.saturating_sub(missing) }
    }
}

impl Exceeded {
    pub(super) fn new(rate: &Rate, amount: u64, wait: Option<Wait>) -> Box<Self> {
        let what = match rate.counts {
            Counts::Calls(_) => "calls",
            Counts::Failed(_) => "calls that may fail",
            Counts::Cost => "cost",
            Counts::Requests => "requests",
        };
        let (quota, most, window) = match rate.allowance {
            Allowance::InFlight(most) => (most.get(), most.get(), None),
            Allowance::Paced(it) => (it.pace.n.get(), it.burst.get(), Some(it.pace.per.as_secs())),
        };
        let detail = match wait {
            Some(wait) => format!(
                "rate `{}`: {amount} {what} while {} are left; in {} s",
                rate.name, wait.remaining, wait.seconds
            ),
            None => {
                format!("rate `{}`: {amount} {what} are more than the burst of {most}", rate.name)
            }
        };
        let violation = Violation {
            rule: ids::RATES,
            code: Code::REQUEST_RATE_LIMITED,
            at: Some(rate.name.clone()),
            public: match wait {
                Some(_) => "too many requests; try again later".into(),
                None => "the request asks for more than may be spent at once".into(),
            },
            detail: detail.into(),
        };
        Box::new(Self { violation, name: rate.name.clone(), quota, window, wait })
    }
}

const SECOND: u64 = 1_000_000_000;
