//! Asks an upstream for its schema, by introspection over HTTP/1.1.
//!
//! A connection and an answer at a time, every few minutes: no pool, and none of what forwarding
//! does. The answer is bounded in size and time, and is not trusted to be a schema.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use tokio::time::timeout;

use crate::{
    config::{LinkKey, UpstreamHttp, UpstreamTls, UpstreamUrl},
    diagnostic::Source,
    schema::{INTROSPECTION_QUERY, NoSchema, OLD_INTROSPECTION_QUERY, sdl_of_answer},
    sources::{
        ask::{Broken, ask},
        clock::now,
        dial::Dialer,
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
    Connection(Broken),
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
    runtime.map_err(|it| FetchError::Connection(it.into()))?.block_on(fetch_schema(upstream))
}

/// An old server has errors for what is new in the query, with whatever status it likes.
async fn fetch(upstream: Teller<'_>) -> Result<String, FetchError> {
    match question(upstream, INTROSPECTION_QUERY).await {
        Err(FetchError::NoSchema(_) | FetchError::Status(_)) => {
            question(upstream, OLD_INTROSPECTION_QUERY).await
        }
        told => told,
    }
}

async fn question(upstream: Teller<'_>, query: &str) -> Result<String, FetchError> {
    let (status, body) = exchange(upstream, query).await.map_err(FetchError::Connection)?;
    match sdl_of_answer(&body) {
        Ok(text) if status == StatusCode::OK => Ok(text),
        Err(why @ NoSchema::Errors(_)) => Err(FetchError::NoSchema(why)),
        Err(why) if status == StatusCode::OK => Err(FetchError::NoSchema(why)),
        Ok(_) | Err(_) => Err(FetchError::Status(status)),
    }
}

async fn exchange(upstream: Teller<'_>, query: &str) -> Result<(StatusCode, Bytes), Broken> {
    let wire = Dialer::new(upstream.url, upstream.tls, UpstreamHttp::Http1).open().await?;
    let answer = ask(wire, request(upstream, query)?, MAX_BYTES).await?;
    Ok((answer.status, answer.body?))
}

fn request(upstream: Teller<'_>, query: &str) -> http::Result<Request<Full<Bytes>>> {
    let Teller { url, key, .. } = upstream;
    let body = serde_json::json!({ "query": query, "operationName": "IntrospectionQuery" });
    let body = Bytes::from(body.to_string());
    let mut request = Request::post(http::Uri::from(url.path().clone()))
        .header(header::HOST, url.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::new(body.clone()))?;
    if let Some(key) = key {
        let signature = Signer::new(key).sign(&Method::POST, url.path(), &body, now());
        request.headers_mut().insert(&signed_link::HEADER, signature);
    }
    Ok(request)
}

/// 16 MiB: the largest public schema has 8 MB of introspection.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// 20 s for both questions: a large schema takes a slow server seconds.
const PATIENCE: Duration = Duration::from_secs(20);
