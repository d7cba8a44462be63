//! The verb `manifest`, through the binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

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

    let flat = run(folder, &["convert", "m.json", "--format=flat"]);
    fs::write(folder.join("flat.json"), &flat.stdout).unwrap();
    check(folder, &["diff", "m.json", "flat.json"], 0, "");
    check(folder, &["diff", "m.json", "ops"], 0, "");
    fs::write(folder.join("ops/a.graphql"), "query B { x: a }").unwrap();
    check(folder, &["diff", "m.json", "ops/"], 1, " A\n");
    check(folder, &["convert", "none.json", "--format=flat"], 2, "cannot be read");
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
    check(folder, &["verify", "p.yaml"], 1, "x-2: MAX_ALIASES_LIMIT: `limits.aliases` is 0");
    write(r#"{"x-1":"{a}","x-2":"{z}"}"#);
    check(folder, &["verify", "p.yaml"], 2, "document `x-2`");
}
