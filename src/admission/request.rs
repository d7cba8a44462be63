//! A GraphQL request as a transport hands it over.

use std::borrow::Cow;

use crate::{json, verdict::Framing};

/// One GraphQL request: what stands in the JSON object of the GraphQL over HTTP specification.
#[derive(Debug, Default)]
pub struct Request<'a> {
    /// `query`: the text of a document, as the client has written it.
    pub query: Option<json::Literal<'a>>,
    /// `documentId`, or the hash of `extensions.persistedQuery`.
    pub document_id: Option<Cow<'a, str>>,
    /// `operationName`; an empty name counts as none.
    pub operation_name: Option<Cow<'a, str>>,
    /// `variables`: an object.
    pub variables: Option<json::Value<'a>>,
    /// The members of `extensions` that `http.forward_extensions` lists.
    pub extensions: Vec<(Cow<'a, str>, json::Value<'a>)>,
}

impl Request<'_> {
    /// The text of its document; empty when there is none.
    pub(super) fn text(&self) -> Cow<'_, str> {
        self.query.as_ref().map(json::Literal::text).unwrap_or_default()
    }

    /// The name of the operation to select, when one is given.
    pub(super) fn operation_name(&self) -> Option<&str> {
        self.operation_name.as_deref().filter(|it| !it.is_empty())
    }
}

/// The requests of one HTTP request, at least one.
#[derive(Debug)]
pub struct Requests<'a> {
    /// How they were framed.
    pub framing: Framing,
    /// The first.
    pub first: Request<'a>,
    /// The others of a batch.
    pub rest: Vec<Request<'a>>,
}

impl<'a> Requests<'a> {
    /// One request that is not a batch.
    #[must_use]
    pub const fn single(first: Request<'a>) -> Self {
        Self { framing: Framing::Single, first, rest: Vec::new() }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Request<'a>> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

/// Seconds since 1970-01-01 UTC. The core has no clock: the shell tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub u64);
