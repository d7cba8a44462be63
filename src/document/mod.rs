//! A document as it is written: bytes in, an owned arena of syntax out.
//!
//! `read` → `count` → `validate`, then `operation::spread` takes over. What `read` makes of a text
//! is its own: `lex` cuts it into tokens, `parse` and `strings` write the arena. `print` writes the
//! canonical text and `second_reader` reads that text with another parser.
//! Nothing here resolves a name against the schema, except `validate`, which hands that to the
//! specification's rules.

mod arena;
#[cfg(test)]
mod convert;
mod count;
mod holes;
mod kept;
mod lex;
mod order;
mod parse;
mod place;
mod print;
mod read;
mod same;
mod second_reader;
mod strings;
mod validate;
mod words;

pub use arena::{
    Argument, ArgumentId, Directive, DirectiveId, Document, Fragment, OperationDefinition,
    OperationId, Range, Selection, SelectionId, SelectionKind, Span, Str, TypeText, Value, ValueId,
    ValueKind, VariableDefinition,
};
pub use count::{Ceilings, Counts, Excess, count};
pub use holes::{filler, other_number, with_holes};
pub use kept::{Kept, defers_fields, may_be_in_parts};
pub use order::Cycle;
pub(crate) use order::{Names as FragmentNames, names as fragment_names};
pub use print::{canonical_text, canonical_text_of, print};
pub use read::{Read, ReadLimits, Refusal, read};
pub use second_reader::{Disagreement, second_reader};
pub use validate::{Invalid, is_proven, objections, validate};
