//! How much is read at most, before any rule or profile is known: the largest number that any
//! profile or exception allows, and the hard ceiling where one of them allows everything.

use crate::{
    document::{Ceilings, ReadLimits},
    json,
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
    let largest = |setting, hard| largest(registry, (profiles, exceptions), setting, hard);
    // A few more are left to the rule, which tells the number; many are not worth validating.
    let variables = largest("limits.variables.count", hard.variables).max(100);
    Ceilings { variables, ..Ceilings::within(largest("limits.fields", hard.fields)) }
}

/// The limits of the body: a list that no profile takes is not read to its end.
pub(super) fn body(
    registry: &'static [Entry],
    profiles: &[Profile],
    exceptions: &Exceptions,
) -> json::Limits {
    let length = largest(
        registry,
        (profiles, exceptions),
        "limits.variables.list",
        json::Limits::LIST.into(),
    );
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let lists = Some(json::Lists { inside: "variables", length });
    json::Limits { lists, ..json::Limits::default() }
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
        Some(
            Setting::Bound { .. }
            | Setting::Input { .. }
            | Setting::Shape { .. }
            | Setting::Switch { .. },
        )
        | None => hard,
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

#[cfg(test)]
mod tests {
    use crate::policy::testing::compile;

    /// Bytes, tokens, depth and fields that are read.
    #[track_caller]
    fn check(rest: &str, expect: (u64, u32, u32, u64)) {
        let text = format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{rest}");
        let policy = compile(&text, None).0.unwrap();
        let reading = policy.reading;
        let found = (reading.bytes, reading.tokens, reading.depth, policy.ceilings.fields);
        assert_eq!(found, expect);
    }

    #[test]
    fn the_largest_of_all_profiles() {
        check("", (32 << 10, 2000, 76, 1500));
        let two =
            "profiles: [{name: a, when: always, limits: {depth: 20, tokens: 1, fields: 9000}}]";
        check(two, (32 << 10, 2000, 96, 9000));
    }

    #[test]
    fn the_ceiling_when_one_is_off_or_watches() {
        let off = "limits: { document: off, tokens: off, depth: off, fields: off }";
        check(off, (1 << 20, 100_000, 200, 20_000));
        check("limits: { tokens: { max: 5, mode: report } }", (32 << 10, 100_000, 76, 1500));
        check("mode: report", (1 << 20, 100_000, 200, 20_000));
    }

    #[test]
    fn lists_of_the_body_are_bounded_like_everything_else() {
        let length = |limits: &str| {
            let text =
                format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\nlimits: {limits}");
            compile(&text, None).0.unwrap().body.lists.map(|it| it.length)
        };
        assert_eq!(length("{}"), Some(500));
        assert_eq!(length("{ variables: { list: 7 } }"), Some(7));
        assert_eq!(length("{ variables: { list: off } }"), Some(100_000));
        assert_eq!(length("{ variables: { list: { max: 7, mode: report } } }"), Some(100_000));
    }

    #[test]
    fn the_ceiling_when_an_exception_lifts_it() {
        let hash = "ab".repeat(32);
        let rest = format!(
            "exceptions: [{{document: 'sha256:{hash}', lift: [limits.fields], reason: r, owner: o}}]"
        );
        check(&rest, (32 << 10, 2000, 76, 20_000));
    }
}
