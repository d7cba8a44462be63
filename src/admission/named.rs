//! Which document a request means: by id, by text, or by both, which then must agree.
//!
//! Compiles nothing and judges nothing.

use std::{borrow::Cow, sync::Arc};

use crate::{
    admission::{Request, refusal::unreadable, remembered::Remembered},
    digest::Digest,
    document::Refusal,
    identity::Method,
    json::Literal,
    policy::{Apq, DocumentIdx, Get, Policy, manifest::DocumentId},
    verdict::{Code, Mode, Violation, ids},
};

/// The document that a request means.
#[derive(Debug)]
pub(super) enum Named<'r> {
    /// A text that an earlier request came with.
    Remembered(Arc<str>),
    /// The text that it comes with.
    Text(&'r Literal<'r>),
    /// A trusted document.
    Trusted(DocumentIdx),
}

/// What can be asked for by an id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'p> {
    pub(super) policy: &'p Policy,
    pub(super) remembered: &'p Remembered,
}

impl Names<'_> {
    /// Finds out what a request means.
    pub(super) fn find<'r>(
        self,
        request: &'r Request<'_>,
        method: Method,
    ) -> Result<Named<'r>, Violation> {
        let only_ids = method == Method::Get && self.policy.http.get == Get::Trusted;
        let text = request.query.as_ref();
        if only_ids && text.is_some() {
            return Err(id_required());
        }
        match (request.document_id.as_deref(), text) {
            (None, None) => Err(refusal(Code::INVALID_REQUEST, "the request has no `query`")),
            // Whether a manifest lists the text is asked when it was not seen before.
            (None, Some(text)) => Ok(Named::Text(text)),
            (Some(id), text) => self.with_id(id, text, only_ids),
        }
    }

    fn with_id<'r>(
        self,
        id: &str,
        literal: Option<&'r Literal<'r>>,
        only_ids: bool,
    ) -> Result<Named<'r>, Violation> {
        let documents = &self.policy.documents;
        let has_text = literal.is_some();
        let Ok(id) = DocumentId::parse(id) else { return Err(self.unknown(None, has_text)) };
        if let Some(idx) = documents.library.with_id(&id) {
            let listed = documents.library.document(idx).map_or("", |it| &*it.text);
            let is_listed = |it: &Literal<'_>| {
                it.text_within(listed.len() as u64).is_some_and(|it| *it == *listed)
            };
            return if literal.is_none_or(is_listed) {
                Ok(Named::Trusted(idx))
            } else {
                Err(disagreement())
            };
        }
        let DocumentId::Content(hash) = id else { return Err(self.unknown(Some(&id), has_text)) };
        if let Some(literal) = literal {
            let limit = self.policy.reading.bytes;
            let Some(text) = literal.text_within(limit) else {
                return Err(unreadable(Refusal::TooManyBytes { limit }));
            };
            if Digest::of(text.as_bytes()) != hash {
                return Err(disagreement());
            }
        }
        match (documents.apq, literal) {
            (Apq::On | Apq::Shared, Some(literal)) => Ok(Named::Text(literal)),
            (Apq::On | Apq::Shared, None) if !only_ids => {
                let text = self.remembered.get(hash);
                text.map(Named::Remembered).ok_or_else(|| self.unknown(Some(&id), false))
            }
            (Apq::Off | Apq::On | Apq::Shared, _) => Err(self.unknown(Some(&id), has_text)),
        }
    }

    /// The objection to an id that nobody knows; clients of automatic persisted queries go by the
    /// message.
    pub(super) fn unknown(self, id: Option<&DocumentId>, has_text: bool) -> Violation {
        let documents = &self.policy.documents;
        let takes_texts = documents.require != Some(Mode::Enforce);
        let is_hash = matches!(id, Some(DocumentId::Content(_)));
        match documents.apq {
            // To send the text with it would not help.
            Apq::Off if has_text && !takes_texts => not_in_list(),
            // To send the text alone does: they go on with that.
            Apq::Off if has_text || (is_hash && takes_texts) => not_supported(),
            Apq::Off if documents.library.is_empty() => not_supported(),
            Apq::Off | Apq::On | Apq::Shared => {
                refusal(Code::PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
            }
        }
    }
}

/// The same request with the text of its document in place of the id, for whoever takes documents
/// apart; what requests came with before is not known there.
pub(super) fn with_text<T>(
    policy: &Policy,
    request: &Request<'_>,
    then: impl FnOnce(&Request<'_>) -> T,
) -> Result<T, Violation> {
    let remembered = Remembered::new();
    let names = Names { policy, remembered: &remembered };
    let text: Cow<'_, str> = match names.find(request, Method::Post)? {
        Named::Remembered(text) => text.to_string().into(),
        Named::Text(_) if request.document_id.is_none() => return Ok(then(request)),
        Named::Text(literal) => literal.text(),
        Named::Trusted(idx) => {
            let listed = policy.documents.library.document(idx).map(|it| &*it.text);
            listed.unwrap_or_default().into()
        }
    };
    Ok(then(&Request {
        query: Some(Literal::of(&text)),
        document_id: None,
        operation_name: request.operation_name.as_deref().map(Into::into),
        variables: request.variables,
        extensions: Vec::new(),
    }))
}

/// The hash of a document that a request names and nobody here knows.
pub(super) fn lacks(names: Names<'_>, request: &Request<'_>) -> Option<Digest> {
    let id = request.document_id.as_deref().filter(|_| request.query.is_none())?;
    let id = DocumentId::parse(id).ok()?;
    if names.policy.documents.library.with_id(&id).is_some() {
        return None;
    }
    match id {
        DocumentId::Content(hash) => names.remembered.get(hash).is_none().then_some(hash),
        DocumentId::Custom(_) => None,
    }
}

/// The hash under which the text of an admitted request is remembered, when it came with both.
pub(super) fn to_remember<'r>(
    policy: &Policy,
    request: &'r Request<'_>,
) -> Option<(Digest, Cow<'r, str>)> {
    if policy.documents.apq == Apq::Off {
        return None;
    }
    let (id, text) = (request.document_id.as_deref()?, request.query.as_ref()?.text());
    match DocumentId::parse(id) {
        // That it is the hash of the text was found when the request was read.
        Ok(DocumentId::Content(hash)) => Some((hash, text)),
        Ok(DocumentId::Custom(_)) | Err(_) => None,
    }
}

/// The objection to a document that no manifest lists.
pub(super) fn not_in_list() -> Violation {
    refusal(Code::PERSISTED_QUERY_NOT_IN_LIST, "only listed documents may be sent")
}

/// The objection to a hash where hashes stand for nothing.
fn not_supported() -> Violation {
    refusal(Code::PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
}

/// The objection to a text where only ids are taken.
pub(super) fn id_required() -> Violation {
    refusal(Code::PERSISTED_QUERY_ID_REQUIRED, "a document is asked for by its id here")
}

/// The objection to an id and a text that are not of one document.
pub(super) fn disagreement() -> Violation {
    refusal(Code::INVALID_REQUEST, "the id and the text name different documents")
}

fn refusal(code: Code, public: &'static str) -> Violation {
    Violation::new(ids::DOCUMENTS, code, public)
}
