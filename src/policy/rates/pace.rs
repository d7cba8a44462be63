//! How fast a quota fills up again: `20/s`, `5/15min`.

use std::{num::NonZeroU32, time::Duration};

use crate::{diagnostic::Diagnostics, yaml::Node};

/// So much in such a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How much.
    pub n: NonZeroU32,
    /// In which time: whole seconds.
    pub per: Duration,
}

impl Pace {
    /// In which time one comes back; rounded up, so that it is never more than was written.
    #[must_use]
    pub fn interval(self) -> Duration {
        let nanos = self.per.as_nanos().div_ceil(self.n.get().into());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What one looks like.
pub(in crate::policy) const PACE: &str = "^0*[1-9][0-9]*/(0*[1-9][0-9]*)?(s|min|h)$";

/// Reads one.
pub(in crate::policy) fn read(node: &Node, found: &mut Diagnostics) -> Option<Pace> {
    let pace = node.as_text().and_then(parse);
    if pace.is_none() {
        let message = format!("expected a rate such as `20/s`, found {}", node.describe());
        let error = node.error("not-a-rate", message);
        found.push(error.help("a number from 1, `/`, and a time: `5/min`, `5/15min`, `1000/h`"));
    }
    pace
}

fn parse(text: &str) -> Option<Pace> {
    let (n, time) = text.split_once('/')?;
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    let (times, unit) = time.split_at_checked(digits)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        _ => return None,
    };
    let whole = |it: &str| it.bytes().all(|it| it.is_ascii_digit()).then(|| it.parse().ok())?;
    let times: u32 = if times.is_empty() { 1 } else { whole(times)? };
    let per = Duration::from_secs(seconds.saturating_mul(times.into()));
    let n = NonZeroU32::new(whole(n)?)?;
    (times > 0).then_some(Pace { n, per })
}
