//! Whether two fields of one response name ask for the same.
//!
//! Compares values as they are written: the order of keys counts, and so does the text of numbers.
//! Where that is too strict there is no proof.

use crate::document::{
    Document, Range, Span, ValueId, ValueKind,
    validate::proof::{Proven, proven},
};

/// GraphQL §5.3.2: identical sets of arguments, in whatever order.
pub(super) fn same_arguments(document: &Document, a: Range, b: Range) -> Option<Proven> {
    let (a, b) = (document.arguments(a), document.arguments(b));
    proven(a.len() == b.len())?;
    // Arguments are defined and unique by now, so that there are only so many.
    for it in a {
        let name = document.str(it.name);
        let other = b.iter().find(|it| document.str(it.name) == name)?;
        same_value(document, it.value, other.value)?;
    }
    Some(Proven)
}

// The budget of this loop is the number of values below `a`.
fn same_value(document: &Document, a: ValueId, b: ValueId) -> Option<Proven> {
    let n = document.value(a)?.end.0.checked_sub(a.0)?;
    let values = |from: ValueId| {
        let end = from.0.saturating_add(n) as usize;
        document.values().get(from.index()..end)
    };
    for (one, other) in values(a)?.iter().zip(values(b)?) {
        let same_size = one.end.0.checked_sub(a.0)? == other.end.0.checked_sub(b.0)?;
        let is_root = std::ptr::eq(one, document.value(a)?);
        let same_key = is_root || same_key(document, one.key, other.key);
        proven(same_size && same_key && same_kind(document, one.kind, other.kind))?;
    }
    Some(Proven)
}

fn same_key(document: &Document, a: Option<Span>, b: Option<Span>) -> bool {
    a.map(|it| document.str(it)) == b.map(|it| document.str(it))
}

fn same_kind(document: &Document, a: ValueKind, b: ValueKind) -> bool {
    match (a, b) {
        (ValueKind::Boolean(a), ValueKind::Boolean(b)) => a == b,
        (ValueKind::Enum(a), ValueKind::Enum(b))
        | (ValueKind::Float(a), ValueKind::Float(b))
        | (ValueKind::Int(a), ValueKind::Int(b))
        | (ValueKind::Variable(a), ValueKind::Variable(b)) => document.str(a) == document.str(b),
        (ValueKind::List, ValueKind::List)
        | (ValueKind::Null, ValueKind::Null)
        | (ValueKind::Object, ValueKind::Object) => true,
        (ValueKind::String(a), ValueKind::String(b)) => document.string(a) == document.string(b),
        _ => false,
    }
}
