//! One family for each kind of event.

use crate::telemetry::{COUNTERS, Counters, Family};

/// One counter for each kind of event.
pub(super) fn events(out: &mut Vec<Family>) {
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
    } = &COUNTERS;
    for (name, help, counter) in [
        ("above_static_cost", "Answers with a longer list than was priced", above_static),
        ("accept_failures", "Connections that could not be accepted", accept_failures),
        ("answers_cut", "Answers that broke off on their way", answers_cut),
        ("audit_dropped", "Audit lines for which there was no room", audit_dropped),
        ("audit_write_failures", "Audit lines that could not be written", audit_failed),
        ("contracts_broken", "Answers that are not what was asked for", contracts_broken),
        ("errors_masked", "Errors of the upstream that clients do not read", errors_masked),
        ("upstream_ejections", "Upstream addresses left alone for a while", ejections),
        ("upstream_returns", "Upstream addresses that answered again", upstream_returns),
        ("failures", "Requests that we failed at", failures),
        ("key_failures", "Questions for keys that brought none", key_failures),
        ("log_dropped", "Log lines for which there was no room", log_dropped),
        ("log_write_failures", "Log lines that could not be written", log_failed),
        ("mutations", "Mutations that were admitted", mutations),
        ("panics", "Panics that were caught", panics),
        ("refusals", "Refused requests", refused),
        ("reload_failures", "Policies that could not be put in force", reload_failures),
        ("reloads", "Policies that were put in force after the first", reloads),
        ("reported", "Objections that report mode let through", reported),
        ("schema_drifts", "Comparisons that found another schema", schema_drifts),
        ("schema_failures", "Introspections that brought no schema", schema_failures),
        (
            "shadow_differences",
            "Operations that the next policy decides otherwise",
            shadow_differences,
        ),
        ("shared_found", "How often what replicas share could be asked for again", shared_found),
        ("shared_lost", "How often what replicas share could not be asked for", shared_lost),
        ("shed", "Requests for which there was no room", shed),
        ("otlp_failures", "Exports that the collector did not take", otlp_failures),
        ("spans_dropped", "Spans that did not reach the collector", spans_dropped),
        ("sockets_opened", "WebSockets that were opened", sockets_opened),
        ("sockets_closed", "WebSockets that have ended", sockets_closed),
        (
            "traffic_write_failures",
            "Lines of the traffic log that could not be written",
            traffic_failures,
        ),
        ("traffic_dropped", "Operations for which the traffic log had no room", traffic_lost),
        ("identity_failures", "Credentials that were not accepted", unidentified),
        ("upstream_failures", "Requests that the upstream did not answer", upstream_failures),
    ] {
        out.push(Family::counter(name, help, counter.value()));
    }
    let (opened, closed) = (sockets_opened.value(), sockets_closed.value());
    let help = "WebSockets that are open";
    out.push(Family::gauge("sockets_live", help, opened.saturating_sub(closed)));
    let (gone, back) = (ejections.value(), upstream_returns.value());
    let help = "Upstream addresses that a worker leaves alone, over all workers";
    out.push(Family::gauge("upstream_ejected", help, gone.saturating_sub(back)));
}
