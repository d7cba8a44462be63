//! What happens under too much load, and in front of an upstream that fails.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use portcullis::config::{Config, UpstreamUrl};
use support::{
    bench::{ANSWER, Bench, ONE, POST, exchange, read_answer, start_with, status},
    proxy::Proxy,
    upstream::Upstream,
};

/// One worker, so that there is one breaker and one queue.
fn one_worker(upstream: Upstream, change: impl FnOnce(&mut Config)) -> Bench {
    start_with(upstream, |config| {
        config.workers = NonZeroUsize::MIN;
        change(config);
    })
}

fn url(address: SocketAddr) -> UpstreamUrl {
    UpstreamUrl::parse(&format!("http://{address}/up?x=1")).unwrap()
}

fn retry_after(answer: &str) -> Option<u64> {
    answer.lines().find_map(|it| it.strip_prefix("retry-after: "))?.parse().ok()
}

#[test]
fn an_upstream_that_is_away_is_not_asked_until_it_is_back() {
    let upstream = Upstream::nowhere();
    let address = upstream.address();
    let bench = one_worker(upstream, |it| {
        it.bounds.breaker_failures = 3;
        it.deadlines.breaker_open = Duration::from_millis(50);
    });
    for _ in 0..3 {
        let answer = bench.post(ONE);
        assert_eq!(status(&answer), "502", "{answer}");
    }
    let answer = bench.post(ONE);
    assert_eq!((status(&answer), retry_after(&answer)), ("503", Some(1)), "{answer}");
    assert!(answer.contains("UPSTREAM_UNAVAILABLE"), "{answer}");
    // It is back, at the address where it was.
    let listener = TcpListener::bind(address).unwrap();
    thread::spawn(move || answer_all(&listener, &AtomicUsize::new(0)));
    let mut n_refused = 0;
    while status(&bench.post(ONE)) != "200" {
        n_refused += 1;
        assert!(n_refused < 100_000);
    }
    for _ in 0..20 {
        assert_eq!(status(&bench.post(ONE)), "200");
    }
}

/// Answers everything; counts the requests.
fn answer_all(listener: &TcpListener, n: &AtomicUsize) {
    thread::scope(|scope| {
        for mut stream in listener.incoming().map_while(Result::ok) {
            scope.spawn(move || {
                let mut piece = [0; 4096];
                let mut text = String::new();
                while let Ok(1..) = stream.read(&mut piece).inspect(|n| {
                    text += &String::from_utf8_lossy(&piece[..*n]);
                }) {
                    if text.ends_with('}') {
                        text.clear();
                        n.fetch_add(1, Ordering::SeqCst);
                        let head = "HTTP/1.1 200 OK\r\nContent-Length: ";
                        let _gone = write!(stream, "{head}{}\r\n\r\n{ANSWER}", ANSWER.len());
                    }
                }
            });
        }
    });
}

fn counting() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, n) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&n);
    thread::spawn(move || answer_all(&listener, &counted));
    (address, n)
}

#[test]
fn addresses_share_the_load_and_one_that_is_away_costs_no_request() {
    let (second, n_second) = counting();
    let away = Upstream::nowhere();
    let bench = one_worker(Upstream::answering(ANSWER), |it| {
        it.more_upstreams = vec![url(second), url(away.address())];
    });
    for _ in 0..100 {
        let answer = bench.post(ONE);
        assert_eq!(status(&answer), "200", "{answer}");
    }
    let (n_first, n_second) = (bench.upstream.take().len(), n_second.load(Ordering::SeqCst));
    assert_eq!(n_first + n_second, 100);
    assert!(n_first > 20 && n_second > 20, "{n_first} and {n_second}");
}

#[test]
fn a_request_that_was_sent_goes_to_no_other_address() {
    let (second, n_second) = counting();
    // It reads a request, and hangs up.
    let bench = one_worker(Upstream::raw(Some("")), |it| {
        it.more_upstreams = vec![url(second)];
        it.bounds.breaker_failures = 1_000;
    });
    let answers: Vec<_> = (0..20).map(|_| bench.post(ONE)).collect();
    let n_good = answers.iter().filter(|it| status(it) == "200").count();
    let n_lost = answers.iter().filter(|it| status(it) == "502").count();
    assert_eq!(n_good + n_lost, 20);
    assert_eq!((bench.upstream.take().len(), n_second.load(Ordering::SeqCst)), (n_lost, n_good));
    assert!(n_lost > 0);
}

#[test]
fn an_address_that_fails_is_left_alone() {
    let (second, _n) = counting();
    let down = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let bench = one_worker(Upstream::raw(Some(down)), |it| {
        it.more_upstreams = vec![url(second)];
        it.bounds.breaker_failures = 3;
        it.deadlines.breaker_open = Duration::from_secs(3600);
    });
    let n_good = (0..40).filter(|_| status(&bench.post(ONE)) == "200").count();
    assert_eq!(n_good, 37);
    assert_eq!(bench.upstream.take().len(), 3);
}

/// GraphQL Yoga lets a resolver choose the status of its answer.
#[test]
fn an_answer_of_graphql_is_one_whatever_its_status() {
    let saying = |rest: String| {
        let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n";
        // It closes what it has answered, which must not be a surprise.
        let answer = format!("{head}Connection: close\r\n{rest}");
        let bench = one_worker(Upstream::raw(Some(answer.leak())), |it| {
            it.bounds.breaker_failures = 3;
            it.deadlines.breaker_open = Duration::from_secs(3600);
        });
        for _ in 0..6 {
            assert!(matches!(status(&bench.post(ONE)), "502" | "503"));
        }
        bench.upstream.take().len()
    };
    let answering = |body: &str| saying(format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    assert_eq!(answering(r#"{"errors":[{"message":"no"}],"data":null}"#), 6);
    assert_eq!(answering(r#"{"message":"no server is there"}"#), 3);
    assert_eq!(answering(""), 3);
    let long = format!(r#"{{"extensions":{{"a":"{}"}},"errors":[]}}"#, "a".repeat(20_000));
    assert_eq!(answering(&long), 6);
    let chunks = "Transfer-Encoding: chunked\r\n\r\n";
    assert_eq!(saying(format!("{chunks}0\r\n\r\n")), 3);
    let divided = "5\r\n{\"err\r\n9\r\nors\":[] }\r\n0\r\n\r\n";
    assert_eq!(saying(format!("{chunks}{divided}")), 6);
    let coded = "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(saying(coded.to_owned()), 3);
}

#[test]
fn an_upstream_that_hangs_is_left_alone_however_shortly_the_policy_waits() {
    for timeout in ["first_byte: 50ms", "total: 50ms"] {
        let policy = format!(
            "version: 1\nname: test\nschema: {{ file: test.graphql }}\n\
             response: {{ timeout: {{ {timeout} }} }}\n"
        );
        let upstream = Upstream::raw(None);
        let schema = "type Query { a: Int }";
        let proxy = Proxy::with(&policy, schema, upstream.address(), |it| {
            it.workers = NonZeroUsize::MIN;
            it.bounds.breaker_failures = 3;
            it.deadlines.breaker_open = Duration::from_secs(3600);
        });
        let bench = Bench { upstream, proxy };
        let statuses = [(); 4].map(|()| status(&bench.post(ONE)).to_owned());
        assert_eq!(statuses, ["504", "504", "504", "503"], "{timeout}");
    }
}

/// An upstream that answers each request when it is told to, and tells of each that comes.
fn patient(n: usize) -> (SocketAddr, Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, receive) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().take(n).map(Result::unwrap) {
            let mut text = String::new();
            let mut piece = [0; 4096];
            while !text.ends_with('}') {
                let n = stream.read(&mut piece).unwrap();
                assert!(n > 0);
                text += std::str::from_utf8(&piece[..n]).unwrap();
            }
            send.send(stream).unwrap();
        }
    });
    (address, receive)
}

fn say(stream: &mut TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
    write!(stream, "{head}{}\r\n\r\n{ANSWER}", ANSWER.len()).unwrap();
}

fn ask(bench: &Bench) -> TcpStream {
    let mut client = bench.connect();
    write!(client, "{POST}Content-Length: {}\r\n\r\n{ONE}", ONE.len()).unwrap();
    client
}

#[test]
fn a_short_queue_takes_up_a_burst_and_the_rest_is_shed() {
    let (address, arrived) = patient(3);
    let bench = one_worker(Upstream::nowhere(), |it| {
        it.upstream = url(address);
        it.bounds.upstream_in_flight = 2;
        it.bounds.queue = 1;
        it.deadlines.queue = Duration::from_secs(15);
    });
    let mut running = [ask(&bench), ask(&bench)];
    let mut upstream = [arrived.recv().unwrap(), arrived.recv().unwrap()];
    let (one, other) = (ask(&bench), ask(&bench));
    // One of them waits, the other is told at once; the operator's listener is as ever.
    one.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let is_told = one.peek(&mut [0]).is_ok();
    one.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut told, mut waiting) = if is_told { (one, other) } else { (other, one) };
    let answer = read_answer(&mut told);
    assert_eq!((status(&answer), retry_after(&answer)), ("503", Some(1)), "{answer}");
    assert!(answer.contains("SERVICE_UNAVAILABLE"), "{answer}");
    assert_eq!(status(&bench.admin("/livez")), "200");
    upstream.iter_mut().for_each(say);
    for it in &mut running {
        assert_eq!(status(&read_answer(it)), "200");
    }
    say(&mut arrived.recv().unwrap());
    assert_eq!(status(&read_answer(&mut waiting)), "200");
}

#[test]
fn who_waits_in_vain_is_told_in_time() {
    let (address, arrived) = patient(1);
    let bench = one_worker(Upstream::nowhere(), |it| {
        it.upstream = url(address);
        it.bounds.upstream_in_flight = 1;
        it.deadlines.queue = Duration::from_millis(20);
    });
    let mut client = ask(&bench);
    let mut upstream = arrived.recv().unwrap();
    let answer = bench.post(ONE);
    assert_eq!((status(&answer), retry_after(&answer)), ("503", Some(1)), "{answer}");
    say(&mut upstream);
    assert_eq!(status(&read_answer(&mut client)), "200");
}

#[test]
fn one_client_has_so_many_connections_and_a_trusted_proxy_has_more() {
    for (is_trusted, expect) in [(false, ""), (true, "200")] {
        let bench = one_worker(Upstream::answering(ANSWER), |it| {
            it.bounds.client_connections = 2;
            if is_trusted {
                let proxies: portcullis::config::TrustedProxies = "127.0.0.0/8".parse().unwrap();
                it.trusted_proxies = proxies;
            }
        });
        let mut kept = [bench.connect(), bench.connect()];
        for it in &mut kept {
            assert_eq!(status(&exchange(it, POST, ONE)), "200");
        }
        let mut third = bench.connect();
        let _reset = write!(third, "{POST}Content-Length: {}\r\n\r\n{ONE}", ONE.len());
        let mut start = [0; 12];
        let n = third.read(&mut start).unwrap_or(0);
        let got = String::from_utf8_lossy(&start[..n]).into_owned();
        assert_eq!(got.get(9..).unwrap_or_default(), expect);
        drop(kept);
        // Leaving takes as long as the worker needs to see it.
        let again = || {
            let mut client = bench.connect();
            let _reset = write!(client, "{POST}Content-Length: {}\r\n\r\n{ONE}", ONE.len());
            client.read(&mut [0; 12]).unwrap_or(0)
        };
        while again() == 0 {}
    }
}

#[test]
fn bodies_have_a_ceiling_together() {
    let bench = one_worker(Upstream::answering(ANSWER), |it| it.bounds.bodies = 1_000);
    let part = " ".repeat(900);
    let mut slow = bench.connect();
    write!(slow, "{POST}Content-Length: {}\r\n\r\n{part}", 900 + ONE.len()).unwrap();
    let large = format!("{ONE}{}", " ".repeat(900));
    // As soon as the part of the first has come.
    let mut answer = bench.post(&large);
    while status(&answer) == "200" {
        answer = bench.post(&large);
    }
    assert_eq!((status(&answer), retry_after(&answer)), ("503", Some(1)), "{answer}");
    // Small ones still fit.
    assert_eq!(status(&bench.post(ONE)), "200");
    slow.write_all(ONE.as_bytes()).unwrap();
    assert_eq!(status(&read_answer(&mut slow)), "200");
    assert_eq!(status(&bench.post(&large)), "200");
}

/// An answer of 120 KB or so to a request of 40 bytes, which comes in several pieces.
#[test]
fn our_own_answers_are_held_under_the_same_ceiling() {
    let policy = "version: 1\nname: t\nschema: { file: test.graphql }\nintrospection: allow\n";
    let fields: String = (0..4_000).map(|it| format!("field_number_{it}: Int ")).collect();
    let schema = format!("type Query {{ {fields} }}");
    let ask = |bodies: u64| {
        let upstream = Upstream::answering(ANSWER);
        let proxy =
            Proxy::with(policy, &schema, upstream.address(), |it| it.bounds.bodies = bodies);
        let body = r#"{"query":"{ __type(name: \"Query\") { fields { name } } }"}"#;
        Bench { upstream, proxy }.post(body)
    };
    let answer = ask(1_000);
    assert_eq!((status(&answer), retry_after(&answer)), ("503", Some(1)), "{answer}");
    let answer = ask(1_000_000);
    assert_eq!(status(&answer), "200");
    assert!(answer.contains("field_number_3999") && answer.ends_with("]}}}"), "{}", answer.len());
    assert!(answer.len() > 64 * 1024);
}

#[test]
fn upstreams_that_are_not_alike_are_misuse() {
    let check = |second: &str, expect: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--policy=none.yaml", "--upstream=http://a/graphql"]);
        let output = command.arg(format!("--upstream={second}")).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expect), "{text}");
    };
    check("http://b/other", "is not `http://a/graphql` at another address");
    check("https://b/graphql", "is not `http://a/graphql` at another address");
    check("http://b:81/graphql", "`none.yaml` cannot be read");
}
