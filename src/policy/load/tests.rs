//! Whole files: what a policy comes to, and what is wrong with one.

use std::sync::Arc;

use crate::{
    diagnostic::{Colour, Source, render},
    operation::Skipped,
    policy::{
        ProfileIdx, SecondReader, Stance, Unselected, load,
        testing::{compile, registry, rule},
    },
    rules::{RuleIdx, Setting, Switch},
    verdict::Mode::{self, Enforce, Report},
};

const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n";

/// The stance of the base to a rule.
#[track_caller]
fn check(rest: &str, setting: &str, expect: Stance) {
    let (policy, found) = compile(&format!("{HEAD}{rest}"), None);
    let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
    assert_eq!(policy.stance(ProfileIdx::BASE, RuleIdx(rule(setting))), expect);
}

fn on(mode: Mode, limit: u64) -> Stance {
    Stance::On { mode, limit }
}

/// The codes of what is wrong.
#[track_caller]
fn check_wrong(rest: &str, expect: &[&str]) {
    let (policy, found) = compile(&format!("{HEAD}{rest}"), None);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), expect);
    assert_eq!(policy.is_none(), found.has_errors());
}

#[test]
fn three_lines_are_a_policy_with_every_default_on() {
    let (policy, found) = compile(HEAD, None);
    assert!(found.is_empty());
    let policy = policy.unwrap();
    assert_eq!(&*policy.name, "t");
    assert_eq!(policy.unselected, Unselected::Judge);
    assert_eq!(policy.skipped, Skipped::Ignore);
    assert_eq!(policy.second_reader, SecondReader::Off);
    assert_eq!(policy.profiles().len(), 1);
    assert_eq!(policy.rules().count(), registry().len());
    for (n, entry) in registry().iter().enumerate() {
        let expect = match entry.setting {
            Setting::Limit { default, .. } => on(Enforce, default),
            Setting::Switch { default: Switch::Allow, .. } => Stance::Off,
            Setting::Switch { default: Switch::Report, .. } => on(Report, u64::MAX),
            Setting::Bound { .. }
            | Setting::Input { .. }
            | Setting::Shape { .. }
            | Setting::Switch { .. } => on(Enforce, u64::MAX),
        };
        let stance = policy.stance(ProfileIdx::BASE, RuleIdx(n));
        assert_eq!(stance, expect, "{}", entry.meta.setting);
    }
}

#[test]
fn what_does_not_exist_admits_nothing() {
    let policy = compile(HEAD, None).0.unwrap();
    assert_eq!(policy.stance(ProfileIdx(9), RuleIdx(0)), on(Enforce, 0));
    assert_eq!(policy.stance(ProfileIdx::BASE, RuleIdx(999)), on(Enforce, 0));
}

#[test]
fn limits_have_both_ends() {
    check("limits: { depth: 0 }", "limits.depth", on(Enforce, 0));
    check("limits: { depth: 200 }", "limits.depth", on(Enforce, 200));
    check_wrong("limits: { depth: 201 }", &["out-of-range"]);
    check("limits: { document: 1MiB }\n", "limits.document", on(Enforce, 1 << 20));
    check_wrong("limits: { document: 2MiB }", &["out-of-range"]);
    check("limits: { variables: { count: 7 } }", "limits.variables.count", on(Enforce, 7));
}

#[test]
fn off_is_spelled_out() {
    check("limits: { depth: off }", "limits.depth", Stance::Off);
    check("limits: { depth: { max: off } }", "limits.depth", Stance::Off);
    check_wrong("limits: { depth: }", &["empty-value"]);
    check_wrong("limits: { depth: null }", &["empty-value"]);
    check_wrong("limits:\n", &["empty-value"]);
    check_wrong("limits: { depth: { max: ~ } }", &["empty-value"]);
    check_wrong("limits: { depth: false }", &["not-a-number"]);
}

/// What to do about the only mistake.
#[track_caller]
fn check_help(text: &str, expect: Option<&str>) {
    let found = compile(text, None).1;
    let found: Vec<_> = found.iter().map(|it| it.help.as_deref()).collect();
    assert_eq!(found, [expect], "{text}");
}

#[test]
fn other_words_for_off_are_corrected() {
    for word in ["false", "no", "No", "FALSE", "none", "OFF", "unlimited", "\"no\""] {
        for setting in ["depth", "document"] {
            let off = Some("write `off` for no limit");
            check_help(&format!("{HEAD}limits: {{ {setting}: {word} }}"), off);
            check_help(&format!("{HEAD}limits: {{ {setting}: {{ max: {word} }} }}"), off);
        }
    }
    check_help(&format!("{HEAD}limits: {{ depth: many }}"), None);
}

#[test]
fn a_version_is_written_without_quotes() {
    let with = |version: &str| HEAD.replace("version: 1", &format!("version: {version}"));
    check_help(&with("\"1\""), Some("write 1 without quotes"));
    check_help(&with("2"), Some("this program reads version 1"));
    check_help(&with("\"2\""), Some("this program reads version 1"));
}

#[test]
fn the_most_specific_mode_wins() {
    check("limits: { mode: report }", "limits.depth", on(Report, 15));
    check("limits: { mode: report }", "limits.variables.count", on(Report, 50));
    check("limits: { mode: report }", "operations.max", on(Enforce, 10));
    check("limits: { mode: report, depth: { mode: enforce } }", "limits.depth", on(Enforce, 15));
    check("limits: { depth: { max: 9, mode: report } }", "limits.depth", on(Report, 9));
    let inner = "limits: { mode: report, variables: { mode: enforce } }";
    check(inner, "limits.variables.count", on(Enforce, 50));
}

#[test]
fn report_of_the_file_holds_for_all_but_rules_that_enforce() {
    check("mode: report", "limits.depth", on(Report, 15));
    check("mode: report\nlimits: { depth: 9 }", "limits.depth", on(Report, 9));
    check("mode: report\nlimits: { mode: enforce }", "limits.depth", on(Report, 15));
    check("mode: report\nlimits: { depth: { mode: enforce } }", "limits.depth", on(Enforce, 15));
    check("mode: report", "introspection", on(Report, u64::MAX));
    check("mode: report\nintrospection: deny", "introspection", on(Report, u64::MAX));
    let rest = "mode: report\nintrospection: { mode: enforce }";
    check(rest, "introspection", on(Enforce, u64::MAX));
    check_wrong("mode: report\nlimits: { mode: enforce }", &["only-watches", "no-effect"]);
}

#[test]
fn a_policy_that_says_it_only_watches_is_no_fault() {
    let found = compile(&format!("{HEAD}\nmode: report"), None).1;
    let note = found.iter().next().unwrap();
    assert_eq!((note.code, found.has_faults()), ("only-watches", false));
    let (source, span) = note.place.as_ref().unwrap();
    assert_eq!(source.text.get(span.clone()), Some("mode"));
}

#[test]
fn switches_have_three_words() {
    check("introspection: allow", "introspection", Stance::Off);
    check("introspection: report", "introspection", on(Report, u64::MAX));
    check("deprecated: deny", "deprecated", on(Enforce, u64::MAX));
    check("watched: deny", "watched", on(Enforce, u64::MAX));
    check_wrong("introspection: off", &["unknown-word"]);
}

#[test]
fn settings_that_are_no_rules() {
    let rest = "limits: { body: 64KiB }\noperations: { unselected: ignore }\n\
                documents: { second_reader: on }\nskipped_selections: judge";
    let policy = compile(&format!("{HEAD}{rest}"), None).0.unwrap();
    assert_eq!(policy.http.body, 64 << 10);
    assert_eq!(policy.unselected, Unselected::Ignore);
    assert_eq!(policy.second_reader, SecondReader::On);
    assert_eq!(policy.skipped, Skipped::Judge);
}

#[test]
fn a_limit_that_admits_nothing_is_suspicious() {
    check_wrong("limits: { depth: 0 }", &["admits-nothing"]);
    check_wrong("limits: { tokens: 0, document: 0B }", &["admits-nothing", "admits-nothing"]);
    check_wrong("operations: { max: 0 }", &["admits-nothing"]);
    check_wrong("limits: { depth: 1, aliases: 0, directives: 0 }", &[]);
    check_wrong("limits: { depth: { max: 0, mode: report } }", &[]);
}

#[test]
fn conditions_about_nobody_are_suspicious() {
    let condition = "conditions: { a: 'has(claims.sub)' }";
    check_wrong(condition, &["no-effect"]);
    check_wrong(
        "profiles: [{ name: a, when: '!has(claims.x)', introspection: allow }]",
        &["no-effect"],
    );
    check_wrong("conditions: { a: 'client.ip != \"claims\"' }", &[]);
    let jwt = "{ issuer: https://a.example, audience: a, keys: { url: https://a.example/k } }";
    check_wrong(&format!("{condition}\nidentity: {{ jwt: {jwt} }}"), &[]);
    check_wrong(&format!("{condition}\nidentity: {{ client_label: x-client }}"), &["no-effect"]);
}

#[test]
fn a_tuned_file_that_is_missing_is_an_error() {
    check_wrong("cost: { tuned: missing.graphql }", &["unreadable-file"]);
}

#[test]
fn a_policy_needs_a_schema() {
    let (policy, found) = compile("version: 1\nname: t\n", None);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["missing-key"]);
    assert!(policy.is_none());
}

#[test]
fn a_document_that_no_body_can_hold() {
    check_wrong("limits: { body: 1KiB }", &["no-effect"]);
}

#[test]
fn the_digest_is_that_of_the_texts() {
    let digest = |rest: &str| compile(&format!("{HEAD}{rest}"), None).0.unwrap().digest;
    assert_eq!(digest(""), digest(""));
    assert_ne!(digest(""), digest("# changed\n"));
}

/// What the settings come to with a tuned file.
#[test]
fn a_tuned_file_lies_below_the_policy() {
    let tuned = "provenance: { date: 2026-11-23 }\n\
                 defaults: { field: { object: 10 }, mutation: 100 }\n\
                 weights: { Query.a: 7 }\n";
    let check = |rest: &str, expect: (u32, u32)| {
        let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
        let mut resolve = |name: &str| {
            Ok(Arc::new(match name {
                "t.cost.yaml" => source(name, tuned),
                _ => source(name, "type Query { a: Int b: Query }"),
            }))
        };
        let text = format!("{HEAD}cost: {{ tuned: t.cost.yaml{rest} }}");
        let (policy, found) = load(Arc::new(source("p.yaml", &text)), &mut resolve);
        let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
        let defaults = policy.cost.settings().defaults;
        assert_eq!((defaults.fields.object, defaults.mutation), expect);
        policy
    };
    check("", (10, 100));
    check(", defaults: { mutation: 3 }", (10, 3));
    let policy = check(", defaults: { field: { object: 2 } }", (2, 100));
    let weight = |name: &str| {
        let query = policy.schema.type_named("Query").unwrap();
        policy.cost.call_weight(policy.schema.field_named(query, name).unwrap())
    };
    assert_eq!(["a", "b"].map(weight), [7, 2]);
}

/// Where both speak of one coordinate, the policy is heard; nothing is added up.
#[test]
fn of_one_coordinate_the_policy_has_the_last_word() {
    let tuned = "weights: { Query.a: 7, Query.b: 8 }\n\
                 lists: { Query.l: { assumed: 6 }, Query.m: { assumed: 6 } }\n";
    let schema = "type Query { a: Query b: Query c: Query l: [Query] m: [Query] n: [Query] }";
    let check = |rest: &str, weights: [u64; 3], sizes: [u32; 3]| {
        let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
        let mut resolve = |name: &str| {
            Ok(Arc::new(source(name, if name == "t.cost.yaml" { tuned } else { schema })))
        };
        let text = format!("{HEAD}cost: {{ {rest} }}");
        let (policy, found) = load(Arc::new(source("p.yaml", &text)), &mut resolve);
        let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
        let query = policy.schema.type_named("Query").unwrap();
        let field = |name: &str| policy.schema.field_named(query, name).unwrap();
        assert_eq!(["a", "b", "c"].map(|it| policy.cost.call_weight(field(it))), weights, "{rest}");
        let assumed = ["l", "m", "n"].map(|it| policy.cost.assumed(field(it)).unwrap());
        assert_eq!(assumed, sizes, "{rest}");
    };
    let own = "weights: { Query.a: 2, Query.c: 3 }, \
               lists: { Query.l: { assumed: 4 }, Query.n: { assumed: 5 } }";
    check("measure: both", [1, 1, 1], [10, 10, 10]);
    check("tuned: t.cost.yaml", [7, 8, 1], [6, 6, 10]);
    check(own, [2, 1, 3], [4, 10, 5]);
    check(&format!("tuned: t.cost.yaml, {own}"), [2, 8, 3], [4, 6, 5]);
    check("tuned: t.cost.yaml, weights: { '*.a': 2 }", [2, 8, 1], [6, 6, 10]);
}
