//! What the input rules share: from demands to the values that they are about.
//!
//! `places` says once per policy which arguments can hold a demanded value, `sites` finds those of
//! an operation, `walk` goes from a site to every value that a demand is about. Literals are judged
//! when a rule specialises itself; what depends on variables or on the caller is judged per request.
//! What a rule makes of a value is its own file's.

mod access;
mod bind;
mod content;
mod judge;
mod made;
mod places;
mod range;
mod sites;
mod stands;
mod url;
mod value;
mod walk;

pub(super) use access::{Access, Asks, access, condition};
pub(super) use bind::Fits;
pub(super) use content::{Content, Grain, Test, content};
pub(super) use range::Range;
pub(super) use url::{HostPattern, default_port, is_public, is_read_the_same, parts};
pub(super) use value::{Look, Value};

use crate::verdict::Mode;

/// The mode of the strictest of some demands, most of which have that of their rule.
fn strictest(modes: impl Iterator<Item = Option<Mode>>) -> Option<Mode> {
    let severity = |mode: &Option<Mode>| match mode {
        Some(Mode::Report) => 0,
        None => 1,
        Some(Mode::Enforce) => 2,
    };
    modes.max_by_key(severity).flatten()
}
