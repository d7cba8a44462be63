//! The caller: a verified identity, or nobody in particular, and the client it speaks through.

use std::{fmt, net::IpAddr, sync::Arc};

use crate::{
    expression::Value,
    identity::{Certificate, Validity},
};

/// The verified identity and the client it speaks through: one for every HTTP request or stream.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Who; `None` for an anonymous caller. A bad token never gets this far.
    pub identity: Option<Arc<Identity>>,
    /// Where the request comes from.
    pub client: Client,
    /// How the request came.
    pub way: Way,
}

/// Someone whose credential was verified.
pub struct Identity {
    subject: Option<Box<str>>,
    claims: serde_json::Map<String, serde_json::Value>,
    /// The claims as expressions see them, converted once.
    value: Value,
    validity: Validity,
}

/// Where a request comes from.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The address of the client, counted from the trusted proxies.
    pub ip: Option<IpAddr>,
    /// Its verified certificate.
    pub mtls: Option<Arc<Certificate>>,
    /// What it calls itself: for reports, never for a decision.
    pub label: Option<Box<str>>,
}

/// How a request came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// The HTTP method.
    pub method: Method,
    /// The transport.
    pub transport: Transport,
}

/// The HTTP methods that carry operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    #[default]
    Post,
}

/// The transports of GraphQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// One request, one answer.
    #[default]
    Http,
    /// Server-sent events.
    Sse,
    /// `graphql-transport-ws`.
    WebSocket,
}

impl Identity {
    /// Of verified claims that do not end by themselves.
    #[must_use]
    pub fn new(claims: serde_json::Map<String, serde_json::Value>) -> Self {
        Self::lasting(claims, Validity::ALWAYS)
    }

    /// Of verified claims; the subject is the claim `sub`, when it is a text.
    #[must_use]
    pub fn lasting(claims: serde_json::Map<String, serde_json::Value>, validity: Validity) -> Self {
        let subject = claims.get("sub").and_then(|it| it.as_str()).map(Into::into);
        let value = Value::of_json(&serde_json::Value::Object(claims.clone()));
        Self { subject, claims, value, validity }
    }

    /// Who it is.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// When it counts.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The first second since 1970 in which it does not count any more.
    #[must_use]
    pub fn expires(&self) -> u64 {
        self.validity.ends()
    }

    /// Everything that was claimed and verified.
    #[must_use]
    pub const fn claims(&self) -> &serde_json::Map<String, serde_json::Value> {
        &self.claims
    }

    /// The claims as expressions see them.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }
}

impl fmt::Debug for Identity {
    /// Claims are nobody's to log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Way {
    /// The method by which the operation itself comes: a WebSocket is opened by a GET, which carries
    /// none, and its messages are no URLs that a page of another site could ask for.
    #[must_use]
    pub const fn carrier(self) -> Method {
        match self.transport {
            Transport::Http | Transport::Sse => self.method,
            Transport::WebSocket => Method::Post,
        }
    }
}

impl Method {
    /// How it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Transport {
    /// What expressions call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Sse => "sse",
            Self::WebSocket => "websocket",
        }
    }
}
