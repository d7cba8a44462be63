//! The ways in which an upstream can fail, as faults.

use std::{error::Error, time::Duration};

use crate::{
    sources::{DialError, Ended},
    verdict::{Code, Fault},
    websocket::ConnectError,
};

/// One variant per way of failing before an answer has begun.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection broke, or the answer is not HTTP.
    Broken {
        /// What is wrong with it.
        error: Box<dyn Error + Send + Sync>,
        /// What reading from the connection said, if it failed.
        wire: Option<String>,
    },
    /// Its answer is encoded for the way, and not in chunks alone.
    Coded,
    /// No connection could be opened.
    Connect(std::io::Error),
    /// Not opened in time.
    ConnectTimeout,
    /// No address of it is asked at the moment; how long not.
    Ejected(Duration),
    /// A handshake for WebSocket was not agreed to.
    Handshake(ConnectError),
    /// It wants TLS, and nobody said whom to trust.
    NoTls,
    /// Too many requests wait for the upstream.
    Overload,
    /// No answer in time.
    ResponseTimeout,
    /// It wants to speak another protocol.
    Switching,
    /// The TLS handshake failed: one side does not accept the other.
    Tls(std::io::Error),
    /// It has said that it did not look at the request.
    Unprocessed(hyper::Error),
    /// It does not speak `graphql-transport-ws`.
    WebSocket(String),
}

impl Failure {
    /// Whether another connection may do: the upstream is there.
    pub(super) const fn is_of_one_connection(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Unprocessed(_))
    }

    /// With what is known about the end of the connection.
    pub(super) fn broken(error: impl Error + Send + Sync + 'static, ended: &Ended) -> Self {
        Self::Broken { error: error.into(), wire: ended.said().map(str::to_owned) }
    }
}

impl From<DialError> for Failure {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Connect(it) => Self::Connect(it),
            DialError::NoTls => Self::NoTls,
            DialError::Tls(it) => Self::Tls(it),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let busy = |code, retry, detail: &str| Self::Busy { code, retry, detail: detail.into() };
        let unreached = |code, detail: String| Self::Unreached { code, detail: detail.into() };
        let (code, detail) = match failure {
            Failure::Ejected(wait) => {
                return busy(Code::UPSTREAM_UNAVAILABLE, wait, "it has failed too often");
            }
            Failure::Overload => {
                return busy(Code::SERVICE_UNAVAILABLE, RETRY, "too many requests wait");
            }
            Failure::Broken { error, wire } => {
                (Code::UPSTREAM_UNAVAILABLE, format!("no answer: {}", broken(&*error, wire)))
            }
            Failure::Unprocessed(error) => {
                (Code::UPSTREAM_UNAVAILABLE, format!("refused unprocessed: {}", chain(&error)))
            }
            Failure::Coded => {
                (Code::UPSTREAM_ANSWER_INVALID, "answered in an unknown transfer coding".into())
            }
            Failure::Connect(it) => {
                return unreached(Code::UPSTREAM_UNAVAILABLE, format!("cannot connect: {it}"));
            }
            Failure::ConnectTimeout => {
                return unreached(Code::GATEWAY_TIMEOUT, "connecting took too long".into());
            }
            Failure::Handshake(it) => (Code::UPSTREAM_UNAVAILABLE, format!("no WebSocket: {it}")),
            Failure::NoTls => {
                return unreached(Code::UPSTREAM_UNAVAILABLE, "nobody is trusted for TLS".into());
            }
            Failure::ResponseTimeout => (Code::GATEWAY_TIMEOUT, "no answer in time".into()),
            Failure::Switching => {
                (Code::UPSTREAM_UNAVAILABLE, "answered with a change of protocol".into())
            }
            Failure::WebSocket(it) => (Code::UPSTREAM_UNAVAILABLE, format!("no WebSocket: {it}")),
            Failure::Tls(it) => {
                return unreached(Code::UPSTREAM_UNAVAILABLE, format!("no TLS: {}", chain(&it)));
            }
        };
        Self::Upstream { code, detail: detail.into() }
    }
}

fn broken(error: &dyn Error, wire: Option<String>) -> String {
    let said = chain(error);
    match wire.filter(|it| !said.contains(&**it)) {
        Some(wire) => format!("{said}: {wire}"),
        None => said,
    }
}

/// An error and its causes: libraries tell in a cause what went wrong, such as a TLS alert that
/// says that our certificate is not accepted.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    for _ in 0..MAX_CAUSES {
        let Some(it) = cause else { break };
        let words = it.to_string();
        // Some errors repeat their cause.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = it.source();
    }
    text
}

/// 1 s: a burst is over then, and clients that come back do not come all at once.
const RETRY: Duration = Duration::from_secs(1);
/// 8 causes: more than any library nests.
const MAX_CAUSES: usize = 8;
