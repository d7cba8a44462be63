//! One attempt: what is sent, how, and what must become of it.
//!
//! Knows nothing of sockets.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::attack::{Parcel, parcel, taken::Taken};

/// One attempt against one rule.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The rule, as the registry calls it, or the key of `http`.
    pub rule: &'static str,
    /// What of the policy it is about: a coordinate, or a number.
    pub at: String,
    /// By which way.
    pub way: &'static str,
    /// What must become of it.
    pub side: Side,
    /// The code of the refusal that is due.
    pub code: &'static str,
    /// How it is sent.
    pub transport: Transport,
    /// What is sent; several are a batch.
    pub requests: Vec<Request>,
    /// Bytes that the body is padded to with white space.
    pub padded: Option<usize>,
    /// As whom it is sent; `None`: as whoever the attack is made.
    pub who: Option<Arc<str>>,
    /// What comes with it when it is a request with files.
    pub parcel: Option<Parcel>,
    /// What is taken out of it where it is forbidden: the rest may reach the upstream.
    pub(super) taken: Option<Taken>,
}

/// What must become of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It is forbidden, and must never reach the upstream.
    Beyond,
    /// It is within what is allowed, and must not be refused by the rule.
    Within,
}

/// How an attempt is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// POST of an array.
    Batch,
    /// POST that wants server-sent events.
    Events,
    /// GET.
    Get,
    /// POST.
    Post,
    /// A WebSocket.
    WebSocket,
}

impl Transport {
    /// Every way in.
    pub const ALL: [Self; 5] = [Self::Post, Self::Get, Self::Events, Self::Batch, Self::WebSocket];

    /// How a report calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Events => "events",
            Self::Get => "GET",
            Self::Post => "POST",
            Self::WebSocket => "WebSocket",
        }
    }
}

/// A request of GraphQL over HTTP.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The document; empty when there is none.
    pub query: String,
    /// The variables.
    pub variables: Map<String, Value>,
    /// Which operation runs.
    pub operation: Option<String>,
    /// Further members of the object.
    pub members: Map<String, Value>,
}

impl Request {
    /// A document alone.
    #[must_use]
    pub fn new(query: impl Into<String>) -> Self {
        Self { query: query.into(), ..Self::default() }
    }

    /// The same with a variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.variables.insert(name.to_owned(), value);
        self
    }

    /// The same with another member beside.
    #[must_use]
    pub fn beside(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// The JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        if !self.query.is_empty() {
            object.insert("query".to_owned(), self.query.as_str().into());
        }
        if !self.variables.is_empty() {
            object.insert("variables".to_owned(), Value::Object(self.variables.clone()));
        }
        if let Some(operation) = &self.operation {
            object.insert("operationName".to_owned(), operation.as_str().into());
        }
        object.extend(self.members.clone());
        Value::Object(object)
    }
}

impl Attempt {
    /// One request by POST that must not get through.
    #[must_use]
    pub fn beyond(rule: &'static str, code: &'static str, request: Request) -> Self {
        Self {
            rule,
            at: String::new(),
            way: "plain",
            side: Side::Beyond,
            code,
            transport: Transport::Post,
            requests: vec![request],
            padded: None,
            who: None,
            parcel: None,
            taken: None,
        }
    }

    /// The same about a part of the policy, by a way.
    #[must_use]
    pub fn about(self, at: impl Into<String>, way: &'static str) -> Self {
        Self { at: at.into(), way, ..self }
    }

    /// The same on the other side of the line, or on this.
    #[must_use]
    pub fn on(self, side: Side) -> Self {
        Self { side, ..self }
    }

    /// The same by another way in.
    #[must_use]
    pub fn by(&self, transport: Transport) -> Self {
        Self { transport, ..self.clone() }
    }

    /// Whether what is forbidden in it stands in what the upstream got.
    pub(super) fn is_in(&self, body: &[u8]) -> bool {
        self.taken.as_ref().is_none_or(|it| it.is_in(body))
    }

    /// The content type of a POST.
    #[must_use]
    pub fn media(&self) -> &'static str {
        if self.parcel.is_some() { parcel::MEDIA } else { "application/json" }
    }

    /// The bytes of a POST.
    #[must_use]
    pub fn body(&self) -> String {
        match &self.parcel {
            Some(parcel) => parcel.wrap(&self.items()),
            None => self.items(),
        }
    }

    fn items(&self) -> String {
        let items: Vec<_> = self.requests.iter().map(Request::json).collect();
        let body = match (items.as_slice(), self.transport) {
            ([only], Transport::Post | Transport::Events | Transport::Get) => only.to_string(),
            // A harmless one in front: whoever looks at the first alone sees nothing.
            ([only], Transport::Batch) => {
                json!([Request::new("{ __typename }").json(), only]).to_string()
            }
            (all, _) => Value::Array(all.to_vec()).to_string(),
        };
        let padding = self.padded.unwrap_or_default().saturating_sub(body.len());
        format!("{body}{}", " ".repeat(padding))
    }
}
