//! What replicas share, with a real Redis: budgets that are kept together, and what becomes of
//! requests when it is slow, gone, and back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod given_back;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use portcullis::{
    config::{Redis, Secret},
    digest::Digest,
};
use serde_json::{Value, json};
use support::{
    bench::{ANSWER, POST, exchange, status},
    proxy::Proxy,
    redis::{RedisServer, config},
    upstream::Upstream,
};

const SCHEMA: &str = "type Query { a: Int } type Mutation { login(email: String): Int }";
const LOGINS: &str = "{ name: l, key: args.email, on: Mutation.login, count: failed, limit: 2/h, \
                      on_error: deny }";
/// Far above what a busy machine adds, and far below what waiting for a connection would take.
const PATIENCE: Duration = Duration::from_millis(700);
/// What takes longer is a hang, which fails the test.
const HANG: Duration = Duration::from_secs(20);

fn replica(rates: &str, redis: &Redis, deadline: Duration, upstream: SocketAddr) -> Proxy {
    let policy =
        format!("version: 1\nname: t\nschema: {{ file: test.graphql }}\nrates: [{rates}]\n");
    Proxy::with(&policy, SCHEMA, upstream, |config| {
        config.redis = Some(redis.clone());
        config.deadlines.redis = deadline;
        config.workers = NonZeroUsize::MIN;
    })
}

/// A client with one connection.
struct Client(TcpStream);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        Self(TcpStream::connect(proxy.address()).unwrap())
    }

    fn send(&mut self, query: &str) -> String {
        status(&self.exchange(&json!({ "query": query }))).to_owned()
    }

    fn exchange(&mut self, body: &Value) -> String {
        exchange(&mut self.0, POST, &body.to_string())
    }

    /// Sends until the status is another; how often it was this one.
    fn until(&mut self, query: &str, wanted: &str) -> usize {
        let begun = Instant::now();
        let mut n = 0;
        while self.send(query) != wanted {
            assert!(begun.elapsed() < HANG, "never {wanted}");
            n += 1;
        }
        n
    }
}

const SLOW_ENOUGH: Duration = Duration::from_secs(5);

#[test]
fn replicas_admit_one_budget_together() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let rate = "{ name: r, key: client.ip, limit: 2000/h, on_error: deny }";
    let replicas = [0, 1].map(|_| replica(rate, &server.config(), SLOW_ENOUGH, upstream.address()));
    // Until both are connected they refuse.
    for it in &replicas {
        Client::of(it).until("{ a }", "200");
    }
    let admitted: usize = thread::scope(|scope| {
        let clients = [0, 1, 0, 1].map(|n| {
            let mut client = Client::of(&replicas[n]);
            scope.spawn(move || (0..700).filter(|_| client.send("{ a }") == "200").count())
        });
        clients.into_iter().map(|it| it.join().unwrap()).sum()
    });
    let admitted = admitted + 2;
    assert!((1960..=2040).contains(&admitted), "{admitted}");
    println!("admitted {admitted} of a shared budget of 2000");
    let calls = server.say("INFO commandstats");
    let calls = calls.lines().find(|it| it.contains("cmdstat_evalsha")).unwrap_or_default();
    println!("{calls}");
    // Nobody can read there who has asked.
    let keys = server.say("KEYS *");
    assert!(keys.contains("\r\nportcullis:") && !keys.contains("127.0.0.1"), "{keys}");
}

#[test]
fn failures_are_counted_together_and_successes_are_given_back() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let reply = |request: &Value| {
        let fails = request["query"].as_str().unwrap().contains("wrong");
        let failed = r#"{"data":{"login":null},"errors":[{"path":["login"]}]}"#;
        if fails { failed } else { r#"{"data":{"login":1}}"# }.to_owned()
    };
    let upstream = Upstream::replying(reply);
    let [one, two] =
        [0, 1].map(|_| replica(LOGINS, &server.config(), SLOW_ENOUGH, upstream.address()));
    let (mut one, mut two) = (Client::of(&one), Client::of(&two));
    let login = |it: &str| format!("mutation {it} {{ login(email: \"a@b\") }}");
    one.until(&login("right"), "200");
    two.until(&login("right"), "200");
    // What comes back comes a moment later.
    for _ in 0..5 {
        one.until(&login("right"), "200");
        two.until(&login("right"), "200");
    }
    assert_eq!(one.until(&login("wrong"), "200"), 0);
    two.until(&login("wrong"), "200");
    assert_eq!([one.send(&login("right")), two.send(&login("right"))], ["429", "429"]);
}

#[test]
fn a_refusal_that_is_remembered_tells_the_whole_wait() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let rate = "{ name: r, key: client.ip, limit: 2/h, on_error: deny }";
    let [one, two] =
        [0, 1].map(|_| replica(rate, &server.config(), SLOW_ENOUGH, upstream.address()));
    Client::of(&one).until("{ a }", "429");
    let mut two = Client::of(&two);
    two.until("{ a }", "429");
    for _ in 0..5 {
        let refused = two.exchange(&json!({ "query": "{ a }" }));
        let wait = refused.lines().find_map(|it| it.strip_prefix("retry-after: "));
        assert!(wait.unwrap().parse::<u32>().unwrap() > 1_700, "{refused}");
    }
}

/// Who waits for what one of its own gives back does not wait for what others may.
#[test]
fn what_is_given_back_can_be_spent_again() {
    static ARRIVED: Barrier = Barrier::new(2);
    static LEAVES: Barrier = Barrier::new(2);
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::replying(|request| {
        if request["query"].as_str().unwrap().contains("slow") {
            ARRIVED.wait();
            LEAVES.wait();
        }
        let fails = request["query"].as_str().unwrap().contains("wrong");
        let failed = r#"{"data":{"login":null},"errors":[{"path":["login"]}]}"#;
        if fails { failed } else { r#"{"data":{"login":1}}"# }.to_owned()
    });
    let [one, two] =
        [0, 1].map(|_| replica(LOGINS, &server.config(), SLOW_ENOUGH, upstream.address()));
    let login =
        |name: &str, email: &str| format!("mutation {name} {{ login(email: \"{email}\") }}");
    Client::of(&one).until(&login("wrong", "a@b"), "200");
    let mut client = Client::of(&two);
    client.until(&login("warm", "c@d"), "200");
    thread::scope(|scope| {
        let slow = scope.spawn(|| Client::of(&two).send(&login("slow", "a@b")));
        ARRIVED.wait();
        assert_eq!(client.send(&login("right", "a@b")), "429");
        LEAVES.wait();
        assert_eq!(slow.join().unwrap(), "200");
        client.until(&login("right", "a@b"), "200");
    });
}

#[test]
fn what_lies_under_one_key_is_a_failure_of_that_key_alone() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let rate = "{ name: l, key: args.email, on: Mutation.login, limit: 100/h, on_error: deny }";
    let proxy = replica(rate, &server.config(), SLOW_ENOUGH, upstream.address());
    let mut client = Client::of(&proxy);
    let login = |email: &str| format!("mutation {{ login(email: \"{email}\") }}");
    client.until(&login("good@x"), "200");
    let before = server.say("KEYS *");
    assert_eq!(client.send(&login("bad@x")), "200");
    let keys = server.say("KEYS *");
    let bad = keys.lines().find(|it| it.starts_with("portcullis:") && !before.contains(it));
    let bad = bad.unwrap();
    for (command, value) in [("LPUSH", "x"), ("SET", "x"), ("SET", "inf")] {
        server.say(&format!("DEL {bad}"));
        server.say(&format!("{command} {bad} {value}"));
        for _ in 0..20 {
            let both = [client.send(&login("bad@x")), client.send(&login("good@x"))];
            assert_eq!(both, ["503", "200"], "{command} {value}");
        }
    }
}

#[test]
fn a_client_that_goes_while_redis_is_asked_has_failed_at_nothing() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(r#"{"data":{"login":1}}"#);
    let rate = LOGINS.replace("2/h", "1/h");
    let proxy = replica(&rate, &server.config(), SLOW_ENOUGH, upstream.address());
    let login = |email: &str| format!("mutation {{ login(email: \"{email}\") }}");
    Client::of(&proxy).until(&login("warm@x"), "200");
    server.tell("CLIENT PAUSE 500 ALL");
    let body = json!({ "query": login("a@b") }).to_string();
    let mut gone = TcpStream::connect(proxy.address()).unwrap();
    write!(gone, "{POST}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    drop(gone);
    Client::of(&proxy).until(&login("a@b"), "200");
}

#[test]
fn without_redis_the_policy_decides() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let start = |on_error: &str| {
        let probe = "{ name: up, key: header.x-up, limit: 100000/s, on_error: deny }";
        let rate =
            format!("{{ name: r, key: client.ip, limit: 3/h, on_error: {on_error} }}, {probe}");
        replica(&rate, &server.config(), SLOW_ENOUGH, upstream.address())
    };
    let [local, deny, allow] = ["local", "deny", "allow"].map(start);
    // Each has spent one, or more while it was not connected; the budget is theirs together.
    let mut deny = Client::of(&deny);
    deny.until("{ a }", "200");
    server.kill();
    assert_eq!(deny.until("{ a }", "503"), 0);
    drop((local, allow));
    // What was spent before is forgotten by Redis and not by the process.
    server.begin();
    deny.until("{ a }", "200");
    deny.until("{ a }", "200");
    assert_eq!(deny.send("{ a }"), "429");
}

/// Whoever has spent what this process knows of asks nothing, and Redis is missed all the same.
#[test]
fn a_lost_redis_is_missed_though_nobody_asks() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let rate = "{ name: r, key: client.ip, limit: 3/h, on_error: allow }";
    let proxy = replica(rate, &server.config(), SLOW_ENOUGH, upstream.address());
    let mut client = Client::of(&proxy);
    client.until("{ a }", "429");
    server.kill();
    client.until("{ a }", "200");
}

/// Without the server that `url` names.
fn lost(on_error: &str, redis: &Redis) -> (Proxy, Upstream) {
    let upstream = Upstream::answering(ANSWER);
    let rate = format!("{{ name: r, key: client.ip, limit: 2/h, on_error: {on_error} }}");
    (replica(&rate, redis, Duration::from_millis(10), upstream.address()), upstream)
}

#[test]
fn a_redis_that_never_answers_delays_nobody() {
    let stub = TcpListener::bind("127.0.0.1:0").unwrap();
    let redis = config(&format!("redis://{}", stub.local_addr().unwrap()));
    for (on_error, expect) in [
        ("local", ["200", "200", "429"]),
        ("deny", ["503", "503", "503"]),
        ("allow", ["200", "200", "200"]),
    ] {
        let (proxy, _upstream) = lost(on_error, &redis);
        let mut client = Client::of(&proxy);
        let begun = Instant::now();
        assert_eq!([(); 3].map(|()| client.send("{ a }")), expect, "{on_error}");
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    }
}

#[test]
fn a_redis_that_pauses_costs_the_deadline_at_most() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let rate = "{ name: r, key: client.ip, limit: 1000/h, burst: 100, on_error: deny }";
    let deadline = Duration::from_millis(50);
    let proxy = replica(rate, &server.config(), deadline, upstream.address());
    let mut client = Client::of(&proxy);
    client.until("{ a }", "200");
    server.tell("CLIENT PAUSE 1000 ALL");
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(client.send("{ a }"), "503");
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < deadline + PATIENCE, "{slowest:?}");
    println!("slowest of 20 requests while Redis paused, deadline 50 ms: {slowest:?}");
    client.until("{ a }", "200");
}

#[test]
fn documents_that_one_replica_has_seen_are_known_to_all() {
    let Some(mut server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let policy = |depth: u32| {
        format!(
            "version: 1\nname: t\nschema: {{ file: test.graphql }}\n\
             limits: {{ root_fields: {depth} }}\ndocuments: {{ apq: shared }}\n\
             rates: [{{ name: r, key: document, limit: 1000/h, on_error: deny }}]\n"
        )
    };
    let [one, two, strict] = [2, 2, 1].map(|depth| {
        Proxy::with(&policy(depth), SCHEMA, upstream.address(), |config| {
            config.redis = Some(server.config());
            config.deadlines.redis = SLOW_ENOUGH;
            config.workers = NonZeroUsize::MIN;
        })
    });
    let [mut one, mut two, mut strict] = [&one, &two, &strict].map(Client::of);
    for it in [&mut one, &mut two, &mut strict] {
        it.until("{ a }", "200");
    }
    let text = "{ a b: a }";
    let hash = Digest::of(text.as_bytes()).to_string();
    let id = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let both = json!({ "query": text, "extensions": id["extensions"] });
    assert!(two.exchange(&id).contains("PERSISTED_QUERY_NOT_FOUND"));
    assert!(one.exchange(&both).contains(ANSWER));
    // It is left when there is time for it.
    let begun = Instant::now();
    while !two.exchange(&id).contains(ANSWER) {
        assert!(begun.elapsed() < HANG);
    }
    // Everyone judges it anew.
    assert!(strict.exchange(&id).contains("MAX_ROOT_FIELDS_LIMIT"));
    // What somebody else wrote there is not taken for it.
    let forged = json!({ "extensions": { "persistedQuery": { "version": 1,
        "sha256Hash": Digest::of(b"{ c: a }").to_string() } } });
    let keys = server.say("KEYS *");
    for key in keys.lines().filter(|it| it.starts_with("portcullis:")) {
        server.tell(&format!("SET {key} {{a}}"));
    }
    assert!(two.exchange(&forged).contains("PERSISTED_QUERY_NOT_FOUND"));
    server.kill();
    assert!(two.exchange(&forged).contains("PERSISTED_QUERY_NOT_FOUND"));
}

#[test]
fn redis_is_reached_over_tls_with_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["localhost".into()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    let [cert_file, key_file] = ["cert", "key"].map(|it| folder.path().join(it));
    fs::write(&cert_file, &certificate).unwrap();
    fs::write(&key_file, key.serialize_pem()).unwrap();
    let (cert_file, key_file) = (cert_file.to_str().unwrap(), key_file.to_str().unwrap());
    let arguments = ["--tls-cert-file", cert_file, "--tls-key-file", key_file];
    let acl =
        ["--tls-auth-clients", "no", "--user", "me", "on", ">secret", "~portcullis:*", "+@all"];
    let Some(server) = RedisServer::start(&[&arguments[..], &acl[..]].concat()) else { return };
    let url = format!("rediss://me@localhost:{}", server.address().port());
    let upstream = Upstream::answering(ANSWER);
    let rate = "{ name: r, key: client.ip, limit: 1000/h, on_error: deny }";
    let good = Redis {
        password: Some(Secret::new(b"secret\n")),
        ca: Some(Secret::new(certificate.as_bytes())),
        ..config(&url)
    };
    let start = |redis: &Redis| replica(rate, redis, SLOW_ENOUGH, upstream.address());
    let proxy = start(&good);
    Client::of(&proxy).until("{ a }", "200");
    let bad = Redis { password: Some(Secret::new(b"wrong")), ..good.clone() };
    let stranger = Redis { ca: None, ..good };
    for redis in [bad, stranger] {
        let proxy = start(&redis);
        let mut client = Client::of(&proxy);
        assert!((0..50).all(|_| client.send("{ a }") == "503"));
    }
}
