//! One bounded POST of a message; no redirects, no second try, a connection of its own.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::Full;
use prost::Message;
use tokio::time::timeout;

use crate::{
    config::{Collector, UpstreamHttp},
    sources::{DialError, Dialer, ask},
};

/// Sends messages of one kind.
pub(super) struct Poster {
    dialer: Dialer,
    uri: Result<Uri, String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Why a message was not taken.
pub(super) struct NotTaken(pub(super) String);

impl Poster {
    pub(super) fn new(collector: &Collector, signal: &str) -> Self {
        let dialer = Dialer::new(&collector.url, collector.tls.as_ref(), UpstreamHttp::Http1);
        let base = collector.url.path().path().trim_end_matches('/');
        let uri = format!("{base}/{signal}").parse().map_err(|why| format!("no path: {why}"));
        Self { dialer, uri, headers: collector.headers.clone() }
    }

    /// The body of the answer.
    pub(super) async fn post(&self, message: &impl Message) -> Result<Bytes, NotTaken> {
        let sent = timeout(PATIENCE, self.exchange(message.encode_to_vec().into()));
        sent.await.unwrap_or_else(|_elapsed| Err(NotTaken("it did not answer in time".into())))
    }

    async fn exchange(&self, body: Bytes) -> Result<Bytes, NotTaken> {
        let wire = self.dialer.open().await.map_err(|it| NotTaken(words(&it)))?;
        let answer = ask(wire, self.request(body)?, MAX_ANSWER).await.map_err(broken)?;
        if !answer.status.is_success() {
            return Err(NotTaken(format!("it answered with {}", answer.status)));
        }
        answer.body.map_err(broken)
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, NotTaken> {
        let uri = self.uri.clone().map_err(NotTaken)?;
        let mut request = Request::post(uri)
            .header(header::HOST, self.dialer.url().authority())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .header(header::USER_AGENT, concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close")
            .body(Full::new(body))
            .map_err(broken)?;
        request.headers_mut().extend(self.headers.iter().cloned());
        Ok(request)
    }
}

fn words(error: &DialError) -> String {
    match error {
        DialError::Connect(it) => format!("no connection: {it}"),
        DialError::NoTls => "nobody is trusted for TLS".into(),
        DialError::Tls(it) => format!("no TLS: {it}"),
    }
}

fn broken(error: impl std::fmt::Display) -> NotTaken {
    NotTaken(error.to_string())
}

/// 10 s, as OpenTelemetry says.
const PATIENCE: Duration = Duration::from_secs(10);
/// 64 KiB: an answer holds a number and a sentence.
const MAX_ANSWER: usize = 64 * 1024;
