//! What becomes of data that stdout does not take: on a full disk, and when nobody reads on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{Command, Stdio},
};

/// A folder with a policy, its schema, an operation and a line of a batch.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("ops.graphql", "query A { a }");
    write("s.graphql", "type Query { a: Int }");
    write("p.yaml", "version: 1\nname: t\nschema: { file: s.graphql }\n");
    write("batch", "{\"document\":\"{ a }\"}\n");
    folder
}

/// Exit code and stderr of `portcullis ARGS`, with such a stdout.
fn run(folder: &Path, args: &[&str], stdout: Stdio) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).env_remove("PORTCULLIS_UPSTREAM").args(args).stdout(stdout);
    let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

const VERBS: &[&[&str]] = &[
    &["schema"],
    &["schema", "traffic"],
    &["manifest", "build", "ops.graphql"],
    &["check", "p.yaml", "--format=json"],
    &["check", "p.yaml", "--effective=base"],
    &["explain", "--policy=p.yaml", "ops.graphql"],
    &["explain", "--policy=p.yaml", "--batch=batch"],
    &["completions", "bash"],
    &["--help"],
    &["--version"],
];

#[test]
fn data_that_a_full_disk_loses_is_an_error() {
    let folder = folder();
    for args in VERBS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, stderr) = run(folder.path(), args, full.into());
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        let told = stderr.matches("error: standard output cannot be written: ").count();
        assert_eq!(told, 1, "{args:?}: {stderr}");
    }
}

#[test]
fn a_reader_that_has_enough_is_nobodys_fault() {
    let folder = folder();
    for args in VERBS {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let (code, stderr) = run(folder.path(), args, writer.into());
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
        assert!(!stderr.contains("error"), "{args:?}: {stderr}");
    }
}

#[test]
fn what_is_written_is_no_error() {
    let folder = folder();
    for args in VERBS {
        let (code, stderr) = run(folder.path(), args, Stdio::null());
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
        assert!(!stderr.contains("error"), "{args:?}: {stderr}");
    }
}
