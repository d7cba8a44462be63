//! Every case in `tests/rules/*.jsonl`: what a rule admits and what it rejects, both sides of
//! every limit.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{fs, path::Path};

use portcullis::{rules::REGISTRY, verdict::Verdict};
use serde_json::{Value, json};
use support::judge;

fn cases(rule: &str) -> Vec<Value> {
    let name = format!("tests/rules/{}.jsonl", rule.replace('-', "_"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
    text.lines().map(|it| serde_json::from_str(it).expect(it)).collect()
}

fn verdict(case: &Value) -> Verdict {
    let policy = case["policy"].as_str().expect("policy");
    let schema = case["schema"].as_str().unwrap_or("schema.graphql");
    let gate = judge::gate(schema, policy, "tests/rules");
    let mut body = json!({ "query": case["document"] });
    for key in ["variables", "operationName"] {
        if let Some(value) = case.get(key) {
            body[key] = value.clone();
        }
    }
    judge::judge_as(&gate, &judge::caller(case.get("claims")), body.to_string().as_bytes())
}

#[test]
fn every_case_of_every_rule() {
    let mut wrong = Vec::new();
    let mut n_cases = 0;
    for entry in REGISTRY {
        for case in cases(entry.meta.id) {
            n_cases += 1;
            let found = match verdict(&case) {
                Verdict::Admit(_) | Verdict::Answer(_) => "admit".to_owned(),
                Verdict::Reject(rejected) => match rejected.items.first() {
                    Some(it) if it.rule == entry.meta.id => "reject".to_owned(),
                    other => format!("rejected by {other:?}"),
                },
            };
            if case["expect"] != found.as_str() {
                wrong.push(format!("{}: {}: {found}", entry.meta.id, case["case"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{n_cases} cases of {} rules", REGISTRY.len());
}

/// In report mode the request goes on, and what would have been refused is on record.
#[test]
fn every_rejected_case_is_on_record_in_report_mode() {
    for entry in REGISTRY {
        for mut case in cases(entry.meta.id) {
            if case["expect"] != "reject" {
                continue;
            }
            let policy = format!("mode: report\n{}", case["policy"].as_str().expect("policy"));
            case["policy"] = policy.into();
            let items = match verdict(&case) {
                Verdict::Admit(admitted) => admitted.items().to_vec(),
                Verdict::Answer(answered) => answered.items,
                Verdict::Reject(_) => {
                    // What cannot be read or counted is refused in report mode as well.
                    assert_eq!(case["case"], "doubling fragments", "{}", entry.meta.id);
                    continue;
                }
            };
            let reported = &items[0].reported;
            assert!(reported.iter().any(|it| it.rule == entry.meta.id), "{case}");
        }
    }
}

#[test]
fn a_profile_of_which_nobody_can_tell_refuses_only_where_something_is_refused() {
    let judged = |rest: &str| {
        let profile =
            "profiles: [{ name: staff, when: '\"STAFF\" in claims.roles', limits: { depth: 9 } }]";
        let gate = judge::gate("authorization.graphql", &format!("{rest}{profile}"), "tests/rules");
        judge::judge(&gate, br#"{"query":"{ me { id } }"}"#)
    };
    let Verdict::Admit(admitted) = judged("mode: report\n") else { panic!("refused") };
    let reported: Vec<_> = admitted.items()[0].reported.iter().map(|it| it.rule).collect();
    assert_eq!(reported, ["profile"]);
    let Verdict::Reject(rejected) = judged("") else { panic!("admitted") };
    assert_eq!(rejected.items[0].rule, "profile");
    let enforcing = "mode: report\nlimits: { depth: { mode: enforce } }\n";
    assert!(matches!(judged(enforcing), Verdict::Reject(_)));
}

/// In a file that only watches, what says `mode: enforce` itself refuses, and nothing beside it.
#[test]
fn what_says_so_itself_refuses_in_a_file_that_only_watches() {
    let refuses = |schema: &str, policy: &str, document: &str| {
        let policy = format!("mode: report\n{policy}\n");
        let case = json!({ "schema": schema, "policy": policy, "document": document });
        matches!(verdict(&case), Verdict::Reject(_))
    };
    let rules = "default: allow, rules: [{ on: [User.email], allow: never }]";
    for (more, expect) in [("", false), (", mode: enforce", true), (", mode: report", false)] {
        for (way, left) in [("reject", "{ me { email } }"), ("remove", "{ me { email } }")] {
            let policy = format!("authorization: {{ {rules}, on_deny: {way}{more} }}");
            assert_eq!(refuses("authorization.graphql", &policy, left), expect, "{policy}");
        }
    }
    let item = |at: &str, demand: &str, mode: &str| format!("{{ at: ['{at}'], {demand}{mode} }}");
    let (number, tags) = ("Query.order(number:)", "Query.orders(tags:)");
    let long =
        [r#"{ order(number: "abc") { id } }"#, r#"{ orders(tags: ["a", "b", "c"]) { id } }"#];
    let require = "require: 'value == \"7\"'";
    for (mode, expect) in [("", false), (", mode: enforce", true), (", mode: report", false)] {
        let items = [item(number, "length: ..2", mode), item(tags, "length: ..2", "")];
        let policy = format!("inputs: [{}]", items.join(", "));
        assert_eq!(long.map(|it| refuses("inputs.graphql", &policy, it)), [expect, false]);
        let policy = format!("inputs: [{}]", item("Query.orders(customer:)", require, mode));
        let document = "{ orders(customer: 8) { id } }";
        assert_eq!(refuses("inputs.graphql", &policy, document), expect, "{policy}");
    }
}
