//! Answers that go on: not held back, and bounded otherwise than answers are.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use portcullis::config::{Config, UpstreamUrl};
use serde_json::json;

use crate::{
    SCHEMA, policy,
    support::{
        proxy::Proxy,
        socket::{self, SocketUpstream},
        wire::{Message, exchange, read_message, request},
    },
};

/// An upstream that answers one request, as the test says.
struct Upstream {
    address: SocketAddr,
    /// Pieces of its answer.
    pieces: Sender<&'static str>,
    seen: Receiver<Message>,
}

impl Upstream {
    fn start(media: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (pieces, to_send) = channel::<&str>();
        let (saw, seen) = channel();
        thread::spawn(move || {
            let stream = listener.accept().unwrap().0;
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let Ok(Some(message)) = read_message(&mut reader) else { return };
            saw.send(message).unwrap();
            let mut stream = stream;
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: ";
            let _ = write!(stream, "{head}{media}\r\n\r\n");
            for piece in to_send {
                let _ = write!(stream, "{:x}\r\n{piece}\r\n", piece.len());
            }
        });
        Self { address, pieces, seen }
    }
}

/// A client in the middle of an answer.
struct Client(BufReader<TcpStream>);

impl Client {
    /// Asks, and reads the head of the answer.
    fn ask(to: SocketAddr, accept: &str) -> (Self, Message) {
        Self::ask_for(to, accept, r#"{"query":"subscription { tick } # c"}"#)
    }

    fn ask_for(to: SocketAddr, accept: &str, body: &str) -> (Self, Message) {
        let mut stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(&post(accept, body)).unwrap();
        let mut reader = BufReader::new(stream);
        let mut message = Message::default();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) => {
                    message.headers.push((name.to_ascii_lowercase(), value.to_owned()));
                }
                None if line == "\r\n" => return (Self(reader), message),
                None => message.first = line,
            }
        }
    }

    /// The next piece; nothing at the end, however it comes.
    fn next(&mut self) -> String {
        let mut size = String::new();
        let _ = self.0.read_line(&mut size);
        let n = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let mut piece = vec![0; n];
        self.0.read_exact(&mut piece).unwrap();
        let _ = self.0.read_line(&mut size);
        String::from_utf8(piece).unwrap()
    }

    /// Whether nothing more comes, not even the end, and the connection is closed.
    fn breaks_off(mut self) -> bool {
        let mut rest = Vec::new();
        let ended = self.0.read_to_end(&mut rest);
        let is_silent = ended.is_err_and(|it| it.kind() == ErrorKind::WouldBlock);
        rest.is_empty() && !is_silent
    }

    /// All that still comes, as it is written.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        let _ = self.0.read_to_string(&mut rest);
        rest
    }
}

fn post(accept: &str, body: &str) -> Vec<u8> {
    let headers = [("Host", "a"), ("Content-Type", "application/json"), ("Accept", accept)];
    request("POST", "/graphql", &headers, Some(body.as_bytes()))
}

fn start(upstream: &Upstream, change: impl FnOnce(&mut Config)) -> Proxy {
    Proxy::with(&policy(""), SCHEMA, upstream.address, change)
}

#[test]
fn a_subscription_may_be_silent() {
    let upstream = Upstream::start("text/event-stream");
    let timeout = "response: { timeout: { first_byte: 10s, idle: 1ms, total: 10s } }\n";
    let policy = [&policy(""), timeout].concat();
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address, |_config| {});
    let (mut client, _head) = Client::ask(proxy.address(), "text/event-stream");
    let event = "event: next\ndata: {\"data\":{\"tick\":1}}\n\n";
    upstream.pieces.send(event).unwrap();
    assert_eq!(client.next(), event);
    // Longer than an answer to a query may pause.
    for _ in 0..20 {
        exchange(proxy.address(), &post("application/json", "{")).unwrap();
    }
    upstream.pieces.send(event).unwrap();
    assert_eq!(client.next(), event);
}

#[test]
fn pieces_pass_as_they_come() {
    let check = |accept: &str, media: &'static str, expect: &str| {
        let upstream = Upstream::start(media);
        let proxy = start(&upstream, |_config| {});
        let (mut client, head) = Client::ask(proxy.address(), accept);
        assert_eq!((head.status(), head.header("content-type")), (200, Some(media)));
        let seen = upstream.seen.recv().unwrap();
        assert_eq!(seen.header("accept"), Some(expect));
        assert_eq!(seen.json(), Some(json!({ "query": "subscription{tick}" })));
        for piece in ["event: next\ndata: 1\n\n", ":\n\n", "--boundary"] {
            upstream.pieces.send(piece).unwrap();
            assert_eq!(client.next(), piece);
        }
    };
    check("text/event-stream", "text/event-stream; charset=utf-8", "text/event-stream");
    check("*/*", "text/event-stream", "text/event-stream");
    let parts = "multipart/mixed;deferSpec=20220824, application/json";
    check(parts, "multipart/mixed; boundary=\"-\"", parts);
}

/// A batch is never answered as events, whatever its client takes.
#[test]
fn a_batch_is_asked_for_as_json() {
    let upstream = Upstream::start("application/json");
    let batch = policy("").replace("http: {", "http: { batch: 2,");
    let proxy = Proxy::with(&batch, SCHEMA, upstream.address, |_config| {});
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(&post("*/*", r#"[{"query":"subscription { tick }"}]"#)).unwrap();
    assert_eq!(upstream.seen.recv().unwrap().header("accept"), Some("application/json"));
}

#[test]
fn other_bounds_hold_than_for_answers() {
    let lasted = |request: u64, stream: u64, idle: u64| {
        let upstream = Upstream::start("text/event-stream");
        let proxy = start(&upstream, |config| {
            config.deadlines.request = Duration::from_millis(request);
            config.deadlines.stream = Duration::from_millis(stream);
            config.deadlines.stream_idle = Duration::from_millis(idle);
        });
        let begun = Instant::now();
        let (mut client, _head) = Client::ask(proxy.address(), "text/event-stream");
        upstream.pieces.send(":\n\n").unwrap();
        assert_eq!(client.next(), ":\n\n");
        assert!(client.breaks_off());
        begun.elapsed()
    };
    let long = Duration::from_secs(1);
    assert!(lasted(500, 1000, 60_000) >= long, "the deadline of a request does not hold");
    assert!(lasted(60_000, 60_000, 200) < Duration::from_secs(20));
}

#[test]
fn a_drain_breaks_streams_off() {
    let upstream = Upstream::start("text/event-stream");
    let proxy = start(&upstream, |_config| {});
    let (client, _head) = Client::ask(proxy.address(), "text/event-stream");
    proxy.begin_to_stop();
    // An end would be that of the subscription, and nobody would ask again.
    assert!(client.breaks_off());
    assert_eq!(proxy.stop(), 0);
}

/// An answer in parts, of which the first has come.
fn in_parts(
    change: impl FnOnce(&mut Config),
    sockets: &SocketUpstream,
) -> (Upstream, Proxy, Client) {
    let upstream = Upstream::start("multipart/mixed; boundary=\"-\"");
    let with_parts = parts_policy("depth: 3");
    let proxy = Proxy::with(&with_parts, SCHEMA, upstream.address, |config| {
        config.workers = NonZeroUsize::MIN;
        let url = format!("ws://{}/", sockets.address());
        config.upstream_websocket = UpstreamUrl::parse_websocket(&url).ok();
        change(config);
    });
    let accept = "multipart/mixed;deferSpec=20220824, application/json";
    let body = r#"{"query":"{ ... @defer { a } }"}"#;
    let (mut client, head) = Client::ask_for(proxy.address(), accept, body);
    assert_eq!(head.status(), 200, "{head:?}");
    upstream.pieces.send(FIRST).unwrap();
    assert_eq!(client.next(), FIRST);
    (upstream, proxy, client)
}

/// With `@defer`, and limits.
fn parts_policy(limits: &str) -> String {
    policy("").replace("depth: 3", limits) + "directives: [skip, include, defer, stream]\n"
}

#[track_caller]
fn ends_whole(upstream: &Upstream, client: Client) {
    // Nothing, as a piece, is the end.
    [LAST, ""].into_iter().for_each(|it| upstream.pieces.send(it).unwrap());
    let expect = format!("{:X}\r\n{LAST}\r\n0\r\n\r\n", LAST.len());
    assert_eq!(client.rest(), expect);
}

const FIRST: &str =
    "\r\n---\r\nContent-Type: application/json\r\n\r\n{\"data\":{},\"hasNext\":true}\r\n---";
const LAST: &str = "\r\nContent-Type: application/json\r\n\r\n{\"hasNext\":false}\r\n-----\r\n";

#[test]
fn a_stop_does_not_halve_an_answer_in_parts() {
    let sockets = SocketUpstream::start();
    let (upstream, proxy, client) = in_parts(|_config| {}, &sockets);
    let mut idle = socket::Client::begun(proxy.address(), &[]);
    proxy.begin_to_stop();
    assert_eq!(idle.hear(), "close 1001");
    ends_whole(&upstream, client);
    assert_eq!(proxy.stop(), 0);
}

#[test]
fn another_policy_does_not_halve_an_answer_in_parts() {
    let sockets = SocketUpstream::start();
    let (upstream, proxy, client) = in_parts(|_config| {}, &sockets);
    proxy.replace(&parts_policy("depth: 4"), SCHEMA);
    // What runs over a socket is looked at as often as what goes on.
    let mut live = socket::Client::begun(proxy.address(), &[]);
    live.subscribe("aliased", "subscription{a:tick}");
    assert_eq!(live.hear_short(), "next aliased");
    proxy.replace(&parts_policy("aliases: 0"), SCHEMA);
    assert_eq!(live.hear_short(), "error aliased MAX_ALIASES_LIMIT");
    ends_whole(&upstream, client);
}

/// A subscription that runs, of which an event has come.
fn running(policy: &str, sockets: &SocketUpstream) -> (Upstream, Proxy, Client) {
    let upstream = Upstream::start("text/event-stream");
    let proxy = Proxy::with(policy, SCHEMA, upstream.address, |config| {
        config.workers = NonZeroUsize::MIN;
        let url = format!("ws://{}/", sockets.address());
        config.upstream_websocket = UpstreamUrl::parse_websocket(&url).ok();
    });
    let body = r#"{"query":"subscription { a: tick }"}"#;
    let (mut client, head) = Client::ask_for(proxy.address(), "text/event-stream", body);
    assert_eq!(head.status(), 200, "{head:?}");
    upstream.pieces.send(EVENT).unwrap();
    assert_eq!(client.next(), EVENT);
    (upstream, proxy, client)
}

#[test]
fn subscriptions_hold_as_much_as_they_may() {
    let upstreams = [(); 2].map(|()| Upstream::start("text/event-stream"));
    let [one, other] = &upstreams;
    let proxy = start(one, |config| {
        config.workers = NonZeroUsize::MIN;
        config.bounds.bodies = 60;
    });
    let (client, head) = Client::ask(proxy.address(), "text/event-stream");
    assert_eq!(head.status(), 200, "{head:?}");
    let body = r#"{"query":"subscription { tick } # c"}"#;
    let refused = exchange(proxy.address(), &post("text/event-stream", body)).unwrap();
    let told = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(told.contains("SERVICE_UNAVAILABLE"), "{told}");
    drop((client, other));
}

const EVENT: &str = "event: next\ndata: {\"data\":{\"a\":1}}\n\n";

#[test]
fn another_policy_ends_no_events_that_it_lets_go_on() {
    let sockets = SocketUpstream::start();
    let contract = "response: { contract: report }\n";
    for response in ["", contract] {
        let before = policy("") + response;
        let (upstream, proxy, mut client) = running(&before, &sockets);
        let laid_out = before.replace("limits: {", "# As before.\nlimits:  {");
        let within = before.replace(contract, "response:\n  # As before.\n  contract: 'report'\n");
        for after in [laid_out, within, before.replace("depth: 3", "depth: 2")] {
            proxy.replace(&after, SCHEMA);
            was_judged(&proxy, &after);
            upstream.pieces.send(EVENT).unwrap();
            assert_eq!(client.next(), EVENT);
        }
        upstream.pieces.send("").unwrap();
        let mut end = String::new();
        client.0.read_line(&mut end).unwrap();
        assert_eq!(end, "0\r\n");
    }
}

/// Waits until what goes on was judged under a policy that is in force. What runs over a socket is
/// looked at as often, so that one which begins now ends later.
fn was_judged(proxy: &Proxy, policy: &str) {
    let mut live = socket::Client::begun(proxy.address(), &[]);
    live.subscribe("1", "subscription{tick}");
    assert_eq!(live.hear_short(), "next 1");
    proxy.replace(&policy.replace("websocket: {", "websocket: { message: 1KiB"), SCHEMA);
    assert_eq!(live.hear(), "close 1012");
}

#[test]
fn events_that_may_not_go_on_break_off() {
    let sockets = SocketUpstream::start();
    let before = policy("");
    for after in [
        before.replace("depth: 3", "aliases: 0"),
        before.replace("http: {", "http: { forward_headers: [user-agent],"),
        before.replace("http: {", "http: { path: /other,"),
        before.clone() + "response: { contract: report }\n",
        before.clone() + "operations: { kinds: [query] }\n",
    ] {
        let (_upstream, proxy, client) = running(&before, &sockets);
        proxy.replace(&after, SCHEMA);
        assert!(client.breaks_off(), "{after}");
    }
}

/// The block says the same words, and they mean another list.
#[test]
fn events_break_off_when_the_answer_is_read_otherwise_by_an_alias() {
    let sockets = SocketUpstream::start();
    let alias = "once_per_request: &own [Mutation.b]\nresponse: { redact: *own }\n";
    let before = policy("") + alias;
    let (_upstream, proxy, client) = running(&before, &sockets);
    proxy.replace(&before.replace("[Mutation.b]", "[Mutation.b, Subscription.tick]"), SCHEMA);
    assert!(client.breaks_off());
}

#[test]
fn half_an_answer_does_not_pass_for_a_whole_one() {
    let sockets = SocketUpstream::start();
    let brief = |config: &mut Config| config.deadlines.stream = Duration::from_millis(50);
    let (_upstream, _proxy, client) = in_parts(brief, &sockets);
    assert_eq!(client.rest(), "");
    let brief = |config: &mut Config| config.deadlines.grace = Duration::from_millis(50);
    let (_upstream, proxy, client) = in_parts(brief, &sockets);
    assert_eq!((proxy.stop(), &*client.rest()), (1, ""));
}

#[test]
fn a_refused_operation_is_an_event_and_a_bad_request_is_not() {
    let upstream = Upstream::start("text/event-stream");
    let proxy = start(&upstream, |_config| {});
    let ask = |body: &str| {
        let answer = exchange(proxy.address(), &post("text/event-stream", body)).unwrap();
        let media = answer.header("content-type").unwrap().to_owned();
        (answer.status(), media, String::from_utf8(answer.body).unwrap())
    };
    let (status, media, text) = ask(r#"{"query":"{__schema{types{name}}}"}"#);
    assert_eq!((status, &*media), (200, "text/event-stream"));
    let (next, rest) = text.split_once("\n\n").unwrap();
    assert_eq!(rest, "event: complete\ndata: \n\n");
    let data = next.strip_prefix("event: next\ndata: ").unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED");
    for body in ["{", "[]", r#"[{"query":"{a}"}]"#, "{}"] {
        let (status, media, _text) = ask(body);
        assert_eq!((status, &*media), (400, "application/json; charset=utf-8"), "{body}");
    }
    assert!(upstream.seen.try_recv().is_err());
}
