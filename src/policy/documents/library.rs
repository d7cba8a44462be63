//! The trusted documents, by every name they can be asked for.
//!
//! Each was read, counted, validated and read a second time when it was listed, so that a request
//! only has to find it.

use std::sync::Arc;

use ahash::HashMap;

use crate::{
    diagnostic::Diagnostic,
    digest::Digest,
    document::{self, Ceilings, Document, OperationId, ReadLimits},
    policy::{
        DocumentSettings,
        manifest::{Complaints, DocumentId, Listed, shortened},
    },
    schema::Schema,
};

/// A trusted document of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentIdx(usize);

impl DocumentIdx {
    /// The place among the documents.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// What operations of trusted documents say: operations that say the same are one, in however many
/// documents they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListedIdx(usize);

/// All trusted documents.
#[derive(Debug, Default)]
pub struct Library {
    documents: Vec<TrustedDocument>,
    by_id: HashMap<DocumentId, DocumentIdx>,
    by_text: HashMap<Arc<str>, DocumentIdx>,
    /// By the canonical text of every operation.
    by_canonical: HashMap<Box<str>, ListedIdx>,
    listed: Vec<ListedOperation>,
}

/// What an operation says, in every document that it stands in.
#[derive(Debug)]
struct ListedOperation {
    /// The first document that it stands in.
    first: DocumentIdx,
    settings: Option<Arc<DocumentSettings>>,
}

/// A document that is listed.
#[derive(Debug)]
pub struct TrustedDocument {
    /// Its text as listed.
    pub text: Arc<str>,
    /// SHA-256 of that.
    pub digest: Digest,
    /// The id under which it was listed first.
    pub id: Box<str>,
    /// The file that lists it there.
    pub file: Box<str>,
    /// The names of its operations.
    pub operations: Vec<Option<Box<str>>>,
    /// What each of them says: its settings count wherever it stands.
    pub says: Vec<ListedIdx>,
}

impl Library {
    /// True when nothing is listed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Every document, in the order listed.
    pub fn iter(&self) -> impl Iterator<Item = (DocumentIdx, &TrustedDocument)> {
        (0..).map(DocumentIdx).zip(&self.documents)
    }

    /// A document; `None` for one of another library.
    #[must_use]
    pub fn document(&self, idx: DocumentIdx) -> Option<&TrustedDocument> {
        self.documents.get(idx.0)
    }

    /// By an id it is listed under, or by the SHA-256 of its text.
    #[must_use]
    pub fn with_id(&self, id: &DocumentId) -> Option<DocumentIdx> {
        self.by_id.get(id).copied()
    }

    /// By its text, to the byte.
    #[must_use]
    pub fn with_text(&self, text: &str) -> Option<DocumentIdx> {
        if self.is_empty() { None } else { self.by_text.get(text).copied() }
    }

    /// By the canonical text of one of the operations.
    #[must_use]
    pub fn with_canonical(&self, canonical: &str) -> Option<ListedIdx> {
        self.by_canonical.get(canonical).copied()
    }

    /// What the operations of a document say, in its order; nothing for one that is not listed.
    #[must_use]
    pub fn says(&self, document: &Document) -> Vec<Option<ListedIdx>> {
        let said = |(id, _)| match self.is_empty() {
            true => None,
            false => self.with_canonical(&document::canonical_text(document, id)),
        };
        (0..).map(OperationId).zip(document.operations()).map(said).collect()
    }

    /// The first document in which an operation stands.
    #[must_use]
    pub fn first(&self, idx: ListedIdx) -> Option<DocumentIdx> {
        self.listed.get(idx.0).map(|it| it.first)
    }

    /// What is special about an operation.
    #[must_use]
    pub fn settings(&self, idx: ListedIdx) -> Option<&DocumentSettings> {
        self.listed.get(idx.0)?.settings.as_deref()
    }

    /// Makes something special about a document; `None` when there is no such document.
    pub(super) fn set(&mut self, digest: Digest, settings: DocumentSettings) -> Option<()> {
        let settings = Arc::new(settings);
        let document = self.documents.get(self.with_id(&DocumentId::Content(digest))?.0)?;
        for idx in &document.says {
            if let Some(listed) = self.listed.get_mut(idx.0) {
                listed.settings = Some(Arc::clone(&settings));
            }
        }
        Some(())
    }

    /// Whether something is special already about an operation of a document.
    pub(super) fn is_set(&self, digest: Digest) -> bool {
        let document = self.with_id(&DocumentId::Content(digest)).and_then(|it| self.document(it));
        document.is_some_and(|it| it.says.iter().any(|it| self.settings(*it).is_some()))
    }

    /// Takes one document in, or says what is wrong with it.
    pub(super) fn add(
        &mut self,
        listed: Listed,
        under: (&Schema, &(ReadLimits, Ceilings)),
        found: &mut Complaints<'_>,
    ) {
        let (source, range) = (&listed.place.0, listed.place.1.clone());
        let idx = match self.with_text(&listed.text) {
            Some(idx) => idx,
            None => match read(&listed.text, under) {
                Ok(operations) => self.push(&listed, operations),
                Err(why) => {
                    let message = format!("document `{}`: {why}", shortened(&listed.id));
                    found.push(Diagnostic::error("bad-document", message).at(source, range));
                    return;
                }
            },
        };
        let before = *self.by_id.entry(listed.key).or_insert(idx);
        if before != idx {
            let message = format!("`{}` is the id of another text already", shortened(&listed.id));
            found.push(Diagnostic::error("duplicate-id", message).at(source, range));
        }
    }

    fn push(&mut self, listed: &Listed, operations: Vec<Operation>) -> DocumentIdx {
        let idx = DocumentIdx(self.documents.len());
        let text: Arc<str> = (*listed.text).into();
        let digest = Digest::of(text.as_bytes());
        self.by_text.insert(Arc::clone(&text), idx);
        self.by_id.insert(DocumentId::Content(digest), idx);
        let (mut names, mut says) = (Vec::new(), Vec::new());
        for Operation { name, canonical } in operations {
            let next = ListedIdx(self.listed.len());
            let listed = *self.by_canonical.entry(canonical).or_insert(next);
            if listed == next {
                self.listed.push(ListedOperation { first: idx, settings: None });
            }
            says.push(listed);
            names.push(name);
        }
        self.documents.push(TrustedDocument {
            text,
            digest,
            id: listed.id.clone(),
            file: listed.place.0.name.clone(),
            operations: names,
            says,
        });
        idx
    }
}

struct Operation {
    name: Option<Box<str>>,
    canonical: Box<str>,
}

/// Reads a document as a request with it is read, and a second time by another reader.
fn read(
    text: &str,
    (schema, (limits, ceilings)): (&Schema, &(ReadLimits, Ceilings)),
) -> Result<Vec<Operation>, String> {
    let read = document::read(text, limits).map_err(|it| it.detail())?;
    document::count(&read.document, ceilings).map_err(|it| it.to_string())?;
    document::validate(schema, &read).map_err(|it| {
        let details: Vec<_> = it.iter().map(|it| it.detail.as_str()).collect();
        details.join("; ")
    })?;
    let document = &read.document;
    let operations = (0..).map(OperationId).zip(document.operations()).map(|(id, operation)| {
        let canonical = document::canonical_text(document, id);
        document::second_reader(&canonical, document, id).map_err(|it| it.to_string())?;
        let name = operation.name.map(|it| document.str(it).into());
        Ok(Operation { name, canonical: canonical.into() })
    });
    let operations: Vec<_> = operations.collect::<Result<_, String>>()?;
    if operations.is_empty() {
        return Err("it has no operation".to_owned());
    }
    Ok(operations)
}
