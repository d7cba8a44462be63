//! What `serve` is told by flags, variables and the file: what the binary says about bad ones, and
//! which of the good ones counts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Command, Output, Stdio},
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
    check(&["--listen=localhost:4200"], &[], "such as `127.0.0.1:4000`");
    check(&["--listen=[::1]:4200"], &[("PORTCULLIS_ADMIN", "127.0.0.1:4201")], GOOD);
    check(&[], &[("PORTCULLIS_ADMIN", "4201")], "such as `127.0.0.1:4000`");
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

#[test]
fn a_typo_in_the_level_does_not_silence_the_log() {
    let variable = "PORTCULLIS_LOG";
    check(&[], &[(variable, "debg")], "`debg` is no level: did you mean `debug`?");
    check(&["--log=portculis=debug"], &[], "did you mean `portcullis`?");
    check(&[], &[(variable, "debug")], GOOD);
    check(&[], &[(variable, "")], GOOD);
    check(&["--log=warn,portcullis=debug"], &[(variable, "debg")], GOOD);
    let help = String::from_utf8(serve(&["--help"], &[]).stdout).unwrap();
    assert!(help.contains("[env: PORTCULLIS_LOG="), "{help}");
}

/// `serve` with a policy that can be used.
fn serve_shop(folder: &tempfile::TempDir) -> Command {
    let policy = folder.path().join("p.yaml");
    fs::write(&policy, "version: 1\nname: t\nschema: { file: s.graphql }\n").unwrap();
    fs::write(folder.path().join("s.graphql"), "type Query { a: Int }").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["serve", "--upstream=http://localhost/", "--policy"]).arg(policy);
    command.current_dir(folder);
    command
}

#[test]
fn what_keeps_it_from_starting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let check = |flags: [String; 3], expect: &str| {
        let output = serve_shop(&folder).args(flags).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expect), "{text}");
    };
    let free = "127.0.0.1:0";
    let flags = |listen: &str, admin: &str, log: &str| {
        [format!("--listen={listen}"), format!("--admin={admin}"), format!("--traffic-log={log}")]
    };
    let taken = taken.to_string();
    check(flags(&taken, free, "t.jsonl"), &format!("`--listen`: {taken}: Address already in use"));
    check(flags(free, &taken, "t.jsonl"), &format!("`--admin`: {taken}: Address already in use"));
    let expect = "`--traffic-log`: `/nope/x` cannot be written: No such file or directory";
    check(flags(free, free, "/nope/x"), expect);
}

#[test]
fn a_log_that_is_no_terminal_has_no_colours() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = serve_shop(&folder);
    command.args(["--listen=127.0.0.1:0", "--admin=127.0.0.1:0"]).env_remove("NO_COLOR");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|it| it.contains("started"));
    child.kill().unwrap();
    child.wait().unwrap();
    let line = line.unwrap();
    assert!(!line.contains('\u{1b}'), "{line:?}");
}
