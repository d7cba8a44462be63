//! What one request writes into the log: documents that the file lacks, and its operations.

use std::sync::Arc;

use crate::{
    admission::{Past, Request},
    digest::Digest,
    document::{self, ReadLimits, print, with_holes},
    identity::Caller,
    json::{self, Literal},
    policy::manifest::DocumentId,
    rules,
    traffic::{
        Details, Observed, Sent,
        line::{DocumentLine, OperationLine},
        memory::{Memory, Written},
        values::push_variables,
    },
};

/// Where the lines go, and what is known of their policy.
pub(super) struct Page<'s> {
    pub(super) out: &'s mut String,
    pub(super) memory: &'s mut Memory,
    pub(super) details: Details,
    /// With which callers are hashed.
    pub(super) key: &'s [u8],
}

impl Page<'_> {
    pub(super) fn operation(&mut self, observed: &Observed, (item, sent): (usize, &Sent)) {
        let written = self.document(sent);
        if let Some(it) = &written
            && self.memory.lacks(it.hash)
        {
            let Written { hash, is_hidden, is_trusted, bytes, .. } = **it;
            let text = it.text.as_deref();
            DocumentLine { hash, text, is_hidden, is_trusted, bytes }.write(self.out);
        }
        let tree = sent.variables.as_deref();
        let tree = tree.and_then(|it| json::read(it.as_bytes(), LIMITS).ok());
        let mut variables = String::new();
        let mut is_hidden = written.as_ref().is_some_and(|it| it.is_hidden);
        if let Some(tree) = &tree {
            let hides = self.details == Details::Shapes;
            let known = hides.then_some(&self.memory.vocabulary);
            is_hidden |= push_variables(&mut variables, tree.root(), known);
        }
        let (past, ruled) = (&mut self.memory.past, &observed.ruled);
        // Of what was not priced then, only the whole can be.
        let whole = written.as_ref().filter(|_| !ruled.is_reduced(&observed.policy));
        let whole = || whole.and_then(|it| cost(past, sent, tree.as_ref(), it.hash));
        let cost = ruled.cost(item).or_else(whole);
        let caller = caller(self.key, &observed.caller);
        OperationLine {
            observed,
            item,
            hash: written.as_ref().map(|it| it.hash).or_else(|| named(sent)),
            variables: tree.is_some().then_some(&*variables),
            is_hidden,
            caller: caller.as_deref(),
            cost,
        }
        .write(self.out);
    }

    /// The document that an operation came with, or that its id names.
    fn document(&mut self, sent: &Sent) -> Option<Arc<Written>> {
        let policy = Arc::clone(self.memory.past.policy());
        let library = &policy.documents.library;
        let Some(literal) = sent.query.as_deref() else {
            let id = DocumentId::parse(sent.document_id.as_deref()?).ok()?;
            let text = &*library.document(library.with_id(&id)?)?.text;
            let key = Digest::of(text.as_bytes());
            return Some(
                self.memory.texts.get(key).unwrap_or_else(|| self.written(key, text, true)),
            );
        };
        let key = Digest::of(literal.as_bytes());
        if let Some(written) = self.memory.texts.get(key) {
            return Some(written);
        }
        let tree = json::read(literal.as_bytes(), LIMITS).ok()?;
        let text = tree.root().string()?;
        let is_trusted = library.with_text(&text).is_some();
        Some(self.written(key, &text, is_trusted))
    }

    /// `is_listed`: this very text.
    fn written(&mut self, key: Digest, text: &str, is_listed: bool) -> Arc<Written> {
        let library = &self.memory.past.policy().documents.library;
        let read = || document::read(text, &ReadLimits::CEILINGS).ok();
        let read = if is_listed || text.len() > DOCUMENT { None } else { read() };
        // Another layout of a listed one holds the same values, and comments of its own.
        let says = read.as_ref().map(|it| library.says(&it.document)).unwrap_or_default();
        let says_the_same = !says.is_empty() && says.iter().all(Option::is_some);
        let is_trusted = is_listed || says_the_same;
        let (kept, is_hidden) = match read {
            _ if text.len() > DOCUMENT => (None, true),
            _ if is_listed || self.details == Details::Values => (Some(text.to_owned()), false),
            Some(read) if is_trusted => (Some(print(&read.document)), false),
            Some(read) => {
                let (text, is_hidden) = with_holes(&print(&read.document));
                (Some(text), is_hidden)
            }
            None => (None, true),
        };
        let (hash, bytes) = (Digest::of(text.as_bytes()), text.len());
        let written = Arc::new(Written { hash, text: kept, is_hidden, is_trusted, bytes });
        self.memory.texts.keep(key, Arc::clone(&written));
        written
    }
}

/// The document that is meant by its hash alone.
fn named(sent: &Sent) -> Option<Digest> {
    match DocumentId::parse(sent.document_id.as_deref()?).ok()? {
        DocumentId::Content(hash) => Some(hash),
        DocumentId::Custom(_) => None,
    }
}

fn cost(
    past: &mut Past,
    sent: &Sent,
    variables: Option<&json::Tree<'_>>,
    hash: Digest,
) -> Option<u64> {
    let listed = DocumentId::Content(hash);
    let policy = Arc::clone(past.policy());
    let library = &policy.documents.library;
    let listed = library.with_id(&listed).and_then(|it| library.document(it));
    let query = match (&sent.query, listed) {
        (Some(literal), _) => {
            let tree = json::read(literal.as_bytes(), LIMITS).ok()?;
            Literal::of(&tree.root().string()?)
        }
        (None, Some(listed)) => Literal::of(&listed.text),
        (None, None) => return None,
    };
    let request = Request {
        query: Some(query),
        operation_name: sent.name.as_deref().map(Into::into),
        variables: variables.map(json::Tree::root),
        ..Request::default()
    };
    let measures = past.measure(&request, hash);
    measures.into_iter().find(|(rule, _)| *rule == rules::COST).map(|(_, it)| it)
}

/// Who it was, so that two lines can be told to be of the same caller, by nobody else and only as
/// long as this process runs.
fn caller(key: &[u8], caller: &Caller) -> Option<String> {
    let subject = caller.identity.as_ref()?.subject()?;
    let mut hash = Digest::of_all(&[key, subject.as_bytes()]).to_string();
    hash.truncate(32);
    Some(hash)
}

/// As large as requests may ever be: they were read before.
const LIMITS: json::Limits = json::Limits { depth: 1000, values: u32::MAX, lists: None };
/// 64 KiB: twice what the default admits. Of a larger document only hash and size are kept.
const DOCUMENT: usize = 64 * 1024;
