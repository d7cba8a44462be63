//! TLS with clients over real sockets: protocols, certificates, changes of them, deadlines.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod client;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use client::{Authority, connect, exchange};
use portcullis::{
    config::{ClientCertificates, Config, Front, ListenerTls},
    diagnostic::Diagnostics,
    server::{CertificateKeeper, Reload},
    sources::ListenerFiles,
};
use rustls::{
    HandshakeKind,
    version::{TLS12, TLS13},
};
use support::{
    proxy::Proxy,
    upstream::Upstream,
    wire::{post, request},
};

const POLICY: &str = "\
version: 1
name: test
schema: { file: test.graphql }
authorization:
  default: allow
  rules:
    - { on: [Query.pay], allow: 'client.mtls.common_name == \"pay\"' }
    - { on: [Query.dns], allow: '\"pay\" in client.mtls.dns' }
    - { on: [Query.uri], allow: '\"spiffe://shop/pay\" in client.mtls.uris' }
    - { on: [Query.any], allow: 'has(client.mtls)' }
";
const SCHEMA: &str = "type Query { a: Int pay: Int dns: Int uri: Int any: Int }";
const ANSWER: &str = r#"{"data":{"a":1}}"#;

fn query(field: &str) -> Vec<u8> {
    post(&format!(r#"{{"query":"{{ {field} }}"}}"#))
}

fn start(upstream: &Upstream, front: Front, change: impl FnOnce(&mut Config)) -> Proxy {
    Proxy::with(POLICY, SCHEMA, upstream.address(), |config| {
        config.front = front;
        change(config);
    })
}

fn tls(authority: &Authority, clients: Option<ClientCertificates>) -> Front {
    let clients = clients.map(|it| (authority.trust(), it));
    Front::Tls(ListenerTls::new(authority.issue("localhost").identity(), clients).unwrap())
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[test]
fn protocols_are_agreed_on_and_kept_to() {
    let (authority, upstream) = (Authority::new(), Upstream::answering(ANSWER));
    let proxy = start(&upstream, tls(&authority, None), |_config| {});
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let check = |offered: &[&str], bytes: &[u8], expect: &[u8]| {
        let mut stream = connect(proxy.address(), &authority.client(offered, None));
        let mut head = vec![0; expect.len()];
        let is_sent = stream.write_all(bytes).is_ok();
        let n = stream.read(&mut head).unwrap_or(0);
        assert_eq!(head.get(..n).unwrap(), expect, "{offered:?} {is_sent}");
    };
    let http1 = query("a");
    for offered in [&[][..], &["http/1.1"], &["x", "http/1.1"]] {
        check(offered, &http1, b"HTTP/1.1 200");
        check(offered, preface, b"");
    }
    // A frame of settings: its length comes first, then its type.
    let mut stream = connect(proxy.address(), &authority.client(&["http/1.1", "h2"], None));
    stream.write_all(preface).unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame[3], 4);
    check(&["h2"], &http1, b"");
    check(&["x"], &http1, b"");
}

#[test]
fn what_is_not_tls_reaches_nobody() {
    let (authority, upstream) = (Authority::new(), Upstream::answering(ANSWER));
    let proxy = start(&upstream, tls(&authority, None), |_config| {});
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(&query("a")).unwrap();
    let mut answer = Vec::new();
    let _ended = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"));
    assert!(upstream.take().is_empty());
}

#[test]
fn heads_are_checked_within_tls() {
    let (authority, upstream) = (Authority::new(), Upstream::answering(ANSWER));
    let proxy = start(&upstream, tls(&authority, None), |_config| {});
    let client = authority.client(&[], None);
    let both = [("Host", "a"), ("Content-Type", "application/json"), ("Transfer-Encoding", "x")];
    let bytes = request("POST", "/graphql", &both, Some(b"{}"));
    let answer = exchange(&mut connect(proxy.address(), &client), &bytes);
    assert_eq!(status(&answer), "400", "{answer}");
    assert!(upstream.take().is_empty());
}

#[test]
fn certificates_of_clients_are_who_they_are() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (pay, other) = (authority.issue("pay"), authority.issue("other"));
    let forged = stranger.issue("pay");
    let upstream = Upstream::answering(ANSWER);
    for demand in [ClientCertificates::Optional, ClientCertificates::Required] {
        let proxy = start(&upstream, tls(&authority, Some(demand)), |_config| {});
        let check = |shown: Option<&client::Issued>, field: &str, expect: &str| {
            let client = authority.client(&[], shown);
            let answer = exchange(&mut connect(proxy.address(), &client), &query(field));
            assert_eq!(status(&answer), expect, "{field} {demand:?}");
        };
        for field in ["pay", "dns", "uri"] {
            check(Some(&pay), field, "200");
            check(Some(&other), field, "403");
            check(Some(&forged), field, "");
        }
        check(Some(&other), "any", "200");
        let (nobody, nobody_asks) = match demand {
            ClientCertificates::Optional => ("200", "403"),
            ClientCertificates::Required => ("", ""),
        };
        check(None, "a", nobody);
        check(None, "any", nobody_asks);
        check(None, "pay", nobody_asks);
    }
}

#[test]
fn certificates_open_no_socket_to_other_pages() {
    let (authority, upstream) = (Authority::new(), Upstream::answering(ANSWER));
    let pay = authority.issue("pay");
    let front = tls(&authority, Some(ClientCertificates::Optional));
    let policy = format!("{POLICY}http: {{ websocket: {{}} }}\n");
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |config: &mut Config| {
        config.front = front
    });
    let check = |shown: Option<&client::Issued>, origin: &str, expect: &str| {
        // Without a key it is none that could be accepted; who asks is looked at before.
        let headers = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Origin", origin)];
        let headers = [&[("Host", "a")], &headers[..]].concat();
        let client = authority.client(&[], shown);
        let bytes = request("GET", "/graphql", &headers, None);
        let answer = exchange(&mut connect(proxy.address(), &client), &bytes);
        assert_eq!(status(&answer), expect, "{origin}: {answer}");
    };
    check(Some(&pay), "https://evil.example", "403");
    check(Some(&pay), "https://a", "400");
    check(None, "https://evil.example", "400");
}

#[test]
fn a_certificate_is_looked_at_with_every_connection() {
    let (authority, upstream) = (Authority::new(), Upstream::answering(ANSWER));
    let pay = authority.issue("pay");
    for (clients, expect) in [
        (None, HandshakeKind::Resumed),
        (Some(ClientCertificates::Optional), HandshakeKind::Full),
        (Some(ClientCertificates::Required), HandshakeKind::Full),
    ] {
        let proxy = start(&upstream, tls(&authority, clients), |_config| {});
        for version in [&TLS12, &TLS13] {
            let client = authority.client_of(&[version], &[], Some(&pay));
            let connect = || {
                let mut stream = connect(proxy.address(), &client);
                assert_eq!(status(&exchange(&mut stream, &query("a"))), "200");
                stream.conn.handshake_kind()
            };
            assert_eq!([connect(), connect()], [Some(HandshakeKind::Full), Some(expect)]);
        }
    }
}

#[test]
fn a_new_pair_counts_from_the_next_connection_and_a_bad_one_never() {
    let (authority, successor) = (Authority::new(), Authority::new());
    let (old, new) = (authority.issue("localhost").pems(), successor.issue("localhost").pems());
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|it| folder.path().join(it));
    let write = |(first, second): (&str, &str)| {
        fs::write(&certificate, first).unwrap();
        fs::write(&key, second).unwrap();
    };
    write((&old.0, &old.1));
    let files = ListenerFiles { certificate: certificate.clone(), key: key.clone(), clients: None };
    let mut found = Diagnostics::default();
    let (listener, watch) = files.load(&mut found);
    let mut keeper = CertificateKeeper::of_listener(files, watch);
    let upstream = Upstream::answering(ANSWER);
    let proxy = start(&upstream, Front::Tls(listener.unwrap()), |_config| {});
    let answers = |of: &Authority| {
        let mut stream = connect(proxy.address(), &of.client(&[], None));
        !exchange(&mut stream, &query("a")).is_empty()
    };
    let mut kept = connect(proxy.address(), &authority.client(&[], None));
    assert_eq!(status(&exchange(&mut kept, &query("a"))), "200");

    // Half of the new pair is there: as files are when they are written one after the other.
    write((&new.0, &old.1));
    assert_eq!(keeper.look(proxy.running()), None);
    assert_eq!(keeper.look(proxy.running()), Some(Reload::Kept));
    assert!(answers(&authority) && !answers(&successor));
    let ready = proxy.ready();
    assert!(ready.contains("the key does not belong to the certificate"), "{ready}");

    write((&new.0, &new.1));
    assert_eq!(keeper.look(proxy.running()), None);
    assert_eq!(keeper.look(proxy.running()), Some(Reload::Replaced));
    assert!(answers(&successor) && !answers(&authority));
    assert_eq!(status(&exchange(&mut kept, &query("a"))), "200");
    let ready = proxy.ready();
    assert!(ready.contains(r#""certificate":{"failed_reload":null}"#), "{ready}");
}

#[test]
fn a_handshake_has_a_deadline_and_nobody_waits_for_it() {
    let (authority, upstream) = (Authority::new(), Upstream::answering(ANSWER));
    let proxy = start(&upstream, tls(&authority, None), |it| {
        it.deadlines.head = Duration::from_millis(300);
    });
    let mut silent: Vec<_> = (0..50)
        .map(|n| {
            let mut stream = TcpStream::connect(proxy.address()).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            // A record that never ends, or nothing at all.
            stream.write_all(&[22, 3, 1, 2, 0, 1][..n % 7]).unwrap();
            stream
        })
        .collect();
    let mut stream = connect(proxy.address(), &authority.client(&[], None));
    assert_eq!(status(&exchange(&mut stream, &query("a"))), "200");
    for it in &mut silent {
        let mut rest = Vec::new();
        // An end or a reset, and not a time-out.
        let ended = it.read_to_end(&mut rest);
        assert!(ended.is_ok_and(|n| n < 16));
    }
}

#[test]
fn plain_text_off_loopback_is_asked_for_by_name() {
    let upstream = Upstream::answering(ANSWER);
    let anywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let proxy = start(&upstream, Front::BehindTls, |it| it.listen = anywhere);
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, proxy.address().port()));
    assert_eq!(support::wire::exchange(to, &query("a")).unwrap().status(), 200);

    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    fs::write(&policy, "version: 1\nname: t\nschema: { file: s.graphql }\n").unwrap();
    fs::write(folder.path().join("s.graphql"), SCHEMA).unwrap();
    let check = |flags: &[&str], expect: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--upstream=http://localhost/", "--admin=127.0.0.1:0"]);
        let output = command.arg("--policy").arg(&policy).args(flags).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expect), "{text}");
    };
    check(&["--listen=0.0.0.0:0"], "is not loopback");
    check(&["--listen=[::]:0"], "`--behind-tls`");
    check(&["--tls-cert=none.pem"], "--tls-key");
    check(&["--tls-cert=none.pem", "--tls-key=none.pem"], "`none.pem` cannot be read");
    check(&["--tls-cert=a", "--tls-key=a", "--behind-tls"], "cannot be used with");
    check(&["--tls-client-ca=a"], "--tls-cert");
}
