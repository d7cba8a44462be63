//! The ways in which an upstream can fail, as faults.

use crate::verdict::{Code, Fault};

/// One variant per way of failing before an answer has begun.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection broke, or the answer is not HTTP.
    Broken(hyper::Error),
    /// No connection could be opened.
    Connect(std::io::Error),
    /// Not opened in time.
    ConnectTimeout,
    /// Too many requests wait for the upstream.
    Overload,
    /// No answer in time.
    ResponseTimeout,
    /// It wants to speak another protocol.
    Switching,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let (code, detail) = match failure {
            Failure::Broken(it) => (Code::UPSTREAM_UNAVAILABLE, format!("no answer: {it}")),
            Failure::Connect(it) => (Code::UPSTREAM_UNAVAILABLE, format!("cannot connect: {it}")),
            Failure::ConnectTimeout => (Code::GATEWAY_TIMEOUT, "connecting took too long".into()),
            Failure::Overload => (Code::SERVICE_UNAVAILABLE, "too many requests wait".into()),
            Failure::ResponseTimeout => (Code::GATEWAY_TIMEOUT, "no answer in time".into()),
            Failure::Switching => {
                (Code::UPSTREAM_UNAVAILABLE, "answered with a change of protocol".into())
            }
        };
        Self::Upstream { code, detail: detail.into() }
    }
}
