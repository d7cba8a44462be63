//! Our handshake with the upstream.

use std::fmt;

use http::{
    HeaderMap, HeaderValue, Request, Uri,
    header::{
        CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Error, handshake::client::generate_key},
};

use crate::websocket::{Dialect, Frames, dialect::OFFERED, frames::config};

/// What an upstream says that does not speak the protocol.
#[derive(Debug)]
pub struct ConnectError(String);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConnectError {}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Opens a WebSocket over a connection, and tells what is spoken over it. `uri` is absolute; of `headers` the handshake's own are
/// replaced, and no client's goes on.
///
/// # Errors
/// When the other side does not agree to speak the protocol.
pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    uri: Uri,
    mut headers: HeaderMap,
    limit: u64,
) -> Result<(Frames<S>, Dialect), ConnectError> {
    for name in OF_THE_HANDSHAKE {
        headers.remove(name);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(OFFERED));
    let key = HeaderValue::try_from(generate_key());
    headers.insert(SEC_WEBSOCKET_KEY, key.map_err(|it| ConnectError(it.to_string()))?);
    let mut request = Request::new(());
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let (stream, answer) = client_async_with_config(request, stream, Some(config(limit))).await?;
    let dialect = Dialect::chosen(answer.headers());
    let dialect = dialect.ok_or_else(|| ConnectError("it chose no protocol".to_owned()))?;
    Ok((Frames::new(stream), dialect))
}

const OF_THE_HANDSHAKE: [&str; 5] = [
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
];
