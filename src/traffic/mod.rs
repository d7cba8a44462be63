//! What was asked for, written down for later: the traffic log, and the next policy judged beside
//! the one in force.
//!
//! Both see a copy of what was judged, in threads of their own behind bounded queues: what they
//! cannot take is dropped and counted, and no request ever waits for them.

mod graphs;
mod line;
mod log;
mod memory;
mod observed;
mod page;
mod panics;
mod queue;
mod read;
mod replay;
mod rotation;
mod shadow;
mod told;
mod values;
mod writer;

pub use log::{Details, TrafficLog, Writing};
pub use observed::{Heard, Observed, Ruled, Sent};
pub use queue::{Queue, Tap};
pub use read::{Entry, Logged, LoggedDocument, LoggedPolicy, read_entry};
pub use replay::{Replay, Replayed};
pub use rotation::Bounds;
pub use shadow::{Shadow, ShadowDifference, ShadowSeen, criterion};

/// The JSON Schema of a line of the log.
pub const SCHEMA: &str = include_str!("traffic.schema.json");
