//! Our handshake with the upstream.

use std::fmt;

use http::{
    HeaderMap, HeaderValue, Request, StatusCode, Uri,
    header::{
        CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Error, error::ProtocolError, handshake::client::generate_key},
};

use crate::websocket::{Dialect, Frames, dialect::OFFERED, frames::config};

/// Why the other side does not speak the protocol.
#[derive(Debug)]
pub enum ConnectError {
    /// It was gone before it had answered.
    BrokeOff(String),
    /// It answered, and not as a handshake is answered.
    NoHandshake(String),
    /// It answered with this status.
    Status(StatusCode),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokeOff(it) | Self::NoHandshake(it) => f.write_str(it),
            Self::Status(it) => write!(f, "it answered with {it}"),
        }
    }
}

impl std::error::Error for ConnectError {}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        match error {
            Error::Http(answer) => Self::Status(answer.status()),
            Error::Io(_)
            | Error::ConnectionClosed
            | Error::Protocol(ProtocolError::HandshakeIncomplete) => {
                Self::BrokeOff(error.to_string())
            }
            _ => Self::NoHandshake(error.to_string()),
        }
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
    headers.insert(SEC_WEBSOCKET_KEY, key.map_err(|it| ConnectError::NoHandshake(it.to_string()))?);
    let mut request = Request::new(());
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let (stream, answer) = client_async_with_config(request, stream, Some(config(limit))).await?;
    let dialect = Dialect::chosen(answer.headers());
    let no_protocol = || ConnectError::NoHandshake("it chose no protocol".to_owned());
    let dialect = dialect.ok_or_else(no_protocol)?;
    Ok((Frames::new(stream), dialect))
}

const OF_THE_HANDSHAKE: [&str; 5] = [
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
];
