//! The verb `manifest`, through the binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use portcullis::digest::Digest;

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).arg("manifest").args(args).output().unwrap()
}

#[track_caller]
fn check(folder: &Path, args: &[&str], code: i32, expect: &str) {
    let output = run(folder, args);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(expect), "{text}");
}

/// A folder with operations, a schema and a policy over what is built from them.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir_all(folder.path().join("ops/in")).unwrap();
    write("ops/a.graphql", "query A { ...F }\nquery B { a }");
    write("ops/in/f.graphql", "fragment F on Query { a }");
    write("s.graphql", "type Query { a: Int }");
    let policy = "version: 1\nname: t\nschema: { file: s.graphql }\n\
        limits: { depth: 1, fields: 1, root_fields: { max: 9 } }\n\
        documents: { manifests: [m.json] }\n";
    write("p.yaml", policy);
    folder
}

#[test]
fn what_is_built_is_read_again() {
    let folder = folder();
    let folder = folder.path();
    let built = run(folder, &["build", "ops"]);
    assert_eq!(built.status.code(), Some(0));
    fs::write(folder.join("m.json"), &built.stdout).unwrap();
    check(folder, &["verify", "p.yaml"], 0, "0 of 2 trusted documents would be refused");
    check(folder, &["build", "ops/a.graphql"], 2, "fragment `F` is in none of the files");
    check(folder, &["build", "none"], 2, "cannot be read");
    fs::create_dir(folder.join("empty")).unwrap();
    check(folder, &["build", "empty"], 2, "no operation in `empty`");
    check(folder, &["build", "empty", "ops/in"], 2, "no operation in `empty`, `ops/in`");

    let flat = run(folder, &["convert", "m.json", "--format=flat"]);
    fs::write(folder.join("flat.json"), &flat.stdout).unwrap();
    check(folder, &["diff", "m.json", "flat.json"], 0, "");
    check(folder, &["diff", "m.json", "ops"], 0, "");
    fs::write(folder.join("ops/a.graphql"), "query B { x: a }").unwrap();
    check(folder, &["diff", "m.json", "ops/"], 1, " A\n");
    check(folder, &["convert", "none.json", "--format=flat"], 2, "cannot be read");
}

#[test]
fn files_are_utf8_with_a_byte_order_mark_or_without() {
    let folder = folder();
    let folder = folder.path();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let marked = |text: &str| ["\u{feff}", text].concat().into_bytes();
    write("m.json", &marked(r#"{"x-1":"{a}"}"#));
    check(folder, &["convert", "m.json", "--format=flat"], 0, r#""x-1":"{a}""#);
    for name in ["p.yaml", "s.graphql"] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        write(name, &marked(&text));
    }
    check(folder, &["verify", "p.yaml"], 0, "0 of 1 trusted documents would be refused");
    write("b.graphql", &marked("{ a }\n query B { b( }"));
    check(folder, &["build", "b.graphql"], 2, " b.graphql:2:15\n");
    write("m.json", b"{\n\"x-1\": \"{a(b: \\\"\xe4\\\")}\"}");
    let latin1 = "m.json` cannot be read: it is not UTF-8 at byte 18, in line 2; save it as UTF-8";
    check(folder, &["convert", "m.json", "--format=flat"], 2, latin1);
    write("p.yaml", b"\xff\xfev\0");
    check(
        folder,
        &["verify", "p.yaml"],
        2,
        "p.yaml` cannot be read: it is UTF-16; save it as UTF-8",
    );
}

#[test]
fn what_no_policy_would_take_is_not_converted() {
    let folder = folder();
    let folder = folder.path();
    let listing = |second: &str| {
        let text = format!(r#"{{"operations":[{{"id":"1","body":"{{a}}"}},{second}]}}"#);
        fs::write(folder.join("m.json"), text).unwrap();
    };
    for format in ["--format=flat", "--format=apollo"] {
        listing(r#"{"id":"1","body":"{b}"}"#);
        let twice = run(folder, &["convert", "m.json", format]);
        assert!(twice.stdout.is_empty() && twice.status.code() == Some(2), "{twice:?}");
        let told = String::from_utf8(twice.stderr).unwrap();
        assert!(told.contains("error[duplicate-id]: `1` is the id of another text"), "{told}");
        listing(r#"{"id":"2","body":"{b"}"#);
        check(folder, &["convert", "m.json", format], 0, "warning[bad-document]: document `2`: ");
        listing(r#"{"id":"1","body":"{a}","clientName":"web"}"#);
        let again = run(folder, &["convert", "m.json", format]);
        assert!(again.stderr.is_empty() && again.status.code() == Some(0), "{again:?}");
        fs::write(folder.join("again.json"), &again.stdout).unwrap();
        check(folder, &["diff", "m.json", "again.json"], 0, "");
    }
}

#[test]
fn what_would_be_refused_is_told() {
    let folder = folder();
    let folder = folder.path();
    let write = |text: &str| fs::write(folder.join("m.json"), text).unwrap();
    write(r#"{"x-1":"{a}","x-2":"{a b:a}"}"#);
    check(folder, &["verify", "p.yaml"], 2, "document `x-2`: more than 1 fields");
    let policy = fs::read_to_string(folder.join("p.yaml")).unwrap();
    fs::write(folder.join("p.yaml"), policy.replace("fields: 1, ", "aliases: 0, ")).unwrap();
    check(
        folder,
        &["verify", "p.yaml"],
        1,
        "`x-2` of `m.json`: MAX_ALIASES_LIMIT: `limits.aliases` is 0",
    );
    write(r#"{"x-1":"{a}","x-2":"{z}"}"#);
    check(folder, &["verify", "p.yaml"], 2, "document `x-2`");
}

/// A folder whose manifest has the documents, and a policy with the blocks.
fn listing(documents: &str, rest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("s.graphql", "type Query { viewer: User shop: User } type User { id: ID secret: ID }");
    write("m.json", documents);
    let head = "version: 1\nname: t\nschema: { file: s.graphql }\n\
        documents: { manifests: [m.json] }\nconditions: { staff: has(claims.staff) }\n";
    write("p.yaml", &format!("{head}{rest}\n"));
    folder
}

/// Whether nobody can send a document, and why; `check` says the same as `manifest verify`.
#[track_caller]
fn check_unfit(document: &str, rest: &str, expect: Option<&str>) {
    let folder = listing(&serde_json::json!({ "x-1": document }).to_string(), rest);
    let folder = folder.path();
    match expect {
        Some(why) => {
            check(folder, &["verify", "p.yaml"], 1, &format!("FORBIDDEN: {why}"));
            check(folder, &["verify", "p.yaml"], 1, "1 of 1 trusted documents would be refused");
        }
        None => check(folder, &["verify", "p.yaml"], 0, "0 of 1 trusted documents"),
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let output = command.current_dir(folder).args(["check", "p.yaml"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.contains("unfit-document"), expect.is_some(), "{document} {rest}: {text}");
}

/// A file that is a document, and its canonical text, are one and the same, by the name of the file.
#[test]
fn a_file_of_a_folder_is_told_once() {
    let folder = listing("{}", "limits: { aliases: 0 }");
    let folder = folder.path();
    let policy = fs::read_to_string(folder.join("p.yaml")).unwrap();
    fs::write(folder.join("p.yaml"), policy.replace("m.json", "ops/")).unwrap();
    fs::create_dir(folder.join("ops")).unwrap();
    fs::write(folder.join("ops/b.graphql"), "query B {\n  viewer { x: id }\n}\n").unwrap();
    fs::write(folder.join("ops/c.graphql"), "query C {\n  viewer { id }\n}\n").unwrap();
    let output = run(folder, &["verify", "p.yaml"]);
    let (out, err) = (output.stdout, output.stderr);
    let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with("`B` of `ops/b.graphql` (`"), "{out}");
    assert!(err.contains("1 of 2 trusted documents would be refused"), "{err}");
}

/// An `authorization` that lets staff ask for the viewer and nobody for the secret.
fn with_rules(rest: &str) -> String {
    let rules = "[{ on: [Query.viewer], allow: staff }, { on: [User.secret], allow: never }]";
    format!("authorization: {{ {rest} rules: {rules} }}")
}

#[test]
fn a_document_that_no_caller_may_send_is_told() {
    let no_rule = "`Query.viewer`: no rule allows this root field";
    let never = "`User.secret`: the rule on `User.secret` denies it";
    let nothing = "what is denied cannot be taken out: nothing is left";
    let deny = "authorization: { default: deny }";
    check_unfit("query C{viewer{id}}", deny, Some(no_rule));
    check_unfit("{viewer{id secret}}", &with_rules(""), Some(never));
    check_unfit("{viewer{...F}} fragment F on User{secret}", &with_rules(""), Some(never));
    check_unfit("{viewer{secret}}", &with_rules("on_deny: remove,"), Some(nothing));
    check_unfit("query A{viewer{id}} query B{viewer{secret}}", &with_rules(""), Some(never));
    check_unfit("query A{viewer{secret}} query B{viewer{secret}}", &with_rules(""), Some(never));
}

#[test]
fn a_document_that_some_caller_may_send_is_not() {
    check_unfit("{viewer{id}}", &with_rules(""), None);
    check_unfit("{viewer{id secret}}", &with_rules("mode: report,"), None);
    check_unfit("{viewer{id secret}}", &with_rules("on_deny: remove,"), None);
    let removing = with_rules("on_deny: remove,");
    check_unfit("query($a:Boolean!){viewer{secret@skip(if:$a)}}", &removing, None);
    check_unfit("{__typename viewer{secret}}", &removing, None);
    check_unfit("query($a:Boolean!){viewer{id secret@include(if:$a)}}", &with_rules(""), None);
    check_unfit("{viewer{id secret@skip(if:true)}}", &with_rules(""), None);
    check_unfit("{__schema{types{name}}}", "introspection: { allow_when: staff }", None);
    check_unfit("{shop{id}}", &format!("mode: report\n{}", with_rules("")), None);
}

#[test]
fn a_document_that_is_always_too_much_is_told() {
    let twice = "ONCE_PER_REQUEST";
    for (document, rest, expect) in [
        ("{a:shop{id} b:shop{id}}", "once_per_request: [Query.shop]", Some(twice)),
        ("{shop{id} viewer{id}}", "once_per_request: [[Query.shop, Query.viewer]]", Some(twice)),
        ("{shop{id}}", "once_per_request: [Query.shop]", None),
        ("query($a:Boolean!){shop@skip(if:$a){id}}", "once_per_request: [Query.shop]", None),
        ("{a:shop{id} b:viewer{id}}", "cost: { max: 1 }", Some("`cost.max` is 1")),
        ("{a:shop{id} b:viewer{id}}", "cost: { max: 1000 }", None),
    ] {
        let folder = listing(&serde_json::json!({ "x-1": document }).to_string(), rest);
        let code = i32::from(expect.is_some());
        let expect = expect.unwrap_or("0 of 1 trusted documents");
        check(folder.path(), &["verify", "p.yaml"], code, expect);
    }
}

/// A profile that documents are given need not be anybody's else; its rates are.
#[test]
fn a_profile_of_documents_is_one_that_applies() {
    let text = "{viewer{id}}";
    let hash = Digest::of(text.as_bytes());
    for (settings, rates, expect) in [
        ("", "", Some("profile `big` never applies")),
        ("profile: big", "", None),
        (
            "profile: big",
            ", rates: [{ name: r, limit: 9/h }]",
            Some("the `rates` of profile `big`"),
        ),
    ] {
        let rest = format!(
            "rates: [{{ name: r, key: client.ip, limit: 3/h }}]\n\
             profiles: [{{ name: big, when: never, limits: {{ depth: 20 }}{rates} }}]"
        );
        let folder = listing(&serde_json::json!({ "x-1": text }).to_string(), &rest);
        let path = folder.path().join("p.yaml");
        let policy = fs::read_to_string(&path).unwrap();
        if !settings.is_empty() {
            let settings = format!("settings: [{{ document: 'sha256:{hash}', {settings} }}]");
            let listed = format!("manifests: [m.json], {settings}");
            fs::write(&path, policy.replace("manifests: [m.json]", &listed)).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let output = command.arg("check").arg(&path).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(told.contains("profile `big`"), expect.is_some(), "{told}");
        assert!(told.contains(expect.unwrap_or_default()), "{told}");
    }
}

#[test]
fn a_document_that_its_settings_keep_from_everyone_is_told() {
    let text = "{viewer{id}}";
    let folder = listing(&serde_json::json!({ "x-1": text }).to_string(), "");
    let folder = folder.path();
    let policy = fs::read_to_string(folder.join("p.yaml")).unwrap();
    let hash = Digest::of(text.as_bytes());
    for (when, code, expect) in [
        (
            "never",
            1,
            "`x-1` of `m.json`: FORBIDDEN: `when` of the settings of this document does not hold",
        ),
        ("staff", 0, "0 of 1 trusted documents"),
    ] {
        let settings = format!("settings: [{{ document: 'sha256:{hash}', when: {when} }}]");
        let listed = format!("manifests: [m.json], {settings}");
        let policy = policy.replace("manifests: [m.json]", &listed);
        fs::write(folder.join("p.yaml"), policy).unwrap();
        check(folder, &["verify", "p.yaml"], code, expect);
    }
}
