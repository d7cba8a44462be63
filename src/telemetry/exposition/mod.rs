//! The metrics, as Prometheus reads them: OpenMetrics text. The only file that names its crate.
//!
//! Labels come from closed sets: codes, rules, transports, what the policy calls itself and its
//! profiles, and ids of documents that a manifest lists. Nothing of a client.

mod events;
mod family;
mod requests;
mod state;

pub use family::{Family, Labels, Measured, Rows};

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, text::encode},
    metrics::MetricType,
    registry::Registry,
};

use crate::{
    admission::Usage,
    telemetry::{exposition::family::label, numbers},
};

/// What is no count of events.
#[derive(Debug)]
pub struct Figures {
    /// Workers that listen.
    pub listening: usize,
    /// Workers that should.
    pub workers: usize,
    /// Whether newer certificates could not be put in force.
    pub tls_reload_failed: bool,
    /// Each graph.
    pub graphs: Vec<GraphFigures>,
}

/// What is in force for one graph.
#[derive(Debug)]
pub struct GraphFigures {
    /// What the policy calls itself.
    pub policy: String,
    /// Its digest.
    pub digest: String,
    /// When it was put in force, in seconds since 1970.
    pub loaded_at: u64,
    /// Whether a newer one could not be.
    pub reload_failed: bool,
    /// Whether the upstream's schema was found to be another one.
    pub drifted: bool,
    /// `cost.max` by profile, where it counts.
    pub limits: Vec<(Box<str>, u64)>,
    /// What its gate keeps and has seen.
    pub usage: Usage,
}

/// The media type of [`exposition`].
pub const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics.
///
/// # Errors
/// Never, as long as text can be written into a string.
pub fn exposition(figures: &Figures) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Snapshot(families(figures))));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// All metrics, for whoever writes them in another form.
#[must_use]
pub fn families(figures: &Figures) -> Vec<Family> {
    let (numbers, mut out) = (numbers(), Vec::new());
    out.push(Family::info("build", "What was built", label("version", env!("CARGO_PKG_VERSION"))));
    requests::requests(&numbers, &mut out);
    requests::durations(&numbers, &mut out);
    requests::costs(&numbers, &mut out);
    events::events(&mut out);
    state::process(figures, &mut out);
    requests::documents(&figures.graphs, &mut out);
    state::policies(&figures.graphs, &mut out);
    // Nothing at all for a family without rows.
    out.retain(|it| !it.rows.is_empty());
    out
}

/// What the names of all metrics begin with.
pub const PREFIX: &str = "portcullis";

#[derive(Debug)]
struct Snapshot(Vec<Family>);

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|it| write(it, &mut encoder))
    }
}

fn write(family: &Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Family { name, help, rows } = family;
    match rows {
        Rows::Counters(rows) => {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            each(&mut metric, rows, |it, n| it.encode_counter::<Labels, u64, u64>(n, None))
        }
        Rows::Gauges(rows) => {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            each(&mut metric, rows, |it, n| it.encode_gauge(n))
        }
        Rows::Histograms(rows) => {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            each(&mut metric, rows, |metric, it| {
                let bounds = it.bounds.iter().copied().chain([f64::INFINITY]);
                let buckets: Vec<_> = bounds.zip(it.buckets.iter().copied()).collect();
                metric.encode_histogram::<Labels>(it.sum, it.count(), &buckets, None)
            })
        }
        Rows::Info(labels) => {
            encoder.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(labels)
        }
    }
}

fn each<V>(
    metric: &mut MetricEncoder<'_>,
    rows: &[(Labels, V)],
    write: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
) -> fmt::Result {
    for (labels, value) in rows {
        if labels.is_empty() {
            write(metric, value)?;
        } else {
            write(&mut metric.encode_family(labels)?, value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
