//! The rules: each is one reason to reject, in one file with one page.
//!
//! To add one: a file here with its page beside it, one line in `registry.rs`, an admit and a
//! reject case in `tests/rules`.

mod allowed_directives;
mod authorization;
mod compared;
mod cost;
mod deprecated;
mod federation;
mod guarded;
mod input_allow;
mod input_json;
mod input_length;
mod input_one_of;
mod input_pattern;
mod input_range;
mod input_require;
mod input_url;
mod input_value;
mod inputs;
mod introspection;
mod limit;
mod list_length;
mod max_aliases;
mod max_depth;
mod max_directives;
mod max_directives_per_place;
mod max_document;
mod max_fields;
mod max_fragments;
mod max_list_depth;
mod max_operations;
mod max_repeats;
mod max_root_fields;
mod max_tokens;
mod max_variables;
mod once_per_request;
mod operation_kinds;
mod purse;
mod registry;
mod representation;
mod representation_field;
mod representation_key;
mod scope;
mod string_length;
mod typed;
mod value_depth;
mod variables_bytes;

pub use authorization::ID as AUTHORIZATION;
pub use cost::ID as COST;
pub use deprecated::{Used, deprecated_values};
pub use registry::{Entry, REGISTRY, RuleIdx};

use std::{fmt::Debug, sync::Arc};

use crate::{
    cost::Model,
    diagnostic::Diagnostics,
    digest::TextDigest,
    document::SelectionId,
    expression::{Asked, Conditions, Outcome},
    operation::{Operation, Variables},
    schema::{FieldId, InputId, Schema, TypeId},
    verdict::{Code, Findings, Mode, Violation},
    yaml::Node,
};

/// What a rule is called, everywhere it is named.
#[derive(Debug)]
pub struct Meta {
    /// Kebab-case, stable: `max-depth`.
    pub id: &'static str,
    /// The wire code of its violations.
    pub code: Code,
    /// One line for tables.
    pub title: &'static str,
    /// The entry of the OWASP API Security Top 10 (2023) it serves, such as `API4`.
    pub owasp: &'static str,
    /// Its setting in the policy: `limits.depth`.
    pub setting: &'static str,
    /// Its page, Markdown.
    pub page: &'static str,
}

/// A reason to reject.
pub trait Rule: Send + Sync + Debug {
    /// What it is called.
    fn meta(&self) -> &'static Meta;

    /// Applies the rule to an operation as far as the document alone decides it.
    fn specialise(&self, operation: &Arc<Operation>) -> Specialised;

    /// The objection to what was called so often in one HTTP request; see [`Findings::tally`].
    fn object_to_tally(&self, _number: u32, _times: u64) -> Option<Violation> {
        None
    }

    /// Whether the rule may take selections out of an operation; see [`Findings::take_out`].
    fn takes_out(&self) -> bool {
        false
    }

    /// Whether the rule is about what goes on: asked once it is known what is taken out, of an
    /// operation without that.
    fn judges_what_goes_on(&self) -> bool {
        false
    }

    /// What its items do when they object, as far as they say that themselves.
    fn modes(&self) -> Vec<Mode> {
        vec![Mode::Enforce]
    }

    /// Whether one of its items refuses also where the rule only watches.
    fn insists(&self) -> bool {
        false
    }

    /// The items of the policy file that the rule decides by, as `tell` calls them.
    fn items(&self) -> Vec<Box<str>> {
        Vec::new()
    }

    /// Which item decides what in one request: for a person, not for the request path.
    fn tell(&self, _operation: &Arc<Operation>, _facts: &Facts<'_>) -> Vec<Decided> {
        Vec::new()
    }

    /// Whether introspection must not show a field to a caller.
    fn hides(&self, _field: FieldId, _asked: &Asked<'_>) -> bool {
        false
    }

    /// Whether there could be a caller from whom the rule hides a field.
    fn may_hide(&self, _field: FieldId) -> bool {
        false
    }

    /// What becomes of a request for what the rule hides.
    fn hiding(&self) -> Hiding {
        Hiding::Denied
    }
}

/// What becomes of a request for a field that a rule hides from the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hiding {
    /// It is answered like one for a field that is not there.
    Concealed,
    /// It is refused, or goes on without the field.
    Denied,
    /// It goes on.
    Reported,
}

/// What is left of a rule once it has seen the operation.
#[derive(Debug)]
pub enum Specialised {
    /// Cannot be violated by this operation.
    Holds,
    /// Violated whatever the variables and the caller.
    Violated(Vec<Violation>),
    /// A number to compare with the limit of the caller's profile.
    Measured(u64),
    /// Needs variables, caller or time.
    Depends(Box<dyn Residual>),
}

/// What is left of a rule for every request with this document.
pub trait Residual: Send + Sync + Debug {
    /// Checks one request: objects to `found`, or hands it a measure for the limit.
    fn check(&self, facts: &Facts<'_>, found: &mut Findings);

    /// Every selection that it could take out, whoever asks; see [`Findings::take_out`].
    fn could_take(&self) -> Vec<SelectionId> {
        Vec::new()
    }

    /// Objects to what every request with this document is refused for, whatever comes with it:
    /// for a person, not for the request path.
    fn always(&self, _found: &mut Findings) {}

    /// Roughly how many bytes it holds on to, beside operations, documents and what the policy
    /// shares. One that does not say counts as one that holds something of every selection.
    fn weight(&self) -> Option<usize> {
        None
    }
}

/// What one item of the policy file decides about one place of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The coordinate.
    pub at: String,
    /// The item, by its first coordinate.
    pub by: Box<str>,
    /// What it asks for.
    pub asks: String,
    /// Whether that holds.
    pub outcome: Outcome,
    /// What was looked at.
    pub about: Looked,
}

/// What an item has looked at, as far as it is one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// More than one value, or none.
    More,
    /// A number, as written.
    Number(Box<str>),
    /// A text.
    Text(Box<str>),
    /// A truth value, null, or a word of the schema.
    Word,
}

/// What a residual may look at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The variables of the request, coerced.
    pub variables: &'a Variables<'a>,
    /// Who sent it, and what the named conditions say of that.
    pub asked: &'a Asked<'a>,
    /// The document that was sent.
    pub document: DocumentFacts<'a>,
}

/// What rules may know of a document beside what is written in it.
#[derive(Clone, Copy, Debug)]
pub struct DocumentFacts<'a> {
    /// SHA-256 of its text.
    pub hash: &'a TextDigest,
    /// Whether it is listed in a manifest.
    pub trusted: Trusted,
}

/// Whether a document is listed in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// Anyone may have written it.
    No,
    /// It is listed.
    Yes,
}

/// What rules can be made from, beside their own setting.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The upstream's types.
    pub schema: &'a Arc<Schema>,
    /// What everything in the schema costs.
    pub cost: &'a Arc<Model>,
    /// The named conditions.
    pub conditions: &'a Conditions,
}

/// How a rule is set in the policy, and how it is made from that.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// A number: `N`, `off`, or `{ max: N, mode: report }`. Can differ per profile.
    Limit {
        /// The number when the policy is silent; `manual` says where it comes from.
        default: u64,
        /// The largest number that may be written, and what `off` means while reading.
        ceiling: u64,
        /// What the number counts.
        unit: Unit,
        /// How the items of a batch come together.
        batch: Batch,
        /// What it does when the policy is silent about its number.
        mode: Mode,
        /// Makes the rule.
        rule: fn(&Ground<'_>) -> Box<dyn Rule>,
    },
    /// `deny`, `allow` or `report`. Can differ per profile.
    Switch {
        /// The word when the policy is silent.
        default: Switch,
        /// Makes the rule.
        rule: fn() -> Box<dyn Rule>,
    },
    /// A shape of its own that names things of the schema or conditions.
    Bound {
        /// The rule when the policy is silent.
        default: fn(&Ground<'_>) -> Box<dyn Rule>,
        /// Reads the shape; adds every mistake to the diagnostics.
        read: fn(&Node, &Ground<'_>, &mut Diagnostics) -> Box<dyn Rule>,
        /// Adds the mistakes that are some whatever the schema is, when there is none.
        unbound: fn(&Node, &Conditions, &mut Diagnostics),
        /// JSON Schema of the shape, as JSON text.
        schema: &'static str,
    },
    /// A key of the items of `inputs`, such as `range`.
    Input {
        /// Makes the rule from every item that has the key; adds every mistake.
        read: fn(&[Demand<'_>], &Ground<'_>, &mut Diagnostics) -> Box<dyn Rule>,
        /// Adds the mistakes that are some whatever the schema is, when there is none.
        unbound: fn(&Node, &Conditions, &mut Diagnostics),
        /// JSON Schema of the value of the key, as JSON text.
        schema: &'static str,
    },
    /// A shape of its own.
    Shape {
        /// The rule when the policy is silent.
        default: fn() -> Box<dyn Rule>,
        /// Reads the shape; adds every mistake to the diagnostics.
        read: fn(&Node, &mut Diagnostics) -> Box<dyn Rule>,
        /// JSON Schema of the shape, as JSON text.
        schema: &'static str,
    },
}

/// What one item of `inputs` demands of the values at some places.
#[derive(Clone, Debug)]
pub struct Demand<'n> {
    /// How messages call the item: its first coordinate.
    pub name: &'n str,
    /// The places.
    pub at: Vec<Demanded>,
    /// What stands under the key.
    pub node: &'n Node,
    /// Whether null and absent values are judged, too.
    pub presence: Presence,
    /// Whether it refuses, when it says so itself.
    pub mode: Option<Mode>,
}

/// One of the places of a demand.
#[derive(Clone, Copy, Debug)]
pub struct Demanded {
    /// Where.
    pub place: InputPlace,
    /// A wildcard passes over places that are not of the rule's kind; a name must fit.
    pub named: Named,
}

/// How a place was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// By a wildcard, which binds to many.
    ByWildcard,
    /// By its own name.
    Exactly,
}

/// Where the values of inputs stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputPlace {
    /// An argument of a field or directive, or a field of an input object.
    Input(InputId),
    /// Every value of a scalar type.
    Scalar(TypeId),
}

/// What becomes of values that are null or not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// They pass.
    Optional,
    /// They are objected to.
    Required,
}

/// What a limit counts, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Written with a unit: `32KiB`.
    Bytes,
    /// Written as a bare number.
    Count,
}

/// How the measures of the items of a batch come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// The largest counts.
    Largest,
    /// They add up.
    Sum,
}

/// A rule that is on, off, or only watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Off: what the rule is about is allowed.
    Allow,
    /// On.
    Deny,
    /// Watches and reports.
    Report,
}
