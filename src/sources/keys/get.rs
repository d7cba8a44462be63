//! One bounded GET: https, or http on this machine; no redirects, no compression, no second try.

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;

use crate::{
    config::{UpstreamHttp, UpstreamTls, UpstreamUrl},
    diagnostic::Diagnostics,
    identity,
    sources::{
        Broken, Dialer, TlsFiles, ask,
        keys::{KeyAccess, NoKeys},
        load_upstream_tls,
    },
};

/// The body of a 200.
pub(super) async fn get(url: &str, access: &KeyAccess) -> Result<Bytes, NoKeys> {
    let url = UpstreamUrl::parse(url).map_err(broken)?;
    let tls = if url.is_tls() { Some(trust(access)?) } else { None };
    let dialer = Dialer::new(&url, tls.as_ref(), UpstreamHttp::Http1);
    let wire = dialer.open().await.map_err(broken)?;
    // A name that was meant for this machine may lead to another.
    if !url.is_tls() && !wire.is_local() {
        return Err(NoKeys::NotThisMachine);
    }
    let request = request(&url).map_err(broken)?;
    let answer = ask(wire, request, identity::MAX_BYTES).await.map_err(NoKeys::Connection)?;
    if answer.status != StatusCode::OK {
        return Err(NoKeys::Status(answer.status));
    }
    answer.body.map_err(NoKeys::Connection)
}

fn trust(access: &KeyAccess) -> Result<UpstreamTls, NoKeys> {
    let system = || load_upstream_tls(TlsFiles::default(), &mut Diagnostics::default());
    let tls = access.tls.clone().or_else(system);
    tls.ok_or(NoKeys::Url("the system has no certificate authorities"))
}

fn request(url: &UpstreamUrl) -> http::Result<Request<Full<Bytes>>> {
    Request::get(http::Uri::from(url.path().clone()))
        .header(header::HOST, url.authority())
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .header(header::CONNECTION, "close")
        .body(Full::default())
}

fn broken(error: impl Into<Broken>) -> NoKeys {
    NoKeys::Connection(error.into())
}
