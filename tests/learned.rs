//! What is learned from the real operations of a schema admits all of them, and no flood of it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints what a person may ask for"
)]

mod support;

use std::{
    fs::{copy, read_to_string, write},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use portcullis::{
    admission::{CacheLimits, Gate},
    digest::Digest,
    json,
    policy::{BASELINE, Policy},
    schema::{Kind, OperationKind, Schema, TypeId, Wrapper},
    sources::load_policy,
    traffic::Details,
};
use serde_json::Value;
use support::{
    judge,
    proxy::{Proxy, traffic},
    socket::Client,
    upstream::Upstream,
    values::fitting,
    wire::{exchange, post, request},
};

/// The requests of a set, with the smallest variables that fit.
fn requests(set: &Path, policy: &Policy) -> Vec<String> {
    let lines = read_to_string(set.join("operations.jsonl")).expect("the operations");
    let of = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let text = line["query"].as_str().expect("a query");
        format!("{{\"query\":{},\"variables\":{}}}", json::escape(text), fitting(policy, text))
    };
    lines.lines().map(of).collect()
}

fn loaded(path: &Path) -> Arc<Policy> {
    Arc::new(load_policy(path).0.unwrap_or_else(|| panic!("{}", path.display())))
}

fn portcullis(folder: &Path, arguments: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let output = program.args(arguments).current_dir(folder).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Sends everything through a proxy that writes a log.
fn record(policy: &Path, log: PathBuf, bodies: &[String]) {
    let bodies: Vec<_> = bodies.iter().map(|it| ("", &**it)).collect();
    let answers = record_as(policy, log, &bodies);
    for ((_, body), status) in bodies.iter().zip(answers) {
        assert_eq!(status, 200, "{body}");
    }
}

/// The same with an API key for each; how they were answered.
fn record_as(policy: &Path, log: PathBuf, bodies: &[(&str, &str)]) -> Vec<u16> {
    let upstream = Upstream::start();
    let proxy = Proxy::start_with(policy, upstream.address(), |config| {
        config.traffic = Some(traffic(log, Details::Values));
    });
    let headers = [("Host", "shop.example"), ("Content-Type", "application/json")];
    let answers = bodies.iter().map(|(key, body)| {
        let key = Some(("X-API-Key", *key)).filter(|(_, it)| !it.is_empty());
        let headers: Vec<_> = headers.into_iter().chain(key).collect();
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        exchange(proxy.address(), &bytes).expect("an answer").status()
    });
    let answers = answers.collect();
    let _cut_off = proxy.stop();
    answers
}

fn check(name: &str, added: &str) {
    let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/real").join(name);
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let path = folder.join("policy.yaml");
    copy(set.join("schema.graphql"), folder.join("schema.graphql")).expect("copy");
    write(&path, format!("{BASELINE}{added}")).expect("write");
    let bodies = requests(&set, &loaded(&path));
    record(&path, folder.join("traffic.jsonl"), &bodies);

    let patch = learn(folder);
    let learned = loaded(&path);
    let floods = floods(&learned.schema);
    assert!(floods.len() >= 8, "{floods:?}");
    let gate = Gate::new(learned, CacheLimits::default());
    for body in &bodies {
        let refused = judge::code(&judge::judge(&gate, body.as_bytes()));
        assert_eq!(refused, None, "{name}: {body}");
    }
    for (flood, body) in &floods {
        let refused = judge::code(&judge::judge(&gate, body.as_bytes()));
        let is_size = |it: &str| it.ends_with("_LIMIT") || it == "BATCH_TOO_LARGE";
        assert!(refused.is_some_and(is_size), "{name}, {flood}: {refused:?}");
    }

    // And by the documents alone, whatever the limits are.
    let policy = read_to_string(&path).expect("a policy");
    assert!(!policy.contains("\ndocuments:"), "{policy}");
    let listed = "\ndocuments: { manifests: [learned.json], require: true }\n";
    write(&path, policy + listed).expect("write");
    let gate = Gate::new(loaded(&path), CacheLimits::default());
    for body in &bodies {
        let refused = judge::code(&judge::judge(&gate, body.as_bytes()));
        assert_eq!(refused, None, "{name}, listed: {body}");
    }
    for (flood, body) in &floods {
        let refused = judge::code(&judge::judge(&gate, body.as_bytes()));
        assert!(refused.is_some(), "{name}, listed, {flood}");
    }
    println!("{name}: {} operations pass, {} floods do not\n{patch}", bodies.len(), floods.len());
}

/// Learns from the log, and changes the policy accordingly; the patch that did.
fn learn(folder: &Path) -> String {
    let learn = ["learn", "traffic.jsonl", "--policy", "policy.yaml", "--format", "patch"];
    let manifest = ["--manifest", "learned.json", "--headroom", "25"];
    let patch = portcullis(folder, &[&learn[..], &manifest[..]].concat());
    write(folder.join("learned.patch"), &patch).expect("write");
    let applied =
        Command::new("patch").args(["-p1", "-i", "learned.patch"]).current_dir(folder).output();
    assert!(applied.expect("patch").status.success(), "{patch}");
    patch
}

/// Floods of a schema, each of one kind.
fn floods(schema: &Schema) -> Vec<(&'static str, String)> {
    let query = schema.root(OperationKind::Query).expect("a query type");
    let leaf = "__typename";
    let many = |n: usize, each: &dyn Fn(usize) -> String| (0..n).map(each).collect::<String>();
    let document = |text: String| format!("{{\"query\":{}}}", json::escape(&text));
    let aliases = document(format!("{{{}}}", many(2_000, &|it| format!("a{it}:{leaf} "))));
    let repeats = document(format!("{{{}}}", many(2_000, &|_| format!("{leaf} "))));
    let directives = many(500, &|_| "...@include(if:true){__typename}".into());
    let fragments = many(200, &|it| format!("fragment F{it} on Query{{__typename}}"));
    let fragments = fragments.replace("Query", &schema.ty(query).name);
    let spreads = many(200, &|it| format!("...F{it} "));
    let bomb = (0..30).map(|it| {
        let inner = if it == 29 { leaf.into() } else { format!("...B{0} ...B{0}", it + 1) };
        format!("fragment B{it} on {}{{{inner}}}", schema.ty(query).name)
    });
    let operations = document(many(100, &|it| format!("query Q{it}{{{leaf}}} ")));
    let one = document(format!("{{{leaf}}}"));
    let mut all = vec![
        ("aliases", aliases),
        ("repeats", repeats),
        ("directives", document(format!("{{{directives}}}"))),
        ("fragments", document(format!("{{{spreads}}} {fragments}"))),
        ("a bomb of fragments", document(format!("{{...B0}} {}", bomb.collect::<String>()))),
        ("operations", operations.replacen('{', "{\"operationName\":\"Q0\",", 1)),
        ("tokens", document(format!("{{{leaf}{}}}", many(20_000, &|_| " x".into())))),
        ("a batch", format!("[{}{one}]", format!("{one},").repeat(500))),
    ];
    if let Some(deep) = cycle(schema, query) {
        all.push(("depth", document(deep)));
    }
    all
}

/// A selection that goes round and round, through fields that ask for nothing.
fn cycle(schema: &Schema, query: TypeId) -> Option<String> {
    let free = |ty: TypeId| {
        let fields = schema.fields(ty).filter(|id| {
            let asks = |id| {
                let input = schema.input(id);
                input.ty.wrappers.first() == Some(&Wrapper::NonNull) && input.default.is_none()
            };
            let target = schema.ty(schema.field(*id).ty.named);
            matches!(target.kind, Kind::Object { .. }) && !schema.arguments(*id).any(asks)
        });
        let fields = fields.map(|id| schema.field(id));
        fields.map(|it| (it.name.to_string(), it.ty.named)).collect::<Vec<_>>()
    };
    let turns = free(query).into_iter().flat_map(|(first, ty)| {
        let there = free(ty).into_iter().map(move |(there, next)| (ty, there, next));
        there.map(move |(ty, there, next)| (first.clone(), ty, there, next))
    });
    let back = |(first, ty, there, next)| {
        let (back, _) = free(next).into_iter().find(|(_, it)| *it == ty)?;
        let turn = format!("{there}{{{back}{{");
        let open = format!("{{{first}{{{}", turn.repeat(100));
        let closed = "}".repeat(open.matches('{').count());
        Some(format!("{open}__typename{closed}"))
    };
    turns.filter_map(back).next()
}

/// A rule stands after the patch as it stood before, with another number.
#[track_caller]
fn check_mode(said: &str, n: usize, before: &str, after: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let path = folder.join("policy.yaml");
    write(folder.join("schema.graphql"), "type Query { a: Int }").expect("write");
    let head = "version: 1\nname: t\nschema: { file: schema.graphql }\n";
    write(&path, format!("{head}{said}")).expect("write");
    record(&path, folder.join("traffic.jsonl"), &vec!["{\"query\":\"{a}\"}".to_owned(); n]);
    let effective = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        program.args(["check", "policy.yaml", "--effective", "base"]).current_dir(folder);
        let all = String::from_utf8(program.output().expect("it runs").stdout).expect("UTF-8");
        let cost = all.lines().find_map(|it| it.strip_prefix("cost.max"));
        cost.map(|it| it.trim().to_owned())
    };
    assert_eq!(effective().as_deref(), Some(before), "{said}");
    let patch = learn(folder);
    assert_eq!(effective().as_deref(), Some(after), "{said} {patch}");
}

#[test]
fn a_limit_that_only_reported_refuses_when_its_number_is_no_guess() {
    check_mode("", 1, "report  1000", "report  5");
    check_mode("cost: { exact: false }\n", 1, "report  1000", "report  5");
    check_mode("mode: report\n", 1, "report  1000", "report  5");
    check_mode("cost: { max: off }\n", 1, "off", "off");
    check_mode("cost: { max: 100 }\n", 1, "enforce 100", "enforce 5");
    check_mode("", 299, "report  1000", "report  5");
    check_mode("", 300, "report  1000", "enforce 5");
    check_mode("mode: report\n", 300, "report  1000", "report  5");
}

#[test]
fn variables_are_as_large_as_they_were_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let path = folder.join("policy.yaml");
    write(folder.join("schema.graphql"), "type Query { a(x: [String!]!): Int }").expect("write");
    let before = "version: 1\nname: t\nschema: { file: schema.graphql }\n";
    write(&path, before).expect("write");
    // As a client writes them that escapes all but ASCII, and puts spaces between.
    let text = format!("\"{}\"", "\\u00e9".repeat(300));
    let list = vec![text; 10].join(", ");
    let query = "query($x: [String!]!) { a(x: $x) }";
    let body = format!("{{\"query\": \"{query}\", \"variables\": {{\"x\": [{list}]}}}}");
    record(&path, folder.join("traffic.jsonl"), std::slice::from_ref(&body));
    let patch = learn(folder);
    assert!(patch.contains("bytes: 23KiB"), "{patch}");
    let gate = Gate::new(loaded(&path), CacheLimits::default());
    assert_eq!(judge::code(&judge::judge(&gate, body.as_bytes())), None, "{patch}");
    // And a replay refuses what would be.
    let replay = |limit: usize| {
        let limits = format!("limits: {{ variables: {{ bytes: {limit}B }} }}\n");
        write(&path, format!("{before}{limits}")).expect("write");
        let gate = Gate::new(loaded(&path), CacheLimits::default());
        let is_refused = judge::code(&judge::judge(&gate, body.as_bytes())).is_some();
        let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let replay = ["replay", "traffic.jsonl", "--policy", "policy.yaml", "--format", "json"];
        let output = program.args(replay).current_dir(folder).output().expect("it runs");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (is_refused, told["newly_refused"].clone())
    };
    let sent = list.len() + "{\"x\": []}".len();
    assert_eq!(replay(sent), (false, 0.into()));
    assert_eq!(replay(sent - 1), (true, 1.into()));
}

#[test]
fn what_was_learned_of_a_profile_admits_what_it_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let path = folder.join("policy.yaml");
    write(folder.join("schema.graphql"), "type Query { a: Int b: Query }").expect("write");
    let hash = Digest::of(b"the key of staff");
    let keys = format!("- {{ hash: \"sha256:{hash}\", claims: {{ sub: s }} }}\n");
    write(folder.join("keys.yaml"), keys).expect("write");
    let policy = "version: 1\nname: t\nmode: report\nschema: { file: schema.graphql }\n\
                  identity: { api_keys: { header: x-api-key, file: keys.yaml } }\nprofiles:\n  \
                  - name: staff\n    when: has(claims.sub)\n    limits: { depth: 2 }\n    \
                  cost: { max: 3 }\n  - { name: partner, when: has(claims.partner) }\n";
    write(&path, policy).expect("write");
    let deep = format!("{{\"query\":\"{}{{a}}{}\"}}", "{b".repeat(9), "}".repeat(9));
    let all = [("", "{\"query\":\"{a}\"}"), ("the key of staff", &*deep)];
    assert_eq!(record_as(&path, folder.join("traffic.jsonl"), &all), [200, 200]);
    let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    program.args(["learn", "traffic.jsonl", "--policy", "policy.yaml"]).current_dir(folder);
    let said = String::from_utf8(program.output().expect("it runs").stderr).expect("UTF-8");
    assert!(said.contains("no admitted operation of the profile `partner`"), "{said}");
    assert!(!said.contains("`staff`"), "{said}");
    let patch = learn(folder);
    let learned = read_to_string(&path).expect("a policy").replace("mode: report\n", "");
    write(&path, learned).expect("write");
    // What staff may is for nobody else.
    let all = [all[0], all[1], ("", &*deep)];
    assert_eq!(record_as(&path, folder.join("again.jsonl"), &all), [200, 200, 422], "{patch}");
}

#[test]
fn few_operations_are_a_guess_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let path = folder.join("policy.yaml");
    write(folder.join("schema.graphql"), "type Query { a: Int }").expect("write");
    write(&path, "version: 1\nname: t\nschema: { file: schema.graphql }\n").expect("write");
    let bodies = vec!["{\"query\":\"{a}\"}".to_owned(); 300];
    for (log, n, is_few) in [("few.jsonl", 299, true), ("enough.jsonl", 300, false)] {
        record(&path, folder.join(log), bodies.get(..n).unwrap_or_default());
        for format in ["text", "json", "patch"] {
            let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
            let learn = ["learn", log, "--policy", "policy.yaml", "--format", format];
            let output = program.args(learn).current_dir(folder).output().expect("it runs");
            let said = String::from_utf8(output.stderr).expect("UTF-8");
            assert_eq!(said.contains("below 300 a limit is a guess"), is_few, "{format}: {said}");
            let data = String::from_utf8(output.stdout).expect("UTF-8");
            assert!(!data.contains("is a guess"), "{format}: {data}");
        }
    }
}

/// A log of a login that is admitted and of what is refused behind the verdict: a login by a rate,
/// another one over a socket, and a query that is not served there.
fn record_refusals(folder: &Path) {
    let policy = "version: 1\nname: t\nschema: { file: schema.graphql }\n\
                  http: { websocket: { operations: [subscription, mutation] } }\n\
                  rates: [{ name: r, on: Mutation.login, key: client.ip, limit: 1/h }]\n";
    let (path, log) = (folder.join("policy.yaml"), folder.join("traffic.jsonl"));
    write(&path, policy).expect("write");
    let schema = "type Query { a: Int } type Mutation { login(n: Int): Int }";
    write(folder.join("schema.graphql"), schema).expect("write");
    let upstream = Upstream::start();
    let proxy = Proxy::start_with(&path, upstream.address(), |config| {
        config.traffic = Some(traffic(log, Details::Values));
    });
    for (n, status) in [(1, 200), (2, 429)] {
        let body = format!("{{\"query\":\"mutation {{ login(n: {n}) }}\"}}");
        let answer = exchange(proxy.address(), &post(&body)).expect("an answer");
        assert_eq!(answer.status(), status);
    }
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("1", "mutation { login(n: 3) }");
    assert_eq!(client.hear_short(), "error 1 REQUEST_RATE_LIMITED");
    client.subscribe("2", "{ a }");
    assert_eq!(client.hear_short(), "error 2 OPERATION_NOT_ALLOWED");
    let _cut_off = proxy.stop();
}

#[test]
fn a_guessing_run_that_a_rate_stops_teaches_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    record_refusals(folder);
    let schema = serde_json::from_str(portcullis::traffic::SCHEMA).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let lines = read_to_string(folder.join("traffic.jsonl")).expect("a log");
    let lines = lines.lines().map(|it| serde_json::from_str(it).expect("JSON"));
    let told: Vec<Value> = lines.inspect(|it| assert!(schema.is_valid(it), "{it}")).collect();
    let told = told.iter().filter(|it| it["kind"] == "operation");
    let told: Vec<_> = told.map(|it| it["refused"].as_str()).collect();
    let (limited, wrong) = (Some("REQUEST_RATE_LIMITED"), Some("OPERATION_NOT_ALLOWED"));
    assert_eq!(told, [None, limited, limited, wrong]);
    let policy = ["--policy", "policy.yaml", "--format", "json"];
    let inventory = portcullis(folder, &[&["inventory", "traffic.jsonl"], &policy[..]].concat());
    let inventory: Value = serde_json::from_str(&inventory).expect("JSON");
    let mut rows = inventory["rows"].as_array().expect("rows").iter();
    let login = rows.find(|it| it["name"] == "Mutation.login").expect("a field");
    assert_eq!((&login["count"], &login["refused"]), (&Value::from(3), &Value::from(2)));
    let learn = ["learn", "traffic.jsonl", "--manifest", "learned.json"];
    portcullis(folder, &[&learn[..], &policy[..]].concat());
    let learned = read_to_string(folder.join("learned.json")).expect("a manifest");
    assert!(learned.contains("login(n: 1)") && learned.matches("login").count() == 1, "{learned}");
}

#[test]
fn from_github() {
    check("github", "");
}

#[test]
fn from_linear() {
    check("linear", "");
}

#[test]
fn from_shopify() {
    check("shopify-storefront", "");
}

#[test]
fn from_swapi() {
    // One of its examples is about introspection.
    check("swapi", "introspection: allow\n");
}
