//! A schema that the upstream tells: fetched, compared, kept, and written by `init`.

#![cfg(feature = "demo")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{
    fs,
    io::{BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use portcullis::{
    config::{Config, UpstreamUrl},
    demo,
    diagnostic::Source,
    schema::{Schema, drift},
    server::{NotOpened, Reload, Reloader, Running, Server},
    sources::{FetchError, Teller, fetch_schema_now},
};
use serde_json::Value;
use support::{
    process::Process,
    upstream::Upstream,
    wire::{exchange, post, read_message, request},
};
use tokio::sync::oneshot;

/// The shop of the demo; it stops when it is dropped.
struct Shop {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
}

impl Shop {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("address");
        let (stop, stopped) = oneshot::channel::<()>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                let stopped = async { drop(stopped.await) };
                demo::upstream(listener, Arc::new(AtomicU64::new(0)), stopped).await;
            });
        });
        Self { address, stop: Some(stop) }
    }

    fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
    }
}

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "told".into(), text: text.into() })
}

fn schema(text: &str) -> Schema {
    Schema::load(source(text)).unwrap_or_else(|it| panic!("{text}: {it:?}")).0
}

fn url(address: SocketAddr) -> UpstreamUrl {
    UpstreamUrl::parse(&format!("http://{address}/graphql")).expect("a URL")
}

const fn plain(url: &UpstreamUrl) -> Teller<'_> {
    Teller { url, tls: None, key: None }
}

fn portcullis(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis")).args(args).output().expect("it runs")
}

#[test]
fn what_the_shop_tells_is_its_schema() {
    let shop = Shop::start();
    let told = fetch_schema_now(plain(&url(shop.address))).expect("a schema");
    let (told, written) = (schema(&told.text), schema(&demo::sdl()));
    assert_eq!([drift(&written, &told), drift(&told, &written)], [Vec::new(), Vec::new()]);
    let user = told.type_named("User").map(|it| told.ty(it).description.clone());
    assert_eq!(user, written.type_named("User").map(|it| written.ty(it).description.clone()));
}

#[test]
fn an_upstream_that_tells_nothing_is_an_error() {
    let upstream = Upstream::start();
    let told = fetch_schema_now(plain(&url(upstream.address())));
    assert!(matches!(told, Err(FetchError::NoSchema(_))), "{told:?}");
    // What is new in the first question may be what it does not know.
    assert_eq!(upstream.take().len(), 2);
}

#[test]
fn the_first_policy_is_written_once() {
    let shop = Shop::start();
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("new");
    let into = into.to_str().expect("UTF-8");
    let args = ["init", "--upstream", &shop.url(), "--into", into];
    let output = portcullis(&args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("portcullis serve --policy"), "{output:?}");
    let read = |name: &str| fs::read_to_string(Path::new(into).join(name)).expect("written");
    assert_eq!(drift(&schema(&demo::sdl()), &schema(&read("schema.graphql"))), []);
    let checked = portcullis(&["check", &format!("{into}/policy.yaml"), "--format", "json"]);
    let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let codes: Vec<_> = found.as_array().expect("a list").iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["only-watches"], "{found}");
    // What the manual recommends must not stop a pipeline.
    assert_eq!(checked.status.code(), Some(0), "{found}");
    let said = read("policy.yaml").lines().position(|it| it == "mode: report").map(|it| it + 1);
    assert_eq!(
        (&found[0]["severity"], found[0]["line"].as_u64()),
        (&"note".into(), said.map(|it| it as u64))
    );
    assert!(found[0]["help"].as_str().is_some_and(|it| it.contains("is refused already")));
    assert!(read("policy.yaml").contains("\n# Refused in every mode: "));
    assert!(text.contains("are refused until the policy\n# allows them"), "{text}");
    assert!(read("policy.yaml").contains("\n  path: /graphql\n"));
    hints_can_be_taken(&read("policy.yaml"), Path::new(into));
    let live = Path::new(into).join("live.yaml");
    fs::write(&live, "version: 1\nname: live\nschema: { introspect: 5m }\n").expect("write");
    let live = live.to_str().expect("UTF-8");
    assert_eq!(portcullis(&["check", live]).status.code(), Some(2));
    assert!(portcullis(&["check", live, "--upstream", &shop.url()]).status.success());
    fs::write(Path::new(into).join("policy.yaml"), "mine").expect("write");
    let again = portcullis(&args);
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.code() == Some(2) && said.contains("policy.yaml"), "{again:?}");
    assert_eq!(read("policy.yaml"), "mine");
}

/// The hints of the first policy are settings once their `#` is gone.
fn hints_can_be_taken(policy: &str, folder: &Path) {
    let (before, hints) = policy.split_once("  # origins").expect("hints");
    let lines = hints.lines().filter(|it| !it.starts_with("  # Headers"));
    let lines = lines.filter(|it| !it.starts_with("  # by `cookie`"));
    let taken: Vec<_> = lines.map(|it| it.replacen("# ", "", 1)).collect();
    let path = folder.join("hints.yaml");
    fs::write(&path, format!("{before}  origins{}\n", taken.join("\n"))).expect("write");
    let checked = portcullis(&["check", path.to_str().expect("UTF-8")]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
}

/// `type Query { a: Int }` and `b`, as introspection tells it.
fn told(fields: &str) -> String {
    let field = |name: &str| {
        let ty = r#"{"kind":"SCALAR","name":"Int","ofType":null}"#;
        format!(r#"{{"name":"{name}","args":[],"type":{ty}}}"#)
    };
    let fields: Vec<_> = fields.split(' ').map(field).collect();
    format!(
        r#"{{"data":{{"__schema":{{"queryType":{{"name":"Query"}},"types":[
        {{"kind":"SCALAR","name":"Int"}},{{"kind":"OBJECT","name":"Query","interfaces":[],
        "fields":[{}]}}]}}}}}}"#,
        fields.join(",")
    )
}

/// Answers questions for its schema with one text after the other, the last one from then on, and
/// anything else with an empty object.
fn tell(listener: &TcpListener, texts: &[String], n_told: &AtomicUsize) {
    for stream in listener.incoming().map_while(Result::ok) {
        let mut reader = BufReader::new(stream);
        if let Ok(Some(message)) = read_message(&mut reader) {
            let is_asked = String::from_utf8_lossy(&message.body).contains("__schema");
            let n = if is_asked { n_told.fetch_add(1, Ordering::SeqCst) } else { 0 };
            let told = texts.get(n).or(texts.last()).map_or("", |it| it);
            let text = if is_asked { told } else { "{}" };
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
            let answer = format!("{head}{}\r\n\r\n{text}", text.len());
            let _written = reader.get_mut().write_all(answer.as_bytes());
        }
    }
}

#[test]
fn a_process_keeps_the_schema_when_it_is_told_none_and_asks_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("p.yaml");
    fs::write(&policy, "version: 1\nname: a\nschema: { introspect: 1s }\n").expect("write");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = listener.local_addr().expect("address");
    let n_told = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_told);
    // Every question is asked in two ways before it is given up.
    let texts = [told("a"), "no".into(), "no".into(), told("a b")];
    thread::spawn(move || tell(&listener, &texts, &counted));
    let (_process, proxy) = Process::start(&policy, address);
    let ask = |query: &str| {
        let body = format!(r#"{{"query":"{query}"}}"#);
        exchange(proxy, &post(&body)).expect("an answer").status()
    };
    assert_eq!((ask("{a}"), ask("{b}")), (200, 422));
    while n_told.load(Ordering::SeqCst) < 3 {
        assert_eq!(ask("{a}"), 200);
    }
    while ask("{b}") == 422 {
        assert_eq!(ask("{a}"), 200);
    }
    assert_eq!((ask("{a}"), ask("{b}")), (200, 200));
}

/// A server under a policy of one text, in front of an upstream that records.
struct Bench {
    _folder: tempfile::TempDir,
    reloader: Reloader,
    running: Running,
    _upstream: Upstream,
}

const FILE: &str = "type Query { a(x: Int = 1): Int }";

impl Bench {
    fn open(schema: &str, told: Option<&str>) -> Result<Self, NotOpened> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("p.yaml");
        let text = format!("version: 1\nname: live\nschema: {schema}\n");
        fs::write(&path, text).expect("write");
        fs::write(folder.path().join("s.graphql"), FILE).expect("write");
        let upstream = Upstream::start();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config =
            Config { listen: any, admin: Some(any), ..Config::new(url(upstream.address())) };
        let (reloader, state) = Reloader::open(&path, config.cache, told.map(source))?;
        let running = Server::start(config, state).expect("the server starts");
        Ok(Self { _folder: folder, reloader, running, _upstream: upstream })
    }

    fn told(&mut self, text: &str) {
        self.reloader.note_schema(Ok(source(text)), &self.running);
    }

    fn post(&self, query: &str) -> u16 {
        let body = format!(r#"{{"query":"{query}"}}"#);
        exchange(self.running.addr(), &post(&body)).expect("an answer").status()
    }

    fn ready(&self) -> (u16, Value) {
        let admin = self.running.admin_addr().expect("an admin listener");
        let get = request("GET", "/readyz", &[("Host", "a")], None);
        let answer = exchange(admin, &get).expect("an answer");
        (answer.status(), answer.json().expect("JSON"))
    }

    fn drift(&self) -> Value {
        self.ready().1["policy"]["drift"].clone()
    }
}

const CHANGED: &str = "type Query { a(x: Int = 2): Int }";
const ADDED: &str = "type Query { a(x: Int = 1): Int b: Int }";

#[test]
fn drift_is_warned_of() {
    let mut bench = Bench::open("{ file: s.graphql, drift: { on: warn } }", None).expect("opens");
    assert_eq!((bench.drift(), bench.post("{a}")), (Value::Null, 200));
    bench.told(CHANGED);
    let drift = bench.drift();
    assert_eq!(
        (&drift["refuses"], &drift["first"][0]["at"]),
        (&false.into(), &"Query.a(x:)".into())
    );
    assert_eq!(bench.post("{a}"), 200);
    bench.told(FILE);
    assert_eq!(bench.drift(), Value::Null);
}

#[test]
fn drift_is_refused_until_it_ends() {
    let schema = "{ file: s.graphql, drift: { every: 1s, on: refuse } }";
    let mut bench = Bench::open(schema, None).expect("opens");
    assert_eq!(bench.reloader.asks_every(), Some(Duration::from_secs(1)));
    bench.told(ADDED);
    assert_eq!((&bench.drift()["refuses"], bench.post("{a}")), (&false.into(), 200));
    bench.told(CHANGED);
    assert_eq!((&bench.drift()["refuses"], bench.post("{a}")), (&true.into(), 503));
    let (status, ready) = bench.ready();
    let why = "the schema has drifted: `Query.a(x:)`: ";
    assert_eq!((status, &ready["ready"]), (503, &false.into()));
    for refusing in [&ready["refusing"][0], &ready["graphs"][0]["refusing"]] {
        assert!(refusing.as_str().is_some_and(|it| it.starts_with(why)), "{ready}");
    }
    // What cannot be asked or read changes nothing.
    bench.reloader.note_schema(Err(FetchError::Timeout), &bench.running);
    bench.told("type");
    assert_eq!(bench.post("{a}"), 503);
    bench.told(FILE);
    assert_eq!((bench.drift(), bench.post("{a}")), (Value::Null, 200));
    let (_, ready) = bench.ready();
    assert_eq!((&ready["refusing"], &ready["graphs"][0]["refusing"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_schema_by_introspection_is_kept_current_and_kept_on_failure() {
    let schema = "{ introspect: 5m }";
    assert!(matches!(Bench::open(schema, None), Err(NotOpened::NeedsSchema)));
    let mut bench = Bench::open(schema, Some(FILE)).unwrap_or_else(|it| panic!("{it:?}"));
    assert_eq!((bench.post("{a}"), bench.post("{b}")), (200, 422));
    bench.told(ADDED);
    assert_eq!((bench.post("{a}"), bench.post("{b}")), (200, 200));
    bench.reloader.note_schema(Err(FetchError::Timeout), &bench.running);
    bench.told("type Query {");
    assert_eq!(bench.post("{b}"), 200);
    assert_eq!(bench.reloader.reload(&bench.running), Reload::Unchanged);
}
