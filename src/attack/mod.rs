//! Attacks of our own: what a policy forbids is tried against a running firewall, and what its
//! upstream sees afterwards got through.
//!
//! The policy is read here by a second reading, from its text and the schema: where that and the
//! judge part, one of them is wrong, and the report shows it. Only the numbers of limits, and what
//! a condition in CEL says, come from the compiled policy.

mod access;
mod addresses;
mod attempt;
mod compared;
mod cost;
mod deep;
mod deliver;
mod documents;
mod due;
mod fields;
mod foresee;
mod frames;
mod intent;
mod lengths;
mod limits;
mod loads;
mod nested;
mod owned;
mod parcel;
mod persona;
mod recorder;
mod report;
mod route;
mod rounds;
mod sample;
mod send;
mod shapes;
mod sizes;
mod taken;
mod towers;
mod trees;
mod trespass;
mod uploads;
mod values;
mod world;

pub use attempt::{Attempt, Request, Side, Transport};
pub use due::Due;
pub use intent::Intent;
pub use parcel::{Order, Parcel};
pub use persona::{NoPersona, Persona};
pub use recorder::Recorder;
pub use report::{Arrival, Outcome, Report, Row};
pub use send::{Target, Told};
pub use world::World;

use std::{
    collections::BTreeSet,
    io, thread,
    time::{Duration, Instant},
};

/// How much is tried at most, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Requests altogether.
    pub attempts: usize,
    /// Requests in a second.
    pub per_second: u32,
}

/// What is to be tried.
#[derive(Debug)]
pub struct Plan {
    /// In this order.
    pub attempts: Vec<Attempt>,
    /// What is enforced, and must not stay untried in silence.
    pub due: Vec<Due>,
}

/// Everything that is worth trying, in rounds: the first of every rule, then the second, so that a
/// bound on the number leaves no rule out.
///
/// Everyone is asked for what depends on who asks; what does not, is for the first who can.
#[must_use]
pub fn plan(worlds: &[World<'_>]) -> Plan {
    let mut all: Vec<Attempt> = Vec::new();
    for (n, world) in worlds.iter().enumerate() {
        let others: Vec<_> = worlds.iter().filter(|it| it.who != world.who).collect();
        let earlier: Vec<_> = worlds.iter().take(n).collect();
        let mut own = personal(world, &others, &earlier);
        let tried: BTreeSet<_> = all.iter().map(kind).collect();
        own.extend(common(world).into_iter().filter(|it| !tried.contains(&kind(it))));
        let own = own.into_iter().filter(|it| is_fair(world, it));
        all.extend(own.map(|it| Attempt { who: world.who.clone(), ..it }));
    }
    Plan { attempts: rounds::mixed(all), due: due::of(worlds) }
}

/// What an attempt shows: once is enough.
fn kind(attempt: &Attempt) -> (&'static str, String, bool) {
    (attempt.rule, attempt.at.clone(), attempt.side == Side::Beyond)
}

/// What is the same for everyone.
fn common(world: &World<'_>) -> Vec<Attempt> {
    let all = [limits::attempts(world), loads::attempts(world), fields::attempts(world)];
    all.into_iter().flatten().collect()
}

/// What depends on who asks.
fn personal(world: &World<'_>, others: &[&World<'_>], earlier: &[&World<'_>]) -> Vec<Attempt> {
    let mut all = trespass::attempts(world);
    all.extend(owned::attempts(world, others));
    // Profiles have limits of their own, and trusted documents those who may send them.
    all.extend(cost::attempts(world));
    all.extend(documents::attempts(world));
    all.extend(uploads::attempts(world));
    all.extend(values::attempts(world, earlier));
    all
}

/// Whether what is within its own line is within the limits on size that everything has.
fn is_fair(world: &World<'_>, attempt: &Attempt) -> bool {
    let fits = |setting: &str, n: usize| {
        world.limit(setting).is_none_or(|it| it.rule == attempt.rule || n as u64 <= it.max)
    };
    attempt.side == Side::Beyond
        || attempt.requests.iter().all(|it| {
            let variables = serde_json::to_string(&it.variables).map_or(0, |it| it.len());
            fits("limits.document", it.query.len()) && fits("limits.variables.bytes", variables)
        })
}

/// Sends what was planned, one after the other, and tells what of it reached the upstream.
///
/// # Errors
/// When the target does not answer at all.
pub fn run(plan: Plan, target: &Target, recorder: &Recorder, bounds: Bounds) -> io::Result<Report> {
    let pause = Duration::from_secs(1).checked_div(bounds.per_second).unwrap_or_default();
    let Plan { attempts, due } = plan;
    let n_left_out = attempts.len().saturating_sub(bounds.attempts);
    let mut report = Report::new(n_left_out, due);
    for attempt in attempts.into_iter().take(bounds.attempts) {
        let begun = Instant::now();
        let before = recorder.n_received();
        let told = target.send(&attempt)?;
        let arrival = match recorder.n_received() > before {
            false => Arrival::Nothing,
            true if attempt.is_in(&recorder.last()) => Arrival::Whole,
            true => Arrival::Rest,
        };
        report.add(attempt, &told, arrival);
        thread::sleep(pause.saturating_sub(begun.elapsed()));
    }
    Ok(report)
}
