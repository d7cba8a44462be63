//! The one judge of every transport.
//!
//! [`Gate::admit`] is the whole of it: look the document up or compile it, then check what is left
//! of the rules against this request. It does not know HTTP, and it makes the only [`Admitted`].
//!
//! [`Admitted`]: crate::verdict::Admitted

mod appraise;
mod body;
mod cache;
mod compile;
mod concealed;
mod explain;
mod gate;
mod introspected;
mod introspection;
mod judge;
mod known;
mod named;
mod past;
mod price;
mod rated;
mod reduced;
mod recalled;
mod refusal;
mod remembered;
mod request;
mod retrial;
mod seen;
mod shelf;
mod special;
mod then;
mod totals;
mod trusted;
mod unfit;
mod usage;
mod watch;

pub use appraise::{Appraisal, Appraiser, CostFigures};
pub use cache::CacheLimits;
pub use explain::{Explanation, Line, Outcome, explain};
pub use gate::Gate;
pub use past::{Judged, Past, Ruling};
pub use price::CostTold;
pub use recalled::{Alike, Hidden, Recalled, Recollection};
pub use request::{Request, Requests, UnixSeconds};
pub use unfit::{Unfit, unfit};
pub use usage::{Usage, Use};
pub use watch::{Delivery, Follow, ToldCost, Watched};
