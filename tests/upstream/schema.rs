//! The schema of an `https` upstream: asked over TLS, by every verb that asks.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use http::Version;
use portcullis::{
    config::{LinkKey, Secret, UpstreamTls, UpstreamUrl},
    sources::{Teller, fetch_schema_now},
};
use tempfile::TempDir;

use crate::{
    BOTH, KEY,
    certificates::{Authority, Validity},
    server::{Answers, Server},
};

/// `type Query { a: Int }`, as introspection tells it.
const TOLD: &str = r#"{"data":{"__schema":{"queryType":{"name":"Query"},"mutationType":null,
"subscriptionType":null,"directives":[],"types":[{"kind":"SCALAR","name":"Int"},
{"kind":"OBJECT","name":"Query","interfaces":[],"fields":[{"name":"a","args":[],
"type":{"kind":"SCALAR","name":"Int","ofType":null}}]}]}}}"#;

/// A server, the file of its authority, and its URL.
struct Https {
    server: Server,
    folder: TempDir,
    authority: Authority,
    url: String,
}

fn https(clients: Option<&Authority>) -> Https {
    let authority = Authority::new();
    let tls = authority.issue("localhost", Validity::Good).server(BOTH, clients);
    let server = Server::start(Some(tls), false, Answers::Always(TOLD));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let url = format!("https://localhost:{}/q?x=1", server.address.port());
    Https { server, folder, authority, url }
}

impl Https {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(args).arg("--upstream-ca").arg(self.path("ca.pem")).output().unwrap()
    }

    fn fetch(&self, tls: &UpstreamTls) -> Result<String, String> {
        let url = UpstreamUrl::parse(&self.url).unwrap();
        let told = fetch_schema_now(Teller { url: &url, tls: Some(tls), key: None });
        told.map(|it| it.text.to_string()).map_err(|it| it.to_string())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_schema_is_told_over_tls() {
    let clients = Authority::new();
    let https = https(Some(&clients));
    let with = |trust: &Authority, identity| UpstreamTls::new(trust.trust(), identity).unwrap();
    let identity = || Some(clients.issue("portcullis", Validity::Good).identity());
    let told = https.fetch(&with(&https.authority, identity())).unwrap();
    assert!(told.contains("type Query"), "{told}");
    let seen = https.server.seen();
    assert_eq!((seen[0].version, &*seen[0].path), (Version::HTTP_11, "/q?x=1"));
    let stranger = https.fetch(&with(&Authority::new(), identity())).unwrap_err();
    assert!(stranger.contains("no TLS"), "{stranger}");
    let anonymous = https.fetch(&with(&https.authority, None)).unwrap_err();
    assert!(anonymous.contains("CertificateRequired"), "{anonymous}");
    assert_eq!(https.server.seen().len(), 1);
}

#[test]
fn the_verbs_ask_an_https_upstream() {
    let https = https(None);
    let fetched = https.run(&["schema", "fetch", &https.url]);
    assert!(text(&fetched.stdout).contains("type Query"), "{fetched:?}");
    let into = https.path("new");
    let written = https.run(&["init", "--into", arg(&into), "--upstream", &https.url]);
    let next = format!("--upstream {} --upstream-ca {}", https.url, arg(&https.path("ca.pem")));
    assert!(text(&written.stdout).contains(&next), "{written:?}");
    // Clients go on asking for the path that they know.
    let first = fs::read_to_string(into.join("policy.yaml")).unwrap();
    assert!(first.contains("\nhttp:\n") && first.contains("\n  path: /q\n"), "{first}");
    assert!(text(&written.stdout).contains("Clients ask for `/q`"), "{written:?}");
    let policy = https.path("live.yaml");
    fs::write(&policy, "version: 1\nname: live\nschema: { introspect: 5m }\n").unwrap();
    let checked = https.run(&["check", arg(&policy), "--upstream", &https.url]);
    assert!(checked.status.success(), "{checked:?}");
}

/// An upstream that only answers what is signed tells its schema to the verbs as well.
#[test]
fn the_verbs_sign_what_they_ask() {
    let https = https(None);
    let (policy, secret, key) = (https.path("live.yaml"), https.path("key"), https.path("ca.pem"));
    fs::write(&policy, "version: 1\nname: live\nschema: { introspect: 5m }\n").unwrap();
    fs::write(&secret, KEY).unwrap();
    let asked = ["--upstream", &https.url, "--upstream-secret-file", arg(&secret)];
    let fetch = ["schema", "fetch", &https.url, "--upstream-secret-file", arg(&secret)];
    let checked = [&["check", arg(&policy)][..], &asked].concat();
    let into = https.path("new");
    let written = [&["init", "--into", arg(&into)][..], &asked].concat();
    for (n, args) in [&fetch[..], &checked, &written].into_iter().enumerate() {
        let output = https.run(args);
        assert!(output.status.success(), "{output:?}");
        https.server.seen()[n].check_signature(KEY);
        if n == 2 {
            let (secret, key) = (arg(&secret), arg(&key));
            let next = format!("--upstream-ca {key} --upstream-secret-file {secret}");
            assert!(text(&output.stdout).contains(&next), "{output:?}");
        }
    }
}

/// What `check` finds in a policy over this schema, in front of an upstream that tells `TOLD`.
fn check_drift(schema: &str, expect: &[(&str, &str)]) {
    let https = https(None);
    let policy = https.path("policy.yaml");
    fs::write(&policy, "version: 1\nname: file\nschema: { file: s.graphql }\n").unwrap();
    fs::write(https.path("s.graphql"), schema).unwrap();
    let args = ["check", arg(&policy), "--upstream", &https.url, "--format", "json"];
    let output = https.run(&args);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), expect.len(), "{found:?}");
    for (it, (code, at)) in found.iter().zip(expect) {
        assert_eq!(it["code"], *code);
        assert!(it["message"].as_str().unwrap().contains(&format!("`{at}`")), "{it}");
    }
    assert_eq!(output.status.code(), Some(i32::from(!expect.is_empty())));
}

#[test]
fn check_compares_the_file_with_the_upstream() {
    check_drift("type Query { a: Int }", &[]);
    check_drift("type Query { a: Int b: Int }", &[("schema-drift", "Query.b")]);
    check_drift("type Query { a: String }", &[("schema-drift", "Query.a")]);
    let both = [("schema-drift", "Query.b"), ("schema-behind", "Query.a")];
    check_drift("type Query { b: Int }", &both);
}

#[test]
fn the_question_for_the_schema_is_signed() {
    let server = Server::start(None, false, Answers::Always(TOLD));
    let url = format!("http://127.0.0.1:{}/q?x=1", server.address.port());
    let url = UpstreamUrl::parse(&url).unwrap();
    let key = LinkKey::new(&Secret::new(KEY)).unwrap();
    for key in [None, Some(&key)] {
        assert!(fetch_schema_now(Teller { url: &url, tls: None, key }).is_ok());
    }
    let seen = server.seen();
    assert!(!seen[0].headers.contains_key("x-portcullis-signature"));
    seen[1].check_signature(KEY);
}

#[test]
fn a_process_signs_the_question_for_the_schema() {
    let server = Server::start(None, false, Answers::Always(TOLD));
    let folder = tempfile::tempdir().unwrap();
    let (policy, secret) = (folder.path().join("p.yaml"), folder.path().join("key"));
    fs::write(&policy, "version: 1\nname: live\nschema: { introspect: 5m }\n").unwrap();
    fs::write(&secret, KEY).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.args(["--log-format", "json", "--policy", arg(&policy)]);
    command.args(["--upstream-secret-file", arg(&secret), "--upstream"]);
    command.arg(format!("http://{}/q", server.address)).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let started = log.lines().any(|it| it.unwrap().contains("\"started\""));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(started);
    server.seen()[0].check_signature(KEY);
}
