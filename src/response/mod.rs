//! What an answer of the upstream may be, and what of it the client reads.
//!
//! [`Guard`] reads the bytes of an answer once, in pieces of any size, and writes what passes:
//! bytes of what is kept are copied, so that numbers and the order of keys stay as they are.
//! [`head`](read_head) judges status and headers. Does not wait, time or send anything; `server`
//! does.

mod breach;
mod copier;
mod counted;
mod ending;
mod entry;
mod event_stream;
mod events;
mod filter;
mod guard;
mod head;
mod most;
mod parts;
mod retry;
mod scan;
mod suggestions;
mod utf8;
mod wrong;

pub use breach::{Breach, How};
pub use counted::Counted;
pub use ending::{Ending, Lasts};
pub use event_stream::answers_in_events;
pub use filter::{Filter, boundary};
pub use guard::{About, Course, Guard, MustBe};
pub use head::{Head, clean_head, fault, read_head};
pub use most::Most;
pub use parts::body_of_part;
pub use retry::retry_after;
pub use wrong::Wrong;
