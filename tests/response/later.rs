//! When the upstream wants clients to come again, where its answer is replaced by ours.

use crate::{
    SCHEMA, Seen, post,
    support::proxy::Proxy,
    upstream::{Act, Upstream},
};

const HTML: &[Act] = &[Act::Say(
    "HTTP/1.1 429 No\r\nContent-Type: text/html\r\nRetry-After: 17\r\nContent-Length: 3\r\n\r\n<a>",
)];
const NO_ANSWER: &[Act] = &[Act::Say(
    "HTTP/1.1 503 No\r\nContent-Type: application/json\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 \
     GMT\r\nContent-Length: 9\r\n\r\n{\"x\":\"y\"}",
)];
const BROKEN: &[Act] = &[Act::Say(
    "HTTP/1.1 503 No\r\nContent-Type: application/json\r\nRetry-After: 3\r\nContent-Length: 9\r\n\r\n{\"da",
)];
const COMPRESSED: &[Act] = &[Act::Say(
    "HTTP/1.1 429 No\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nRetry-After: 5\r\n\
     Content-Length: 3\r\n\r\nabc",
)];
const NEVER: &[Act] = &[Act::Say(
    "HTTP/1.1 503 No\r\nContent-Type: text/html\r\nRetry-After: 99999999999\r\nContent-Length: 3\r\n\r\n<a>",
)];
const OTHER: &[Act] = &[Act::Say(
    "HTTP/1.1 500 No\r\nContent-Type: text/html\r\nRetry-After: 5\r\nContent-Length: 3\r\n\r\n<a>",
)];

fn ask(status: &str, response: &str, acts: &'static [Act]) -> Seen {
    let policy = format!(
        "version: 1\nname: test\nschema: {{ file: test.graphql }}\nhttp: {{ status: {status}, \
         origins: [\"https://shop.example\"] }}\nresponse: {{ {response} }}\n"
    );
    let upstream = Upstream::start(acts);
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {});
    let accept = "application/json\r\nOrigin: https://shop.example";
    post(proxy.address(), r#"{"query":"{ any }"}"#, accept)
}

fn check(acts: &'static [Act], expect: (&str, Option<&str>)) {
    for status in ["draft-2026", "audit-400", "always-200"] {
        let seen = ask(status, "timeout: { total: 5s }", acts);
        assert_eq!((seen.status(), seen.header("retry-after")), expect, "{status}: {seen:?}");
        let exposed = seen.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("retry-after") && seen.is_whole, "{status}: {seen:?}");
        assert!(seen.body.contains(r#"{"errors":[{"#), "{seen:?}");
    }
}

#[test]
fn the_client_learns_when_to_come_again() {
    check(HTML, ("429", Some("17")));
    check(NO_ANSWER, ("503", Some("Sun, 06 Nov 1994 08:49:37 GMT")));
    check(BROKEN, ("502", Some("3")));
    check(COMPRESSED, ("502", Some("5")));
}

#[test]
fn nobody_is_sent_away_for_good_or_without_a_reason() {
    check(NEVER, ("503", None));
    check(OTHER, ("502", None));
    assert_eq!(
        ask("draft-2026", "remove_headers: [retry-after]", HTML).header("retry-after"),
        None
    );
}
