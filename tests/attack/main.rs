//! `portcullis attack`: finds every hole of policies with planted mistakes, and none where there is
//! none.
//!
//! A planted mistake is a difference between the policy that states what must hold and the policy
//! that runs. Each is named by the rule and the place that the report must show, and what it shows
//! beside them is a mistake of its own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

#[expect(dead_code, reason = "other suites use the rest")]
#[path = "../support/process.rs"]
mod process;
mod owned;
mod sent;
mod untried;
mod values;

const PORTCULLIS: &str = env!("CARGO_BIN_EXE_portcullis");

fn run(arguments: &[&str]) -> Output {
    Command::new(PORTCULLIS).arg("attack").args(arguments).output().expect("it runs")
}

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

/// What a report calls mistakes: rule and place.
fn mistakes(output: &Output) -> BTreeSet<(String, String)> {
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{complaint}"));
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let mistakes = report["mistakes"].as_array().expect("a list");
    for it in mistakes {
        assert_eq!(text(it, "what"), "got through", "{it}");
    }
    mistakes.iter().map(|it| (text(it, "rule"), text(it, "at"))).collect()
}

/// What is intended, what runs instead, and what stands beside them.
struct Case<'c> {
    name: &'c str,
    schema: &'c str,
    intended: &'c str,
    running: &'c str,
    beside: &'c [(&'c str, &'c str)],
    arguments: &'c [&'c str],
}

impl<'c> Case<'c> {
    const fn new(name: &'c str, intended: &'c str, running: &'c str) -> Self {
        Self { name, schema: SCHEMA, intended, running, beside: &[], arguments: &[] }
    }

    /// Writes the files; the paths of the policies.
    fn write(&self, folder: &Path) -> (String, String) {
        let head = format!("version: 1\nname: {}\nschema: {{ file: schema.graphql }}\n", self.name);
        fs::write(folder.join("schema.graphql"), self.schema).unwrap();
        for (name, text) in self.beside {
            fs::write(folder.join(name), text).unwrap();
        }
        let file = |file: &str, rest: &str| {
            let path = folder.join(file);
            fs::write(&path, format!("{head}{rest}")).unwrap();
            path.to_str().unwrap().to_owned()
        };
        (file("intended.yaml", self.intended), file("running.yaml", self.running))
    }

    /// Attacks what runs by what is intended; every hole, and nothing else, must be found.
    #[track_caller]
    fn check(&self, holes: &[(&str, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        let (intended, running) = self.write(folder.path());
        let run = |more: &[&str]| {
            run(&[&[intended.as_str(), "--format", "json"], more, self.arguments].concat())
        };
        let clean = run(&[]);
        assert_eq!(mistakes(&clean), BTreeSet::new(), "{}, as it is intended", self.name);
        assert_eq!(clean.status.code(), Some(0));
        let found = run(&["--running", &running]);
        assert_eq!(mistakes(&found), pairs(holes), "{}", self.name);
        assert_eq!(found.status.code(), Some(1));
    }
}

fn pairs(holes: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    holes.iter().map(|(rule, at)| ((*rule).to_owned(), (*at).to_owned())).collect()
}

#[track_caller]
fn check(name: &str, intended: &str, running: &str, holes: &[(&str, &str)]) {
    Case::new(name, intended, running).check(holes);
}

const SCHEMA: &str = "
type Query {
  node(id: ID!): Node
  people(first: Int): [User!]!
  search(text: String!): [Found!]!
  me: User
  order(lines: [LineInput!]!, gift: LineInput, note: String): Order
  secretReport: Report
}
type Mutation { login(email: String!): User updateUser(input: UserInput!): User }
interface Node { id: ID! owner: String }
type User implements Node { id: ID! owner: String name: String email: String friends(first: Int): [User!]! boss: User }
type Order implements Node { id: ID! owner: String total: Int buyer: User }
type Report implements Node { id: ID! owner: String body: String }
union Found = User | Order | Report
input LineInput { product: ID! quantity: Int discount: Int }
input UserInput { name: String role: Role tags: [String!] }
enum Role { CUSTOMER ADMIN }
";

#[test]
fn holes_in_who_may_see_what() {
    let intended = "
conditions: { signed_in: has(claims.sub) }
authorization:
  default: deny
  rules:
    - { on: [Query.node, Query.people, Query.search], allow: always }
    - { on: [Query.me], allow: signed_in }
    - { on: [Node.owner], allow: never }
    - { on: [User.email], allow: signed_in }
    - { on: [Report.body], allow: 'signed_in && parent.field == \"Query.secretReport\"' }
";
    // An implementer forgotten, a condition that is always true, a root field left open.
    let running = "
conditions: { signed_in: has(claims.sub) }
authorization:
  default: deny
  rules:
    - { on: [Query.node, Query.people, Query.search, Query.secretReport], allow: always }
    - { on: [Query.me], allow: signed_in }
    - { on: [Node.owner], allow: never }
    - { on: [Order.owner], allow: always }
    - { on: [User.email], allow: signed_in }
    - { on: [Report.body], allow: '!signed_in || parent.field == \"Query.secretReport\"' }
";
    check(
        "access",
        intended,
        running,
        &[
            ("authorization", "Order.owner"),
            ("authorization", "Query.secretReport"),
            ("authorization", "Report.body"),
        ],
    );
}

const TAKEN: &str = "
conditions: { signed_in: has(claims.sub) }
authorization:
  default: allow
  on_deny: remove
  rules:
    - { on: [Node.owner], allow: never }
    - { on: [User.email], allow: signed_in }
    - { on: [Report.body], allow: 'parent.field == \"Query.secretReport\"' }
    - { on: [Mutation.login], allow: signed_in }
";

/// What is denied is taken out, and what is left goes on: that it is gone is what counts.
#[test]
fn holes_in_what_is_taken_out() {
    let running = "
conditions: { signed_in: has(claims.sub) }
authorization:
  default: allow
  on_deny: remove
  rules:
    - { on: [Node.owner], allow: never }
    - { on: [Order.owner], allow: always }
    - { on: [User.email], allow: '!signed_in' }
    - { on: [Report.body], allow: 'parent.field != \"Query.node\"' }
";
    let at = ["Order.owner", "User.email", "Report.body", "Mutation.login"];
    check("taken", TAKEN, running, &at.map(|it| ("authorization", it)));
}

/// What is wrongly taken out is a mistake as well.
#[test]
fn what_may_be_seen_is_not_taken_out() {
    let strict = TAKEN.replace("'parent.field == \"Query.secretReport\"'", "never");
    let folder = tempfile::tempdir().unwrap();
    let (intended, running) = Case::new("taken", TAKEN, &strict).write(folder.path());
    let output = run(&[&intended, "--running", &running, "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mistakes = report["mistakes"].as_array().unwrap();
    let is_it = |it: &Value| it["what"] == "wrongly refused" && it["at"] == "Report.body";
    assert!(!mistakes.is_empty() && mistakes.iter().all(is_it), "{report}");
}

/// A value so deep as a filter can be, and one that no variable has.
#[test]
fn holes_in_how_deep_values_are() {
    let schema = "
type Query { found(filter: Filter): String, all(note: String): String }
input Filter { and: [Filter!], text: String! }
";
    let limits = |n| format!("limits: {{ variables: {{ depth: {n} }} }}");
    let (intended, running) = (limits(5), limits(6));
    let case = Case { schema, ..Case::new("deep", &intended, &running) };
    case.check(&[("value-depth", "6")]);
    let case = Case { schema: "type Query { a: String }", ..case };
    case.check(&[("value-depth", "6")]);
}

#[test]
fn holes_in_what_inputs_take() {
    let intended = "
conditions: { staff: has(claims.staff) }
inputs:
  - { at: [LineInput.quantity], range: 1..10 }
  - { at: [\"*(first:)\"], range: 0..50 }
  - { at: [\"Query.order(note:)\"], length: 2..20 }
  - { at: [UserInput.role], allow: staff }
  - { at: [UserInput.name], pattern: '[a-z]+' }
";
    // The nested object forgotten, one field of the wildcard only, a length without an upper end,
    // anyone may name the role, a pattern that takes any letter.
    let running = "
conditions: { staff: has(claims.staff) }
inputs:
  - { at: [LineInput.discount], range: 1..10 }
  - { at: [\"Query.people(first:)\"], range: 0..50 }
  - { at: [\"Query.order(note:)\"], length: 2.. }
  - { at: [UserInput.role], allow: '!staff' }
  - { at: [UserInput.name], pattern: '[a-zA-Z]+' }
";
    check(
        "inputs",
        intended,
        running,
        &[
            ("input-range", "LineInput.quantity (quantity)"),
            ("input-range", "*(first:) (first)"),
            ("input-length", "Query.order(note:) (note)"),
            ("input-allow", "UserInput.role (role)"),
            ("input-pattern", "UserInput.name (name)"),
        ],
    );
}

#[test]
fn holes_in_limits_and_switches() {
    let intended = "
http: { batch: 2 }
operations: { kinds: [query], max: 2 }
limits: { depth: 5, list_depth: 2, fields: 40, aliases: 9, repeats: 4, root_fields: 6, fragments: 3, document: 2KiB, variables: { string: 1KiB, list: 20 } }
";
    // Two limits off, two too large by one, the schema open, mutations open, a longer batch.
    let running = "
http: { batch: 3, get: on }
operations: { kinds: [query, mutation], max: 2 }
introspection: allow
limits: { depth: off, list_depth: 3, fields: 40, aliases: off, repeats: 5, root_fields: 6, fragments: 3, document: 2KiB, variables: { string: 2KiB, list: 21 } }
";
    check(
        "limits",
        intended,
        running,
        &[
            ("batch", "3"),
            ("get", "get"),
            ("introspection", "__schema"),
            ("introspection", "__type"),
            ("list-length", "21"),
            ("max-aliases", "10"),
            ("max-depth", "6"),
            ("max-list-depth", "3"),
            ("max-repeats", "5"),
            ("operation-kinds", "mutation"),
            ("string-length", "1025"),
        ],
    );
}

/// What the schema names may be used, unless `directives` says which.
#[test]
fn holes_in_which_directives_a_request_may_carry() {
    let defer = "directive @defer(if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT";
    let schema = format!("{defer} {SCHEMA}");
    let hole = &[("allowed-directives", "@defer")];
    let listed = Case::new("listed", "directives: [skip, include]", "");
    Case { schema: &schema, ..listed }.check(hole);
    let folder = tempfile::tempdir().unwrap();
    let (unset, _) = Case { schema: &schema, ..Case::new("unset", "", "") }.write(folder.path());
    let output = run(&[&unset, "--format", "json"]);
    assert_eq!(mistakes(&output), BTreeSet::new());
    assert_eq!(output.status.code(), Some(0));
}

/// Policies that are right, and that an attack could take for wrong.
#[test]
fn what_holds_is_no_hole() {
    let tagged = "directive @tag(name: String!) on FIELD_DEFINITION
        type Query { open: Int @tag(name: \"public\") shut: Int things(given: In): Int }
        input In { list: [Item!] } input Item { a: Int }";
    let rules = |on: &str, allow: &str| {
        format!("authorization: {{ default: deny, rules: [{{ on: ['{on}'], allow: {allow} }}] }}")
    };
    for policy in [
        rules("@tag(name: \"public\")", "always"),
        rules("Query.*", "always"),
        rules("Query.open", "'operation.type == \"query\"'"),
        rules("Query.open", "'request.transport == \"http\"'"),
        "limits: { variables: { depth: 2 } }".to_owned(),
        "limits: { fields: 3 }".to_owned(),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) =
            Case { schema: tagged, ..Case::new("right", &policy, "") }.write(folder.path());
        let output = run(&[&path, "--format", "json"]);
        assert_eq!(mistakes(&output), BTreeSet::new(), "{policy}");
        assert_eq!(output.status.code(), Some(0), "{policy}");
    }
}

/// A field that is concealed is refused on every way, and no way around is one.
#[test]
fn a_policy_that_conceals_has_no_holes() {
    let policy = "
introspection: allow
authorization:
  default: allow
  conceal: true
  rules: [{ on: [User.email, Report.body], allow: never }]
";
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = Case::new("concealed", policy, "").write(folder.path());
    let output = run(&[&path, "--format", "json"]);
    assert_eq!(mistakes(&output), BTreeSet::new());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_policies_of_the_repository_have_no_holes() {
    for name in ["baseline", "demo", "internal", "shop", "strict"] {
        let path = policies().join(format!("{name}.yaml"));
        let output = run(&[path.to_str().unwrap(), "--format", "json"]);
        assert_eq!(mistakes(&output), BTreeSet::new(), "{name}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn other_hosts_are_left_alone() {
    let policy = policies().join("baseline.yaml");
    let arguments = ["--upstream-listen", "127.0.0.1:0", "--target", "http://192.0.2.1:80"];
    let output = run(&[&[policy.to_str().unwrap()], arguments.as_slice()].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--i-own-this-host"));
}
