//! How much is read at most, before any rule or profile is known: the largest number that any
//! profile or exception allows, and the hard ceiling where one of them allows everything.

use crate::{
    document::{Ceilings, ReadLimits},
    policy::{Exceptions, Profile, Stance},
    rules::{Entry, RuleIdx, Setting},
    verdict::Mode,
};

/// The limits of the reader.
pub(super) fn limits(
    registry: &'static [Entry],
    profiles: &[Profile],
    exceptions: &Exceptions,
) -> ReadLimits {
    let largest = |setting, ceiling| largest(registry, (profiles, exceptions), setting, ceiling);
    // The rule counts fields; the reader nests one level more for every inline fragment between
    // them, and for every value. The rule decides; this only has to be near.
    let depth = largest("limits.depth", DEPTH).saturating_mul(4).saturating_add(16).min(DEPTH);
    ReadLimits {
        bytes: largest("limits.document", BYTES),
        tokens: u32::try_from(largest("limits.tokens", TOKENS)).unwrap_or(u32::MAX),
        depth: u32::try_from(depth).unwrap_or(u32::MAX),
    }
}

/// The limits of the count.
pub(super) fn ceilings(
    registry: &'static [Entry],
    profiles: &[Profile],
    exceptions: &Exceptions,
) -> Ceilings {
    let hard = Ceilings::default();
    let fields = largest(registry, (profiles, exceptions), "limits.fields", hard.fields);
    Ceilings { fields, ..hard }
}

fn largest(
    registry: &'static [Entry],
    (profiles, exceptions): (&[Profile], &Exceptions),
    setting: &str,
    hard: u64,
) -> u64 {
    let Some(place) = registry.iter().position(|it| it.meta.setting == setting) else {
        return hard;
    };
    let ceiling = match registry.get(place).map(|it| &it.setting) {
        Some(Setting::Limit { ceiling, .. }) => hard.min(*ceiling),
        Some(Setting::Shape { .. } | Setting::Switch { .. }) | None => hard,
    };
    if exceptions.lift(RuleIdx(place)) {
        return ceiling;
    }
    let allowed = profiles.iter().map(|it| match it.stances().get(place) {
        Some(Stance::On { mode: Mode::Enforce, limit }) => ceiling.min(*limit),
        Some(Stance::On { mode: Mode::Report, .. } | Stance::Off) | None => ceiling,
    });
    allowed.max().unwrap_or(ceiling)
}

/// Ceilings of the reader: with them, the worst document still reads in milliseconds.
const BYTES: u64 = 1024 * 1024;
const TOKENS: u64 = 100_000;
const DEPTH: u64 = 200;
