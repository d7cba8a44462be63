//! The families that need no labels of a request.

use std::fmt;

use crate::telemetry::{
    COUNTERS, Counters, Figures, GraphFigures, audit_backlog,
    exposition::{Labels, Out, label},
};

/// One counter for each kind of event.
pub(super) fn events(out: &mut Out<'_, '_>) -> fmt::Result {
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
        mutations,
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
        out.counter(name, help, counter.value())?;
    }
    let (opened, closed) = (sockets_opened.value(), sockets_closed.value());
    out.gauge("sockets_live", "WebSockets that are open", opened.saturating_sub(closed))?;
    let (gone, back) = (ejections.value(), upstream_returns.value());
    let help = "Upstream addresses that a worker leaves alone, over all workers";
    out.gauge("upstream_ejected", help, gone.saturating_sub(back))
}

pub(super) fn process(out: &mut Out<'_, '_>, figures: &Figures) -> fmt::Result {
    let number = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
    out.gauge("workers", "Workers that should listen", number(figures.workers))?;
    out.gauge("workers_listening", "Workers that listen", number(figures.listening))?;
    let failed = u64::from(figures.tls_reload_failed);
    out.gauge("tls_reload_failed", "Whether newer certificates could not be used", failed)?;
    let backlog = audit_backlog().map(|it| (Labels::new(), it));
    out.gauges("audit_backlog", "Audit lines that wait to be written", backlog)
}

pub(super) fn policies(out: &mut Out<'_, '_>, graphs: &[GraphFigures]) -> fmt::Result {
    let each = |value: &dyn Fn(&GraphFigures) -> u64| {
        graphs.iter().map(|it| (label("policy", &it.policy), value(it))).collect::<Vec<_>>()
    };
    let number = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
    let help = "When the policy was put in force, in seconds since 1970";
    out.gauges("policy_loaded_timestamp_seconds", help, each(&|it| it.loaded_at))?;
    let help = "Whether a newer policy could not be put in force";
    out.gauges("policy_reload_failed", help, each(&|it| it.reload_failed.into()))?;
    let help = "Whether the schema of the upstream is another than that of the policy";
    out.gauges("schema_drifted", help, each(&|it| it.drifted.into()))?;
    let help = "Documents in the cache that can be judged";
    out.gauges("cache_documents", help, each(&|it| number(it.usage.n_documents)))?;
    let help = "Documents in the cache that are refused whoever asks";
    out.gauges("cache_refused_documents", help, each(&|it| number(it.usage.n_refused)))?;
    let help = "Documents that were not in the cache, and were compiled";
    out.counters("cache_misses", help, each(&|it| it.usage.compiled))?;
    let limits = graphs.iter().flat_map(|graph| {
        graph.limits.iter().map(|(profile, limit)| {
            let mut labels = label("policy", &graph.policy);
            labels.push(("profile", profile.to_string()));
            (labels, *limit)
        })
    });
    out.gauges("cost_limit", "The limit of the static cost", limits)?;
    let digests = graphs.iter().map(|it| {
        let mut labels = label("policy", &it.policy);
        labels.push(("digest", it.digest.clone()));
        (labels, 1)
    });
    out.gauges("policy_digest", "The policy in force, as a label; always 1", digests)
}
