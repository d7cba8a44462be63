//! `profiles`: other numbers for some callers, laid over the base; the first that matches counts.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    expression::{Conditions, Outcome, Scope, When},
    policy::{
        Rate, conditions,
        settings::{self, Layer, LayerReader, Level},
        stance::{Stance, Written},
    },
    rules::Entry,
    verdict::Mode,
    yaml::{Fields, Node, scalar, shape},
};

/// How every rule stands for some callers.
#[derive(Debug)]
pub struct Profile {
    /// Its name; `base` for the file itself.
    pub name: Box<str>,
    /// For whom.
    pub when: When,
    /// By rule.
    pub(super) stances: Vec<Stance>,
    /// The rates with its numbers, when it has other ones than the file.
    pub(super) rates: Option<Vec<Arc<Rate>>>,
}

/// The position of a profile in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileIdx(pub(crate) usize);

impl ProfileIdx {
    /// The file itself.
    pub const BASE: Self = Self(0);

    /// The place among the profiles, the base first.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

impl Profile {
    /// The file itself.
    pub(super) fn base(registry: &'static [Entry], mode: Mode, layer: &Layer<'_>) -> Self {
        let stances = stances(registry, mode, &layer.written);
        Self { name: BASE_NAME.into(), when: When::Always, stances, rates: None }
    }

    /// The stances by rule.
    #[must_use]
    pub fn stances(&self) -> &[Stance] {
        &self.stances
    }
}

/// A profile as it is written, for the lint.
#[derive(Debug)]
pub(super) struct Placed<'n> {
    pub(super) node: &'n Node,
    /// What it says of rates, which are read once the schema is there.
    pub(super) rates: Option<&'n Node>,
}

/// Reads the list; each is laid over `base`.
pub(super) fn read<'n>(
    registry: &'static [Entry],
    (mode, base, conditions): (Mode, &Layer<'_>, &Conditions),
    node: &'n Node,
    found: &mut Diagnostics,
) -> (Vec<Profile>, Vec<Placed<'n>>) {
    let mut profiles: Vec<Profile> = Vec::new();
    let mut all = Vec::new();
    for item in shape::list(node, found) {
        let (profile, rates) = read_one(registry, (mode, base, conditions), item, found);
        if profile.name.as_ref() == BASE_NAME || profiles.iter().any(|it| it.name == profile.name) {
            let message = format!("there is a profile `{}` already", profile.name);
            found.push(item.error("duplicate-profile", message));
        }
        all.push(Placed { node: item, rates });
        profiles.push(profile);
    }
    (profiles, all)
}

fn read_one<'n>(
    registry: &'static [Entry],
    (mode, base, conditions): (Mode, &Layer<'_>, &Conditions),
    node: &'n Node,
    found: &mut Diagnostics,
) -> (Profile, Option<&'n Node>) {
    let mut fields = Fields::of(node, "profiles", found);
    let name = fields.require("name", found).and_then(|it| scalar::text(it, found));
    let when = fields.require("when", found).and_then(|it| read_when(it, conditions, found));
    let own_mode = fields.take("mode", found).and_then(|it| settings::mode(it, found));
    let rates = fields.take("rates", found);
    let layer =
        LayerReader::new(registry, Level::Profile, &mut same_for_all).read(&mut fields, found);
    fields.finish(found);
    let laid_over = registry.iter().zip(layer.written.iter().zip(&base.written));
    let written: Vec<_> =
        laid_over.map(|(entry, (upper, lower))| upper.over(*lower, &entry.setting)).collect();
    let profile = Profile {
        name: name.unwrap_or_default().into(),
        // A mistake in `when` is an error, so the policy is not made; nobody is the safe reading.
        when: when.unwrap_or(When::Never),
        stances: stances(registry, own_mode.unwrap_or(mode), &written),
        rates: None,
    };
    (profile, rates)
}

fn read_when(node: &Node, conditions: &Conditions, found: &mut Diagnostics) -> Option<When> {
    let when = When::read(node, Scope::Request, conditions, found)?;
    let is_unnamed = when.expression().is_some_and(|it| it.conditions().is_empty());
    let outcome = conditions::for_anonymous(conditions, |asked| when.evaluate(asked, None));
    if let (true, Outcome::Nothing(why)) = (is_unnamed, outcome) {
        let message = format!("every anonymous caller is refused: {why}");
        let warning = node.warning("no-answer", message);
        let source = when.expression().map_or("", |it| it.source());
        found.push(match conditions::ask_first(source, &why) {
            Some(help) => warning.help(help),
            None => warning,
        });
    }
    Some(when)
}

/// What is no rule is settled before there is a caller, so it has no profile.
fn same_for_all(block: &str, fields: &mut Fields<'_>, found: &mut Diagnostics) {
    let names: &[&str] = match block {
        "cost" => &["measure", "defaults", "weights", "lists", "exact", "tuned", "upstream_clamps"],
        "limits" => &["body"],
        "operations" => &["unselected"],
        _ => &[],
    };
    for key in names.iter().filter_map(|it| fields.take_key(it)) {
        let message = format!("{} is the same for every profile", key.describe());
        found.push(key.error("not-per-profile", message).help("move it out of the profile"));
    }
}

fn stances(registry: &'static [Entry], mode: Mode, written: &[Written]) -> Vec<Stance> {
    registry.iter().zip(written).map(|(entry, it)| it.stance(&entry.setting, mode)).collect()
}

const BASE_NAME: &str = "base";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use crate::{
        expression::Asked,
        identity::{Caller, Identity, Seen},
        policy::{
            ProfileIdx, Stance,
            testing::{compile, rule},
        },
        rules::RuleIdx,
        verdict::{
            Code,
            Mode::{self, Enforce, Report},
        },
    };

    const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n";

    fn on(mode: Mode, limit: u64) -> Stance {
        Stance::On { mode, limit }
    }

    /// The stance of the first profile to a rule.
    #[track_caller]
    fn check(rest: &str, setting: &str, expect: Stance) {
        let policy = compile(&format!("{HEAD}{rest}"), None).0.unwrap();
        assert_eq!(policy.stance(ProfileIdx(1), RuleIdx(rule(setting))), expect);
    }

    #[track_caller]
    fn check_codes(rest: &str, expect: &[&str]) {
        let (_, found) = compile(&format!("{HEAD}{rest}"), None);
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_profile_is_laid_over_the_base() {
        let rest = "limits: { depth: { max: 9, mode: report }, tokens: 100 }\nprofiles:\n  \
                    - { name: a, when: always, limits: { depth: 20 }, introspection: allow }";
        check(rest, "limits.depth", on(Report, 20));
        check(rest, "limits.tokens", on(Enforce, 100));
        check(rest, "introspection", Stance::Off);
        let rest =
            "introspection: report\nprofiles: [{name: a, when: always, introspection: deny}]";
        check(rest, "introspection", on(Enforce, u64::MAX));
        check("profiles: [{name: a, when: always, mode: report}]", "limits.depth", on(Report, 15));
    }

    #[test]
    fn the_first_that_matches_counts() {
        let of = |rest: &str| profile_of(rest, &Caller::default()).unwrap();
        assert_eq!(of(""), ProfileIdx::BASE);
        assert_eq!(of("profiles: [{name: a, when: never}]"), ProfileIdx::BASE);
        let two =
            "profiles: [{name: a, when: never}, {name: b, when: always, introspection: allow}]";
        assert_eq!(of(two), ProfileIdx(2));
    }

    fn profile_of(rest: &str, caller: &Caller) -> Result<ProfileIdx, Code> {
        let policy = compile(&format!("{HEAD}{rest}"), None).0.unwrap();
        let seen = Seen::new(caller);
        let asked = Asked::new(&policy.conditions, &seen);
        policy.profile_of(&asked).map_err(|it| it.code)
    }

    #[test]
    fn a_profile_is_for_those_who_meet_its_condition() {
        let of = |when: &str, claims: serde_json::Value| {
            let rest = format!(
                "conditions: {{staff: '\"STAFF\" in claims.roles'}}\n\
                 profiles: [{{name: a, when: {when}, introspection: allow}}]"
            );
            let identity = claims.as_object().cloned().map(Identity::new).map(Arc::new);
            profile_of(&rest, &Caller { identity, ..Caller::default() })
        };
        assert_eq!(of("staff", json!({"roles": ["STAFF"]})), Ok(ProfileIdx(1)));
        assert_eq!(of("staff", json!({"roles": []})), Ok(ProfileIdx::BASE));
        // Whichever profile were taken for a condition without an answer, it could be the wrong one.
        assert_eq!(of("staff", json!({})), Err(Code::FORBIDDEN));
        assert_eq!(of("'!staff'", json!(null)), Err(Code::FORBIDDEN));
    }

    #[test]
    fn what_is_the_same_for_all_stays_outside() {
        let profile = |it: &str| format!("profiles: [{{name: a, when: always, {it}}}]");
        let wrong = |it: &str| check_codes(&profile(it), &["not-per-profile"]);
        wrong("limits: { body: 1KiB }");
        wrong("operations: { unselected: judge }");
        wrong("operations: { kinds: [query] }");
        wrong("directives: []");
    }

    #[test]
    fn mistakes_of_profiles() {
        check_codes("profiles: [{name: a, when: staff}]", &["wrong-expression"]);
        check_codes("profiles: [{name: a, when: never}]", &["no-effect"]);
        check_codes("profiles: [{when: always, introspection: allow}]", &["missing-key"]);
        check_codes(
            "profiles: [{name: base, when: always, introspection: allow}]",
            &["duplicate-profile"],
        );
        let hidden = "profiles: [{name: a, when: always, introspection: allow},
                                 {name: b, when: always, deprecated: deny}]";
        check_codes(hidden, &["no-effect"]);
    }
}
