//! The trusted documents of a policy, compiled before anybody asks: an immutable map, from which
//! nothing is ever pushed out.

use std::sync::Arc;

use crate::{
    admission::{compile::compile, known::Entry},
    policy::{DocumentIdx, Policy},
};

/// By document, in the order of the library.
#[derive(Debug)]
pub(super) struct TrustedDocuments(Vec<Operations>);

/// By the name of the operation that is asked for.
type Operations = Vec<(Option<Box<str>>, Arc<Entry>)>;

impl TrustedDocuments {
    /// Compiles every operation of every document.
    pub(super) fn of(policy: &Policy) -> Self {
        let documents = policy.documents.library.iter();
        let of = |text: &str, names: &[Option<Box<str>>]| {
            let entry = |name: Option<&str>| {
                let mut known = compile(policy, text, name);
                known.settle();
                // Nobody looks for it by its text here.
                Arc::new(Entry { operation_name: None, literal: "".into(), known })
            };
            match names {
                // The only operation needs no name.
                [Some(name)] => {
                    let entry = entry(None);
                    vec![(None, Arc::clone(&entry)), (Some(name.clone()), entry)]
                }
                names => names.iter().map(|it| (it.clone(), entry(it.as_deref()))).collect(),
            }
        };
        Self(documents.map(|(_, it)| of(&it.text, &it.operations)).collect())
    }

    /// Every operation of a document, once.
    pub(super) fn entries(&self, idx: DocumentIdx) -> impl Iterator<Item = &Arc<Entry>> {
        let operations = self.0.get(idx.index()).into_iter().flatten().map(|(_, it)| it);
        let mut last: Option<&Arc<Entry>> = None;
        operations.filter(move |it| {
            let is_same = last.is_some_and(|last| Arc::ptr_eq(last, it));
            last = Some(it);
            !is_same
        })
    }

    /// What is known of a document; `None` when it has no such operation.
    pub(super) fn entry(&self, idx: DocumentIdx, operation: Option<&str>) -> Option<&Arc<Entry>> {
        let operations = self.0.get(idx.index())?.iter();
        let mut named = operations.filter(|(name, _)| name.as_deref() == operation);
        named.next().map(|(_, entry)| entry)
    }
}
