//! The verb `test`, run as a person runs it: on the policies of the repository, on that of the
//! bazaar, and on copies with a planted mistake.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn test(policy: &Path, flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.env_remove("PORTCULLIS_UPSTREAM").arg("test").arg(policy).args(flags);
    command.output().unwrap()
}

/// Exit code and what was printed.
fn told(policy: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let output = test(policy, flags);
    let text = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
    (output.status.code(), text)
}

#[test]
fn every_policy_of_the_repository_passes_its_cases() {
    let mut n_policies = 0;
    for entry in fs::read_dir(root().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".yaml") || name.ends_with("_test.yaml") {
            continue;
        }
        let (exit, text) = told(&path, &["--complete"]);
        assert_eq!(exit, Some(0), "{name}\n{text}");
        n_policies += 1;
    }
    assert_eq!(n_policies, 5);
}

fn bazaar() -> PathBuf {
    root().join("tests/corpus/bazaar")
}

#[test]
fn the_bazaar_passes_its_cases() {
    let output = test(&bazaar().join("policy.yaml"), &["--complete", "--format", "json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told:#}");
    assert!(told["cases"].as_array().unwrap().len() >= 60);
}

/// A copy of the bazaar with something replaced in its policy.
fn with_mistake(from: &str, to: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("keys")).unwrap();
    for name in ["schema.graphql", "policy_test.yaml", "keys/jwks.json", "persisted.json"] {
        let source = bazaar().join(name);
        if source.is_file() {
            fs::copy(source, folder.path().join(name)).unwrap();
        }
    }
    let policy = fs::read_to_string(bazaar().join("policy.yaml")).unwrap();
    assert!(policy.contains(from), "{from}");
    let path = folder.path().join("policy.yaml");
    fs::write(&path, policy.replacen(from, to, 1)).unwrap();
    (folder, path)
}

#[test]
fn a_planted_mistake_fails() {
    for (from, to) in [
        ("User.passwordHash, ", ""),
        ("on: [User.phone, ", "on: ["),
        ("allow: signed_in\n", "allow: always\n"),
        ("'admin || support || value == claims.sub'", "'true'"),
        ("      - UpdateProfileInput.role\n", ""),
        ("range: 0..100", "range: 0..101"),
        ("schemes: [https], hosts: public", "schemes: [https, http], hosts: public"),
        ("once_per_request: [Mutation.login, ", "once_per_request: ["),
        ("introspection: { allow_when: admin }", "introspection: allow"),
        ("  depth: 8", "  depth: 80"),
    ] {
        let (_folder, path) = with_mistake(from, to);
        let (exit, text) = told(&path, &[]);
        assert_eq!(exit, Some(1), "{from} -> {to}\n{text}");
    }
}

#[test]
fn a_report_for_ci() {
    let (exit, text) = told(&root().join("policies/shop.yaml"), &["--format", "junit"]);
    assert_eq!(exit, Some(0));
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"));
    assert!(text.contains("failures=\"0\"") && !text.contains("<failure"));
}

/// What it is on, as a policy has it.
#[test]
fn a_rule_on_several_is_called_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("s.graphql", "type Query { a: Int b: Int c: Int }");
    write(
        "p.yaml",
        "version: 1
name: t
schema: { file: s.graphql }
tests: [c.yaml]
authorization: { default: allow, rules: [{ on: [Query.a, Query.b], allow: never }] }
",
    );
    write("c.yaml", "cases:\n  - { name: c, document: '{ c }', expect: admit }\n");
    let (_, text) = told(&folder.path().join("p.yaml"), &["--format", "json"]);
    assert!(text.contains("\"authorization: Query.a, Query.b\""), "{text}");
    write("c.yaml", "cases:\n  - { name: c, document: '{ a }', expect: admit }\n");
    let (_, text) = told(&folder.path().join("p.yaml"), &[]);
    assert!(text.contains("`Query.a`: the rule on `Query.a, Query.b` denies it"), "{text}");
}

#[test]
fn check_finds_a_listed_file_that_is_not_there() {
    let (_folder, policy) = with_mistake("tests: [", "tests: [none_test.yaml, ");
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.env_remove("PORTCULLIS_UPSTREAM").arg("check").arg(&policy);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("error[unreadable-file]: cannot read `none_test.yaml`: "), "{text}");
    assert!(text.contains("^^^^^^^^^^^^^^") && output.status.code() == Some(1), "{text}");
}

/// One round of mending is enough.
#[test]
fn check_finds_it_beside_other_mistakes() {
    let policy = "version: 1
name: t
schema: { file: s.graphql }
tests: [none_test.yaml]
limits: { dpth: 3 }
identity: { jwt: { issuer: https://id.example, audience: [], keys: { discover: issuer } } }
inputs:
  - { at: [], length: 1..3 }
  - { at: [\"Query.a(t:)\"], one_of: [] }
  - { at: [\"Query.a(t:)\"], url: { hosts: [] } }
  - { at: [\"Query.a(t:)\"], length: {} }
";
    let (exit, text) = checked_with(policy, &[], &["p.yaml"]);
    assert_eq!((exit, text.matches("error[empty-list]").count()), (Some(1), 4), "{text}");
    for expect in ["unknown key `dpth`", "error[empty-value]", "cannot read `none_test.yaml`: "] {
        assert!(text.contains(expect), "{expect}\n{text}");
    }
}

#[test]
fn check_finds_what_test_finds_in_a_listed_file() {
    let head = "version: 1\nname: t\nschema: { file: s.graphql }\n";
    let policy = format!("{head}tests: [c.yaml, d.yaml, e.yaml]\n");
    let files = [
        ("c.yaml", "cases:\n  - { name: c, document: '{ a }', expct: admit }\n"),
        ("d.yaml", "cases: []\n"),
        ("e.yaml", "cases:\n  - { name: e, document: '{ a }', expect: admit }\n"),
    ];
    let (exit, text) = checked_with(&policy, &files, &["p.yaml"]);
    for expect in [
        "error[missing-key]: key `expect` is missing in `cases`",
        "error[unknown-key]: unknown key `expct` in `cases`",
        "c.yaml:2:",
        "error[no-case]: `d.yaml` holds no case",
    ] {
        assert!(text.contains(expect), "{expect}\n{text}");
    }
    assert!(exit == Some(1) && !text.contains("e.yaml:"), "{text}");
}

/// Exit code and stdout of `check` with this policy and these arguments.
fn checked(policy: &str, args: &[&str]) -> (Option<i32>, String) {
    checked_with(policy, &[], args)
}

/// The same with files beside the policy.
fn checked_with(policy: &str, files: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    fs::write(folder.path().join("s.graphql"), "type Query { a: Int }").unwrap();
    fs::write(folder.path().join("p.yaml"), policy).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let command = command.env_remove("PORTCULLIS_UPSTREAM").current_dir(folder.path());
    let output = command.arg("check").args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_mistake_in_a_policy_is_something_found() {
    let head = "version: 1\nname: t\nschema: { file: s.graphql }\n";
    let with = |rest: &str| checked(&format!("{head}{rest}"), &["p.yaml"]);
    assert_eq!(with("").0, Some(0));
    assert_eq!(with("directives: [skp]\n").0, Some(1));
    assert_eq!(with("limits: { dept: 3 }\n").0, Some(1));
    assert_eq!(with("cost: { weights: { Query.b: 3 } }\n").0, Some(1));
    assert_eq!(with("a: [\n").0, Some(1));
    assert_eq!(checked(&head.replace("s.graphql", "none"), &["p.yaml"]).0, Some(1));
}

#[test]
fn a_check_that_cannot_be_done_is_misuse() {
    let head = "version: 1\nname: t\nschema: { file: s.graphql }\n";
    for args in [
        &["none.yaml"][..],
        &["p.yaml", "--effective=nobody"],
        &["p.yaml", "--upstream=http://127.0.0.1:1/"],
        &["p.yaml", "--upstream=http://127.0.0.1:1/", "--upstream-ca=none.pem"],
        &["p.yaml", "--format=none"],
    ] {
        assert_eq!(checked(head, args).0, Some(2), "{args:?}");
    }
    let live = "version: 1\nname: t\nschema: { introspect: 5m }\n";
    assert_eq!(checked(live, &["p.yaml"]).0, Some(2));
    // What else is wrong is told nevertheless.
    let (code, text) = checked(&format!("{live}limits: {{ dept: 3 }}\n"), &["p.yaml"]);
    assert!(code == Some(2) && text.contains("unknown-key"), "{text}");
}

#[test]
fn a_file_that_cannot_be_read_is_misuse() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases.yaml");
    fs::write(&cases, "cases:\n  - { name: a, document: '{ a }', expect: pass }\n").unwrap();
    let policy = root().join("policies/shop.yaml");
    let (exit, text) = told(&policy, &[cases.to_str().unwrap()]);
    assert_eq!(exit, Some(2));
    assert!(text.contains("unknown-word"), "{text}");
    let (exit, _) = told(&policy, &["/nonexistent/cases.yaml"]);
    assert_eq!(exit, Some(2));
    fs::write(&cases, "cases: []\n").unwrap();
    let (exit, text) = told(&policy, &[cases.to_str().unwrap()]);
    assert_eq!(exit, Some(2), "{text}");
    assert!(text.contains("cases.yaml` holds no case"), "{text}");
}

/// A policy over a small schema with files beside it, and one case; exit code and what was printed.
fn told_of_case(rest: &str, files: &[(&str, &str)], case: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("s.graphql", "type Query { me: User } type User { id: ID }");
    write("c.yaml", &format!("cases:\n  - {{ name: c, {case} }}\n"));
    files.iter().for_each(|(name, text)| write(name, text));
    let head = "version: 1\nname: t\nschema: { file: s.graphql }\ntests: [c.yaml]\n";
    write("p.yaml", &format!("{head}{rest}"));
    told(&folder.path().join("p.yaml"), &[])
}

#[test]
fn a_case_by_get_meets_what_a_get_meets() {
    let get = "method: get, document: '{ me { id } }'";
    let listed = ("m.json", r#"{"1":"{me{id}}"}"#);
    let documents = "documents: { manifests: [m.json] }\n";
    for (rest, files, request, expect) in [
        ("http: { get: off }\n", &[][..], get, "{ refuse: METHOD_NOT_ALLOWED }"),
        ("", &[], get, "{ refuse: METHOD_NOT_ALLOWED }"),
        ("http: { get: on }\n", &[], get, "admit"),
        ("", &[], "document: '{ me { id } }'", "admit"),
        (documents, &[listed], get, "{ refuse: PERSISTED_QUERY_ID_REQUIRED }"),
        (documents, &[listed], "method: get, id: '1'", "admit"),
    ] {
        let (exit, text) = told_of_case(rest, files, &format!("{request}, expect: {expect}"));
        assert_eq!(exit, Some(0), "{rest}{request} {expect}\n{text}");
    }
}

#[test]
fn a_token_can_be_an_api_key() {
    let rest = "identity: { api_keys: { header: x-api-key, file: keys.yaml } }\n\
        authorization: { default: deny, rules: [{ on: [Query.me], allow: 'claims.sub == \"a\"' }] }\n";
    // SHA-256 of `key`.
    let hash = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";
    let keys = |claims: &str| format!("- {{ hash: 'sha256:{hash}', claims: {{ {claims} }} }}\n");
    for (claims, token, expect) in [
        ("sub: a", "key", "admit"),
        ("sub: b", "key", "{ refuse: FORBIDDEN }"),
        ("sub: a, exp: 10", "key", "{ refuse: UNAUTHENTICATED }"),
        ("sub: a", "other", "{ refuse: UNAUTHENTICATED }"),
    ] {
        let files = [("keys.yaml", &*keys(claims))];
        let case = format!("document: '{{ me {{ id }} }}', token: {token}, expect: {expect}");
        let (exit, text) = told_of_case(rest, &files, &case);
        assert_eq!(exit, Some(0), "{claims} {token} {expect}\n{text}");
    }
}

#[test]
fn a_token_that_nothing_reads_says_what_to_write() {
    let case = "document: '{ me { id } }', token: key, expect: admit";
    let (exit, text) = told_of_case("", &[], case);
    assert_eq!(exit, Some(1), "{text}");
    assert!(text.contains("the policy reads no tokens: give the case `claims` instead"), "{text}");
}
