//! What is in force and what was counted, for the metrics and the console.

use crate::{
    console::{DifferenceView, GraphView, RateView, SettingView, ShadowView, View},
    policy::{Allowance, Counts, Paced, Policy, ProfileIdx, Rate, Stance},
    server::{admin::Desk, drain::Phase, graph::Graph, state::Shared},
    telemetry::{
        COUNTERS, Figures, GraphCounter, GraphFigures, audit_backlog, now_millis, numbers,
        numbers_of, recent_refusals,
    },
    traffic::{ShadowDifference, criterion},
    verdict::Mode,
};

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    now_millis()
}

/// For the metrics.
pub(in crate::server) fn figures(shared: &Shared) -> Figures {
    Figures {
        listening: shared.n_listening(),
        workers: shared.config.workers.get(),
        tls_reload_failed: shared.failed_tls.any(),
        graphs: shared.graphs.iter().map(|it| graph_figures(it)).collect(),
    }
}

fn graph_figures(graph: &Graph) -> GraphFigures {
    let state = graph.state.load();
    let policy = state.gate.policy();
    GraphFigures {
        graph: graph.index,
        policy: policy.name.to_string(),
        digest: policy.digest.to_string(),
        loaded_at: state.since.0,
        reload_failed: graph.failed.load().is_some(),
        drifted: state.drifted.is_some(),
        limits: cost_limits(policy),
        usage: state.gate.usage(),
    }
}

/// `cost.max` by profile, where it counts.
fn cost_limits(policy: &Policy) -> Vec<(Box<str>, u64)> {
    let Some(cost) = policy.cost_rule() else { return Vec::new() };
    let of = |(n, profile): (usize, &crate::policy::Profile)| match policy
        .stance(ProfileIdx(n), cost)
    {
        Stance::On { limit, mode: _ } if limit < u64::MAX => Some((profile.name.clone(), limit)),
        Stance::Off | Stance::On { .. } => None,
    };
    policy.profiles().iter().enumerate().filter_map(of).collect()
}

/// Looks which operations have come.
pub(super) fn look(desk: &Desk) {
    for graph in desk.shared.graphs.iter() {
        let gate = &graph.state.load().gate;
        desk.sightings.borrow_mut().note(now(), graph.index, &gate.usage().uses);
    }
}

/// The policy that is judged beside the one in force.
fn shadow(graph: &Graph) -> Option<ShadowView> {
    let seen = graph.taps.shadow()?.seen();
    let difference = |it: ShadowDifference| {
        let ShadowDifference { is_refused, rule, code, document, n, at } = it;
        DifferenceView { is_refused, rule, code, document, n, at }
    };
    Some(ShadowView {
        criterion: criterion(seen.n, seen.newly_refused),
        policy: seen.name.to_string(),
        digest: seen.digest.to_string(),
        n: seen.n,
        newly_refused: seen.newly_refused,
        newly_admitted: seen.newly_admitted,
        left_out: seen.left_out,
        differences: seen.differences.into_iter().map(difference).collect(),
    })
}

/// For the console.
pub(super) fn view(desk: &Desk) -> View {
    let shared = &desk.shared;
    let is_up = || COUNTERS.shared_lost.value() <= COUNTERS.shared_found.value();
    let lost = COUNTERS.audit_dropped.value().saturating_add(COUNTERS.audit_failed.value());
    View {
        now: now(),
        numbers: numbers(),
        history: desk.history.borrow().clone(),
        sightings: desk.sightings.borrow().clone(),
        shadow: shared.graphs.iter().find_map(|it| shadow(it)),
        shared: shared.config.redis.is_some().then(is_up),
        refusals: recent_refusals(),
        graphs: shared.graphs.iter().map(|it| graph_view(it)).collect(),
        listening: shared.n_listening(),
        workers: shared.config.workers.get(),
        draining: *desk.phase.borrow() != Phase::Serving,
        reported: COUNTERS.reported.value(),
        shed: COUNTERS.shed.value(),
        identity_failures: COUNTERS.unidentified.value(),
        audit: audit_backlog().map(|waiting| (waiting, lost)),
    }
}

fn graph_view(graph: &Graph) -> GraphView {
    let state = graph.state.load();
    let policy = state.gate.policy();
    let usage = state.gate.usage();
    let failed = graph.failed.load();
    let failed = failed.as_ref().map(|it| {
        let first = it.found.iter().next();
        let why = first.map_or_else(String::new, |it| format!("{}: {}", it.code, it.message));
        (it.at.0, why)
    });
    let host = graph.config.hosts.join(", ");
    let between = |begun: &GraphCounter, ended: &GraphCounter| {
        let ended = ended.value_of(graph.index);
        begun.value_of(graph.index).saturating_sub(ended)
    };
    GraphView {
        graph: graph.index,
        numbers: numbers_of(graph.index),
        sockets: between(&COUNTERS.sockets_opened, &COUNTERS.sockets_closed),
        ejected: between(&COUNTERS.ejections, &COUNTERS.upstream_returns),
        upstream_failures: COUNTERS.upstream_failures.value_of(graph.index),
        policy: policy.name.to_string(),
        digest: policy.digest.to_string(),
        loaded_at: state.since.0,
        failed,
        drift: state.drifted.as_ref().map(|it| it.differences.len()),
        place: format!("{host}{}", state.http().path),
        upstreams: graph.config.upstreams().map(ToString::to_string).collect(),
        settings: settings(policy),
        profiles: policy.profiles().iter().map(|it| it.name.to_string()).collect(),
        rates: policy.rates.iter().map(|it| rate(it, state.quotas.n_keys(&it.name))).collect(),
        cost_limit: cost_limits(policy).first().map(|it| it.1),
        documents: usage.uses,
        cached: (usage.n_documents, usage.n_refused),
        compiled: usage.compiled,
    }
}

fn settings(policy: &Policy) -> Vec<SettingView> {
    let of = |idx| {
        let meta = policy.meta(idx);
        let stances = (0..policy.profiles().len()).map(ProfileIdx);
        let stances = stances.map(|it| words(policy.stance(it, idx))).collect();
        SettingView { rule: meta.id, setting: meta.setting, title: meta.title, stances }
    };
    policy.rules().map(|(idx, _)| of(idx)).collect()
}

fn words(stance: Stance) -> String {
    match stance {
        Stance::Off => "off".into(),
        Stance::On { mode: Mode::Enforce, limit: u64::MAX } => "on".into(),
        Stance::On { mode: Mode::Report, limit: u64::MAX } => "report".into(),
        Stance::On { mode: Mode::Enforce, limit } => limit.to_string(),
        Stance::On { mode: Mode::Report, limit } => format!("{limit}, report"),
    }
}

fn rate(rate: &Rate, n_keys: usize) -> RateView {
    let what = match &rate.counts {
        Counts::Calls(_) => "calls",
        Counts::Cost => "cost",
        Counts::Failed(_) => "failed calls",
        Counts::Requests => "requests",
    };
    let much = match rate.allowance {
        Allowance::InFlight(most) => format!("{most} {what} at a time"),
        Allowance::Paced(Paced { pace, burst }) => {
            format!("{} {what} in {} s, burst {burst}", pace.n, pace.per.as_secs())
        }
    };
    let mode = match rate.mode {
        Mode::Enforce => "enforce",
        Mode::Report => "report",
    };
    RateView {
        name: rate.name.to_string(),
        limit: format!("{much}, by {}", rate.key),
        mode,
        keys: u64::try_from(n_keys).unwrap_or(u64::MAX),
    }
}
