//! The metrics, as Prometheus reads them: OpenMetrics text, which only this file names the crate of,
//! or the format before it.
//!
//! Labels come from closed sets: codes, rules, transports, the names of the graphs, what the policy
//! calls itself and its profiles, and ids of documents that a manifest lists. Nothing of a client.
//!
//! Where graphs have names, whatever belongs to one has its name as the label `graph`; what is
//! without it then belongs to none. Where the only graph has none, there is no such label.

mod classic;
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
    telemetry::{
        GraphIndex, Numbers,
        exposition::family::{label, of_graph},
        numbers_of,
    },
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
    /// As what it is counted.
    pub graph: GraphIndex,
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

/// How metrics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposition {
    /// The text format of Prometheus, for whoever does not say otherwise.
    #[default]
    Classic,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Exposition {
    /// What the value of `Accept` asks for. Prometheus asks for what it likes best with OpenMetrics
    /// among it; tools that ask for nothing rarely read that.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let names = |it: &str| {
            let (media, parameters) = it.split_once(';').unwrap_or((it, ""));
            let is_refused = parameters.split(';').any(|it| {
                let weight = it.trim().strip_prefix("q=").map(str::parse::<f64>);
                matches!(weight, Some(Ok(0.0)))
            });
            media.trim().eq_ignore_ascii_case("application/openmetrics-text") && !is_refused
        };
        if accept.split(',').any(names) { Self::OpenMetrics } else { Self::Classic }
    }

    /// The media type.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// All metrics.
    ///
    /// # Errors
    /// Never, as long as text can be written into a string.
    pub fn write(self, figures: &Figures) -> Result<String, fmt::Error> {
        match self {
            Self::Classic => classic::write(&families(figures)),
            Self::OpenMetrics => openmetrics(families(figures)),
        }
    }
}

fn openmetrics(families: Vec<Family>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Snapshot(families)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// All metrics, for whoever writes them in another form.
#[must_use]
pub fn families(figures: &Figures) -> Vec<Family> {
    let (counted, mut out) = (counted(&figures.graphs), Vec::new());
    out.push(Family::info("build", "What was built", label("version", env!("CARGO_PKG_VERSION"))));
    requests::requests(&counted, &mut out);
    requests::durations(&counted, &mut out);
    requests::costs(&counted, &mut out);
    requests::in_flight(&counted, &mut out);
    events::events(&counted, &mut out);
    state::process(figures, &mut out);
    requests::documents(&figures.graphs, &mut out);
    state::policies(&figures.graphs, &mut out);
    // Nothing at all for a family without rows.
    out.retain(|it| !it.rows.is_empty());
    out
}

/// What was counted for a graph, or for none.
#[derive(Debug)]
struct Counted {
    graph: GraphIndex,
    /// Nobody asks for what belongs to none, until there is something.
    is_served: bool,
    numbers: Numbers,
}

impl Counted {
    /// Its label, if it has one.
    fn labels(&self) -> Labels {
        of_graph(self.graph)
    }
}

/// Every graph, and none where there are several. Each once: two may be counted as one.
fn counted(graphs: &[GraphFigures]) -> Vec<Counted> {
    let mut all = vec![GraphIndex::NONE];
    for it in graphs {
        if !all.contains(&it.graph) {
            all.push(it.graph);
        }
    }
    let is_served = |graph| graphs.iter().any(|it| it.graph == graph);
    let of = |graph| Counted { graph, is_served: is_served(graph), numbers: numbers_of(graph) };
    all.into_iter().map(of).collect()
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
