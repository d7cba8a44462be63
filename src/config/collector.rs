//! Where traces and metrics are sent, besides being there to be asked for.

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue};

use crate::config::{Sample, UpstreamTls, UpstreamUrl};

/// An OpenTelemetry collector, or what speaks its protocol over HTTP.
#[derive(Clone)]
pub struct Collector {
    /// Where it is; the paths of the signals come behind its own.
    pub url: UpstreamUrl,
    /// How an `https` one is recognised.
    pub tls: Option<UpstreamTls>,
    /// What it wants to be shown, such as a key.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What is told of this process with everything: `service.name` among it.
    pub resource: Vec<(Box<str>, Box<str>)>,
    /// Which part of the traces that begin here is kept.
    pub sample: Sample,
    /// How often metrics are sent.
    pub metrics_every: Duration,
}

impl Collector {
    /// The defaults: every trace, metrics once a minute, as OpenTelemetry says.
    #[must_use]
    pub fn new(url: UpstreamUrl) -> Self {
        Self {
            url,
            tls: None,
            headers: Vec::new(),
            resource: vec![("service.name".into(), "portcullis".into())],
            sample: Sample::ALL,
            metrics_every: Duration::from_mins(1),
        }
    }
}

/// Headers are credentials.
impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("url", &self.url).finish_non_exhaustive()
    }
}
