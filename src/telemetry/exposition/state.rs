//! The families of what is so at the moment: workers, queues, what is in force.

use crate::telemetry::{
    Family, Figures, GraphFigures, audit_backlog,
    exposition::family::{Labels, of_policy},
};

pub(super) fn process(figures: &Figures, out: &mut Vec<Family>) {
    let number = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
    out.push(Family::gauge("workers", "Workers that should listen", number(figures.workers)));
    out.push(Family::gauge("workers_listening", "Workers that listen", number(figures.listening)));
    let failed = u64::from(figures.tls_reload_failed);
    out.push(Family::gauge(
        "tls_reload_failed",
        "Whether newer certificates could not be used",
        failed,
    ));
    let backlog = audit_backlog().map(|it| (Labels::new(), it));
    let help = "Audit lines that wait to be written";
    out.push(Family::gauges("audit_backlog", help, backlog.into_iter().collect()));
}

pub(super) fn policies(graphs: &[GraphFigures], out: &mut Vec<Family>) {
    let each = |value: &dyn Fn(&GraphFigures) -> u64| {
        graphs.iter().map(|it| (of_policy(it), value(it))).collect::<Vec<_>>()
    };
    let number = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
    let help = "When the policy was put in force, in seconds since 1970";
    out.push(Family::gauges("policy_loaded_timestamp_seconds", help, each(&|it| it.loaded_at)));
    let help = "Whether a newer policy could not be put in force";
    out.push(Family::gauges("policy_reload_failed", help, each(&|it| it.reload_failed.into())));
    let help = "Whether the schema of the upstream is another than that of the policy";
    out.push(Family::gauges("schema_drifted", help, each(&|it| it.drifted.into())));
    let help = "Documents in the cache that can be judged";
    out.push(Family::gauges("cache_documents", help, each(&|it| number(it.usage.n_documents))));
    let help = "Documents in the cache that are refused whoever asks";
    out.push(Family::gauges(
        "cache_refused_documents",
        help,
        each(&|it| number(it.usage.n_refused)),
    ));
    let help = "Documents that were not in the cache, and were compiled";
    out.push(Family::counters("cache_misses", help, each(&|it| it.usage.compiled)));
    let limits = graphs.iter().flat_map(|graph| {
        graph.limits.iter().map(|(profile, limit)| {
            let mut labels = of_policy(graph);
            labels.push(("profile", profile.to_string()));
            (labels, *limit)
        })
    });
    out.push(Family::gauges("cost_limit", "The limit of the static cost", limits.collect()));
    let digests = graphs.iter().map(|it| {
        let mut labels = of_policy(it);
        labels.push(("digest", it.digest.clone()));
        (labels, 1)
    });
    let help = "The policy in force, as a label; always 1";
    out.push(Family::gauges("policy_digest", help, digests.collect()));
}
