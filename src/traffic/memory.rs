//! What is remembered of policies and documents, so that nothing is read or told twice.

use std::{num::NonZeroUsize, sync::Arc};

use ahash::HashSet;
use lru::LruCache;

use crate::{admission::Past, digest::Digest, policy::Policy, traffic::values::Vocabulary};

/// A document as it is written.
pub(super) struct Written {
    pub(super) hash: Digest,
    pub(super) text: Option<String>,
    pub(super) is_hidden: bool,
    pub(super) is_trusted: bool,
    pub(super) bytes: usize,
}

/// What is remembered of one policy.
pub(super) struct Memory {
    pub(super) past: Past,
    pub(super) vocabulary: Vocabulary,
    pub(super) texts: Texts,
    /// Documents that stand in the present file.
    told: HashSet<Digest>,
}

impl Memory {
    fn of(policy: &Arc<Policy>) -> Self {
        let vocabulary = Vocabulary::of(&policy.schema);
        let past = Past::new(Arc::clone(policy));
        Self { past, vocabulary, texts: Texts::default(), told: HashSet::default() }
    }

    fn is_of(&self, policy: &Arc<Policy>) -> bool {
        Arc::ptr_eq(self.past.policy(), policy)
    }

    /// Whether the present file lacks a document, which it has from here on.
    pub(super) fn lacks(&mut self, document: Digest) -> bool {
        if self.told.len() > TOLD {
            self.told.clear();
        }
        self.told.insert(document)
    }
}

/// Those of the policies that are in force, each for a graph; the one that the log speaks of is the
/// first.
#[derive(Default)]
pub(super) struct Memories {
    all: Vec<Memory>,
    /// Whether the present file says that the first is in force.
    is_told: bool,
}

impl Memories {
    /// Turns to a policy; whether the file is yet to say that it is in force.
    pub(super) fn turn_to(&mut self, policy: &Arc<Policy>) -> bool {
        if self.is_told && self.all.first().is_some_and(|it| it.is_of(policy)) {
            return false;
        }
        // One that nobody else holds is in force nowhere.
        self.all.retain(|it| Arc::strong_count(it.past.policy()) > 1);
        let before = self.all.iter().position(|it| it.is_of(policy));
        let memory = before.map_or_else(|| Memory::of(policy), |at| self.all.remove(at));
        self.all.insert(0, memory);
        self.all.truncate(POLICIES);
        self.is_told = true;
        true
    }

    /// That of the policy turned to.
    pub(super) fn present(&mut self) -> Option<&mut Memory> {
        self.all.first_mut()
    }

    /// Whether the file is yet to say everything.
    pub(super) const fn is_told(&self) -> bool {
        self.is_told
    }

    /// Has everything told again with what comes next.
    pub(super) fn tell_again(&mut self) {
        self.is_told = false;
        self.all.iter_mut().for_each(|it| it.told.clear());
    }
}

/// Documents by what came: bounded in number and bytes.
pub(super) struct Texts {
    by_literal: LruCache<Digest, Arc<Written>>,
    bytes: usize,
}

impl Default for Texts {
    fn default() -> Self {
        Self { by_literal: LruCache::new(TEXTS), bytes: 0 }
    }
}

impl Texts {
    pub(super) fn get(&mut self, literal: Digest) -> Option<Arc<Written>> {
        self.by_literal.get(&literal).map(Arc::clone)
    }

    pub(super) fn keep(&mut self, literal: Digest, written: Arc<Written>) {
        self.bytes = self.bytes.saturating_add(size(&written));
        if let Some((_, old)) = self.by_literal.push(literal, written) {
            self.bytes = self.bytes.saturating_sub(size(&old));
        }
        while self.bytes > TEXT_BYTES
            && let Some((_, oldest)) = self.by_literal.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(size(&oldest));
        }
    }
}

fn size(written: &Written) -> usize {
    written.text.as_ref().map_or(0, String::capacity)
}

/// Of so many policies at once; of more, the log says everything whenever they change.
const POLICIES: usize = 16;
/// A million documents in one file; what is told twice is told to no harm.
const TOLD: usize = 1_000_000;
/// 4,096 documents are remembered.
const TEXTS: NonZeroUsize = match NonZeroUsize::new(4_096) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};
/// 8 MiB: 2 KiB for each, as operations of clients have.
const TEXT_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diagnostic::Source, policy};

    fn a_policy() -> Arc<Policy> {
        let source = |text: &str| Arc::new(Source { name: "p".into(), text: text.into() });
        let schema = source("type Query { a: Int }");
        let text = source("version: 1\nname: a\nschema: { file: s }");
        let (policy, _) = policy::load(text, &mut |_| Ok(Arc::clone(&schema)));
        Arc::new(policy.unwrap())
    }

    #[test]
    fn policies_that_take_turns_forget_nothing() {
        let (a, b) = (a_policy(), a_policy());
        let mut memories = Memories::default();
        let mut check = |policy: &Arc<Policy>, is_new_turn: bool, lacks: bool| {
            assert_eq!(memories.turn_to(policy), is_new_turn);
            assert_eq!(memories.present().unwrap().lacks(Digest::of(b"{ a }")), lacks);
            memories.all.len()
        };
        assert_eq!(check(&a, true, true), 1);
        assert_eq!(check(&a, false, false), 1);
        assert_eq!(check(&b, true, true), 2);
        assert_eq!(check(&a, true, false), 2);
        // What is in force nowhere is forgotten.
        drop(b);
        assert_eq!(check(&a_policy(), true, true), 2);
        memories.tell_again();
        assert!(memories.turn_to(&a) && memories.present().unwrap().lacks(Digest::of(b"{ a }")));
    }

    #[test]
    fn texts_are_bounded_in_bytes() {
        let mut texts = Texts::default();
        let written = || {
            let text = Some("a".repeat(TEXT_BYTES / 4));
            let (hash, is_hidden, is_trusted, bytes) = (Digest::of(b""), false, false, 0);
            Arc::new(Written { hash, text, is_hidden, is_trusted, bytes })
        };
        let key = |n: u8| Digest::of(&[n]);
        for n in 0..4 {
            texts.keep(key(n), written());
        }
        assert!(texts.get(key(0)).is_some());
        texts.keep(key(4), written());
        assert!(texts.get(key(0)).is_some() && texts.get(key(1)).is_none());
        // The same one again takes nothing more.
        texts.keep(key(4), written());
        assert!(texts.get(key(2)).is_some());
    }
}
