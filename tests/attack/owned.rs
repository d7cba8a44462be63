//! Two callers: each asks for what is the other's.

use std::{fs, net::TcpListener, path::Path};

use portcullis::digest::Digest;
use serde_json::{Value, json};

use crate::{Case, mistakes, pairs, process::Process, run};

/// Two customers, known by keys.
pub(super) fn keys() -> String {
    let entry = |key: &str, claims: &str| {
        format!("- {{ hash: \"sha256:{}\", claims: {claims} }}\n", Digest::of(key.as_bytes()))
    };
    let alice = entry(ALICE, "{ sub: alice, account: 7, orders: [\"1\"] }");
    alice + &entry(BOB, "{ sub: bob, account: 8, orders: [\"2\", \"3\"] }")
}

const ALICE: &str = "key-of-alice-6b1f0c";
const BOB: &str = "key-of-bob-90ae77";
pub(super) const AS_BOTH: [&str; 4] = ["--as", "alice=key-of-alice-6b1f0c", "--as", "bob=@bob.key"];

const OWNED_SCHEMA: &str = "
type Query {
  user(id: ID!, short: Boolean = true): User
  order(id: ID!): Order
  invoices(filter: InvoiceFilter!): [Invoice!]!
  letters(of: ID!): [String!]!
  search(owner: ID): [String!]!
  notes(of: [ID!]!): [String!]!
  tags(owners: [ID!]): [String!]!
  account(n: Int!): Int
  box(id: ID!): Int
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
    - { on: [Query.order, Query.search, Query.tags], allow: always }
    - { on: [Query.user], allow: signed_in && args.id == claims.sub }
    - { on: [Query.invoices], allow: signed_in && args.filter.owner == claims.sub }
    - { on: [Query.letters], allow: 'args.of == \"user:\" + claims.sub' }
    - { on: [Query.notes], allow: 'args.of.all(it, it == claims.sub)' }
    - { on: [Query.account], allow: args.n == claims.account }
    - { on: [Query.box], allow: args.id == string(claims.account) }
    - { on: [Query.secret], allow: signed_in }
    - { on: [Order.buyer], allow: parent.args.id in claims.orders }
    - { on: [Order.total], allow: has(claims.orders) && root.args.id in claims.orders }
inputs:
  - { at: [\"Query.search(owner:)\"], require: value == claims.sub }
  - { at: [\"Query.tags(owners:)\"], require: 'value.all(it, it == claims.sub)' }
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
        // One's own among them is enough.
        ("args.of.all(it, it == claims.sub)", "args.of.exists(it, it == claims.sub)"),
        ("value.all(it, it == claims.sub)", "value.exists(it, it == claims.sub)"),
        ("args.n == claims.account", "args.n >= claims.account"),
        ("args.id == string(claims.account)", "has(claims.account)"),
        ("parent.args.id in claims.orders", "has(claims.orders)"),
    ] {
        assert!(running.contains(from), "{from}");
        running = running.replace(from, to);
    }
    running
}

const DISOWNED: [(&str, &str); 10] = [
    ("authorization", "Query.user (id)"),
    ("authorization", "Query.invoices (filter.owner)"),
    ("authorization", "Query.letters (of)"),
    ("authorization", "Order.total (id)"),
    ("input-require", "Query.search(owner:) (owner)"),
    ("authorization", "Query.notes (of)"),
    ("input-require", "Query.tags(owners:) (owners)"),
    ("authorization", "Query.account (n)"),
    ("authorization", "Query.box (id)"),
    ("authorization", "Order.buyer (id)"),
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

/// A mutation that only whoever is signed in may call.
#[test]
fn holes_in_what_only_callers_can_send() {
    let schema = "
type Query { a: String }
type Mutation { rate(input: RateInput!): String }
input RateInput { stars: Int! text: String }
";
    let policy = |stars: &str, text: &str| {
        format!(
            "identity: {{ api_keys: {{ header: x-api-key, file: keys.yaml }} }}
conditions: {{ signed_in: has(claims.sub) }}
authorization:
  rules: [{{ on: [Query.a], allow: always }}, {{ on: [Mutation.rate], allow: signed_in }}]
inputs:
  - {{ at: [RateInput.stars], range: {stars} }}
  - {{ at: [RateInput.text], length: {text} }}
"
        )
    };
    let (intended, running) = (policy("1..5", "1..100"), policy("1..6", "1..101"));
    let keys = keys();
    let arguments = [AS_BOTH[0], AS_BOTH[1], "--as", "bob=key-of-bob-90ae77"];
    let case = Case::new("signed-in", &intended, &running);
    Case { schema, beside: &[("keys.yaml", &keys)], arguments: &arguments, ..case }.check(&[
        ("input-range", "RateInput.stars (stars)"),
        ("input-length", "RateInput.text (text)"),
    ]);
}

#[test]
fn holes_are_found_with_tokens() {
    let intended = "
identity:
  jwt: { issuer: https://id.example, audience: shop, keys: { file: jwks.json }, algorithms: [HS256] }
authorization:
  rules:
    - { on: [Query.user], allow: has(claims.sub) && args.id == claims.sub }
";
    let running = intended.replace("args.id == claims.sub", "args.id != ''");
    let arguments = ["--as", ALICE_TOKEN, "--as", BOB_TOKEN];
    let case = Case::new("tokens", intended, &running);
    let beside = &[("jwks.json", JWKS)];
    Case { schema: OWNED_SCHEMA, beside, arguments: &arguments, ..case }
        .check(&[("authorization", "Query.user (id)")]);
}

/// A shared secret, and tokens under it that count until the year 2100.
const JWKS: &str = r#"{"keys":[{"kty":"oct","kid":"k","alg":"HS256","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"}]}"#;
const ALICE_TOKEN: &str = "alice=eyJhbGciOiJIUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJzaG9wIiwic3ViIjoiYWxpY2UiLCJleHAiOjQxMDI0NDQ4MDB9.zHZYL4aM6cjDKK02b8kdICryLXykmmcEFFtSTip79jM";
const BOB_TOKEN: &str = "bob=eyJhbGciOiJIUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOiJzaG9wIiwic3ViIjoiYm9iIiwiZXhwIjo0MTAyNDQ0ODAwfQ.spI01JbcgTtMCuazEiypWrq2y1rPU4Lz3XOpe8ryqyk";

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

/// Attacks a policy as Alice, by what it states itself; nothing may be a mistake, and so much of it
/// must have been refused and admitted.
#[track_caller]
fn check_right(schema: &str, inputs: &str, rule: &str) {
    let policy = format!(
        "identity: {{ api_keys: {{ header: x-api-key, file: keys.yaml }} }}\ninputs: {inputs}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let keys = keys();
    let case = Case { schema, beside: &[("keys.yaml", &keys)], ..Case::new("right", &policy, "") };
    let (intended, _) = case.write(folder.path());
    let output = run(&[&[intended.as_str(), "--format", "json"], &AS_BOTH[..2]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["mistakes"], json!([]), "{inputs}");
    let row = &report["rules"][rule];
    assert!(row["refused"].as_u64() > Some(0), "{report}");
    assert!(row["admitted"].as_u64() > Some(0), "{report}");
}

#[test]
fn an_input_field_that_is_left_out_is_not_there() {
    let own = "[{ at: [F.own], require: 'value == claims.sub' }]";
    check_right("input F { own: ID } type Query { a(f: F): Int }", own, "input-require");
    check_right("input F { own: ID } type Query { a(f: [F!]): Int }", own, "input-require");
}

#[test]
fn one_alternative_is_given_alone() {
    let schema = "input F @oneOf { own: ID my: ID } type Query { a(f: F): Int }";
    let both = "[{ at: [F.own, F.my], require: 'value == claims.sub' }]";
    check_right(schema, both, "input-require");
}

/// What the schema would fill in is itself judged.
#[test]
fn a_default_beside_what_is_tried_breaks_no_other_demand() {
    let schema = "input F { own: ID = \"bob\" n: Int low: Int = 9 } type Query { a(f: F!): Int }";
    let demands = "[
  { at: [F.own], require: 'value == claims.sub' },
  { at: [F.low], range: ..3 },
  { at: [F.n], require: 'value == null || value < 3' },
  { at: [F.n], range: ..2 },
]";
    check_right(schema, demands, "input-require");
    check_right(schema, demands, "input-range");
}
