//! The documents of a log, as they are told under each policy.
//!
//! Every policy has a document told anew, since it may trust another one: what one of them hides, the
//! other may show.

use std::sync::Arc;

use ahash::HashMap;

use crate::{digest::Digest, traffic::LoggedDocument};

/// Documents by the policy in force when they were told, and by their hash alone.
#[derive(Debug, Default)]
pub(super) struct Told {
    by_policy: HashMap<(usize, Digest), Arc<LoggedDocument>>,
    latest: HashMap<Digest, Arc<LoggedDocument>>,
}

impl Told {
    pub(super) fn keep(&mut self, policy: usize, document: LoggedDocument) {
        let document = Arc::new(document);
        self.by_policy.insert((policy, document.hash), Arc::clone(&document));
        self.latest.insert(document.hash, document);
    }

    /// As it was told under a policy; else as it was told last.
    pub(super) fn get(&self, policy: usize, hash: Digest) -> Option<&Arc<LoggedDocument>> {
        self.by_policy.get(&(policy, hash)).or_else(|| self.latest.get(&hash))
    }
}
