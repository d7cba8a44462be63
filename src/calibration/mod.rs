//! What was measured, as statistics: pure functions over samples.
//!
//! Reads nothing and proposes nothing by itself; `cli` has the files and the words.

mod tally;

pub use tally::{Tally, upper_bound};
