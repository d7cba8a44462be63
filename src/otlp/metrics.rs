//! Metrics as the protocol writes them: what Prometheus reads, under the same names, added up since
//! the process began.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point::Value,
    },
    resource::v1::Resource,
};

use crate::{
    otlp::resource::{scope, text},
    telemetry::{Family, Labels, Measured, PREFIX, Rows},
};

/// From when to when, in nanoseconds since 1970.
type Times = (u64, u64);

pub(super) fn message(
    families: &[Family],
    times: Times,
    resource: &Resource,
) -> ExportMetricsServiceRequest {
    let metrics = families.iter().map(|it| metric(it, times)).collect();
    let of_scope = ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() };
    let of_resource = ResourceMetrics {
        resource: Some(resource.clone()),
        scope_metrics: vec![of_scope],
        ..ResourceMetrics::default()
    };
    ExportMetricsServiceRequest { resource_metrics: vec![of_resource] }
}

fn metric(family: &Family, times: Times) -> Metric {
    let cumulative = AggregationTemporality::Cumulative.into();
    let data = match &family.rows {
        Rows::Counters(rows) => Data::Sum(Sum {
            data_points: numbers(rows, times),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        Rows::Gauges(rows) => Data::Gauge(Gauge { data_points: numbers(rows, times) }),
        Rows::Histograms(rows) => Data::Histogram(Histogram {
            data_points: rows.iter().map(|it| histogram(it, times)).collect(),
            aggregation_temporality: cumulative,
        }),
        Rows::Info(labels) => {
            Data::Gauge(Gauge { data_points: numbers(&[(labels.clone(), 1)], times) })
        }
    };
    let suffix = if matches!(family.rows, Rows::Info(_)) { "_info" } else { "" };
    Metric {
        name: format!("{PREFIX}_{}{suffix}", family.name),
        description: family.help.into(),
        data: Some(data),
        ..Metric::default()
    }
}

fn numbers(rows: &[(Labels, u64)], (begun, now): Times) -> Vec<NumberDataPoint> {
    let point = |(labels, n): &(Labels, u64)| NumberDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: begun,
        time_unix_nano: now,
        value: Some(Value::AsInt(i64::try_from(*n).unwrap_or(i64::MAX))),
        ..NumberDataPoint::default()
    };
    rows.iter().map(point).collect()
}

fn histogram((labels, it): &(Labels, Measured), (begun, now): Times) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: begun,
        time_unix_nano: now,
        count: it.count(),
        sum: Some(it.sum),
        bucket_counts: it.buckets.clone(),
        explicit_bounds: it.bounds.clone(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    labels.iter().map(|(key, value)| text(key, value)).collect()
}
