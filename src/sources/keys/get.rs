//! One bounded GET: https, or http on this machine; no redirects, no compression, no second try.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{
    config::{UpstreamHttp, UpstreamTls, UpstreamUrl},
    diagnostic::Diagnostics,
    identity,
    sources::{
        TlsFiles,
        keys::{KeyAccess, NoKeys},
        load_upstream_tls,
    },
};

/// The body of a 200.
pub(super) async fn get(url: &str, access: &KeyAccess) -> Result<Bytes, NoKeys> {
    let url = UpstreamUrl::parse(url).map_err(broken)?;
    let stream = TcpStream::connect((url.host(), url.port())).await.map_err(broken)?;
    let answer = match url.tls_name() {
        Some(name) => {
            let connector = TlsConnector::from(trust(access)?.client(UpstreamHttp::Http1));
            let stream = connector.connect(name.clone(), stream).await.map_err(broken)?;
            ask(&url, stream).await?
        }
        // A name that was meant for this machine may lead to another.
        None if !stream.peer_addr().is_ok_and(|it| it.ip().to_canonical().is_loopback()) => {
            return Err(NoKeys::NotThisMachine);
        }
        None => ask(&url, stream).await?,
    };
    if answer.status() != StatusCode::OK {
        return Err(NoKeys::Status(answer.status()));
    }
    let body = Limited::new(answer.into_body(), identity::MAX_BYTES).collect().await;
    Ok(body.map_err(NoKeys::Connection)?.to_bytes())
}

fn trust(access: &KeyAccess) -> Result<UpstreamTls, NoKeys> {
    let system = || load_upstream_tls(TlsFiles::default(), &mut Diagnostics::default());
    let tls = access.tls.clone().or_else(system);
    tls.ok_or(NoKeys::Url("the system has no certificate authorities"))
}

async fn ask<S>(url: &UpstreamUrl, stream: S) -> Result<Response<Incoming>, NoKeys>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the exchange, and what breaks it the exchange is told, too.
    drop(tokio::spawn(connection));
    let request = Request::get(http::Uri::from(url.path().clone()))
        .header(header::HOST, url.authority())
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(broken)?;
    sender.send_request(request).await.map_err(broken)
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> NoKeys {
    NoKeys::Connection(Box::new(error))
}

/// 16 KiB: ten times what key servers write.
const MAX_HEAD: usize = 16 * 1024;
