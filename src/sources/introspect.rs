//! Asks an upstream for its schema, by introspection over HTTP/1.1.
//!
//! A connection and an answer at a time, every few minutes: no pool, and none of what forwarding
//! does. The answer is bounded in size and time, and is not trusted to be a schema.

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::{
    config::{LinkKey, UpstreamHttp, UpstreamTls, UpstreamUrl},
    diagnostic::Source,
    schema::{INTROSPECTION_QUERY, NoSchema, OLD_INTROSPECTION_QUERY, sdl_of_answer},
    sources::{
        clock::now,
        dial::{DialError, Dialer},
        signed_link::{self, Signer},
    },
};

/// Who is asked for a schema.
#[derive(Clone, Copy, Debug)]
pub struct Teller<'c> {
    /// Where it is.
    pub url: &'c UpstreamUrl,
    /// How it is recognised when it is `https`; none: it is not asked.
    pub tls: Option<&'c UpstreamTls>,
    /// What requests to it are signed with; none: they are not.
    pub key: Option<&'c LinkKey>,
}

/// Why the upstream did not tell its schema.
#[derive(Debug)]
pub enum FetchError {
    /// The connection failed, or what came was no HTTP.
    Connection(Box<dyn std::error::Error + Send + Sync>),
    /// The answer holds no schema.
    NoSchema(NoSchema),
    /// It was not answered with 200.
    Status(StatusCode),
    /// It took too long.
    Timeout,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => write!(f, "the upstream cannot be asked: {error}"),
            Self::NoSchema(why) => why.fmt(f),
            Self::Status(status) => write!(f, "introspection was answered with {status}"),
            Self::Timeout => write!(f, "the upstream did not answer in {} s", PATIENCE.as_secs()),
        }
    }
}

impl std::error::Error for FetchError {}

impl From<DialError> for FetchError {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Connect(it) => broken(it),
            DialError::NoTls => Self::Connection("nobody is trusted for TLS".into()),
            DialError::Tls(it) => Self::Connection(format!("no TLS: {it}").into()),
        }
    }
}

/// Fetches the schema of an upstream, as text.
///
/// # Errors
/// When it cannot be had, for whatever reason.
pub async fn fetch_schema(upstream: Teller<'_>) -> Result<Arc<Source>, FetchError> {
    let text = timeout(PATIENCE, fetch(upstream)).await.unwrap_or(Err(FetchError::Timeout))?;
    Ok(Arc::new(Source { name: upstream.url.to_string().into(), text: text.into() }))
}

/// The same, for who has no runtime.
///
/// # Errors
/// When it cannot be had, for whatever reason.
pub fn fetch_schema_now(upstream: Teller<'_>) -> Result<Arc<Source>, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(broken)?.block_on(fetch_schema(upstream))
}

/// An old server has errors for what is new in the query, with whatever status it likes.
async fn fetch(upstream: Teller<'_>) -> Result<String, FetchError> {
    match ask(upstream, INTROSPECTION_QUERY).await {
        Err(FetchError::NoSchema(_) | FetchError::Status(_)) => {
            ask(upstream, OLD_INTROSPECTION_QUERY).await
        }
        told => told,
    }
}

async fn ask(upstream: Teller<'_>, query: &str) -> Result<String, FetchError> {
    let (status, body) = exchange(upstream, query).await?;
    match sdl_of_answer(&body) {
        Ok(text) if status == StatusCode::OK => Ok(text),
        Err(why @ NoSchema::Errors(_)) => Err(FetchError::NoSchema(why)),
        Err(why) if status == StatusCode::OK => Err(FetchError::NoSchema(why)),
        Ok(_) | Err(_) => Err(FetchError::Status(status)),
    }
}

async fn exchange(upstream: Teller<'_>, query: &str) -> Result<(StatusCode, Bytes), FetchError> {
    let dialer = Dialer::new(upstream.url, upstream.tls, UpstreamHttp::Http1);
    let wire = dialer.open().await?;
    let ended = wire.ended();
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.map_err(broken)?;
    let request = request(upstream, query)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|it| match ended.said() {
            // An upstream that refuses our certificate says so only after the handshake.
            Some(said) => FetchError::Connection(said.into()),
            None => broken(it),
        })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        Ok((status, body.map_err(FetchError::Connection)?.to_bytes()))
    };
    let mut answer = pin!(answer);
    tokio::select! {
        answer = answer.as_mut() => answer,
        // What breaks the connection its exchange is told, too.
        _ended = connection => answer.await,
    }
}

fn request(upstream: Teller<'_>, query: &str) -> Result<Request<Full<Bytes>>, FetchError> {
    let Teller { url, key, .. } = upstream;
    let body = serde_json::json!({ "query": query, "operationName": "IntrospectionQuery" });
    let body = Bytes::from(body.to_string());
    let mut request = Request::post(http::Uri::from(url.path().clone()))
        .header(header::HOST, url.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::new(body.clone()))
        .map_err(broken)?;
    if let Some(key) = key {
        let signature = Signer::new(key).sign(&Method::POST, url.path(), &body, now());
        request.headers_mut().insert(&signed_link::HEADER, signature);
    }
    Ok(request)
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> FetchError {
    FetchError::Connection(Box::new(error))
}

/// 16 MiB: the largest public schema has 8 MB of introspection.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// 20 s for both questions: a large schema takes a slow server seconds.
const PATIENCE: Duration = Duration::from_secs(20);
