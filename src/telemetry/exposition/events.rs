//! One family for each kind of event.

use crate::telemetry::{
    COUNTERS, Counter, Counters, Family, GraphCounter, Labels, exposition::Counted,
};

/// One counter for each kind of event, and how many last.
pub(super) fn events(counted: &[Counted], out: &mut Vec<Family>) {
    let events = table(&COUNTERS).into_iter();
    out.extend(events.map(|(name, help, it)| Family::counters(name, help, it.rows(counted))));
    out.extend(lasting(&COUNTERS, counted));
}

/// What an event can belong to.
enum Of<'c> {
    /// A graph, or none of them.
    Any(&'c GraphCounter),
    /// A graph.
    Graph(&'c GraphCounter),
    /// The process.
    Process(&'c Counter),
}

impl Of<'_> {
    fn rows(&self, counted: &[Counted]) -> Vec<(Labels, u64)> {
        let (counter, is_any) = match self {
            Self::Any(counter) => (counter, true),
            Self::Graph(counter) => (counter, false),
            Self::Process(counter) => return vec![(Labels::new(), counter.value())],
        };
        let all = counted.iter().map(|it| (it, counter.value_of(it.graph)));
        let told = all.filter(|(it, n)| is_any || it.is_served || *n > 0);
        told.map(|(it, n)| (it.labels(), n)).collect()
    }
}

/// Every counter with its name and what it says; one that is left out does not compile.
#[expect(clippy::too_many_lines, reason = "a table")]
const fn table(counters: &Counters) -> [(&'static str, &'static str, Of<'_>); 34] {
    let Counters {
        above_static,
        accept_failures,
        answers_cut,
        audit_dropped,
        audit_failed,
        contracts_broken,
        errors_masked,
        ejections,
        failures,
        key_failures,
        log_dropped,
        log_failed,
        mutations,
        otlp_failures,
        panics,
        rates_overflowed,
        refused,
        reload_failures,
        reloads,
        reported,
        schema_drifts,
        schema_failures,
        shadow_differences,
        shared_found,
        shared_lost,
        shed,
        sockets_closed,
        sockets_opened,
        spans_dropped,
        traffic_failures,
        traffic_lost,
        unidentified,
        upstream_failures,
        upstream_returns,
    } = counters;
    [
        (
            "above_static_cost",
            "Answers with a longer list than was priced",
            Of::Graph(above_static),
        ),
        ("accept_failures", "Connections that could not be accepted", Of::Process(accept_failures)),
        ("answers_cut", "Answers that broke off on their way", Of::Graph(answers_cut)),
        ("audit_dropped", "Audit lines for which there was no room", Of::Process(audit_dropped)),
        (
            "audit_write_failures",
            "Audit lines that could not be written",
            Of::Process(audit_failed),
        ),
        (
            "contracts_broken",
            "Answers that are not what was asked for",
            Of::Graph(contracts_broken),
        ),
        (
            "errors_masked",
            "Errors of the upstream that clients do not read",
            Of::Graph(errors_masked),
        ),
        ("upstream_ejections", "Upstream addresses left alone for a while", Of::Graph(ejections)),
        (
            "upstream_returns",
            "Upstream addresses that are not left alone any more",
            Of::Graph(upstream_returns),
        ),
        ("failures", "Requests that we failed at", Of::Any(failures)),
        ("key_failures", "Questions for keys that brought none", Of::Graph(key_failures)),
        ("log_dropped", "Log lines for which there was no room", Of::Process(log_dropped)),
        ("log_write_failures", "Log lines that could not be written", Of::Process(log_failed)),
        ("mutations", "Mutations that were admitted", Of::Graph(mutations)),
        ("panics", "Panics that were caught", Of::Any(panics)),
        (
            "rates_overflowed",
            "Requests judged by the one quota of all keys that found no room",
            Of::Process(rates_overflowed),
        ),
        ("refusals", "Refused requests", Of::Any(refused)),
        ("reload_failures", "Policies that could not be put in force", Of::Any(reload_failures)),
        ("reloads", "Policies that were put in force after the first", Of::Any(reloads)),
        ("reported", "Objections that report mode let through", Of::Graph(reported)),
        ("schema_drifts", "Comparisons that found another schema", Of::Graph(schema_drifts)),
        ("schema_failures", "Introspections that brought no schema", Of::Graph(schema_failures)),
        (
            "shadow_differences",
            "Operations that the next policy decides otherwise",
            Of::Graph(shadow_differences),
        ),
        (
            "shared_found",
            "How often what replicas share could be asked for again",
            Of::Process(shared_found),
        ),
        (
            "shared_lost",
            "How often what replicas share could not be asked for",
            Of::Process(shared_lost),
        ),
        ("shed", "Requests for which there was no room", Of::Any(shed)),
        ("otlp_failures", "Exports that the collector did not take", Of::Process(otlp_failures)),
        ("spans_dropped", "Spans that did not reach the collector", Of::Process(spans_dropped)),
        ("sockets_opened", "WebSockets that were opened", Of::Graph(sockets_opened)),
        ("sockets_closed", "WebSockets that have ended", Of::Graph(sockets_closed)),
        (
            "traffic_write_failures",
            "Lines of the traffic log that could not be written",
            Of::Process(traffic_failures),
        ),
        (
            "traffic_dropped",
            "Operations for which the traffic log had no room",
            Of::Process(traffic_lost),
        ),
        ("identity_failures", "Credentials that were not accepted", Of::Graph(unidentified)),
        (
            "upstream_failures",
            "Requests that the upstream did not answer",
            Of::Graph(upstream_failures),
        ),
    ]
}

/// What begins by one event and ends by another.
fn lasting(counters: &Counters, counted: &[Counted]) -> [Family; 2] {
    let Counters { ejections, sockets_closed, sockets_opened, upstream_returns, .. } = counters;
    [
        Family::gauges(
            "sockets_live",
            "WebSockets that are open",
            between(counted, sockets_opened, sockets_closed),
        ),
        Family::gauges(
            "upstream_ejected",
            "Upstream addresses that a worker leaves alone, over all workers",
            between(counted, ejections, upstream_returns),
        ),
    ]
}

/// What has begun and not ended.
fn between(counted: &[Counted], begun: &GraphCounter, ended: &GraphCounter) -> Vec<(Labels, u64)> {
    let served = counted.iter().filter(|it| it.is_served);
    let n = |it: &Counted| {
        // In this order there are never more that have ended.
        let ended = ended.value_of(it.graph);
        begun.value_of(it.graph).saturating_sub(ended)
    };
    served.map(|it| (it.labels(), n(it))).collect()
}
