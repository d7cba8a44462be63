//! Cost: how much one operation can ask of the upstream, compiled once, priced per request.
//!
//! Two measures after the IBM GraphQL cost specification: objects that can come back, and resolver
//! calls. Both are upper bounds. Does not know the limit and refuses nothing but sizes that cannot
//! be read.
//!
//! How often a thing is done decides where it is done; the files in the order of reading:
//!
//! ```text
//! once per policy     settings → directives, facts → class, inputs → model
//!                     what the policy says, laid over what the schema says: a class per field
//! once per document   unmerged or merge → field → compile (or plain) → arena, slots → program
//!                     selections merged as execution would; arithmetic over what is not known yet
//! once per request    program, slice: sizes and conditions filled in, one pass, a price
//! once per answer     shape → events → actual: the same weights on what came back
//! for people          outline → explain, and ceiling for a manifest
//! ```

mod actual;
mod arena;
mod ceiling;
mod class;
mod compile;
mod directives;
mod events;
mod explain;
mod facts;
mod field;
mod inputs;
mod merge;
mod model;
mod outline;
mod plain;
mod program;
mod report;
mod settings;
mod shape;
mod size;
mod slice;
mod slot_weight;
mod slots;
mod uncounted;
mod unmerged;

pub use actual::{Actual, Counter, ListSeen};
pub use compile::{compile, compile_within};
pub use explain::{Explanation, PricedField, SliceAdvice, explain};
pub use model::Model;
pub use program::{Exactness, Price, Program, RootPrice};
pub use settings::{
    Answers, Clamps, DefaultList, Defaults, Entry, Layer, List, Measure, NegativeTypes, Place,
    Settings, Told, Weights,
};
pub use shape::Shape;
pub use uncounted::Uncounted;
