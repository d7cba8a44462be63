//! The traffic log of the bazaar corpus: what is in it, and what a replay of it says.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    io::BufReader,
    num::NonZeroU64,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use portcullis::{
    admission::{CacheLimits, Ruling},
    config::{Config, Sample, TrafficFile},
    policy::Policy,
    sources::load_policy,
    telemetry::COUNTERS,
    traffic::{Bounds, Details, Replay, Shadow, Writing},
};
use support::{
    bazaar::{Case, bazaar_with, cases},
    proxy::Proxy,
    upstream::Upstream,
    wire::{exchange, request},
};

fn http_cases() -> Vec<Case> {
    let all = ["attacks-public.jsonl", "benign-public.jsonl"].into_iter().flat_map(cases);
    all.filter(|it| it.transport() != "ws").collect()
}

fn writing(path: PathBuf, details: Details) -> TrafficFile {
    let writing = Writing { path, bounds: Bounds::default(), details };
    TrafficFile { writing, sample: Sample::ALL }
}

/// Sends every case to a proxy, and stops it.
fn run_all(policy: &Path, change: impl FnOnce(&mut Config)) {
    let upstream = Upstream::start();
    let proxy = Proxy::start_with(policy, upstream.address(), change);
    for case in http_cases() {
        let _ = exchange(proxy.address(), &case.bytes());
    }
    let _cut_off = proxy.stop();
}

/// The folder of the policy, with the log of a run.
fn recorded(details: Details) -> (tempfile::TempDir, PathBuf) {
    let folder = bazaar_with("");
    let log = folder.path().join("traffic.jsonl");
    let file = writing(log.clone(), details);
    run_all(&folder.path().join("policy.yaml"), |config| config.traffic = Some(file));
    (folder, log)
}

fn policy(folder: &Path, change: &[(&str, &str)]) -> Arc<Policy> {
    let text = fs::read_to_string(folder.join("policy.yaml")).expect("a policy");
    let changed = change.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    let path = folder.join("changed.yaml");
    fs::write(&path, changed).expect("write");
    Arc::new(load_policy(&path).0.expect("it can be used"))
}

/// Rulings then and now: `then → now`, counted.
fn replayed(log: &Path, policy: Arc<Policy>) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let lines = BufReader::new(fs::File::open(log).expect("a log"));
    let mut replay = Replay::new([policy]);
    let word = |it: &Ruling| match it {
        Ruling::Admitted => "admitted".to_owned(),
        Ruling::Refused { rule, code, .. } => format!("refused {rule} {code}"),
        Ruling::Unknown(why) => format!("unknown: {why}"),
    };
    let each = |it: &portcullis::traffic::Replayed<'_>| {
        let (then, now) = (word(&it.then), word(&it.now[0].ruling));
        let change = if then == now { "same".to_owned() } else { format!("{then} → {now}") };
        *found.entry(change).or_default() += 1;
    };
    replay.run(lines, |_| {}, each).expect("it can be read");
    assert_eq!(replay.unreadable, 0);
    found
}

#[test]
fn a_replay_under_the_same_policy_says_the_same() {
    for details in [Details::Values, Details::Shapes] {
        let (folder, log) = recorded(details);
        let found = replayed(&log, policy(folder.path(), &[]));
        for (change, n) in &found {
            println!("{details:?} {n:>5} {change}");
        }
        let wrong: Vec<_> =
            found.keys().filter(|it| *it != "same" && !it.contains("→ unknown")).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(found["same"] >= 250);
        conforms(&log);
    }
}

/// Every line of a log is as the schema says.
fn conforms(log: &Path) {
    let schema = serde_json::from_str(portcullis::traffic::SCHEMA).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for line in fs::read_to_string(log).expect("a log").lines() {
        assert!(!line.chars().any(char::is_control), "{line}");
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(schema.is_valid(&line), "{line}");
    }
}

/// Refused or not, operation by operation, as it was then.
fn verdicts(log: &Path) -> Vec<bool> {
    let text = fs::read_to_string(log).expect("a log");
    // A log that is gone on with begins with an empty line.
    let lines = text.lines().filter(|it| !it.is_empty());
    let lines = lines.map(|it| serde_json::from_str::<serde_json::Value>(it).expect("JSON"));
    let operations = lines.filter(|it| it["kind"] == "operation");
    operations.map(|it| it["verdict"]["is"] == "reject").collect()
}

/// Newly refused and newly admitted, by a proxy that has the other policy.
fn truth(folder: &Path, log: &Path, change: &[(&str, &str)]) -> (u64, u64) {
    let _changed = policy(folder, change);
    let other = folder.join("other.jsonl");
    let _none = fs::remove_file(&other);
    let file = writing(other.clone(), Details::Values);
    run_all(&folder.join("changed.yaml"), |config| config.traffic = Some(file));
    let (before, after) = (verdicts(log), verdicts(&other));
    assert_eq!(before.len(), after.len());
    let count =
        |is: (bool, bool)| before.iter().zip(&after).filter(|(b, a)| (**b, **a) == is).count();
    (count((false, true)) as u64, count((true, false)) as u64)
}

const TIGHTER: &[(&str, &str)] =
    &[("  depth: 8\n  fields", "  depth: 3\n  fields"), ("  aliases: 15", "  aliases: 1")];
const LOOSER: &[(&str, &str)] =
    &[("  depth: 8\n  fields", "  depth: 100\n  fields"), ("  max: 5000", "  max: 5000000")];

#[test]
fn a_change_of_policy_is_told_exactly() {
    let (folder, log) = recorded(Details::Values);
    for change in [TIGHTER, LOOSER] {
        let (refused, admitted) = truth(folder.path(), &log, change);
        let found = replayed(&log, policy(folder.path(), change));
        for (change, n) in &found {
            println!("{n:>5} {change}");
        }
        let count = |is: &dyn Fn(&str) -> bool| -> u64 {
            found.iter().filter(|(it, _)| is(it)).map(|(_, n)| n).sum()
        };
        assert_eq!(count(&|it| it.starts_with("admitted → refused")), refused);
        assert_eq!(count(&|it| it.starts_with("refused") && it.ends_with("→ admitted")), admitted);
        assert_eq!(count(&|it| it.contains("unknown")), 0);
        assert!(refused + admitted > 0);
    }
}

#[test]
fn a_shadow_says_what_a_replay_says() {
    let (folder, log) = recorded(Details::Values);
    let n = verdicts(&log).len() as u64;
    for change in [TIGHTER, LOOSER] {
        let expect = truth(folder.path(), &log, change);
        let next = policy(folder.path(), change);
        let shadow = Arc::new(Shadow::start(next, CacheLimits::default()).expect("a thread"));
        let beside = Arc::clone(&shadow);
        run_all(&folder.path().join("policy.yaml"), |config| config.shadow = Some(beside));
        let until = Instant::now() + Duration::from_secs(60);
        while shadow.seen().n < n && Instant::now() < until {
            thread::yield_now();
        }
        let seen = shadow.seen();
        assert_eq!((seen.n, seen.left_out), (n, 0));
        assert_eq!((seen.newly_refused, seen.newly_admitted), expect);
    }
}

/// Sends many large requests to a proxy that writes to a sink; all are answered alike.
fn floods(sink: &Path) {
    let folder = bazaar_with("");
    let upstream = Upstream::start();
    let file = writing(sink.to_owned(), Details::Values);
    let path = folder.path().join("policy.yaml");
    let proxy = Proxy::start_with(&path, upstream.address(), |config| config.traffic = Some(file));
    let body = format!("{{\"query\":\"{{__typename}}{}\"}}", " ".repeat(60_000));
    let headers = [("Host", "bazaar.example"), ("Content-Type", "application/json")];
    let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
    for _ in 0..900 {
        let answer = exchange(proxy.address(), &bytes).expect("an answer");
        assert_eq!(answer.status(), 413);
    }
    let _cut_off = proxy.stop();
}

#[test]
fn a_sink_that_stalls_matters_to_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    // Open, and never read.
    let _held = fs::File::options().read(true).write(true).open(&pipe).expect("a pipe");
    let before = COUNTERS.traffic_lost.value();
    floods(&pipe);
    assert!(COUNTERS.traffic_lost.value() > before);
}

#[test]
fn a_disk_that_is_full_matters_to_nobody() {
    let before = COUNTERS.traffic_failures.value();
    floods(Path::new("/dev/full"));
    assert!(COUNTERS.traffic_failures.value() > before);
}

#[test]
fn values_are_not_written_unless_asked_for() {
    let folder = bazaar_with("");
    let log = folder.path().join("traffic.jsonl");
    let upstream = Upstream::start();
    let file = writing(log.clone(), Details::Shapes);
    let path = folder.path().join("policy.yaml");
    let proxy = Proxy::start_with(&path, upstream.address(), |config| config.traffic = Some(file));
    for body in [
        r#"{"query":"query Q($a:ID!){product(id:$a){id} search(text:\"canary-1\"){__typename}}","variables":{"a":"canary-2","canary-3":{"canary-4":1}}}"#,
        r#"{"query":"{ # canary-5\n __typename }","operationName":"canary-6","variables":{"x":4929555555555555}}"#,
        r#"{"query":"canary-7 {","documentId":"canary 8"}"#,
    ] {
        let headers = [
            ("Host", "bazaar.example"),
            ("Content-Type", "application/json"),
            ("Cookie", "canary-9"),
        ];
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        let _answer = exchange(proxy.address(), &bytes);
    }
    let _cut_off = proxy.stop();
    let text = fs::read_to_string(&log).expect("a log");
    assert!(text.lines().count() > 3, "{text}");
    assert!(!text.replace("\"canary-3\"", "").contains("canary"), "{text}");
    assert!(!text.contains("4929"), "{text}");
    conforms(&log);
}

#[test]
fn files_are_used_to_their_size_and_each_can_be_read_alone() {
    let (folder, upstream, size) = (bazaar_with(""), Upstream::start(), 65_536);
    let mut file = writing(folder.path().join("log"), Details::Shapes);
    file.writing.bounds = Bounds { size: NonZeroU64::new(size).expect("some"), files: 3 };
    let path = folder.path().join("policy.yaml");
    let proxy = Proxy::start_with(&path, upstream.address(), |config| config.traffic = Some(file));
    let headers = [("Host", "bazaar.example"), ("Content-Type", "application/json")];
    let bytes = request("POST", "/graphql", &headers, Some(br#"{"query":"{__typename}"}"#));
    (0..500).for_each(|_| drop(exchange(proxy.address(), &bytes)));
    let _cut_off = proxy.stop();
    for (name, least) in [("log", 0), ("log.1", size - 2_048), ("log.2", size - 2_048)] {
        let log = folder.path().join(name);
        let text = fs::read_to_string(&log).expect("a log");
        assert!((least..=size).contains(&(text.len() as u64)), "{name}: {} bytes", text.len());
        assert!(text.starts_with(r#"{"kind":"policy""#) && text.contains(r#""kind":"document""#));
        conforms(&log);
    }
}

fn portcullis(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let output =
        Command::new(program).args(arguments).current_dir(folder).output().expect("it runs");
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn what_was_learned_admits_what_it_was_learned_from() {
    let (folder, _log) = recorded(Details::Values);
    let folder = folder.path();
    let learn = ["learn", "traffic.jsonl", "--policy", "policy.yaml"];
    let written = ["--format", "patch", "--manifest", "learned.json"];
    let (code, patch) = portcullis(folder, &[&learn[..], &written[..]].concat());
    assert_eq!(code, Some(0));
    println!("{patch}\n{}", portcullis(folder, &learn).1);
    fs::write(folder.join("learned.patch"), &patch).expect("write");
    let before = fs::read_to_string(folder.join("policy.yaml")).expect("a policy");
    let is_applied =
        Command::new("patch").args(["-p1", "-i", "learned.patch"]).current_dir(folder).output();
    assert!(is_applied.expect("patch").status.success());
    let after = fs::read_to_string(folder.join("policy.yaml")).expect("a policy");
    // A limit that refuses is never loosened.
    assert!(!patch.contains("+  depth: ") && patch.contains("+  tokens: 320"), "{patch}");
    let comments = |text: &str| text.matches('#').count();
    assert_eq!(comments(&before), comments(&after));
    assert_ne!(before, after);
    let replay = ["replay", "traffic.jsonl", "--policy", "policy.yaml", "--format", "json"];
    let (_code, told) = portcullis(folder, &replay);
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["newly_refused"], 0, "{told:#}");
    assert_eq!(told["unknown"], serde_json::json!([]));
}

#[test]
fn a_replay_tells_by_its_exit_code() {
    let (folder, _log) = recorded(Details::Values);
    let folder = folder.path();
    let replay = ["replay", "traffic.jsonl", "--policy", "policy.yaml"];
    assert_eq!(portcullis(folder, &replay).0, Some(0));
    let _changed = policy(folder, TIGHTER);
    for format in ["text", "markdown", "json"] {
        let changed = ["replay", "traffic.jsonl", "--policy", "changed.yaml", "--format", format];
        let (code, told) = portcullis(folder, &changed);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("max-depth"), "{told}");
        println!("{told}");
        let against = [&changed[..], &["--against", "policy.yaml"]].concat();
        assert_eq!(portcullis(folder, &against), (code, told));
    }
}

#[test]
fn an_inventory_names_who_asks_for_what() {
    let (folder, _log) = recorded(Details::Shapes);
    for format in ["text", "json", "csv"] {
        let inventory =
            ["inventory", "traffic.jsonl", "--policy", "policy.yaml", "--format", format];
        let (code, told) = portcullis(folder.path(), &inventory);
        assert_eq!(code, Some(0));
        assert!(
            told.contains("Query.products") && told.contains("Query.products(first:)"),
            "{told}"
        );
        println!("{}", told.lines().take(40).collect::<Vec<_>>().join("\n"));
    }
}

/// What a verb says of a log, and what is wrong with that.
fn told(folder: &Path, verb: &str, log: &str) -> (Option<i32>, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    program.args([verb, log, "--policy", "policy.yaml"]).current_dir(folder);
    let output = program.output().expect("it runs");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    (output.status.code(), text)
}

#[test]
fn what_is_no_log_is_misuse() {
    let folder = bazaar_with("");
    let folder = folder.path();
    fs::write(folder.join("empty.jsonl"), "\n").expect("write");
    fs::write(folder.join("foreign.jsonl"), "type Query {\n  a: Int\n}\n").expect("write");
    for verb in ["replay", "learn", "inventory"] {
        for (log, expect) in [
            ("empty.jsonl", "error: the log holds no operation\n"),
            (
                "foreign.jsonl",
                "error: the log holds no operation, and 3 of its lines cannot be read\n",
            ),
        ] {
            let (code, text) = told(folder, verb, log);
            assert_eq!(code, Some(2), "{verb} {log}: {text}");
            assert!(text.ends_with(expect), "{verb} {log}: {text}");
        }
    }
}

#[test]
fn what_was_refused_unread_has_no_hash_in_an_inventory() {
    let folder = bazaar_with("");
    let folder = folder.path();
    let line = |more: &str| {
        format!(
            "{{\"kind\":\"operation\",\"at\":\"2026-11-23T00:00:00.000Z\",\"id\":\"1\",\"item\":0,\
             \"of\":1,\"request\":{{\"document\":{more},\"has_text\":true,\"name\":null,\
             \"variables\":{{}},\"hidden\":false,\"transport\":\"http\",\"method\":\"POST\"}},\
             \"verdict\":{{\"is\":\"reject\",\"rule\":\"json\",\"code\":\"X\",\"found\":[]}}}}\n"
        )
    };
    let hash = "0".repeat(64);
    let log = line("null") + &line(&format!("\"{hash}\""));
    fs::write(folder.join("log.jsonl"), log).expect("write");
    let (code, text) = told(folder, "inventory", "log.jsonl");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("1  (no document)  by (no label)"), "{text}");
    assert!(text.contains("(unknown document) sha256:000000000000  by"), "{text}");
}
