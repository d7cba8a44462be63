//! What a log remembers of a request, and how far that is enough to judge it again.
//!
//! Reads no log: whoever has read one fills these in.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{
    admission::{Request, UnixSeconds},
    digest::Digest,
    document::{filler, other_number},
    expression::{Name, Outcome, Resolve, Value},
    identity::{Caller, Seen, Way},
    policy::Policy,
    rules::{Looked, Meta},
};

/// One HTTP request or message as a log remembers it.
#[derive(Debug)]
pub struct Recollection<'r> {
    /// When it came.
    pub at: UnixSeconds,
    /// How it came.
    pub way: Way,
    /// The profile that it was judged under, when it had one.
    pub profile: Option<&'r str>,
    /// What the named conditions have said; nothing: they had no answer.
    pub conditions: &'r [(&'r str, Option<bool>)],
    /// Its operations, at least one.
    pub items: &'r [Recalled<'r>],
}

/// One operation as a log remembers it.
#[derive(Debug)]
pub struct Recalled<'r> {
    /// The request, with other values of the same sizes where they are hidden.
    pub request: Request<'r>,
    /// Whether the text of the document was sent.
    pub has_text: bool,
    /// SHA-256 of the text that was meant, when it is known.
    pub document: Option<Digest>,
    /// The length of that text.
    pub bytes: u64,
    /// The length of the variables as they were sent, when it is known.
    pub variables_bytes: Option<u64>,
    /// What is not remembered.
    pub hidden: Hidden,
    /// The rules that objected with their codes, whether that refused it or not.
    pub found: Vec<(&'r str, &'r str)>,
    /// What refused it.
    pub refused: Option<(&'r str, &'r str)>,
}

/// What a log does not remember of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hidden {
    /// Files came with it, and it cannot be judged without them.
    Files,
    /// Everything is as it was sent.
    #[default]
    Nothing,
    /// Texts and large numbers are others.
    Values,
}

/// How far a policy says the same as the one that was in force.
#[derive(Debug)]
pub struct Alike {
    /// The keys of blocks that are not the same.
    differing: Vec<Box<str>>,
    /// By condition of the policy: whether an answer of then is one of now.
    conditions: Vec<bool>,
}

impl Alike {
    /// Compares a policy with the blocks and the sources of the conditions that were in force.
    #[must_use]
    pub fn of(
        policy: &Policy,
        blocks: &[(Box<str>, Box<str>)],
        conditions: &[(Box<str>, Box<str>)],
    ) -> Self {
        let now: Vec<(Box<str>, Box<str>)> =
            policy.blocks.iter().map(|(key, it)| (key.clone(), it.to_string().into())).collect();
        let one_sided = |some: &[(Box<str>, Box<str>)], other: &[(Box<str>, Box<str>)]| {
            let differing = some.iter().filter(|it| !other.contains(it));
            differing.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        let mut differing = one_sided(&now, blocks);
        differing.extend(one_sided(blocks, &now));
        let mut same: Vec<bool> = Vec::new();
        for (name, expression) in policy.conditions.iter() {
            let source = expression.source();
            let is_as_then = conditions.iter().any(|(it, then)| **it == *name && **then == *source);
            let mut rests_on = expression.conditions().iter();
            let holds = rests_on.all(|it| same.get(*it).copied().unwrap_or_default());
            same.push(is_as_then && holds);
        }
        Self { differing, conditions: same }
    }

    /// Whether a rule decides as it did then: its own block is the same, and what all rest on.
    pub(super) fn holds_for(&self, meta: &Meta) -> bool {
        let block = meta.setting.split('.').next().unwrap_or_default();
        self.has(block) && self.has("types") && self.has("conditions")
    }

    /// Whether the policy refuses where it refused then, and reports where it reported, as far as
    /// that is not said by the block of a rule itself.
    pub(super) fn has_same_modes(&self) -> bool {
        self.has("mode") && self.has("profiles")
    }

    /// Whether a block is the same.
    pub(super) fn has(&self, block: &str) -> bool {
        !self.differing.iter().any(|it| **it == *block)
    }

    /// The answers that count, by condition of the policy.
    pub(super) fn answers<'a>(
        &'a self,
        policy: &'a Policy,
        then: &'a [(&'a str, Option<bool>)],
    ) -> impl Iterator<Item = Option<Outcome>> + use<'a> {
        let named = policy.conditions.names().iter().zip(&self.conditions);
        named.map(|(name, counts)| {
            let (_, answer) = then.iter().find(|(it, _)| *counts && **it == **name)?;
            Some(match answer {
                None => Outcome::Nothing("it had no answer".into()),
                Some(false) => Outcome::Fails,
                Some(true) => Outcome::Holds,
            })
        })
    }
}

/// A caller of whom only the way is known; takes note when more is asked.
#[derive(Debug)]
pub(super) struct Forgotten<'c> {
    seen: Seen<'c>,
    asked: AtomicBool,
}

impl<'c> Forgotten<'c> {
    pub(super) const fn new(caller: &'c Caller) -> Self {
        Self { seen: Seen::new(caller), asked: AtomicBool::new(false) }
    }

    /// Whether somebody wanted to know who it was, since this was asked last.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }
}

impl Resolve for Forgotten<'_> {
    fn resolve(&self, name: Name) -> Option<&Value> {
        match name {
            Name::Claims | Name::Client => {
                self.asked.store(true, Ordering::Relaxed);
                None
            }
            Name::Args
            | Name::Field
            | Name::Operation
            | Name::Parent
            | Name::Request
            | Name::Root
            | Name::Value => self.seen.resolve(name),
        }
    }
}

/// Whether a value could stand in for another one: the log writes no other ones so.
pub(super) fn can_be_another(looked: &Looked) -> bool {
    match looked {
        Looked::More => true,
        Looked::Number(text) => other_number(text).is_some_and(|it| *it == **text),
        Looked::Text(text) => !text.is_empty() && text.chars().all(|it| filler(it) == it),
        Looked::Word => false,
    }
}
