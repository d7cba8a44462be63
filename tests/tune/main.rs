//! `portcullis tune` against a server whose every field takes a known time.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;
mod world;

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Output},
};

use portcullis::{
    digest::Digest,
    policy::{ProfileIdx, Stance},
    sources::load_policy,
    verdict::Mode,
};
use serde_json::Value;

use world::{TRUTH, Work, answering, folder, start, write};

fn tune(folder: &Path, upstream: SocketAddr, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).args(["tune", "shop.json", "--policy", "shop.yaml"]);
    command.args(["--upstream", &format!("http://{upstream}/graphql")]);
    command.args(more).output().expect("it runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What is there afterwards that was not before.
fn written(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|it| it.starts_with("shop.cost") || it.starts_with('.')).collect();
    names.sort();
    names
}

/// Every weight that is known lies in its interval, and the order is met.
fn check_weights(told: &Value, least_spearman: f64) {
    let weights = told["weights_ms"].as_array().unwrap();
    for (coordinate, takes) in TRUTH {
        let found = weights.iter().find(|it| it["column"] == *coordinate);
        let found = found.unwrap_or_else(|| panic!("{coordinate} has no column: {weights:#?}"));
        let [low, high] = ["low", "high"].map(|it| found[it].as_f64().unwrap());
        assert!(low <= *takes && *takes <= high, "{coordinate} takes {takes}: {found}");
        let is_narrow = high - low <= 2.0 * takes + 0.5;
        assert!(is_narrow || found["identified"] == false, "{coordinate}: {found}");
    }
    let spearman = told["quality"]["spearman"].as_f64().unwrap();
    assert!(spearman >= least_spearman, "{spearman}");
}

/// Copies the report to where `PORTCULLIS_KEEP` says, to be looked at.
fn keep(folder: &Path) {
    if let Some(keep) = std::env::var_os("PORTCULLIS_KEEP") {
        for it in written(folder) {
            std::fs::copy(folder.join(&it), Path::new(&keep).join(it)).unwrap();
        }
    }
}

#[test]
fn known_weights_are_found() {
    let folder = folder(260);
    let path = folder.path();
    let output =
        tune(path, start(Work::Told), &["--server-timing", "cpu", "--format", "json", FAST]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    keep(path);
    check_weights(&told, 0.9);
    assert_eq!(told["operations"], 260);
    assert_eq!(written(path), ["shop.cost.html", "shop.cost.yaml"]);

    // The report loads nothing and runs nothing.
    let report = std::fs::read_to_string(path.join("shop.cost.html")).unwrap();
    for it in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!report.contains(it), "{it}");
    }
    assert!(report.matches("<circle").count() >= 2 * 260 && !report.contains("NaN"));

    // As the patch says, the policy is one that is kept.
    let patched = std::fs::read_to_string(path.join("shop.yaml")).unwrap();
    let limit = told["limit"]["proposed"].as_u64().unwrap();
    let patched = patched.replace("max: 1000  ", &format!("tuned: shop.cost.yaml\n  max: {limit}"));
    write(path, "tuned.yaml", &patched);
    let (policy, found) = load_policy(&path.join("tuned.yaml"));
    assert!(found.is_empty(), "{found:?}");
    let policy = policy.unwrap();
    let weight = |on: &str| {
        let (ty, field) = on.split_once('.').unwrap();
        let ty = policy.schema.type_named(ty).unwrap();
        policy.cost.call_weight(policy.schema.field_named(ty, field).unwrap()) as f64
    };
    // In units of the policy, what takes twelve times as long costs twelve times as much.
    let ratio = weight("Query.stats") / weight("Query.products");
    assert!((10.0..14.0).contains(&ratio), "{ratio}");
    let (rule, _) = policy.rules().find(|it| it.1.meta().id == "cost").unwrap();
    let expect = Stance::On { mode: Mode::Report, limit };
    assert_eq!(policy.stance(ProfileIdx::BASE, rule), expect);
    assert_eq!(told["limit"]["mode"], "report");
    assert_eq!(told["limit"]["to_enforce"], "to enforce it, write `mode: enforce` under `cost`");
}

/// Nobody has said that a limit should refuse which was written nowhere.
#[test]
fn a_limit_that_only_reports_does_not_begin_to_refuse() {
    let folder = folder(60);
    let path = folder.path();
    write(path, "shop.yaml", "version: 1\nname: shop\nschema: { file: schema.graphql }\n");
    let output = tune(path, start(Work::Told), &["--server-timing", "cpu", FAST]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let how = "only reported, as so far; to enforce it, write `mode: enforce` under `cost`";
    assert!(said.contains(how), "{said}");
    let added = said.lines().find_map(|it| it.strip_prefix("+cost: ")).unwrap();
    assert!(added.ends_with(", mode: report }"), "{added}");
    let report = std::fs::read_to_string(path.join("shop.cost.html")).unwrap();
    assert!(report.contains("only reported, as so far"));
}

#[test]
fn known_weights_are_found_by_the_clock() {
    // Takes a minute and a quiet machine.
    if std::env::var_os("PORTCULLIS_BUSY").is_none() {
        return;
    }
    let folder = folder(260);
    let more = ["--format", "json", "--load", "30", "--budget", "300ms", FAST];
    let output = tune(folder.path(), start(Work::Done), &more);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    write(folder.path(), "shop.cost.json", &format!("{told:#}"));
    keep(folder.path());
    check_weights(&told, 0.9);
}

#[test]
fn noise_is_refused_and_nothing_is_written() {
    let folder = folder(60);
    let output = tune(folder.path(), start(Work::Noise), &["--server-timing", "cpu", FAST]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("too poor to be used") && said.contains("60 shapes"), "{said}");
    assert_eq!(written(folder.path()), [""; 0]);
}

/// Misuse, said in these words; nothing is written.
#[track_caller]
fn check_misuse(upstream: SocketAddr, more: &[&str], words: &str) {
    let folder = folder(3);
    write(folder.path(), "empty.json", "{}");
    let output = tune(folder.path(), upstream, more);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    assert_eq!(written(folder.path()), [""; 0]);
}

const OK: &str = "HTTP/1.1 200 OK";
const FAST: &str = "--rate=100000";

#[test]
fn an_upstream_that_fails_is_told() {
    let nowhere = support::upstream::Upstream::nowhere().address();
    check_misuse(nowhere, &[], "the upstream cannot be reached");
    check_misuse(answering("HTTP/1.1 500 No", "{}"), &[], "500");
    check_misuse(answering("HTTP/1.1 401 No", "{}"), &[], "401");
    check_misuse(answering("HTTP/1.1 429 No", "{}"), &[], "--rate");
    let refusing = answering(OK, r#"{"errors":[{"message":"not \u001b[31mfound"}]}"#);
    check_misuse(refusing, &[], "answered with errors: not [31mfound");
    check_misuse(answering(OK, "<html>"), &[], "answered with errors");
    check_misuse(start(Work::Told), &["--server-timing", "db"], "Server-Timing");
    let nan = answering("HTTP/1.1 200 OK\r\nServer-Timing: cpu;dur=NaN", r#"{"data":{}}"#);
    check_misuse(nan, &["--server-timing", "cpu"], "Server-Timing");
    let zero = answering("HTTP/1.1 200 OK\r\nServer-Timing: cpu;dur=0", r#"{"data":{}}"#);
    check_misuse(zero, &["--server-timing", "cpu"], "nothing was measured");
}

#[test]
fn only_a_host_of_ones_own_is_measured() {
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 80));
    check_misuse(elsewhere, &[], "`--i-own-this-host`");
}

#[test]
fn a_dry_run_sends_nothing() {
    let folder = folder(20);
    write(folder.path(), "m.graphql", "");
    let nowhere = support::upstream::Upstream::nowhere().address();
    let output =
        tune(folder.path(), nowhere, &["--dry-run", "--rate", "10", "--max-requests", "60"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("10 operations of 10 shapes") && said.contains("60 requests in 6 s"),
        "{said}"
    );
    assert!(said.contains("left out: 10 beyond `--max-requests`"), "{said}");
}

#[test]
fn a_mutation_that_nobody_asks_for_is_misuse() {
    let words = "error: none of the operations is a mutation called `Nope`";
    check_misuse(start(Work::Told), &["--mutation", "Nope", "--dry-run"], words);
}

/// What a dry run says of some operations.
fn intended(folder: &Path, more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).args(["tune", "--policy", "shop.yaml", "--dry-run"]);
    command.args(["--upstream", "http://127.0.0.1:1/"]).args(more);
    let output = command.output().expect("it runs");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output))
}

#[track_caller]
fn check_intended(folder: &Path, more: &[&str], words: &[&str]) {
    let said = intended(folder, more);
    for it in words {
        assert!(said.contains(it), "`{it}` is not in: {said}");
    }
}

#[test]
fn a_folder_has_variables_beside_its_documents() {
    let folder = folder(0);
    let path = folder.path();
    let mutation = "type Mutation { buy(id: ID): Product }";
    write(path, "schema.graphql", &format!("{}{mutation}", world::SCHEMA));
    std::fs::create_dir_all(path.join("ops/more")).unwrap();
    write(path, "ops/a.graphql", "query A($n: Int!) { products(first: $n) { ...F } }");
    write(path, "ops/a.variables.json", r#"[{ "n": 1 }, { "n": 5, "other": true }]"#);
    write(path, "ops/more/f.graphql", "fragment F on Product { id }");
    write(path, "ops/b.graphql", "query B($n: Int!) { products(first: $n) { id } }");
    write(path, "ops/c.graphql", "mutation Buy { buy(id: 1) { id } }");
    let left = ["its variables are missing or wrong", "1 a mutation that `--mutation`"];
    check_intended(path, &["ops"], &["2 operations of 1 shapes", left[0], left[1]]);
    check_intended(path, &["ops", "--mutation", "Buy"], &["3 operations of 2 shapes"]);
    let meant = "error: none of the operations is a mutation called `By`: did you mean `Buy`?";
    check_intended(path, &["ops", "--mutation", "Buy", "--mutation", "By"], &[meant]);
    write(path, "vars.json", r#"{ "B": { "n": 3 }, "A": { "n": 1 } }"#);
    check_intended(path, &["ops", "--variables", "vars.json"], &["2 operations of 2 shapes"]);
    check_intended(path, &["nowhere"], &["error: `nowhere`"]);
    check_intended(path, &["shop.json"], &["error: there is nothing to measure"]);
}

#[test]
fn a_log_is_sent_where_it_has_all_values() {
    let folder = folder(0);
    let text = "query A($n: Int) { products(first: $n) { id } }";
    let hash = Digest::of(text.as_bytes());
    let mut log = format!(
        "{{\"kind\":\"document\",\"hash\":\"{hash}\",\"bytes\":{},\"trusted\":false,\"hidden\":false,\"text\":\"{text}\"}}\n",
        text.len()
    );
    let verdicts =
        [r#""is":"admit""#, r#""is":"admit""#, r#""is":"reject","rule":"cost","code":"X""#];
    for (n, verdict) in verdicts.into_iter().chain(verdicts).enumerate() {
        let hidden = n == 1;
        log += &format!(
            "{{\"kind\":\"operation\",\"at\":\"2026-11-23T00:00:00.000Z\",\"id\":\"{n}\",\"item\":0,\"of\":1,\
             \"request\":{{\"document\":\"{hash}\",\"has_text\":true,\"name\":null,\"variables\":{{\"n\":{n}}},\
             \"hidden\":{hidden},\"transport\":\"http\",\"method\":\"POST\"}},\"verdict\":{{{verdict},\"found\":[]}}}}\n"
        );
    }
    write(folder.path(), "traffic.jsonl", &log);
    let left = "1 the log holds it without its values";
    check_intended(folder.path(), &["traffic.jsonl"], &["3 operations of 1 shapes", left]);
}
