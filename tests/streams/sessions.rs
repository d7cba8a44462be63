//! Sessions: how long they last, who may go on, who waits for whom.

use std::{fs, net::SocketAddr, time::Duration};

use portcullis::{
    config::{Config, UpstreamUrl},
    server::{Reload, Reloader, Running, Server},
    sources::now,
};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    SCHEMA, policy, start,
    support::{
        self,
        bazaar::sign,
        proxy::Proxy,
        socket::{Client, SocketUpstream},
    },
};

#[test]
fn what_never_begins_and_what_lasts_too_long_is_closed() {
    let (_upstream, proxy) = start("init_timeout: 50ms, lifetime: 300ms");
    let mut client = Client::open(proxy.address(), &[]).unwrap();
    assert_eq!(client.hear(), "close 4408");
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("1", "subscription{tick}");
    assert_eq!((client.hear_short(), client.hear()), ("next 1".into(), "close 1001".into()));
}

#[test]
fn a_drain_closes_sockets() {
    let (_upstream, proxy) = start("");
    let mut begun = Client::begun(proxy.address(), &[]);
    let mut opened = Client::open(proxy.address(), &[]).unwrap();
    proxy.begin_to_stop();
    assert_eq!((begun.hear(), opened.hear()), ("close 1001".into(), "close 1001".into()));
    assert_eq!(proxy.stop(), 0);
}

/// A socket on which a mutation runs, and is held.
fn changing(proxy: &Proxy, upstream: &SocketUpstream) -> Client {
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("s", "subscription{tick}");
    assert_eq!(client.hear_short(), "next s");
    client.subscribe("m", "mutation{held}");
    upstream.wait(|it| it.operations().len() == 2);
    client
}

/// Clients send again what has no answer: what was left out, and what did not come.
#[track_caller]
fn finishes(mut client: Client, upstream: &SocketUpstream, close: &str) {
    client.subscribe("late", "mutation{b}");
    client.say(r#"{"type":"ping"}"#);
    assert_eq!(client.hear_short(), "pong");
    upstream.release();
    let heard = [client.hear_short(), client.hear_short(), client.hear_short()];
    assert_eq!(heard, ["next m", "complete m", close]);
    let ended = json!({ "id": "1", "type": "complete" });
    let seen = upstream.wait(|it| it.messages.contains(&ended));
    assert_eq!(seen.operations().len(), 2);
}

const ALL: &str = "operations: [subscription, mutation]";

#[test]
fn a_stop_does_not_make_a_mutation_run_twice() {
    let upstream = SocketUpstream::start();
    let one = |config: &mut Config| config.workers = std::num::NonZeroUsize::MIN;
    let proxy = Proxy::with(&policy(ALL), SCHEMA, upstream.address(), one);
    let client = changing(&proxy, &upstream);
    let mut idle = Client::begun(proxy.address(), &[]);
    proxy.begin_to_stop();
    assert_eq!(idle.hear(), "close 1001");
    finishes(client, &upstream, "close 1001");
    assert_eq!(proxy.stop(), 0);
}

#[test]
fn what_does_not_end_in_time_is_cut_off_by_a_stop() {
    let upstream = SocketUpstream::start();
    let brief = |config: &mut Config| config.deadlines.grace = Duration::from_millis(50);
    let proxy = Proxy::with(&policy(ALL), SCHEMA, upstream.address(), brief);
    let mut client = changing(&proxy, &upstream);
    proxy.begin_to_stop();
    let heard = client.hear();
    assert!(["close 1001", "gone"].contains(&&*heard), "{heard}");
    upstream.release();
}

#[test]
fn another_policy_does_not_make_a_mutation_run_twice() {
    let (upstream, proxy) = start(&format!("{ALL}, message: 4KiB"));
    let client = changing(&proxy, &upstream);
    proxy.replace(&policy(&format!("{ALL}, message: 1KiB")), SCHEMA);
    finishes(client, &upstream, "close 1012");
}

#[test]
fn a_socket_that_was_open_for_long_finishes_what_it_has() {
    let (upstream, proxy) = start(&format!("{ALL}, lifetime: 300ms"));
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("m", "mutation{held}");
    // Another that was begun later has come to its end.
    let mut other = Client::begun(proxy.address(), &[]);
    assert_eq!(other.hear(), "close 1001");
    upstream.release();
    let heard = [client.hear_short(), client.hear_short(), client.hear_short()];
    assert_eq!(heard, ["next m", "complete m", "close 1001"]);
}

#[test]
fn an_upstream_that_fails_is_told_apart() {
    let (_upstream, proxy) = start("");
    for query in ["subscription{vanish}", "subscription{nonsense}"] {
        let mut client = Client::begun(proxy.address(), &[]);
        client.subscribe("1", query);
        assert_eq!(client.hear(), "close 1013");
    }
    let nowhere = support::upstream::Upstream::nowhere();
    let proxy = Proxy::with(&policy(""), SCHEMA, nowhere.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("1", "subscription{tick}");
    assert_eq!(client.hear_short(), "error 1 UPSTREAM_UNAVAILABLE");
    let http = support::upstream::Upstream::start();
    let proxy = Proxy::with(&policy(""), SCHEMA, http.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("1", "subscription{tick}");
    assert_eq!(client.hear_short(), "error 1 UPSTREAM_UNAVAILABLE");
}

#[test]
fn other_kinds_come_when_the_policy_says_so() {
    let (upstream, proxy) = start("operations: [query, subscription]");
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("1", "query{a}");
    assert_eq!(client.hear_short(), "next 1");
    client.subscribe("2", "mutation{b}");
    assert_eq!(client.hear_short(), "error 2 OPERATION_NOT_ALLOWED");
    assert_eq!(upstream.seen().operations().len(), 1);
}

#[test]
fn a_slow_reader_holds_nobody() {
    let upstream = SocketUpstream::start();
    let one = |config: &mut Config| {
        config.workers = std::num::NonZeroUsize::MIN;
    };
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), one);
    let mut slow = Client::begun(proxy.address(), &[]);
    slow.subscribe("1", "subscription{flood}");
    assert_eq!(slow.hear_short(), "next 1");
    for _ in 0..20 {
        let mut quick = Client::begun(proxy.address(), &[]);
        quick.subscribe("1", "subscription{once}");
        assert_eq!(
            (quick.hear_short(), quick.hear_short()),
            ("next 1".into(), "complete 1".into())
        );
    }
    // All of it was there, and nothing of it was lost.
    (1..1000).for_each(|_| assert_eq!(slow.hear_short(), "next 1"));
}

#[test]
fn many_idle_sockets_are_held() {
    let (upstream, proxy) = start("");
    let mut all: Vec<_> = (0..300).map(|_| Client::begun(proxy.address(), &[])).collect();
    for client in &mut all {
        client.say(r#"{"type":"ping"}"#);
        assert_eq!(client.hear_short(), "pong");
    }
    assert!(upstream.seen().handshakes.is_empty());
}

/// With tokens as the bazaar has them.
fn start_with_tokens() -> (SocketUpstream, Proxy) {
    let upstream = SocketUpstream::start();
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/bazaar/keys/jwks.json");
    let policy = format!(
        "{}identity:\n  jwt: {{ issuer: i, audience: a, leeway: 0s, cookie: sid, \
         algorithms: [RS256], keys: {{ file: {keys} }} }}\n  forward: {{ x-user-id: claims.sub }}\n",
        policy("")
    );
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {});
    (upstream, proxy)
}

/// A token of someone for so many seconds.
fn token(who: &str, seconds: u64) -> String {
    let claims =
        json!({ "iss": "i", "aud": "a", "sub": who, "iat": now().0, "exp": now().0 + seconds });
    sign(&claims)
}

fn init(authorization: &str) -> String {
    json!({ "type": "connection_init", "payload": { "authorization": authorization } }).to_string()
}

#[test]
fn tokens_are_verified_wherever_they_stand() {
    let (upstream, proxy) = start_with_tokens();
    let (ann, bob) =
        (format!("Bearer {}", token("ann", 60)), format!("Bearer {}", token("bob", 60)));
    let cookie = |it: &str| it.replace("Bearer ", "sid=");
    let check = |headers: &[(&str, &str)], first: &str, expect: Result<Option<&str>, &str>| {
        upstream.forget();
        let mut client = Client::open(proxy.address(), headers).unwrap();
        client.say(first);
        let heard = client.hear_short();
        if heard != "connection_ack" {
            return assert_eq!(Err(heard.as_str()), expect);
        }
        client.subscribe("1", "subscription{tick}");
        assert_eq!(client.hear_short(), "next 1");
        assert_eq!(Ok(upstream.seen().header(0, "x-user-id")), expect, "{headers:?} {first}");
    };
    let (plain, bad) = (crate::INIT, "Bearer e30.e30.e30");
    check(&[], plain, Ok(None));
    check(&[], &init(&ann), Ok(Some("ann")));
    check(&[("authorization", &ann)], plain, Ok(Some("ann")));
    check(&[("authorization", &ann)], &init(&ann), Ok(Some("ann")));
    check(&[("cookie", &cookie(&ann))], plain, Ok(Some("ann")));
    check(&[("cookie", &cookie(&ann))], &init(&ann), Ok(Some("ann")));
    check(&[("cookie", &cookie(&ann))], &init(&bob), Err("close 4403"));
    check(&[("authorization", &ann)], &init(&bob), Err("close 4403"));
    check(&[], &init(bad), Err("close 4403"));
    check(&[], &init(""), Ok(None));
    check(&[], &init("Basic YTpi"), Err("close 4403"));
    let status = |headers: &[(&str, &str)]| Client::open(proxy.address(), headers).err();
    assert_eq!(status(&[("authorization", bad)]), Some(401));
    // A browser sends the cookie along with a handshake of any page.
    let origin = |it| [("cookie", "a=b"), ("origin", it)];
    assert_eq!(status(&origin("https://evil.example")), Some(403));
    assert_eq!(status(&origin("https://a")), None);
}

#[test]
fn cookies_of_the_upstream_open_no_socket_to_other_pages() {
    let upstream = SocketUpstream::start();
    let start = |http: &str| {
        let policy = policy("").replace("http: {", &format!("http: {{ {http}"));
        Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {})
    };
    let status = |proxy: &Proxy, origin, cookie| {
        Client::open(proxy.address(), &[("origin", origin), (cookie, "sid=victim")]).err()
    };
    let (evil, ours) = ("https://evil.example", "https://a");
    let forwarding = start("forward_headers: [cookie],");
    assert_eq!(status(&forwarding, evil, "cookie"), Some(403));
    assert_eq!(status(&forwarding, ours, "cookie"), None);
    assert_eq!(status(&forwarding, evil, "x-none"), None);
    assert_eq!(status(&start(""), evil, "cookie"), None);
    let listing = start(&format!("forward_headers: [cookie], origins: ['{evil}'],"));
    assert_eq!(status(&listing, evil, "cookie"), None);
    assert_eq!(status(&listing, ours, "cookie"), Some(403));
}

#[test]
fn a_token_that_ends_ends_its_operations() {
    let (_upstream, proxy) = start_with_tokens();
    let mut client = Client::open(proxy.address(), &[]).unwrap();
    client.say(&init(&format!("Bearer {}", token("ann", 2))));
    client.subscribe("1", "subscription{tick}");
    let heard = [client.hear_short(), client.hear_short(), client.hear_short()];
    assert_eq!(heard, ["connection_ack", "next 1", "close 4403"]);
}

/// A policy that can be replaced.
struct Replaceable {
    folder: tempfile::TempDir,
    reloader: Reloader,
    running: Running,
}

impl Replaceable {
    fn start(upstream: &SocketUpstream) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("test.graphql"), SCHEMA).unwrap();
        fs::write(folder.path().join("p.yaml"), policy("")).unwrap();
        let url = UpstreamUrl::parse(&format!("http://{}/graphql", upstream.address())).unwrap();
        let config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Config::new(url) };
        let path = folder.path().join("p.yaml");
        let (reloader, state) = Reloader::open(&path, config.cache, None).unwrap();
        let running = Server::start(config, state).unwrap();
        Self { folder, reloader, running }
    }

    fn replace(&mut self, policy: &str) {
        fs::write(self.folder.path().join("p.yaml"), policy).unwrap();
        assert!(matches!(self.reloader.reload(&self.running), Reload::Replaced));
    }
}

#[test]
fn another_policy_judges_what_runs() {
    let upstream = SocketUpstream::start();
    let mut proxy = Replaceable::start(&upstream);
    let mut client = Client::begun(proxy.running.addr(), &[]);
    client.subscribe("plain", "subscription{tick}");
    assert_eq!(client.hear_short(), "next plain");
    client.subscribe("aliased", "subscription{a:tick}");
    assert_eq!(client.hear_short(), "next aliased");
    proxy.replace(&policy("").replace("depth: 3", "aliases: 0"));
    assert_eq!(client.hear_short(), "error aliased MAX_ALIASES_LIMIT");
    upstream.wait(|it| it.messages.last() == Some(&json!({ "id": "2", "type": "complete" })));
    client.subscribe("again", "subscription{a:tick}");
    assert_eq!(client.hear_short(), "error again MAX_ALIASES_LIMIT");
    client.subscribe("other", "subscription{once}");
    assert_eq!(
        (client.hear_short(), client.hear_short()),
        ("next other".into(), "complete other".into())
    );
    proxy.replace("version: 1\nname: none\nschema: { file: test.graphql }\n");
    assert_eq!(client.hear(), "close 1012");
    proxy.running.stop();
    assert_eq!(proxy.running.join(), 0);
}

#[test]
fn whoever_never_stops_talking_is_judged_again_too() {
    let (_upstream, proxy) = start("");
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("aliased", "subscription{a:tick}");
    assert_eq!(client.hear_short(), "next aliased");
    proxy.replace(&policy("").replace("depth: 3", "aliases: 0"), SCHEMA);
    // A ping in every tenth of a second: slower than it may, and quicker than anybody looks.
    client.0.get_mut().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut heard = String::new();
    for _ in 0..100 {
        match client.0.read() {
            Ok(Message::Text(text)) if text.contains("pong") => {}
            Ok(Message::Text(text)) => {
                heard = text.to_string();
                break;
            }
            _silent => client.say(r#"{"type":"ping"}"#),
        }
    }
    assert!(heard.contains("MAX_ALIASES_LIMIT"), "{heard}");
}

#[test]
fn an_objection_is_reported_once_however_often_it_is_judged() {
    let upstream = SocketUpstream::start();
    let reports = |name: &str| {
        let policy = policy("").replace("depth: 3", "aliases: 0, mode: report");
        policy.replace("name: test", &format!("name: {name}"))
    };
    let proxy = Proxy::with(&reports("first"), SCHEMA, upstream.address(), |_config| {});
    let n_reported = || {
        let get = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = support::wire::exchange(proxy.admin_address(), get).unwrap();
        let text = String::from_utf8(answer.body).unwrap();
        let of_ours = text.lines().filter_map(|it| it.strip_prefix("portcullis_reported_total"));
        of_ours.filter_map(|it| it.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>()
    };
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("aliased", "subscription{a:tick}");
    assert_eq!((client.hear_short(), n_reported()), ("next aliased".into(), 1));
    proxy.replace(&reports("second"), SCHEMA);
    // What begins is judged by the policy in force, and whatever runs before it.
    client.subscribe("plain", "subscription{tick}");
    assert_eq!((client.hear_short(), n_reported()), ("next plain".into(), 1));
}

#[test]
fn sockets_of_another_message_limit_are_closed() {
    let (_upstream, proxy) = start("message: 4KiB");
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("1", "subscription{tick}");
    assert_eq!(client.hear_short(), "next 1");
    proxy.replace(&policy("message: 4KiB, max_operations: 5"), SCHEMA);
    client.subscribe("2", "subscription{tick}");
    assert_eq!(client.hear_short(), "next 2");
    proxy.replace(&policy("message: 1KiB"), SCHEMA);
    client.subscribe("3", "subscription{tick}");
    assert_eq!(client.hear_short(), "close 1012");
    let mut again = Client::begun(proxy.address(), &[]);
    again.subscribe("3", &format!("subscription{{tick}}{}", " ".repeat(1024)));
    assert_eq!(again.hear_short(), "close 1009");
}
