//! How the proxy begins and ends: readiness, requests in flight.

mod support;

use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
};

use support::bench::{ONE, POST, exchange, read_answer, start, status};

#[test]
fn readiness_is_told_on_the_admin_listener_alone() {
    let bench = start();
    let mut answer = bench.admin("/readyz");
    // Workers begin to listen on threads of their own.
    while status(&answer) == "503" {
        answer = bench.admin("/readyz");
    }
    assert!(answer.contains(r#""ready":true"#), "{answer}");
    assert_eq!(status(&bench.admin("/livez")), "200");
    // Probes come by any name; pages only by that of the machine.
    assert_eq!(status(&bench.admin("/graphql")), "421");
    assert_eq!(status(&bench.send("GET /readyz HTTP/1.1\r\nHost: a\r\n", "")), "404");
}

#[test]
fn a_request_in_flight_survives_a_stop() {
    let bench = start();
    let mut client = bench.connect();
    assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
    write!(client, "{POST}Content-Length: {}\r\n\r\n{{", ONE.len()).unwrap();
    let mut other = bench.connect();
    assert_eq!(status(&exchange(&mut other, POST, ONE)), "200");
    bench.proxy.begin_to_stop();
    client.write_all(&ONE.as_bytes()[1..]).unwrap();
    let answer = read_answer(&mut client);
    assert_eq!(status(&answer), "200");
    assert_eq!(bench.proxy.stop(), 0);
}

#[test]
fn no_request_on_a_kept_connection_is_lost_by_a_stop() {
    let bench = start();
    let n_answered = AtomicUsize::new(0);
    let client = || {
        let mut client = bench.connect();
        loop {
            let answer = exchange(&mut client, POST, ONE);
            assert_eq!(status(&answer), "200", "{answer}");
            n_answered.fetch_add(1, Ordering::Relaxed);
            if answer.contains("connection: close") {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(client)).collect();
        while n_answered.load(Ordering::Relaxed) < 200 {
            std::thread::yield_now();
        }
        bench.proxy.begin_to_stop();
        clients.into_iter().for_each(|it| it.join().unwrap());
    });
    assert_eq!(bench.upstream.take().len(), n_answered.into_inner());
    assert_eq!(bench.proxy.stop(), 0);
}
