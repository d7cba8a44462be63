//! The spans of a request: one for it, and one for what is asked of the upstream.
//!
//! Names of facts are those of OpenTelemetry's semantic conventions. A span holds no document, no
//! value and no header; the name of an operation is told once it was admitted, and becomes part of
//! a span's name never, as clients choose it. What is dropped half-way is told as cancelled. The
//! span of a request ends when the head of its answer goes to the client.

mod open;
mod socket;

use std::{borrow::Cow, cell::RefCell, net::IpAddr, rc::Rc};

use http::{HeaderMap, HeaderValue, StatusCode, Version, request::Parts};

use crate::{
    admission::Requests,
    config::{Collector, UpstreamUrl},
    server::{exchange::Exchange, logged, traced::open::Open},
    telemetry::{Kind, RequestId, Spans, TraceContext, Tracer},
    transport::Refusal,
    upstream::Trace,
    verdict::{Code, Verdict},
};
pub(super) use socket::{Handshake, Subscribed};

/// What makes the spans of a worker; nothing: nobody wants them.
pub(super) fn tracer(spans: Option<&Spans>, collector: Option<&Collector>) -> Option<Rc<Tracer>> {
    Some(Rc::new(Tracer::new(spans?.clone(), collector?.sample.part())))
}

/// A request that belongs to a trace.
#[derive(Debug)]
pub(super) struct Traced {
    open: RefCell<Open>,
    /// What the client has sent is the place of the request.
    is_theirs: bool,
}

/// What is asked of the upstream.
#[derive(Debug)]
pub(super) struct Call {
    open: Open,
    forwarded: Trace,
}

impl Exchange<'_> {
    /// Begins a span, when somebody wants to know.
    pub(super) fn trace(&mut self) {
        let tracer = self.client.worker.tracer();
        self.traced =
            tracer.map(|it| Traced::begin(it, self.head, (self.reply.id, self.address())));
    }

    /// Takes note of what may go on.
    pub(super) fn tell(&self, requests: &Requests<'_>, verdict: &Verdict) {
        let Some(traced) = &self.traced else { return };
        let items = match verdict {
            Verdict::Admit(admitted) => admitted.items(),
            Verdict::Answer(answered) => &answered.items,
            Verdict::Reject(_) => return,
        };
        let name = requests.first.operation_name.as_deref();
        traced.open.borrow_mut().operations(items, name);
    }
}

impl Traced {
    /// Begins the span of a request.
    fn begin(tracer: &Rc<Tracer>, head: &Parts, (id, address): (RequestId, IpAddr)) -> Box<Self> {
        let theirs =
            only(&head.headers, "traceparent").and_then(|it| TraceContext::read(it.as_bytes()));
        let state = only(&head.headers, "tracestate").filter(|_| theirs.is_some());
        let mut open = Open::begin(tracer, theirs, Kind::Server, named(head));
        open.span.state = state.and_then(|it| it.to_str().ok()).map(Into::into);
        if open.is_told() {
            open.span.facts.reserve(16);
            let method = head.method.as_str();
            open.text(
                "http.request.method",
                if KNOWN.contains(&method) { method } else { "_OTHER" },
            );
            open.text("url.path", head.uri.path());
            open.text("network.protocol.version", version(head.version));
            open.text("client.address", &address.to_string());
            open.request(id);
            let host = head.uri.authority().map(http::uri::Authority::as_str);
            let host = host.or_else(|| head.headers.get("host")?.to_str().ok());
            host.into_iter().for_each(|it| open.text("server.address", it));
        }
        Box::new(Self { open: RefCell::new(open), is_theirs: theirs.is_some() })
    }

    /// Begins the span of what is asked of the upstream, which is at this place when it is at one.
    pub(super) fn call(&self, url: Option<&UpstreamUrl>) -> Box<Call> {
        let above = &*self.open.borrow();
        let parent = Some(above.span.context);
        let mut open = Open::begin(&above.tracer, parent, Kind::Client, "POST".into());
        open.span.state.clone_from(&above.span.state);
        if open.is_told() {
            open.text("http.request.method", "POST");
            if let Some(url) = url {
                open.text("server.address", url.host());
                open.number("server.port", url.port().into());
                // The query may hold a key.
                let scheme = if url.is_tls() { "https" } else { "http" };
                let (place, path) = (url.authority(), url.path().path());
                open.text("url.full", &format!("{scheme}://{place}{path}"));
            }
        }
        let forwarded = Trace { parent: value(open.span.context), is_theirs: self.is_theirs };
        Box::new(Call { open, forwarded })
    }

    /// Ends with what the client is told.
    pub(super) fn end(&self, status: StatusCode, code: Option<Code>) {
        let open = &mut *self.open.borrow_mut();
        if let Some(code) = code {
            open.text("error.type", code.as_str());
        }
        open.end(status, status.is_server_error());
    }
}

impl Call {
    /// What the upstream is told.
    pub(super) const fn forwarded(&self) -> &Trace {
        &self.forwarded
    }

    /// Ends with the head of the answer, or without one.
    pub(super) fn end(mut self, answered: Result<StatusCode, &Refusal>) {
        match answered {
            Ok(status) => {
                // Of a client's span, what the other side refuses is a failure, too.
                let is_failed = status.is_client_error() || status.is_server_error();
                if is_failed {
                    self.open.text("error.type", status.as_str());
                }
                self.open.end(status, is_failed);
            }
            Err(refusal) => {
                self.open.text("error.type", logged::code(refusal).as_str());
                self.open.fail();
            }
        }
    }
}

/// A header that came once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Until it is known what is asked for. Paths are not told here: clients choose them.
fn named(head: &Parts) -> Cow<'static, str> {
    let known = KNOWN.iter().find(|it| **it == head.method.as_str());
    Cow::Borrowed(known.copied().unwrap_or("HTTP"))
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

/// Digits and hyphens are always a header value.
fn value(context: TraceContext) -> HeaderValue {
    HeaderValue::try_from(context.to_string()).unwrap_or(HeaderValue::from_static(""))
}

/// The methods of RFC 9110, and PATCH.
const KNOWN: [&str; 9] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
