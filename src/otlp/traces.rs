//! Spans as the protocol writes them.

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span as Written, Status, span::SpanKind, status::StatusCode,
    },
};
use prost::Message as _;

use crate::{
    otlp::resource::{number, scope, text},
    telemetry::{Fact, Kind, Span},
};

pub(super) fn message(spans: &[Span], resource: &Resource) -> ExportTraceServiceRequest {
    let spans = spans.iter().map(written).collect();
    let of_scope = ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() };
    let of_resource = ResourceSpans {
        resource: Some(resource.clone()),
        scope_spans: vec![of_scope],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }
}

/// How many spans a collector that took the message did not want, and why.
pub(super) fn rejected(answer: &[u8]) -> Option<(usize, String)> {
    let answer = ExportTraceServiceResponse::decode(answer).ok()?;
    let partial = answer.partial_success?;
    let n = usize::try_from(partial.rejected_spans).ok().filter(|it| *it > 0)?;
    Some((n, partial.error_message))
}

fn written(span: &Span) -> Written {
    let parent = match span.parent {
        0 => Vec::new(),
        parent => parent.to_be_bytes().to_vec(),
    };
    let kind = match span.kind {
        Kind::Client => SpanKind::Client,
        Kind::Server => SpanKind::Server,
    };
    let attributes = span.facts.iter().map(|(key, fact)| match fact {
        Fact::Number(it) => number(key, *it),
        Fact::Text(it) => text(key, it),
    });
    let failed = || Status { code: StatusCode::Error.into(), ..Status::default() };
    Written {
        trace_id: span.context.trace.to_be_bytes().to_vec(),
        span_id: span.context.span.to_be_bytes().to_vec(),
        trace_state: span.state.as_deref().unwrap_or_default().into(),
        parent_span_id: parent,
        flags: u32::from(span.context.is_sampled),
        name: span.name.clone().into_owned(),
        kind: kind.into(),
        start_time_unix_nano: span.begun,
        end_time_unix_nano: span.ended,
        attributes: attributes.collect(),
        status: span.is_failed.then(failed),
        ..Written::default()
    }
}
