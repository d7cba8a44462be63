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
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use portcullis::policy::Digest;
use serde_json::Value;

use process::Process;

#[expect(dead_code, reason = "other suites use the rest")]
#[path = "support/process.rs"]
mod process;

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

/// Two customers, known by keys.
fn keys() -> String {
    let entry = |key: &str, claims: &str| {
        format!("- {{ hash: \"sha256:{}\", claims: {claims} }}\n", Digest::of(key.as_bytes()))
    };
    let alice = entry(ALICE, "{ sub: alice, orders: [\"1\"] }");
    alice + &entry(BOB, "{ sub: bob, orders: [\"2\", \"3\"] }")
}

const ALICE: &str = "key-of-alice-6b1f0c";
const BOB: &str = "key-of-bob-90ae77";
const AS_BOTH: [&str; 4] = ["--as", "alice=key-of-alice-6b1f0c", "--as", "bob=@bob.key"];

const OWNED_SCHEMA: &str = "
type Query {
  user(id: ID!, short: Boolean = true): User
  order(id: ID!): Order
  invoices(filter: InvoiceFilter!): [Invoice!]!
  letters(of: ID!): [String!]!
  search(owner: ID): [String!]!
  secret: String
}
type User { id: ID! email: String }
type Order { id: ID! total: Int buyer: User }
type Invoice { id: ID! }
input InvoiceFilter { owner: ID! open: Boolean }
";

const OWNED: &str = "
http: { batch: 3 }
identity: { api_keys: { header: x-api-key, file: keys.yaml } }
conditions: { signed_in: has(claims.sub) }
authorization:
  default: deny
  rules:
    - { on: [Query.order, Query.search], allow: always }
    - { on: [Query.user], allow: signed_in && args.id == claims.sub }
    - { on: [Query.invoices], allow: signed_in && args.filter.owner == claims.sub }
    - { on: [Query.letters], allow: 'args.of == \"user:\" + claims.sub' }
    - { on: [Query.secret], allow: signed_in }
    - { on: [Order.total], allow: has(claims.orders) && root.args.id in claims.orders }
inputs:
  - { at: [\"Query.search(owner:)\"], require: value == claims.sub }
";

/// The same where nobody asks whose anything is.
fn disowned() -> String {
    let mut running = OWNED.to_owned();
    for (from, to) in [
        ("signed_in && args.id == claims.sub", "signed_in"),
        ("args.filter.owner == claims.sub", "has(args.filter.owner)"),
        ("'args.of == \"user:\" + claims.sub'", "args.of.startsWith('user:')"),
        ("root.args.id in claims.orders", "root.args.id != ''"),
        ("require: value == claims.sub", "require: value != ''"),
    ] {
        assert!(running.contains(from), "{from}");
        running = running.replace(from, to);
    }
    running
}

const DISOWNED: [(&str, &str); 5] = [
    ("authorization", "Query.user (id)"),
    ("authorization", "Query.invoices (filter.owner)"),
    ("authorization", "Query.letters (of)"),
    ("authorization", "Order.total (id)"),
    ("input-require", "Query.search(owner:) (owner)"),
];

/// A folder with the keys, and the arguments that name them.
fn owned_case(running: &str, then: impl FnOnce(&Case<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bob.key");
    fs::write(&file, format!("{BOB}\n")).unwrap();
    let (keys, bob) = (keys(), format!("bob=@{}", file.display()));
    then(&Case {
        schema: OWNED_SCHEMA,
        beside: &[("keys.yaml", &keys)],
        arguments: &[AS_BOTH[0], AS_BOTH[1], AS_BOTH[2], &bob],
        ..Case::new("owned", OWNED, running)
    });
}

#[test]
fn holes_in_whose_something_is() {
    owned_case(&disowned(), |case| case.check(&DISOWNED));
}

#[test]
fn what_two_callers_try_is_told_without_their_secrets() {
    owned_case(&disowned(), |case| {
        let folder = tempfile::tempdir().unwrap();
        let (intended, running) = case.write(folder.path());
        for format in ["json", "text"] {
            let start = [intended.as_str(), "--running", &running, "--format", format];
            let output = run(&[start.as_slice(), case.arguments].concat());
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let all = text.clone() + &String::from_utf8_lossy(&output.stderr);
            assert!(!all.contains(ALICE) && !all.contains(BOB), "{all}");
            for way in ["own first by POST as alice", "variable by GET as bob", "plain by POST,"] {
                let way = if format == "json" { way.trim_end_matches(',') } else { way };
                assert!(text.contains(way), "{way}: {text}");
            }
        }
    });
}

#[test]
fn a_credential_that_is_wrong_is_not_printed() {
    owned_case("", |case| {
        let folder = tempfile::tempdir().unwrap();
        let (intended, _) = case.write(folder.path());
        for wrong in [
            "alice=secret-7",
            "secret-7",
            "secret-7=",
            "secret-7?=x",
            "secret-7==",
            "a=secret-7\n!",
        ] {
            let output = run(&[&intended, "--as", wrong]);
            assert_eq!(output.status.code(), Some(2), "{wrong}");
            let all = [output.stdout, output.stderr].concat();
            let all = String::from_utf8_lossy(&all);
            assert!(all.contains("--as") && !all.contains("secret-7"), "{all}");
        }
    });
}

#[test]
fn holes_in_what_things_cost() {
    let schema = "
type Query {
  people(first: Int = 5): [User!]!
  find(filter: FindInput!): [User!]!
  page(first: Int!): [User!]!
  plain(n: Int): String
}
type User { id: ID! name: String friends(first: Int): [User!]! }
input FindInput { limit: Int text: String }
";
    let policy = |find: &str, page: &str, max: u32| {
        format!(
            "http: {{ batch: 2, get: on }}
cost:
  max: {max}
  lists:
    Query.people: {{ slicing: [first] }}
    Query.find: {{ {find} }}
    Query.page: {{ {page} }}
    User.friends: {{ slicing: [first] }}
inputs:
  - {{ at: [\"Query.page(first:)\"], range: 1..50 }}
"
        )
    };
    let intended = policy("slicing: [filter.limit]", "slicing: [first]", 200);
    let check = |running: &str, holes: &[(&str, &str)]| {
        Case { schema, ..Case::new("cost", &intended, running) }.check(holes);
    };
    let (find, page) = (("cost", "Query.find(limit:)"), ("cost", "Query.page(first:)"));
    // A size inside of an object is not looked at; one that is bounded by itself is forgotten.
    check(&policy("assumed: 5", "assumed: 5", 200), &[find, page]);
    let others = [("cost", "Query.people(first:)"), ("cost", "User.friends(first:)")];
    let all = [[find, page], others].concat();
    check(&policy("slicing: [filter.limit]", "slicing: [first]", 201), &all);
}

#[test]
fn holes_in_trusted_documents() {
    let manifest = r#"{
        "shop-1": "query Shop { people(first: 2) { name } }",
        "shop-2": "mutation Login { login(email: \"a@b.example\") { id } }"
    }"#;
    let intended =
        "http: { get: on, batch: 2 }\ndocuments: { manifests: [m.json], require: true }\n";
    let running = "http: { get: on, batch: 2 }
documents: { manifests: [m.json], require: { mode: report }, apq: on }
";
    let case = Case::new("documents", intended, running);
    Case { beside: &[("m.json", manifest)], ..case }.check(&[
        ("documents", "unlisted"),
        ("documents", "shop-1"),
        ("documents", "shop-2"),
    ]);
}

#[test]
fn holes_in_what_comes_with_files() {
    let schema = "
scalar Upload
type Query { a: String }
type Mutation { put(file: Upload!, note: String): String deep(input: In!): String }
input In { file: Upload! name: String }
";
    let check = |intended: &str, running: &str, holes: &[(&str, &str)]| {
        let arguments = &["--header", "x-always: 1"];
        Case { schema, arguments, ..Case::new("uploads", intended, running) }.check(holes);
    };
    let some = "http: { uploads: { files: 2, bytes: 1KiB } }\n";
    check("", some, &[("upload", "off")]);
    // One file and one byte more, and a header that every request has.
    let more = "http: { uploads: { files: 3, bytes: 1025B }, csrf_header: [x-always] }\n";
    check(some, more, &[("upload", "3 files"), ("upload", "1025 bytes"), ("upload", "csrf")]);
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
fn a_real_process_is_attacked() {
    owned_case(&disowned(), |case| {
        let folder = tempfile::tempdir().unwrap();
        let (intended, running) = case.write(folder.path());
        for (policy, holes) in [(&intended, &[][..]), (&running, &DISOWNED)] {
            // Free a moment ago; whoever takes it in between makes this fail, and not pass.
            let upstream = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let (_process, address) = Process::start(Path::new(policy), upstream);
            let (url, upstream) = (format!("http://{address}"), upstream.to_string());
            let start = [&intended, "--format", "json", "--target", &url];
            let end = ["--upstream-listen", &upstream];
            let output = run(&[start.as_slice(), &end, case.arguments].concat());
            assert_eq!(mistakes(&output), pairs(holes));
            assert_eq!(output.status.code(), Some(i32::from(!holes.is_empty())));
        }
    });
}

#[test]
fn other_hosts_are_left_alone() {
    let policy = policies().join("baseline.yaml");
    let arguments = ["--upstream-listen", "127.0.0.1:0", "--target", "http://192.0.2.1:80"];
    let output = run(&[&[policy.to_str().unwrap()], arguments.as_slice()].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--i-own-this-host"));
}
