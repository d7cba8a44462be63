//! The scripts that Redis runs, and what they are asked. They compute what `gcra` computes, in µs by
//! the clock of Redis, so that the clocks of replicas do not matter.

use std::rc::Rc;

use crate::quota::shared::{Taken, asking::Answering};

/// A question for permits.
pub(super) struct Asked {
    pub(super) name: Rc<str>,
    /// In µs.
    pub(super) interval: f64,
    /// Of the whole burst, in µs.
    pub(super) full: f64,
    pub(super) need: u64,
    /// Welcome besides.
    pub(super) more: u64,
}

/// The answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// None, or at least as many as needed.
    pub(super) granted: u64,
    /// When the key is at rest, or, with none granted, how long to wait: in µs.
    pub(super) time: u64,
}

/// Something that nobody waits for.
pub(super) enum Task {
    Document {
        name: Rc<str>,
        text: Box<str>,
    },
    GiveBack {
        taken: Taken,
        amount: u64,
    },
    /// Nobody waits for the answer any more: what it grants is given back.
    Unheard {
        taken: Taken,
        answering: Answering,
    },
}

/// Takes permits: all that are needed or none, and as many more as are left.
pub(super) const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, full = tonumber(ARGV[1]), tonumber(ARGV[2])
local need, more = tonumber(ARGV[3]), tonumber(ARGV[4])
local at_rest = tonumber(redis.call('GET', KEYS[1]) or 0)
if at_rest < now then at_rest = now end
local left = full - (at_rest - now)
local n = math.floor(left / interval + 0.001)
if n < need then
    return {0, string.format('%.0f', math.ceil(need * interval - left))}
end
if n > need + more then n = need + more end
at_rest = at_rest + n * interval
redis.call('SET', KEYS[1], string.format('%.3f', at_rest), 'PX', string.format('%.0f', math.ceil((at_rest - now) / 1000) + 1))
return {n, string.format('%.0f', at_rest)}
";

/// Gives permits back, so far as they have not come back by themselves.
pub(super) const GIVE_BACK: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local back = math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - now)
local at_rest = tonumber(redis.call('GET', KEYS[1]) or 0)
if back <= 0 or at_rest <= now then return 0 end
at_rest = at_rest - back
if at_rest <= now then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], string.format('%.3f', at_rest), 'PX', string.format('%.0f', math.ceil((at_rest - now) / 1000) + 1))
return 1
";
