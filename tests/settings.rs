//! Deadlines and bounds from flags, variables and the file: what the binary says about bad ones,
//! and which of the good ones counts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    process::{Command, Output},
};

fn serve(flags: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["serve", "--policy=none.yaml", "--upstream=http://localhost/"]);
    command.args(flags).envs(variables.iter().copied()).output().unwrap()
}

fn check(flags: &[&str], variables: &[(&str, &str)], expect: &str) {
    let output = serve(flags, variables);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(expect), "{text}");
}

/// As far as a process without a policy comes.
const GOOD: &str = "`none.yaml` cannot be read";

#[test]
fn flags_and_variables_are_read() {
    check(&["--deadline-head=24h", "--bound-head=1KiB", "--bound-fields=1000"], &[], GOOD);
    check(&["--deadline-head=5"], &[], "say the unit: `5s` or `5ms`?");
    check(&["--deadline-head=9ms"], &[], "`9ms` is too small: the least is 10ms");
    check(&["--bound-fields=1001"], &[], "'--bound-fields <NUMBER>'");
    let variable = "PORTCULLIS_BOUND_H2_STREAMS";
    check(&[], &[(variable, "7")], GOOD);
    check(&[], &[(variable, "none")], "expected a number, found `none`");
}

/// A flag is a mistake; a variable may be there for every program of a machine.
#[cfg(not(feature = "otel"))]
#[test]
fn a_build_that_sends_nothing_says_so() {
    let why = "built without the feature `otel`";
    let url = "http://localhost:4318";
    check(&[&format!("--otlp-endpoint={url}")], &[], why);
    check(&["--otlp-sample=0.1"], &[], why);
    check(&[], &[("PORTCULLIS_OTLP_ENDPOINT", url)], why);
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", url)];
    check(&[], &variables, GOOD);
    check(&[], &variables, "warning: `OTEL_EXPORTER_OTLP_ENDPOINT` has no effect");
}

#[test]
fn a_file_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    let flag = format!("--config={}", path.display());
    check(&[&flag], &[], "config.yaml` cannot be read");
    fs::write(&path, "deadlines: { head: 3s, grace: 0s }\nbounds: { upstream_head: 8KiB }\n")
        .unwrap();
    check(&[&flag], &[], GOOD);
    fs::write(&path, "deadlines: { head: 3, heads: 3s }\nbounds: { upstream_head: 8KB }\n")
        .unwrap();
    for expect in ["found `3`", "unknown key `heads`", "the least is 8KiB", "config.yaml:1"] {
        check(&[&flag], &[], expect);
    }
}

#[test]
fn help_tells_unit_default_and_reason() {
    let output = serve(&["--help"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expect in [
        "--deadline-idle <DURATION>",
        "[default: 75s: longer than the 60 s of the usual load balancers",
        "[env: PORTCULLIS_BOUND_HEAD=]",
    ] {
        assert!(words.contains(expect), "{expect}: {text}");
    }
    let short = String::from_utf8(serve(&["-h"], &[]).stdout).unwrap();
    assert!(short.contains("--config") && !short.contains("--deadline-idle"), "{short}");
}
