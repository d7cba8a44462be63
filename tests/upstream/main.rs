//! The way to the upstream over real sockets: TLS, HTTP/2, deadlines, the signed link.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod certificates;
mod framing;
mod log;
mod patience;
mod renewed;
mod schema;
mod server;
mod unprocessed;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::Version;
use portcullis::{
    admission::{CacheLimits, Gate},
    config::{Config, LinkKey, Secret, UpstreamHttp, UpstreamTls, UpstreamUrl},
    server::{Running, Server as Proxy, State},
    sources::load_policy,
};
use tokio::sync::mpsc::unbounded_channel;

use certificates::{Authority, Validity};
use server::{ANSWER, Answers, Server};

const POLICY: &str = "\
version: 1
name: test
schema: { file: test.graphql }
";

const BOTH: &[&str] = &["h2", "http/1.1"];
const ONE: &str = r#"{"query":"{ a }"}"#;
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

fn state(policy: &str) -> State {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    std::fs::write(folder.path().join("test.graphql"), "type Query { a: Int }").unwrap();
    std::fs::write(&path, policy).unwrap();
    let (policy, found) = load_policy(&path);
    let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
    State::new(Gate::new(Arc::new(policy), CacheLimits::default()))
}

/// A proxy in front of `scheme://host:port/up?x=1`.
fn start(base: &str, address: SocketAddr, change: impl FnOnce(&mut Config)) -> Running {
    start_under((POLICY, base), address, change)
}

fn start_under(
    (policy, base): (&str, &str),
    address: SocketAddr,
    change: impl FnOnce(&mut Config),
) -> Running {
    log::start();
    let url = UpstreamUrl::parse(&format!("{base}:{}/up?x=1", address.port())).unwrap();
    let mut config = Config::new(url);
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.admin = None;
    // One worker, so that there is one pool.
    config.workers = NonZeroUsize::MIN;
    change(&mut config);
    Proxy::start(config, state(policy)).unwrap()
}

fn trusting(authority: &Authority) -> Option<UpstreamTls> {
    Some(UpstreamTls::new(authority.trust(), None).unwrap())
}

fn connect(proxy: &Running, header: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.addr()).unwrap();
    // An answer that takes longer is a hang.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let rest = format!("Connection: close\r\nContent-Length: {}\r\n\r\n{ONE}", ONE.len());
    write!(stream, "{head}{header}{rest}").unwrap();
    stream
}

fn post(proxy: &Running) -> String {
    let mut answer = String::new();
    connect(proxy, "").read_to_string(&mut answer).unwrap();
    answer
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

/// That the log tells why a request failed, and the client is not told.
fn check_failure(proxy: &Running, expect: &str, reason: &str) {
    let answer = post(proxy);
    assert_eq!(status(&answer), expect, "{answer}");
    assert!(!answer.contains(reason), "{answer}");
    let id = answer.lines().find_map(|it| it.strip_prefix("x-request-id: ")).unwrap();
    let lines = log::lines_with(id);
    assert!(lines.contains("upstream-failed") && lines.contains(reason), "{lines}");
}

#[test]
fn a_certificate_of_the_authority_is_accepted_by_name_and_by_address() {
    for host in ["localhost", "127.0.0.1"] {
        let authority = Authority::new();
        let tls = authority.issue(host, Validity::Good).server(BOTH, None);
        let server = Server::start(Some(tls), false, Answers::AtOnce);
        let proxy = start(&format!("https://{host}"), server.address, |it| {
            it.upstream_tls = trusting(&authority);
        });
        let answer = post(&proxy);
        assert_eq!(status(&answer), "200", "{answer}");
        let seen = server.seen();
        assert_eq!(seen[0].path, "/up?x=1");
        assert_eq!(seen[0].authority, format!("{host}:{}", server.address.port()));
    }
}

#[test]
fn other_certificates_are_a_502_and_the_log_tells_why() {
    let [authority, other, namesake] = ["ours", "other", "ours"].map(Authority::called);
    for (trusted, name, validity, reason) in [
        (&other, "localhost", Validity::Good, "UnknownIssuer"),
        (&namesake, "localhost", Validity::Good, "BadSignature"),
        (&authority, "other.example", Validity::Good, "not valid for name"),
        (&authority, "127.0.0.1", Validity::Good, "not valid for name"),
        (&authority, "localhost", Validity::Expired, "expired"),
    ] {
        let tls = authority.issue(name, validity).server(BOTH, None);
        let server = Server::start(Some(tls), false, Answers::AtOnce);
        let proxy = start("https://localhost", server.address, |it| {
            it.upstream_tls = trusting(trusted);
        });
        check_failure(&proxy, "502", reason);
        assert!(server.seen().is_empty());
    }
}

#[test]
fn a_client_certificate_is_shown_to_who_asks_for_it() {
    let (authority, clients) = (Authority::new(), Authority::new());
    for protocols in [BOTH, &["http/1.1"]] {
        let tls = authority.issue("localhost", Validity::Good).server(protocols, Some(&clients));
        let server = Server::start(Some(tls), false, Answers::AtOnce);
        let without = start("https://localhost", server.address, |it| {
            it.upstream_tls = trusting(&authority);
        });
        check_failure(&without, "502", "CertificateRequired");
        assert!(server.seen().is_empty());
        let identity = clients.issue("portcullis", Validity::Good).identity();
        let with = start("https://localhost", server.address, |it| {
            it.upstream_tls = Some(UpstreamTls::new(authority.trust(), Some(identity)).unwrap());
        });
        assert_eq!(status(&post(&with)), "200");
    }
}

#[test]
fn https_without_authorities_does_not_start() {
    let config = Config::new(UpstreamUrl::parse("https://localhost/").unwrap());
    let error = Proxy::start(config, state(POLICY)).unwrap_err();
    assert_eq!(error.to_string(), "an `https` upstream needs to be told whom to trust");
}

#[test]
fn the_protocol_is_what_the_upstream_chooses_of_what_we_offer() {
    let authority = Authority::new();
    for (protocols, http, expect) in [
        (BOTH, UpstreamHttp::Auto, Version::HTTP_2),
        (&["h2"], UpstreamHttp::Auto, Version::HTTP_2),
        (&["http/1.1"], UpstreamHttp::Auto, Version::HTTP_11),
        (&[], UpstreamHttp::Auto, Version::HTTP_11),
        (BOTH, UpstreamHttp::Http1, Version::HTTP_11),
    ] {
        let tls = authority.issue("localhost", Validity::Good).server(protocols, None);
        let server = Server::start(Some(tls), false, Answers::AtOnce);
        let proxy = start("https://localhost", server.address, |it| {
            it.upstream_tls = trusting(&authority);
            it.upstream_http = http;
        });
        assert_eq!(status(&post(&proxy)), "200");
        assert_eq!(server.seen()[0].version, expect, "{protocols:?} {http:?}");
    }
    let server = Server::start(None, true, Answers::AtOnce);
    let proxy =
        start("http://127.0.0.1", server.address, |it| it.upstream_http = UpstreamHttp::H2c);
    assert!(post(&proxy).contains(ANSWER));
    assert_eq!(server.seen()[0].version, Version::HTTP_2);
}

/// 101 clients at a time, each of which is answered when all have arrived.
fn connections_of_101_requests(tls: &[&str]) -> Vec<usize> {
    let authority = Authority::new();
    let tls = authority.issue("localhost", Validity::Good).server(tls, None);
    let server = Server::start(Some(tls), false, Answers::Together(101));
    let proxy = start("https://localhost", server.address, |it| {
        it.upstream_tls = trusting(&authority);
        // Busy machines take long for a hundred handshakes.
        it.deadlines.connect = Duration::from_secs(20);
    });
    let clients: Vec<_> = (0..101).map(|_| connect(&proxy, "")).collect();
    for mut client in clients {
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(status(&answer), "200", "{answer}");
    }
    let mut connections: Vec<_> = server.seen().iter().map(|it| it.connection).collect();
    connections.sort_unstable();
    connections
}

#[test]
fn an_http2_connection_serves_100_requests_at_a_time() {
    let expect: Vec<_> = std::iter::repeat_n(0, 100).chain([1]).collect();
    assert_eq!(connections_of_101_requests(BOTH), expect);
}

#[test]
fn an_http1_connection_serves_one_request_at_a_time() {
    let mut connections = connections_of_101_requests(&["http/1.1"]);
    connections.dedup();
    assert_eq!(connections.len(), 101);
}

#[test]
fn an_upstream_that_does_not_answer_is_a_504() {
    let soon = Duration::from_millis(50);
    let authority = Authority::new();
    // The system accepts for it, as far as TCP goes.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let no_handshake = start("https://localhost", address, |it| {
        it.upstream_tls = trusting(&authority);
        it.deadlines.connect = soon;
    });
    check_failure(&no_handshake, "504", "connecting took too long");
    for http in [UpstreamHttp::Auto, UpstreamHttp::H2c] {
        let no_answer = start("http://127.0.0.1", address, |it| {
            it.upstream_http = http;
            it.deadlines.response = soon;
        });
        check_failure(&no_answer, "504", "no answer in time");
    }
}

#[test]
fn an_http2_connection_that_fell_silent_is_not_used_again() {
    let server = Server::start(None, true, Answers::NotTheFirst);
    let proxy = start("http://127.0.0.1", server.address, |it| {
        it.upstream_http = UpstreamHttp::H2c;
        it.deadlines.response = Duration::from_millis(500);
    });
    check_failure(&proxy, "504", "no answer in time");
    assert_eq!(status(&post(&proxy)), "200");
    let connections: Vec<_> = server.seen().iter().map(|it| it.connection).collect();
    assert_eq!(connections, [0, 1]);
}

/// Answers the first request of every connection, reads the second, and hangs up.
fn answer_once_per_connection(listener: &TcpListener, n_read: &AtomicUsize) {
    for mut stream in listener.incoming().map(Result::unwrap) {
        let mut text = String::new();
        let mut piece = [0; 4096];
        for is_first in [true, false] {
            while !text.ends_with('}') {
                match stream.read(&mut piece).unwrap() {
                    0 => return,
                    n => text += std::str::from_utf8(&piece[..n]).unwrap(),
                }
            }
            text.clear();
            n_read.fetch_add(1, Ordering::SeqCst);
            if is_first {
                let head = "HTTP/1.1 200 OK\r\nContent-Length: ";
                write!(stream, "{head}{}\r\n\r\n{ANSWER}", ANSWER.len()).unwrap();
            }
        }
    }
}

#[test]
fn a_request_that_was_sent_is_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let n_read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_read);
    std::thread::spawn(move || answer_once_per_connection(&listener, &counted));
    let proxy = start("http://127.0.0.1", address, |_config| {});
    let mut client = TcpStream::connect(proxy.addr()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (end, expect) in [(ANSWER, "200"), ("}]}", "502")] {
        write!(client, "{head}Content-Length: {}\r\n\r\n{ONE}", ONE.len()).unwrap();
        let mut answer = String::new();
        let mut piece = [0; 4096];
        while !answer.ends_with(end) {
            let n = client.read(&mut piece).unwrap();
            assert!(n > 0, "{answer}");
            answer += std::str::from_utf8(&piece[..n]).unwrap();
        }
        assert_eq!(status(&answer), expect, "{answer}");
    }
    assert_eq!(n_read.load(Ordering::SeqCst), 2);
}

#[test]
fn an_answer_is_relayed_as_it_comes() {
    let authority = Authority::new();
    for protocols in [None, Some(["http/1.1"]), Some(["h2"])] {
        let issued = authority.issue("localhost", Validity::Good);
        let tls = protocols.map(|it| issued.server(&it, None));
        let base = if tls.is_some() { "https://localhost" } else { "http://localhost" };
        let (send, pieces) = unbounded_channel();
        let server = Server::start(tls, false, Answers::Pieces(pieces));
        let proxy = start(base, server.address, |it| it.upstream_tls = trusting(&authority));
        let mut client = connect(&proxy, "");
        send.send(Bytes::from(r#"{"data":"#)).unwrap();
        let mut answer = String::new();
        let mut piece = [0; 4096];
        // The upstream writes nothing more until this has been read.
        while !answer.contains(r#"{"data":"#) {
            let n = client.read(&mut piece).unwrap();
            assert!(n > 0, "{answer}");
            answer += std::str::from_utf8(&piece[..n]).unwrap();
        }
        send.send(Bytes::from("null}")).unwrap();
        drop(send);
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("null}"), "{answer}");
    }
}

#[test]
fn requests_are_signed_and_a_clients_own_signature_never_passes() {
    let forged = "X-Portcullis-Signature: t=1,v1=00\r\n";
    for http in [UpstreamHttp::Auto, UpstreamHttp::H2c] {
        let server = Server::start(None, http == UpstreamHttp::H2c, Answers::AtOnce);
        for key in [None, Some(LinkKey::new(&Secret::new(KEY)).unwrap())] {
            let proxy = start("http://127.0.0.1", server.address, |it| {
                it.upstream_http = http;
                it.upstream_key = key;
            });
            let mut answer = String::new();
            connect(&proxy, forged).read_to_string(&mut answer).unwrap();
            assert_eq!(status(&answer), "200", "{answer}");
        }
        let seen = server.seen();
        assert!(!seen[0].headers.contains_key("x-portcullis-signature"));
        let values: Vec<_> = seen[1].headers.get_all("x-portcullis-signature").iter().collect();
        assert_eq!(values.len(), 1);
        seen[1].check_signature(KEY);
    }
}

#[test]
fn flags_that_cannot_be_obeyed_are_misuse() {
    let http = "--upstream=http://localhost/";
    let https = "--upstream=https://localhost/";
    for (flags, expect) in [
        (&[http, "--upstream-ca=none.pem"][..], "have no effect"),
        (&[https, "--upstream-ca=none.pem"], "`none.pem` cannot be read"),
        (&[https, "--upstream-http=h2c"], "needs an `http://` upstream"),
        (&[https, "--upstream-cert=none.pem"], "--upstream-key"),
        (&[http, "--upstream-secret-file=none"], "`none` cannot be read"),
        (&["--upstream=ftp://localhost/"], "must start with `http://` or `https://`"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let output = command.args(["serve", "--policy=none.yaml"]).args(flags).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expect), "{text}");
    }
}
