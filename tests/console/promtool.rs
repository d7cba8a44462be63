//! Prometheus' own tool reads the metrics, the alerts and the example of a configuration.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    LOCAL, get, refuse,
    support::{
        bench::{ONE, start},
        required::{can_run, on_path},
    },
    text,
};

fn is_there() -> bool {
    can_run("console/promtool", "promtool (Debian: prometheus)", on_path("promtool"))
}

fn check(arguments: &[&str], input: &str) {
    let mut command = Command::new("promtool");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/observability"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tool = command.spawn().expect("it starts");
    tool.stdin.take().expect("an input").write_all(input.as_bytes()).expect("it reads");
    let output = tool.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
}

#[test]
fn metrics_are_as_prometheus_wants_them() {
    if !is_there() {
        return;
    }
    let bench = start();
    (0..5).for_each(|_| drop(bench.post(ONE)));
    refuse(&bench, "tool");
    let metrics = text(&get(bench.proxy.admin_address(), "/metrics", LOCAL));
    check(&["check", "metrics"], &metrics);
}

#[test]
fn alerts_are_as_prometheus_wants_them() {
    if is_there() {
        check(&["check", "rules", "alerts.yml"], "");
        check(&["check", "config", "prometheus.yml"], "");
    }
}
