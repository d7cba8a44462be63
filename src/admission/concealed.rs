//! Documents that name a field which is not there for whoever sends them, where the policy conceals
//! it: they are answered as if the schema did not have it, whatever else is in them.
//!
//! Anything that is said of such a field (of its arguments, of what stands below it, of names that
//! do not merge) would tell that it is there. So the validator is asked about the same document with
//! names in their places that nobody has, and what it says of those is said. Knows nothing of fields
//! that a condition on arguments or on the fields around denies: they are there somewhere.

use std::sync::OnceLock;

use ahash::HashSet;

use crate::{
    admission::{
        judge::Bench,
        known::Known,
        refusal::{invalid, unknown_field},
    },
    digest::Digest,
    document::{self, Document, ReadLimits, SelectionKind, Span},
    policy::Policy,
    rules::{Hiding, Rule},
    schema::{FieldId, Schema, TypeId},
    verdict::Violation,
    weight,
};

/// A document that names fields which are concealed from some callers.
#[derive(Debug)]
pub(super) struct Concealable {
    text: Box<str>,
    fields: Vec<FieldId>,
    /// What the first caller was told from whom some are concealed, and which: others are mostly
    /// told the same, and sending a document again costs no more than sending an unknown field.
    told: OnceLock<(Vec<bool>, Violation)>,
}

impl Concealable {
    /// `None` when nothing in it is concealed from anybody.
    pub(super) fn of(policy: &Policy, document: &Document) -> Option<Box<Self>> {
        let concealing = |it: &dyn Rule| it.hiding() == Hiding::Concealed;
        if !policy.rules().any(|(_, it)| concealing(it)) {
            return None;
        }
        let may_hide = |field| policy.rules().any(|(_, it)| concealing(it) && it.may_hide(field));
        let mut seen = HashSet::default();
        let mut fields: Vec<_> = mentions(&policy.schema, document).map(|it| it.field).collect();
        fields.retain(|it| seen.insert(*it) && in_all(&policy.schema, *it, may_hide));
        let text = document.text().into();
        (!fields.is_empty()).then(|| Box::new(Self { text, fields, told: OnceLock::new() }))
    }

    /// Bytes it holds on to, roughly: what a caller is told of them names every field at worst.
    pub(super) fn weight(&self) -> usize {
        const TOLD: usize = 512;
        const PER_FIELD_TOLD: usize = 64;
        let told = self.fields.len().saturating_mul(PER_FIELD_TOLD).saturating_add(TOLD);
        weight::sum([
            size_of::<Self>(),
            weight::of_text(&self.text),
            weight::of_vec(&self.fields),
            told,
        ])
    }

    fn told(&self, bench: &Bench<'_>) -> Option<Violation> {
        let policy = bench.policy;
        let conceals = |field| {
            policy.rules().any(|(idx, it)| {
                it.hiding() == Hiding::Concealed
                    && policy.is_enforced(bench.profile, idx)
                    && it.hides(field, bench.asked)
            })
        };
        let hidden: Vec<_> =
            self.fields.iter().map(|it| in_all(&policy.schema, *it, conceals)).collect();
        let concealed = self.fields.iter().zip(&hidden).filter(|(_, hidden)| **hidden);
        let concealed: Vec<_> = concealed.map(|(field, _)| *field).collect();
        let first = policy.schema.field(*concealed.first()?);
        if let Some((_, told)) = self.told.get().filter(|(it, _)| *it == hidden) {
            return Some(told.clone());
        }
        let told = retold(&policy.schema, &self.text, &concealed);
        let told = told.unwrap_or_else(|| unknown_field(&first.name));
        let names: Vec<_> = concealed.iter().map(|it| policy.schema.coordinate(*it)).collect();
        let names = names.join("`, `");
        let detail = format!("{}; concealed from this caller: `{names}`", told.detail).into();
        let told = Violation { detail, ..told };
        // Another caller may have been first: then this one is told anew the next time, too.
        let _ = self.told.set((hidden, told.clone()));
        Some(told)
    }
}

impl Bench<'_> {
    /// The objection to a document that names what is concealed from the caller.
    pub(super) fn concealed(&self, known: &Known) -> Option<Violation> {
        let concealable = match known {
            Known::Judgeable(it) => it.concealable.as_deref(),
            Known::Refused(.., it) => it.as_deref(),
        };
        concealable?.told(self)
    }
}

/// Whether something holds for a field wherever it can be asked for: what an interface has may be
/// there in one of its types, and is not concealed then.
fn in_all(schema: &Schema, field: FieldId, holds: impl Fn(FieldId) -> bool) -> bool {
    let field = schema.field(field);
    let objects = schema.ty(field.parent).possible.iter().map(|it| schema.object(it));
    let mut fields = objects.filter_map(|it| schema.field_named(it, &field.name)).peekable();
    fields.peek().is_some() && fields.all(holds)
}

/// What the validator says of a document whose author got the names of these fields wrong.
fn retold(schema: &Schema, text: &str, concealed: &[FieldId]) -> Option<Violation> {
    let read = document::read(text, &ReadLimits::CEILINGS).ok()?;
    // No text holds its own digest, so that nothing else is taken for such a name.
    let digest = Digest::of(text.as_bytes()).to_string();
    let suffix = format!("_{}", digest.get(..16)?);
    let concealed: HashSet<_> = concealed.iter().copied().collect();
    let renamed = renamed(schema, &read.document, &concealed, &suffix);
    let renamed = document::read(&renamed, &ReadLimits::CEILINGS).ok()?;
    let found = document::objections(schema, &renamed.document);
    if found.is_empty() {
        return None;
    }
    let told = invalid(found);
    let (public, detail) = (told.public.replace(&suffix, ""), told.detail.replace(&suffix, ""));
    Some(Violation { public: public.into(), detail: detail.into(), ..told })
}

/// The text with other names for some fields. Under an alias of its own each is answered under the
/// key that it had.
fn renamed(
    schema: &Schema,
    document: &Document,
    concealed: &HashSet<FieldId>,
    suffix: &str,
) -> String {
    let text = document.text();
    let mut found: Vec<_> = mentions(schema, document).collect();
    found.retain(|it| concealed.contains(&it.field));
    found.sort_unstable_by_key(|it| it.name.start);
    let mut renamed = String::with_capacity(text.len());
    let mut at = 0;
    for it in found {
        let (start, end) = (it.name.start as usize, it.name.end as usize);
        renamed.push_str(text.get(at..start).unwrap_or_default());
        let name = document.str(it.name);
        if it.is_aliased {
            renamed.push_str(name);
        } else {
            renamed.extend([name, ":", name]);
        }
        renamed.push_str(suffix);
        at = end;
    }
    renamed.push_str(text.get(at..).unwrap_or_default());
    renamed
}

/// A field of the schema where a document names it.
struct Mention {
    field: FieldId,
    name: Span,
    is_aliased: bool,
}

/// Every field that a document names, in whichever operation or fragment; the document need not be
/// valid. Fields of introspection are another rule's.
fn mentions<'d>(schema: &'d Schema, document: &'d Document) -> impl Iterator<Item = Mention> + 'd {
    let operations = document.operations().iter().map(|it| (it.selections, schema.root(it.kind)));
    let on = |name| schema.type_named(document.str(name));
    let fragments = document.fragments().iter().map(move |it| (it.selections, on(it.on)));
    operations.chain(fragments).flat_map(move |(range, ty)| {
        let mut around = Around { end: range.end, parent: ty, open: Vec::new() };
        let selections = (range.start..).zip(document.selections(range));
        selections.filter_map(move |(index, selection)| {
            around.leave(index);
            let (inner, mention) = match selection.kind {
                SelectionKind::Field { alias, name, .. } => {
                    let field =
                        around.parent.and_then(|it| schema.field_named(it, document.str(name)));
                    let is_own = |it: &FieldId| !schema.field(*it).name.starts_with("__");
                    let mention = field.filter(is_own).map(|field| Mention {
                        field,
                        name,
                        is_aliased: alias.is_some(),
                    });
                    (field.map(|it| schema.field(it).ty.named), mention)
                }
                SelectionKind::Inline { on: None } => (around.parent, None),
                SelectionKind::Inline { on: Some(it) } => (on(it), None),
                SelectionKind::Spread { .. } => (None, None),
            };
            around.enter((index, selection.end.0), inner);
            mention
        })
    })
}

/// What is around a selection: the index behind it, and its type where that is known.
struct Around {
    end: u32,
    parent: Option<TypeId>,
    open: Vec<(u32, Option<TypeId>)>,
}

impl Around {
    // The budget of this loop is the number of selections: each was entered before.
    fn leave(&mut self, index: u32) {
        while index >= self.end {
            let Some(outer) = self.open.pop() else { return };
            (self.end, self.parent) = outer;
        }
    }

    fn enter(&mut self, (index, end): (u32, u32), inner: Option<TypeId>) {
        if end > index.saturating_add(1) {
            self.open.push((self.end, self.parent));
            (self.end, self.parent) = (end, inner);
        }
    }
}
