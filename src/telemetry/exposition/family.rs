//! Metrics as values, before anybody writes them in a form of his own.

use crate::telemetry::{Distribution, GraphFigures, GraphIndex};

/// Metrics of one name.
#[derive(Clone, Debug)]
pub struct Family {
    /// Without the prefix, and without what a form adds to it.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// One for each set of labels.
    pub rows: Rows,
}

/// The metrics of a family, by kind.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Numbers that only grow.
    Counters(Vec<(Labels, u64)>),
    /// Numbers as they are now.
    Gauges(Vec<(Labels, u64)>),
    /// Numbers sorted into buckets.
    Histograms(Vec<(Labels, Measured)>),
    /// Labels alone.
    Info(Labels),
}

/// Names and values of labels.
pub type Labels = Vec<(&'static str, String)>;

/// What a histogram has counted, in the unit of its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Upper bounds, smallest first; observations above the last are in one more bucket.
    pub bounds: Vec<f64>,
    /// How many are in each bucket alone: one more than there are bounds.
    pub buckets: Vec<u64>,
    /// The sum of all observations.
    pub sum: f64,
}

impl Measured {
    /// With so many parts to the unit.
    pub(super) fn new(of: &Distribution, per_unit: f64) -> Self {
        Self {
            bounds: of.bounds.iter().map(|it| scaled(*it, per_unit)).collect(),
            buckets: of.buckets.clone(),
            sum: scaled(of.sum, per_unit),
        }
    }

    /// How many observations there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().copied().fold(0, u64::saturating_add)
    }
}

impl Family {
    pub(super) fn counters(
        name: &'static str,
        help: &'static str,
        rows: Vec<(Labels, u64)>,
    ) -> Self {
        Self { name, help, rows: Rows::Counters(rows) }
    }

    pub(super) fn gauges(name: &'static str, help: &'static str, rows: Vec<(Labels, u64)>) -> Self {
        Self { name, help, rows: Rows::Gauges(rows) }
    }

    pub(super) fn gauge(name: &'static str, help: &'static str, value: u64) -> Self {
        Self::gauges(name, help, vec![(Labels::new(), value)])
    }

    pub(super) const fn histograms(
        name: &'static str,
        help: &'static str,
        rows: Vec<(Labels, Measured)>,
    ) -> Self {
        Self { name, help, rows: Rows::Histograms(rows) }
    }

    pub(super) const fn info(name: &'static str, help: &'static str, labels: Labels) -> Self {
        Self { name, help, rows: Rows::Info(labels) }
    }
}

impl Rows {
    pub(super) const fn is_empty(&self) -> bool {
        match self {
            Self::Counters(rows) | Self::Gauges(rows) => rows.is_empty(),
            Self::Histograms(rows) => rows.is_empty(),
            Self::Info(_) => false,
        }
    }
}

/// The label of a graph that has a name.
pub(super) fn of_graph(graph: GraphIndex) -> Labels {
    graph.name().map(|it| ("graph", it.to_owned())).into_iter().collect()
}

/// The labels of a policy in force.
pub(super) fn of_policy(graph: &GraphFigures) -> Labels {
    let mut labels = of_graph(graph.graph);
    labels.extend(label("policy", &graph.policy));
    labels
}

pub(super) fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

#[expect(clippy::cast_precision_loss, reason = "a metric is no account")]
fn scaled(value: u64, per_unit: f64) -> f64 {
    value as f64 / per_unit
}
