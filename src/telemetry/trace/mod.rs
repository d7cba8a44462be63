//! Traces: which one a request belongs to, and what is told of it.
//!
//! Spans go into a bounded queue. Nobody waits for it: what finds no room is dropped and counted.
//! Who empties it is for others to say.

mod context;
mod queue;
mod span;
mod tracer;

pub use context::TraceContext;
pub use queue::{Spans, spans};
pub use span::{Fact, Kind, Span};
pub use tracer::Tracer;
