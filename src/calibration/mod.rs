//! What was measured, as statistics: pure functions over samples.
//!
//! Reads nothing and proposes nothing by itself; `cli` has the files and the words.
//!
//! ```text
//! tally, interval      counts, shares, percentiles, conformal bounds
//! answered → fill      what came back; how full lists are
//! fill → expected → fullness
//!                      what an operation will cost, beside what it can, and how well that is told
//! table → least_squares → fit, quality
//!                      what a call of each field takes, how sure that is, and how well it predicts
//! limit                which limit that leads to
//! ```

mod answered;
mod expected;
mod fill;
mod fit;
mod fullness;
mod interval;
mod least_squares;
mod limit;
mod quality;
mod random;
mod table;
mod tally;

pub use answered::{Answered, Length};
pub use expected::Expected;
pub use fill::{Fill, fills};
pub use fit::{Effort, Fit, Identified, Weight, fit};
pub use fullness::{Fullness, Sample};
pub use interval::{Interval, conformal, median, percentile, share};
pub use limit::{Advice, Capacity, Largest, Timed, Traffic, enough};
pub use quality::{LEAST_SPEARMAN, MOST_ERROR, Objection, Quality};
pub use random::Random;
pub use table::{Column, FEW, Row};
pub use tally::{Tally, upper_bound};
