//! One bounded GET: https, or http on this machine; no redirects, no compression, no second try.

use std::pin::pin;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::{
    config::{UpstreamHttp, UpstreamTls, UpstreamUrl},
    diagnostic::Diagnostics,
    identity,
    sources::{
        DialError, Dialer, TlsFiles,
        keys::{KeyAccess, NoKeys},
        load_upstream_tls,
    },
};

/// The body of a 200.
pub(super) async fn get(url: &str, access: &KeyAccess) -> Result<Bytes, NoKeys> {
    let url = UpstreamUrl::parse(url).map_err(broken)?;
    let tls = if url.is_tls() { Some(trust(access)?) } else { None };
    let dialer = Dialer::new(&url, tls.as_ref(), UpstreamHttp::Http1);
    let wire = dialer.open().await.map_err(not_dialled)?;
    // A name that was meant for this machine may lead to another.
    if !url.is_tls() && !wire.is_local() {
        return Err(NoKeys::NotThisMachine);
    }
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = builder.handshake(TokioIo::new(wire)).await.map_err(broken)?;
    let request = request(&url)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        if answer.status() != StatusCode::OK {
            return Err(NoKeys::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), identity::MAX_BYTES).collect().await;
        Ok(body.map_err(NoKeys::Connection)?.to_bytes())
    };
    let mut answer = pin!(answer);
    tokio::select! {
        answer = answer.as_mut() => answer,
        // What breaks the connection its exchange is told, too.
        _ended = connection => answer.await,
    }
}

fn trust(access: &KeyAccess) -> Result<UpstreamTls, NoKeys> {
    let system = || load_upstream_tls(TlsFiles::default(), &mut Diagnostics::default());
    let tls = access.tls.clone().or_else(system);
    tls.ok_or(NoKeys::Url("the system has no certificate authorities"))
}

fn request(url: &UpstreamUrl) -> Result<Request<Empty<Bytes>>, NoKeys> {
    Request::get(http::Uri::from(url.path().clone()))
        .header(header::HOST, url.authority())
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(broken)
}

fn not_dialled(error: DialError) -> NoKeys {
    match error {
        DialError::Connect(it) => broken(it),
        DialError::NoTls => NoKeys::Connection("nobody is trusted for TLS".into()),
        DialError::Tls(it) => NoKeys::Connection(format!("no TLS: {it}").into()),
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> NoKeys {
    NoKeys::Connection(Box::new(error))
}

/// 16 KiB: ten times what key servers write.
const MAX_HEAD: usize = 16 * 1024;
