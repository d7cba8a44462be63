//! What was taken from a shared budget and is needed by nobody comes back.

use std::time::{Duration, Instant};

use crate::{
    Client, HANG, LOGINS, SLOW_ENOUGH, replica,
    support::{bench::ANSWER, redis::RedisServer, upstream::Upstream},
};

/// The only key, once something is under it: how many ms until it is at rest; -2 without a key.
fn rests_in(server: &RedisServer) -> i64 {
    let keys = server.say("KEYS portcullis:*");
    let Some(key) = keys.lines().find(|it| it.starts_with("portcullis:")) else { return -2 };
    let answer = server.say(&format!("PTTL {key}"));
    answer.lines().find_map(|it| it.strip_prefix(':')).unwrap().parse().unwrap()
}

#[test]
fn what_is_taken_in_advance_and_not_used_comes_back() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(ANSWER);
    let rate = "{ name: r, key: client.ip, limit: 10000/24h, on_error: deny }";
    let proxy = replica(rate, &server.config(), SLOW_ENOUGH, upstream.address());
    let mut client = Client::of(&proxy);
    client.until("{ a }", "200");
    // Each takes 8.64 s to come back. The second one of a second takes 50 more.
    let begun = Instant::now();
    while rests_in(&server) < 300_000 {
        assert_eq!(client.send("{ a }"), "200");
        assert!(begun.elapsed() < HANG);
    }
    let begun = Instant::now();
    while rests_in(&server) > 100_000 {
        assert!(begun.elapsed() < HANG, "it is lost");
    }
}

/// They were refused, so that nobody may be charged for them.
#[test]
fn what_redis_takes_too_late_comes_back() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let upstream = Upstream::answering(r#"{"data":{"login":1}}"#);
    let calls = LOGINS.replace(" count: failed,", "");
    for (n, rate) in [LOGINS, &calls].into_iter().enumerate() {
        // The third late answer ends the connection.
        let rate = rate.replace("2/h", "3/h");
        let proxy =
            replica(&rate, &server.config(), Duration::from_millis(300), upstream.address());
        let mut client = Client::of(&proxy);
        let login = |it: &str| format!("mutation {{ login(email: \"{it}{n}@b\") }}");
        client.until(&login("warm"), "200");
        server.signal("STOP");
        assert_eq!([(); 3].map(|()| client.send(&login("a"))), ["503"; 3]);
        server.signal("CONT");
        client.until(&login("a"), "200");
    }
}
