//! Cost: how much one operation can ask of the upstream, compiled once, priced per request.
//!
//! Schema directives, tuned file and policy become a [`Model`]; [`compile`] makes a [`Program`] of
//! an operation; the program prices requests. Two measures after the IBM GraphQL cost
//! specification: objects that can come back, and resolver calls. Both are upper bounds. Does not
//! know the limit and refuses nothing but sizes that cannot be read.

mod actual;
mod arena;
mod ceiling;
mod class;
mod compile;
mod directives;
mod events;
mod explain;
mod facts;
mod inputs;
mod merge;
mod model;
mod outline;
mod plain;
mod program;
mod report;
mod settings;
mod shape;
mod slice;
mod slots;

pub use actual::{Actual, Counter, ListSeen};
pub use compile::{compile, compile_within};
pub use explain::{Explanation, PricedField, SliceAdvice, explain};
pub use model::Model;
pub use program::{Price, Program, RootPrice};
pub use settings::{
    Answers, Clamps, DefaultList, Defaults, Entry, Layer, List, Measure, NegativeTypes, Place,
    Settings, Told, Weights,
};
pub use shape::Shape;
