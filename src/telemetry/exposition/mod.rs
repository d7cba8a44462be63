//! The metrics, as Prometheus reads them: OpenMetrics text. The only file that names its crate.
//!
//! Labels come from closed sets: codes, rules, transports, what the policy calls itself and its
//! profiles, and ids of documents that a manifest lists. Nothing of a client.

mod families;

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, text::encode},
    metrics::MetricType,
    registry::Registry,
};

use crate::{
    admission::Usage,
    telemetry::{Distribution, Numbers, cells::rules, numbers},
    verdict::hex,
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
pub fn exposition(figures: Figures) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("portcullis");
    registry.register_collector(Box::new(Snapshot { numbers: numbers(), figures }));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Snapshot {
    numbers: Numbers,
    figures: Figures,
}

/// Names and values of labels.
type Labels = Vec<(&'static str, String)>;

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let out = &mut Out(&mut encoder);
        out.info()?;
        self.requests(out)?;
        self.durations(out)?;
        self.costs(out)?;
        families::events(out)?;
        families::process(out, &self.figures)?;
        self.documents(out)?;
        families::policies(out, &self.figures.graphs)
    }
}

impl Snapshot {
    fn requests(&self, out: &mut Out<'_, '_>) -> fmt::Result {
        let rows = self.numbers.requests.iter().map(|(verdict, code, carrier, n)| {
            let code = code.map_or("", |it| it.as_str());
            let labels = [("verdict", *verdict), ("code", code), ("transport", carrier.as_str())];
            (labels.map(|(name, it)| (name, it.to_owned())).to_vec(), *n)
        });
        out.counters("requests", "Operations and refused requests, by what became of them", rows)?;
        let counted = |rule| self.numbers.rules.iter().find(|it| it.0 == rule).map_or(0, |it| it.1);
        let rows = rules().chain(["other"]).map(|it| (label("rule", it), counted(it)));
        out.counters("objections", "Objections to refused requests, by rule", rows)
    }

    fn durations(&self, out: &mut Out<'_, '_>) -> fmt::Result {
        let Numbers { own, upstream, .. } = &self.numbers;
        let help = "From the last byte of a request until it is forwarded or answered";
        out.histogram("own_duration_seconds", help, &[(Vec::new(), own)], NANOS)?;
        let help = "From forwarding until the head of the answer";
        out.histogram("upstream_duration_seconds", help, &[(Vec::new(), upstream)], NANOS)
    }

    fn costs(&self, out: &mut Out<'_, '_>) -> fmt::Result {
        let Numbers { admitted_cost, refused_cost, .. } = &self.numbers;
        let rows = [
            (label("verdict", "admitted"), admitted_cost),
            (label("verdict", "refused"), refused_cost),
        ];
        out.histogram("operation_cost", "Static cost of operations", &rows, 1.0)
    }

    fn documents(&self, out: &mut Out<'_, '_>) -> fmt::Result {
        let graphs = &self.figures.graphs;
        let trusted = |count: fn(&crate::admission::Use) -> u64| {
            let uses =
                graphs.iter().flat_map(|graph| graph.usage.uses.iter().map(move |it| (graph, it)));
            let listed = uses.filter_map(|(graph, it)| Some((graph, it.trusted.as_deref()?, it)));
            let rows = listed.map(|(graph, id, it)| {
                let mut labels = label("policy", &graph.policy);
                labels.push(("document", id.to_owned()));
                labels.push(("hash", hex(it.document.get(..8).unwrap_or_default())));
                labels.push(("operation", it.name.as_deref().unwrap_or_default().to_owned()));
                (labels, count(it))
            });
            rows.collect::<Vec<_>>()
        };
        let help = "Admitted requests with a trusted document";
        out.counters("document_requests", help, trusted(|it| it.admitted))?;
        let help = "Refused requests with a trusted document";
        out.counters("document_refusals", help, trusted(|it| it.refused))?;
        let help = "Static cost of the admitted requests with a trusted document";
        out.counters("document_cost", help, trusted(|it| it.cost))
    }
}

/// Writes families of metrics.
struct Out<'o, 'e>(&'o mut DescriptorEncoder<'e>);

impl Out<'_, '_> {
    fn counters(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels, u64)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Counter), rows, |it, value| {
            it.encode_counter::<Labels, u64, u64>(value, None)
        })
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.counters(name, help, [(Labels::new(), value)])
    }

    fn gauges(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels, u64)>,
    ) -> fmt::Result {
        self.family((name, help, MetricType::Gauge), rows, |it, value| it.encode_gauge(value))
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.gauges(name, help, [(Labels::new(), value)])
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        rows: &[(Labels, &Distribution)],
        unit: f64,
    ) -> fmt::Result {
        let rows = rows.iter().map(|(labels, it)| (labels.clone(), *it));
        self.family((name, help, MetricType::Histogram), rows, |metric, it| {
            let bounds = it.bounds.iter().map(|bound| scaled(*bound, unit)).chain([f64::INFINITY]);
            let buckets: Vec<_> = bounds.zip(it.buckets.iter().copied()).collect();
            metric.encode_histogram::<Labels>(scaled(it.sum, unit), it.count(), &buckets, None)
        })
    }

    /// Nothing at all for a family without rows.
    fn family<V>(
        &mut self,
        (name, help, kind): (&str, &str, MetricType),
        rows: impl IntoIterator<Item = (Labels, V)>,
        write: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
    ) -> fmt::Result {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let mut metric = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in rows {
            if labels.is_empty() {
                write(&mut metric, &value)?;
            } else {
                write(&mut metric.encode_family(&labels)?, &value)?;
            }
        }
        Ok(())
    }

    fn info(&mut self) -> fmt::Result {
        let labels = label("version", env!("CARGO_PKG_VERSION"));
        let help = "What was built";
        self.0.encode_descriptor("build", help, None, MetricType::Info)?.encode_info(&labels)
    }
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

#[expect(clippy::cast_precision_loss, reason = "a metric is no account")]
fn scaled(value: u64, per_unit: f64) -> f64 {
    value as f64 / per_unit
}

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;

#[cfg(test)]
mod tests;
