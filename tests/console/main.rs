//! The admin listener through a real socket: metrics, the console and who may look; and the audit
//! log of the real program.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod browser;
mod canary;
mod documented;
mod flood;
mod named;
mod promtool;
#[path = "../support/mod.rs"]
mod support;

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use portcullis::config::{AdminAccess, AdminToken, Secret};
use support::{
    bench::{Bench, ONE, start, start_with},
    upstream::Upstream,
    wire::{Message, exchange},
};

/// Asks the admin listener.
fn get(admin: SocketAddr, path: &str, headers: &str) -> Message {
    let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    exchange(admin, request.as_bytes()).expect("an answer")
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.body).into_owned()
}

/// A document that nobody else refuses in this process.
fn refuse(bench: &Bench, alias: &str) {
    let answer = bench.post(&format!(r#"{{"query":"{{ {alias}: b {{ b {{ a }} }} }}"}}"#));
    assert!(answer.contains("MAX_DEPTH_LIMIT"), "{answer}");
}

const LOCAL: &str = "Host: localhost\r\n";

#[test]
fn refusals_appear_on_a_page_that_loads_nothing() {
    let bench = start();
    refuse(&bench, "seen");
    bench.post(ONE);
    let page = get(bench.proxy.admin_address(), "/", LOCAL);
    assert_eq!(page.status(), 200);
    let csp = page.header("content-security-policy").expect("a policy");
    assert!(csp.starts_with("default-src 'none'") && !csp.contains("unsafe"), "{csp}");
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    let html = text(&page);
    assert!(html.contains("MAX_DEPTH_LIMIT") && html.contains("lift: [limits.depth]"), "{html}");
    for from_elsewhere in ["http://", "https://", "src=", "url(", "@import"] {
        let without_own = html.replace("http://127.0.0.1", "");
        assert!(!without_own.contains(from_elsewhere), "{from_elsewhere}: {html}");
    }
    let rule = get(bench.proxy.admin_address(), "/explain/max-depth", LOCAL);
    assert!(rule.status() == 200 && text(&rule).contains("limits.depth"));
    assert_eq!(get(bench.proxy.admin_address(), "/explain/../etc", LOCAL).status(), 404);
}

#[test]
fn hosts_of_others_are_refused() {
    let bench = start();
    for path in ["/", "/events", "/metrics", "/explain/max-depth"] {
        for host in ["Host: evil.example\r\n", "", "Host: localhost\r\nHost: localhost\r\n"] {
            let status = get(bench.proxy.admin_address(), path, host).status();
            assert!([400, 421].contains(&status), "{path} {host}: {status}");
        }
    }
    // Probes come by any name.
    assert_eq!(get(bench.proxy.admin_address(), "/livez", "Host: pod.example\r\n").status(), 200);
}

#[test]
fn a_token_is_asked_for_when_there_is_one() {
    let token = AdminToken::new(&Secret::new(b"correct horse battery")).expect("long enough");
    let bench = start_with(Upstream::start(), |config| {
        config.admin_access = AdminAccess { token: Some(token), hosts: Vec::new() };
    });
    let admin = bench.proxy.admin_address();
    for path in ["/", "/events", "/metrics", "/explain/max-depth"] {
        let refused = get(admin, path, LOCAL);
        assert_eq!(refused.status(), 401, "{path}");
        assert!(refused.header("www-authenticate").is_some_and(|it| it.starts_with("Basic")));
    }
    let wrong = format!("{LOCAL}Authorization: Bearer correct horse\r\n");
    assert_eq!(get(admin, "/", &wrong).status(), 401);
    let right = format!("{LOCAL}Authorization: Bearer correct horse battery\r\n");
    assert_eq!(get(admin, "/", &right).status(), 200);
    assert_eq!(get(admin, "/readyz", LOCAL).status(), 200);
}

#[test]
fn metrics_count_what_happens() {
    let bench = start();
    let value = |name: &str| {
        let headers = format!("{LOCAL}Accept: application/openmetrics-text\r\n");
        let metrics = get(bench.proxy.admin_address(), "/metrics", &headers);
        let media = metrics.header("content-type").expect("a type").to_owned();
        assert!(media.starts_with("application/openmetrics-text"), "{media}");
        let text = text(&metrics);
        assert!(text.ends_with("# EOF\n"));
        let line = text.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |it| it.parse().expect("a number"))
    };
    let names = [
        "portcullis_requests_total{verdict=\"admitted\",code=\"\",transport=\"http_post\"}",
        "portcullis_own_duration_seconds_count",
        "portcullis_upstream_duration_seconds_count",
        "portcullis_operation_cost_count{verdict=\"admitted\"}",
    ];
    let before = names.map(value);
    (0..5).for_each(|_| drop(bench.post(ONE)));
    // Other tests of this process count as well.
    for (name, before) in names.into_iter().zip(before) {
        assert!(value(name) - before >= 5.0, "{name}");
    }
}

#[test]
fn what_changes_is_told_to_those_who_watch() {
    let bench = start();
    let mut stream = TcpStream::connect(bench.proxy.admin_address()).expect("connect");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set a timeout");
    let request = format!("GET /events HTTP/1.1\r\n{LOCAL}\r\n");
    stream.write_all(request.as_bytes()).expect("send");
    let mut lines = BufReader::new(stream).lines().map(|it| it.expect("an event"));
    assert!(lines.any(|it| it == "event: around"), "all parts come first");
    refuse(&bench, "live");
    assert!(lines.any(|it| it == "event: refusals"));
    let data = lines.next().expect("a part");
    assert!(data.starts_with("data: ") && data.contains("MAX_DEPTH_LIMIT"), "{data}");
}

#[test]
fn who_reads_no_answers_takes_no_place() {
    let bench = start_with(Upstream::start(), |config| {
        config.deadlines.stall = Duration::from_millis(100);
    });
    let mut stream = TcpStream::connect(bench.proxy.admin_address()).expect("connect");
    stream.set_write_timeout(Some(Duration::from_secs(20))).expect("set a timeout");
    let asked = format!("GET /readyz HTTP/1.1\r\n{LOCAL}\r\n").repeat(100);
    let error = loop {
        if let Err(error) = stream.write_all(asked.as_bytes()) {
            break error.kind();
        }
    };
    assert!(matches!(error, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error:?}");
}
