//! What a single case of `tests/rules` cannot say: mistakes at load, modes, other operations of a
//! document, and how much work a request can ask for.

use std::sync::Arc;

use portcullis::{diagnostic::Source, policy, verdict::Verdict};
use serde_json::json;

use crate::support::judge;

/// The codes of what is wrong with a list of demands.
#[track_caller]
fn check_wrong(demands: &str, expect: &[&str]) {
    let text = format!("version: 1\nname: t\nschema: {{ file: s }}\ninputs:\n{demands}");
    let schema = include_str!("../rules/inputs.graphql");
    let mut resolve = |name: &str| Ok(Arc::new(Source { name: name.into(), text: schema.into() }));
    let source = Arc::new(Source { name: "policy.yaml".into(), text: text.into() });
    let (_, found) = policy::load(source, &mut resolve);
    assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), expect, "{demands}");
}

/// What is told of a condition on inputs of a small schema.
#[track_caller]
fn check_told(at: &str, require: &str, expect: &[&str]) {
    let text = format!(
        "version: 1\nname: t\nschema: {{ file: s }}\n\
         inputs: [{{ at: ['{at}'], require: '{require}' }}]\n"
    );
    let schema = "type Query { user(id: ID, n: Int, role: Role, tags: [String], in: In): User
            node(id: Int): Node }
        interface Node { at(n: Int): Int }
        type User implements Node { at(n: Int, of: ID): Int friends(id: ID): User }
        enum Role { ADMIN } input In { id: ID any: Any role: Role } scalar Any";
    let source = |text: &str| Arc::new(Source { name: "s".into(), text: text.into() });
    let (_, found) = policy::load(source(&text), &mut |_| Ok(source(schema)));
    assert_eq!(found.iter().map(|it| &*it.message).collect::<Vec<_>>(), expect, "{require}");
}

#[test]
fn a_value_that_can_never_be_is_a_mistake() {
    let id = ["`value` is of type `ID` and never equal to a literal without quotes"];
    check_told("Query.user(id:)", "value != 1", &id);
    check_told("scalar ID", "!(value in [1])", &id);
    let number = ["`value` is of type `Int` and never equal to what is no number"];
    check_told("Query.user(n:)", r#"value != "7""#, &number);
    let role = ["`value` is of type `Role` and never `a`"];
    check_told("Query.user(role:)", r#"!(value in ["a"])"#, &role);
    check_told("In.role", r#"value != "a""#, &role);
    let list = ["`value` is a list and never equal to a literal"];
    check_told("Query.user(tags:)", r#"value != "x""#, &list);
    check_told("Query.user(in:)", "!has(value.zz)", &["`In` has no field `zz`"]);
    check_told("Query.user(in:)", r#"value["zz"] == 1"#, &["`In` has no field `zz`"]);
    let inside = ["`value.id` is of type `ID` and never equal to a literal without quotes"];
    check_told("Query.user(in:)", "value.id != 1", &inside);
    let root = ["`root.args.id` is of type `Int` and never equal to what is no number"];
    check_told("User.friends(id:)", "root.args.id != 1.5", &[]);
    check_told("User.friends(id:)", r#"root.args.role != "ADMIN""#, &[]);
    check_told(
        "User.friends(id:)",
        "parent.args.id != true",
        &["`parent.args.id` is of type `ID` and never equal to a literal without quotes"],
    );
    check_told("In.id", "!has(root.args.zz)", &["no root field above has an argument `zz`"]);
    check_told("User.at(n:)", "root.args.id != true", &root);
}

#[test]
fn a_value_that_can_be_is_none() {
    check_told("Query.user(id:)", r#"value != "1" && value != null"#, &[]);
    check_told("*(id:)", r#"value != "1" || value != 1"#, &[]);
    check_told("Query.user(tags:)", r#""x" in value"#, &[]);
    check_told("Query.user(in:)", "!has(value.any.zz) && value.any != 1", &[]);
    check_told("scalar Any", "value != 1 && !has(value.zz)", &[]);
    // A type may have more arguments than its interface.
    check_told("Node.at(n:)", "!has(args.of)", &[]);
    check_told("In.id", r#"root.args.id != "1" || root.args.id != 1"#, &[]);
}

#[test]
fn a_name_must_be_of_the_kind_of_the_rule() {
    check_wrong("  - { at: ['Query.order(number:)'], range: 0..1 }", &["wrong-place"]);
    check_wrong("  - { at: [scalar String], range: 0..1 }", &["wrong-place"]);
    check_wrong("  - { at: ['Query.items(first:)'], pattern: a }", &["wrong-place"]);
    check_wrong("  - { at: ['Query.items(first:)'], length: 0..1 }", &["wrong-place"]);
    check_wrong("  - { at: ['Query.order(number:)'], json: {} }", &["wrong-place"]);
    check_wrong("  - { at: ['Query.find(filter:)'], one_of: [a] }", &["wrong-place"]);
    check_wrong("  - { at: ['Query.items(price:)'], range: 0..1 }", &[]);
    check_wrong("  - { at: ['Query.orders(tags:)'], length: 0..1 }", &[]);
}

#[test]
fn a_wildcard_that_binds_nothing_has_no_effect() {
    check_wrong("  - { at: ['*(number:)'], range: 0..1 }", &["no-effect"]);
    check_wrong("  - { at: ['*(price:)'], range: 0..1 }", &["no-effect"]);
    check_wrong("  - { at: ['*(number:)', '*(first:)'], range: 0..1 }", &[]);
}

#[test]
fn items_are_counted_of_lists_alone() {
    let length = |at: &str, length: &str| format!("  - {{ at: [{at}], length: {{ {length} }} }}");
    let (items, both) = ("items: ..2", "items: ..2, text: ..9");
    check_wrong(&length("'Query.order(number:)'", items), &["wrong-place"]);
    check_wrong(&length("scalar URL", items), &["wrong-place"]);
    check_wrong(&length("'*(number:)'", items), &["no-effect"]);
    check_wrong(&length("'Query.order(number:)'", both), &["no-effect"]);
    check_wrong(&length("'*(number:)'", both), &["no-effect"]);
    check_wrong(&length("'Query.orders(tags:)'", items), &[]);
    check_wrong(&length("'Query.orders(tags:)'", both), &[]);
    check_wrong(&length("'*(number:)', '*(tags:)'", items), &[]);
    check_wrong(&length("'*(number:)', '*(tags:)'", both), &[]);
    check_wrong(&length("'*(number:)'", "text: ..9"), &[]);
}

#[test]
fn what_a_type_never_holds_is_listed_for_nothing() {
    let one_of = |at: &str, all: &str| format!("  - {{ at: [{at}], one_of: [{all}] }}");
    let (int, float) = ("'Query.items(first:)'", "'Query.items(ratio:)'");
    check_wrong(&one_of(int, "'\"10\"', abc, 1.5"), &["no-effect"; 3]);
    check_wrong(&one_of(int, "\"10\""), &["no-effect"]);
    check_wrong(&one_of(int, "10, 2.0, 1e3, -1"), &[]);
    check_wrong(&one_of(float, "1.5, 2"), &[]);
    check_wrong(&one_of(float, "1.5, \"2\", two"), &["no-effect"; 2]);
    check_wrong(&one_of("'*(first:)', '*(sort:)'", "10, NEWEST, OLDSET"), &["no-effect"]);
    check_wrong(&one_of("'Query.order(id:)'", "10, \"11\", abc"), &[]);
    check_wrong(&one_of("'Query.items(last:)'", "\"11\", abc"), &[]);
}

#[test]
fn mistakes_in_what_is_demanded() {
    for range in ["5", "2..1", "'..'", "a..b"] {
        check_wrong(&format!("  - {{ at: ['*(first:)'], range: {range} }}"), &["not-a-range"]);
    }
    check_wrong("  - { at: ['*(number:)'], length: -1..2 }", &["not-a-range"]);
    check_wrong("  - { at: ['*(number:)'], length: 0.5..2 }", &["not-a-range"]);
    check_wrong("  - { at: ['*(number:)'], length: {} }", &["empty-value"]);
    check_wrong("  - { at: ['*(number:)'], pattern: '(' }", &["wrong-pattern"]);
    check_wrong("  - { at: ['*(number:)'], one_of: [] }", &["empty-list"]);
    check_wrong("  - { at: ['Query.items(sort:)'], one_of: [NEWEST, OLDSET] }", &["no-effect"]);
    check_wrong("  - { at: ['Query.items(sort:)'], one_of: [NEWEST, OLDEST] }", &[]);
    check_wrong("  - { at: ['Query.items(price:)', '*(sort:)'], one_of: [1, OLDSET] }", &[]);
    check_wrong("  - { at: [scalar JSON], json: { depth: 33 } }", &["out-of-range"]);
    check_wrong("  - { at: [scalar JSON], json: { allow: [a] } }", &["no-effect"]);
    check_wrong("  - { at: [scalar URL], url: { schemes: [ftp] } }", &["unknown-word"]);
    check_wrong("  - { at: [scalar URL], url: { hosts: private } }", &["unknown-word"]);
    check_wrong("  - { at: [scalar URL], url: { hosts: [10.0.0.1] } }", &["not-a-host"]);
    check_wrong("  - { at: [Save.role], allow: nope }", &["wrong-expression"]);
}

/// By itself, or by what the schema says of the value.
#[test]
fn conditions_that_are_never_true_or_false() {
    let require = |at: &str, it: &str| format!("  - {{ at: [{at}], require: {it} }}");
    let never = [
        ("Save.role", "1 + 1"),
        ("'Query.items(first:)'", "value"),
        ("'Query.items(first:)'", "args.sort"),
        ("'Query.items(first:)'", "args.nothing"),
        ("'*(first:)'", "value"),
        ("'Query.orders(tags:)'", "value"),
        ("'Mutation.save(input:)'", "'!value'"),
        ("scalar ID", "value"),
        ("'Query.find(filter:)'", "value.flag"),
    ];
    for (at, it) in never {
        check_wrong(&require(at, it), &["wrong-expression"]);
    }
    let maybe = [
        ("'Query.items(first:)'", "args.price"),
        ("'Query.find(raw:)'", "value"),
        ("'Query.items(first:)', 'Query.find(raw:)'", "value"),
        ("scalar Boolean", "value"),
        ("scalar JSON", "value"),
        ("'Query.find(filter:)'", "value.raw"),
    ];
    for (at, it) in maybe {
        check_wrong(&require(at, it), &[]);
    }
}

/// What is decisive, and what is only on record.
#[track_caller]
fn check(demands: &str, body: &serde_json::Value, expect: (&[&str], &[&str])) {
    let policy = format!("limits: {{ variables: {{ list: 100000 }} }}\ninputs:\n{demands}");
    let gate = judge::gate("inputs.graphql", &policy, "tests/rules");
    let rules = |all: &[portcullis::verdict::Violation]| -> Vec<_> {
        all.iter().map(|it| it.rule).collect()
    };
    let found = match judge::judge(&gate, body.to_string().as_bytes()) {
        Verdict::Admit(admitted) => (Vec::new(), rules(&admitted.items()[0].reported)),
        Verdict::Answer(_) => (Vec::new(), Vec::new()),
        Verdict::Reject(rejected) => (rules(&rejected.items), rules(&rejected.found)),
    };
    assert_eq!((&*found.0, &*found.1), expect, "{demands}");
}

#[test]
fn an_item_can_only_report() {
    let report = "  - { at: ['*(first:)'], range: 0..1, mode: report }\n";
    let both = format!("{report}  - {{ at: ['*(first:)'], range: 0..5 }}\n");
    let query = |n: u32| json!({ "query": format!("{{ items(first: {n}) {{ id }} }}") });
    let variable = |n: u32| json!({ "query": "query($n: Int) { items(first: $n) { id } }", "variables": { "n": n } });
    for body in [query, variable] {
        check(report, &body(1), (&[], &[]));
        check(report, &body(2), (&[], &["input-range"]));
        check(&both, &body(5), (&[], &["input-range"]));
    }
    check(&both, &query(6), (&["input-range"], &["input-range"]));
    check(&both, &variable(6), (&["input-range"], &["input-range", "input-range"]));
}

#[test]
fn operations_that_are_not_selected_are_judged_by_what_is_written() {
    let range = "  - { at: ['*(first:)'], range: 0..1 }\n";
    let query = |other: &str| json!({ "operationName": "A", "query": format!("query A {{ items {{ id }} }} {other}") });
    check(
        range,
        &query("query B { items(first: 2) { id } }"),
        (&["input-range"], &["input-range"]),
    );
    check(range, &query("query B($n: Int) { items(first: $n) { id } }"), (&[], &[]));
    let require = "  - { at: ['Query.orders(customer:)'], require: 'value == \"7\"' }\n";
    check(require, &query("query B($c: ID) { orders(customer: $c) { id } }"), (&[], &[]));
    let refused: (&[&str], &[&str]) = (&["input-require"], &["input-require"]);
    check(require, &query("query B { orders(customer: 8) { id } }"), refused);
}

/// A large variable that is named everywhere is read once per input, or not to the end.
#[test]
fn a_variable_named_a_thousand_times_is_bounded() {
    let many: String = (0..50).map(|it| format!("a{it}: orders(tags: $t) {{ id }} ")).collect();
    let tags: Vec<_> = (0..10_000).map(|_| "a").collect();
    let body = json!({
        "query": format!("query($t: [String!]) {{ {many} }}"), "variables": { "t": tags },
    });
    let wide = "  - { at: ['Query.orders(tags:)'], pattern: a }\n";
    let gate = judge::gate(
        "inputs.graphql",
        &format!(
            "limits: {{ body: 1MiB, repeats: 100, root_fields: 100, variables: {{ list: 100000, bytes: 1MiB }} }}\n\
             cost: {{ max: off }}\ninputs:\n{wide}"
        ),
        "tests/rules",
    );
    assert_eq!(judge::code(&judge::judge(&gate, body.to_string().as_bytes())), None);
    // Every item of a literal list is the same large variable, inside of a free-form value.
    let items = "$r,".repeat(900);
    let inner: Vec<_> = (0..9_000).collect();
    let body = json!({
        "query": format!("query($r: JSON) {{ find(raw: [{items}]) {{ id }} }}"),
        "variables": { "r": inner },
    });
    let gate = judge::gate(
        "inputs.graphql",
        "limits: { body: 1MiB, variables: { list: 100000, bytes: 1MiB } }\n\
         inputs:\n  - { at: [scalar JSON], json: { depth: 5 } }\n",
        "tests/rules",
    );
    let verdict = judge::judge(&gate, body.to_string().as_bytes());
    assert_eq!(judge::code(&verdict), Some("INPUT_NOT_ALLOWED"));
}
