//! Who may ask for which field: `authorization`.
//!
//! A rule on `Type.field` holds wherever the field can be reached: the question is asked for every
//! object type in which a selection can run, so interfaces, unions and fragments are no way around.
//! What a selection runs on is known from the document; who asks, and with which arguments, is left
//! to each request.

mod decision;
mod directive;
mod paths;
mod read;
mod residual;
mod table;

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    expression::{Asked, When},
    operation::Operation,
    rules::{
        Decided, Entry, Facts, Ground, Hiding, Meta, Rule, Setting, Specialised,
        authorization::{
            decision::Keep,
            residual::Left,
            table::{Default, Table},
        },
    },
    schema::FieldId,
    verdict::{Code, Mode},
    yaml::Node,
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Bound {
        default: |_| Box::new(Off),
        read: |node: &Node, ground: &Ground<'_>, found: &mut Diagnostics| {
            Box::new(read::authorization(node, ground, found))
        },
        unbound: read::unbound,
        schema: read::SCHEMA,
    },
};

/// What the rule is called.
pub const ID: &str = "authorization";

static META: Meta = Meta {
    id: ID,
    code: Code::FORBIDDEN,
    title: "Fields that the caller may not ask for",
    owasp: "API5",
    setting: "authorization",
    page: include_str!("../authorization.md"),
};

/// Without the block, every field of the schema can be asked for.
#[derive(Debug)]
struct Off;

impl Rule for Off {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, _: &Arc<Operation>) -> Specialised {
        Specialised::Holds
    }
}

/// The block.
#[derive(Debug)]
struct Authorization {
    permits: Arc<[Permit]>,
    table: Table,
    denial: Denial,
}

/// What becomes of a field that is denied.
#[derive(Clone, Copy, Debug)]
struct Denial {
    conceal: Conceal,
    on_deny: OnDeny,
    mode: Mode,
}

impl Denial {
    /// That of the block, when it only watches; else that of the rule.
    fn own_mode(self) -> Option<Mode> {
        Some(self.mode).filter(|it| *it == Mode::Report)
    }
}

/// What becomes of a request with a field that is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDeny {
    /// It is refused.
    Reject,
    /// It goes on without the selection.
    Remove,
}

/// One item of `rules`.
#[derive(Debug)]
struct Permit {
    /// What it is on, for the log.
    name: Box<str>,
    allow: When,
}

/// What a caller is told of a field that it may not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conceal {
    /// That it may not ask for it.
    No,
    /// What it is told of a field that does not exist.
    Yes,
}

impl Rule for Authorization {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let decisions = decision::decisions(&self.table, &self.permits, operation, Keep::Open);
        match Left::of(&self.permits, operation, decisions, self.denial) {
            Some(left) => Specialised::Depends(Box::new(left)),
            None => Specialised::Holds,
        }
    }

    fn takes_out(&self) -> bool {
        self.denial.on_deny == OnDeny::Remove
    }

    fn modes(&self) -> Vec<Mode> {
        vec![self.denial.mode]
    }

    fn items(&self) -> Vec<Box<str>> {
        self.permits.iter().map(|it| it.name.clone()).collect()
    }

    fn tell(&self, operation: &Arc<Operation>, facts: &Facts<'_>) -> Vec<Decided> {
        let decisions = decision::decisions(&self.table, &self.permits, operation, Keep::All);
        let left = Left::of(&self.permits, operation, decisions, self.denial);
        left.map(|it| it.tell(facts)).unwrap_or_default()
    }

    /// A field is shown unless it is certain that the caller may never ask for it: a condition that
    /// looks at arguments or parents could hold somewhere.
    fn hides(&self, field: FieldId, asked: &Asked<'_>) -> bool {
        match self.table.of(field) {
            Some(permits) => {
                permits.iter().filter_map(|it| self.permits.get(it.index())).any(|it| {
                    let is_local = it.allow.expression().is_some_and(decision::looks_around);
                    !is_local && !it.allow.evaluate(asked, None).holds()
                })
            }
            None => self.is_denied_root(field),
        }
    }

    fn may_hide(&self, field: FieldId) -> bool {
        match self.table.of(field) {
            Some(permits) => {
                permits.iter().filter_map(|it| self.permits.get(it.index())).any(|it| {
                    let is_local = it.allow.expression().is_some_and(decision::looks_around);
                    !is_local && !matches!(it.allow, When::Always)
                })
            }
            None => self.is_denied_root(field),
        }
    }

    fn hiding(&self) -> Hiding {
        match (self.denial.mode, self.denial.on_deny, self.denial.conceal) {
            (Mode::Report, ..) => Hiding::Reported,
            (Mode::Enforce, OnDeny::Reject, Conceal::Yes) => Hiding::Concealed,
            (Mode::Enforce, OnDeny::Reject | OnDeny::Remove, Conceal::No | Conceal::Yes) => {
                Hiding::Denied
            }
        }
    }
}

impl Authorization {
    /// A root field that no rule names, where those are denied.
    fn is_denied_root(&self, field: FieldId) -> bool {
        self.table.is_root(field) && self.table.default == Default::Deny
    }
}
