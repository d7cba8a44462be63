//! The thread that exports spans and metrics, where it is built in.

use std::{io, sync::Arc};

use crate::{config::Collector, server::state::Shared};

/// Exports until it is told to stop.
#[derive(Debug)]
pub(super) struct Exporting {
    #[cfg(feature = "otel")]
    exporter: crate::otlp::Exporter,
}

impl Exporting {
    /// Begins, when there is a collector.
    pub(super) fn start(shared: &Arc<Shared>) -> io::Result<Option<Self>> {
        let Some(collector) = &shared.config.collector else { return Ok(None) };
        Self::begin(collector, shared).map(Some)
    }

    #[cfg(feature = "otel")]
    fn begin(collector: &Collector, shared: &Arc<Shared>) -> io::Result<Self> {
        let seen = Arc::clone(shared);
        let source = move || crate::telemetry::families(&crate::server::admin::figures(&seen));
        let exporter = crate::otlp::Exporter::start(collector, Arc::new(source))?;
        let _first = shared.spans.set(exporter.spans().clone());
        Ok(Self { exporter })
    }

    #[cfg(not(feature = "otel"))]
    fn begin(_collector: &Collector, _shared: &Arc<Shared>) -> io::Result<Self> {
        let why = "this binary was built without the feature `otel`";
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }

    /// Sends what there is.
    pub(super) fn finish(self) {
        #[cfg(feature = "otel")]
        self.exporter.finish();
    }
}
