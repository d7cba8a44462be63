//! Asks an upstream for its schema, by introspection over HTTP/1.1.
//!
//! A connection and an answer at a time, every few minutes: no pool, and none of what forwarding
//! does. The answer is bounded in size and time, and is not trusted to be a schema.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::{
    config::UpstreamUrl,
    diagnostic::Source,
    schema::{INTROSPECTION_QUERY, NoSchema, OLD_INTROSPECTION_QUERY, sdl_of_answer},
};

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

/// Fetches the schema of an upstream, as text.
///
/// # Errors
/// When it cannot be had, for whatever reason.
pub async fn fetch_schema(upstream: &UpstreamUrl) -> Result<Arc<Source>, FetchError> {
    let text = timeout(PATIENCE, fetch(upstream)).await.unwrap_or(Err(FetchError::Timeout))?;
    let name = format!("http://{}{}", upstream.authority(), upstream.path());
    Ok(Arc::new(Source { name: name.into(), text: text.into() }))
}

/// The same, for who has no runtime.
///
/// # Errors
/// When it cannot be had, for whatever reason.
pub fn fetch_schema_now(upstream: &UpstreamUrl) -> Result<Arc<Source>, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(broken)?.block_on(fetch_schema(upstream))
}

/// An old server has errors for what is new in the query, with whatever status it likes.
async fn fetch(upstream: &UpstreamUrl) -> Result<String, FetchError> {
    match ask(upstream, INTROSPECTION_QUERY).await {
        Err(FetchError::NoSchema(_) | FetchError::Status(_)) => {
            ask(upstream, OLD_INTROSPECTION_QUERY).await
        }
        told => told,
    }
}

async fn ask(upstream: &UpstreamUrl, query: &str) -> Result<String, FetchError> {
    let answer = exchange(upstream, query).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
    let body = body.map_err(FetchError::Connection)?.to_bytes();
    match sdl_of_answer(&body) {
        Ok(text) if status == StatusCode::OK => Ok(text),
        Err(why @ NoSchema::Errors(_)) => Err(FetchError::NoSchema(why)),
        Err(why) if status == StatusCode::OK => Err(FetchError::NoSchema(why)),
        Ok(_) | Err(_) => Err(FetchError::Status(status)),
    }
}

async fn exchange(
    upstream: &UpstreamUrl,
    query: &str,
) -> Result<http::Response<Incoming>, FetchError> {
    let address = (upstream.host(), upstream.port());
    let stream = TokioIo::new(TcpStream::connect(address).await.map_err(broken)?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(broken)?;
    // It ends with the exchange, and what breaks it the exchange is told, too.
    drop(tokio::spawn(connection));
    sender.send_request(request(upstream, query)?).await.map_err(broken)
}

fn request(upstream: &UpstreamUrl, query: &str) -> Result<Request<Full<Bytes>>, FetchError> {
    let body = serde_json::json!({ "query": query, "operationName": "IntrospectionQuery" });
    Request::post(http::Uri::from(upstream.path().clone()))
        .header(header::HOST, upstream.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(broken)
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> FetchError {
    FetchError::Connection(Box::new(error))
}

/// 16 MiB: the largest public schema has 8 MB of introspection.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// 20 s for both questions: a large schema takes a slow server seconds.
const PATIENCE: Duration = Duration::from_secs(20);
