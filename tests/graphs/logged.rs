//! The traffic log of several graphs: what is of which of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use portcullis::{
    config::{Sample, TrafficFile},
    server::Server,
    traffic::{Bounds, Details, Replay, SCHEMA, Writing},
};

use crate::{ask, config, state, stop, support::upstream::Upstream};

fn written(folder: &Path, name: &str, schema: &str) -> PathBuf {
    let file = format!("{name}.graphql");
    fs::write(folder.join(&file), schema).unwrap();
    let path = folder.join(format!("{name}.yaml"));
    let text = format!("version: 1\nname: {name}\nschema: {{ file: {file} }}\n");
    fs::write(&path, text).unwrap();
    path
}

/// A log of two graphs with different schemas; without names, of the first one alone.
fn recorded(folder: &Path, names: Option<[&str; 2]>) {
    let upstream = Upstream::start();
    let ga = written(folder, "ga", "type Query { product: Int }");
    let gb = written(folder, "gb", "type Query { weather: Int }");
    let (mut one, mut two) =
        (config(&["ga.example"], &upstream), config(&["gb.example"], &upstream));
    let path = folder.join("traffic.jsonl");
    let writing = Writing { path, bounds: Bounds::default(), details: Details::Values };
    one.traffic = Some(TrafficFile { writing, sample: Sample::ALL });
    let mut rest = Vec::new();
    if let Some([first, second]) = names {
        (one.name, two.name) = (Some(first.into()), Some(second.into()));
        rest.push((two, state(&gb)));
    }
    let running = Server::start_all((one, state(&ga)), rest).unwrap();
    let ask = |host: &str, query: &str| ask(&running, host, "/graphql", query).status();
    assert_eq!(ask("ga.example", "{ product }"), 200);
    if names.is_some() {
        assert_eq!([(); 3].map(|()| ask("gb.example", "{ weather }")), [200; 3]);
    }
    assert_eq!(ask("ga.example", "{ other: product }"), 200);
    stop(running);
}

/// How a verb ends, and what it says.
fn told(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let output = program.args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const VERBS: [&str; 3] = ["replay", "learn", "inventory"];

#[test]
fn operations_of_another_graph_are_nobodys_business() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    recorded(folder, Some(["log-a", "log-b"]));
    let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    for line in fs::read_to_string(folder.join("traffic.jsonl")).unwrap().lines() {
        assert!(schema.is_valid(&serde_json::from_str(line).unwrap()), "{line}");
    }
    for (graph, policy, n) in [("log-a", "ga.yaml", 2), ("log-b", "gb.yaml", 3)] {
        let of = ["traffic.jsonl", "--graph", graph, "--policy", policy, "--format", "json"];
        let of = |verb: &'static str| [&[verb], &of[..]].concat();
        let (code, said, _) = told(folder, &of("replay"));
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((code, &said["operations"], &said["same"]), (Some(0), &n.into(), &n.into()));
        let learn = [&of("learn")[..], &["--manifest", "m.json"]].concat();
        let (code, said, _) = told(folder, &learn);
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((code, &said["operations"]), (Some(0), &n.into()));
        let listed = fs::read_to_string(folder.join("m.json")).unwrap();
        assert_eq!(listed.contains("weather"), graph == "log-b", "{listed}");
        assert_eq!(listed.contains("product"), graph == "log-a", "{listed}");
        let (code, said, _) = told(folder, &of("inventory"));
        assert_eq!((code, said.contains("Query.weather")), (Some(0), graph == "log-b"), "{said}");
        assert_eq!(said.matches("\"operation\"").count(), if n == 2 { 2 } else { 1 }, "{said}");
    }
}

#[test]
fn a_log_of_several_graphs_is_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    recorded(folder, Some(["log-c", "log-d"]));
    let several = "error: the log holds operations of several graphs, `log-c`, `log-d`: say which \
                   one is meant with `--graph NAME`\n";
    let near = "error: no graph of the log is called `log-cc`: did you mean `log-c`?\n";
    let far = "error: no graph of the log is called `other`: it has `log-c`, `log-d`\n";
    // Nobody listens there, and nobody is asked.
    let tune = ["tune", "--upstream", "http://127.0.0.1:1/"];
    for verb in VERBS.map(|it| vec![it]).into_iter().chain([tune.to_vec()]) {
        for (graph, expect) in [(None, several), (Some("log-cc"), near), (Some("other"), far)] {
            let mut all = [&verb[..], &["traffic.jsonl", "--policy", "ga.yaml"]].concat();
            all.extend(graph.into_iter().flat_map(|it| ["--graph", it]));
            assert_eq!(told(folder, &all), (Some(2), String::new(), expect.into()), "{all:?}");
        }
    }
    let learn = ["learn", "traffic.jsonl", "--policy", "ga.yaml", "--manifest", "m.json"];
    assert_eq!(told(folder, &learn).0, Some(2));
    assert!(!folder.join("m.json").exists());
}

#[test]
fn a_graph_without_a_name_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    recorded(folder, None);
    let log = fs::read_to_string(folder.join("traffic.jsonl")).unwrap();
    assert!(log.contains("product") && !log.contains("\"graph\""), "{log}");
    let none = "error: no graph of the log is called `ga`: it names none, so leave `--graph` out\n";
    for verb in VERBS {
        let all = [verb, "traffic.jsonl", "--policy", "ga.yaml"];
        assert_eq!(told(folder, &all).0, Some(0), "{verb}");
        let named = [&all[..], &["--graph", "ga"]].concat();
        assert_eq!(told(folder, &named), (Some(2), String::new(), none.into()), "{verb}");
    }
}

#[test]
fn what_one_policy_hides_another_still_shows() {
    let policy = |digest: char| {
        format!(
            "{{\"kind\":\"policy\",\"version\":1,\"values\":\"shapes\",\"name\":\"p\",\
             \"digest\":\"{}\",\"blocks\":{{}},\"conditions\":{{}}}}\n",
            digest.to_string().repeat(64)
        )
    };
    let hash = "0".repeat(64);
    let document = |text: &str, trusts: bool| {
        format!(
            "{{\"kind\":\"document\",\"hash\":\"{hash}\",\"bytes\":9,\"trusted\":{trusts},\
             \"hidden\":{},\"text\":\"{text}\"}}\n",
            !trusts
        )
    };
    let operation = format!(
        "{{\"kind\":\"operation\",\"at\":\"2026-11-23T00:00:00.000Z\",\"id\":\"1\",\"item\":0,\
         \"of\":1,\"request\":{{\"document\":\"{hash}\"}},\"verdict\":{{\"is\":\"admit\"}}}}\n"
    );
    let (shown, hidden) = (document("shown", true), document("hidden", false));
    let check = |log: &[&str], expect: &[(&str, bool)]| {
        let mut found = Vec::new();
        let each = |it: &portcullis::traffic::Replayed<'_>| {
            let document = it.document.unwrap();
            found.push((document.text.as_deref().unwrap().to_owned(), document.is_trusted));
        };
        Replay::new([]).run(log.concat().as_bytes(), |_| {}, each).unwrap();
        let found: Vec<_> = found.iter().map(|(text, it)| (&**text, *it)).collect();
        assert_eq!(found, expect);
    };
    let (one, other) = (&*policy('a'), &*policy('b'));
    let both = [one, &shown, &operation, other, &hidden, &operation, one, &operation];
    check(&both, &[("shown", true), ("hidden", false), ("shown", true)]);
    // A policy under which nobody told it: whoever did is believed.
    check(&[one, &shown, other, &operation], &[("shown", true)]);
}
