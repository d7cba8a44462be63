//! Answers that go on: every event, part and message is read like an answer by itself.

use serde_json::{Value, json};

use crate::{
    SCHEMA, policy, post,
    support::{proxy::Proxy, socket::Client, socket::SocketUpstream},
    upstream::{
        Act::{self, Say},
        Upstream,
    },
};

const ME: &str = r#"{"query":"subscription { me { id } }"}"#;

/// What of a stream the client sees under a policy.
pub(crate) fn stream(response: &str, media: &str, acts: &'static [Act]) -> (String, bool) {
    stream_of(ME, response, media, acts)
}

pub(crate) fn stream_of(
    asked: &str,
    response: &str,
    media: &str,
    acts: &'static [Act],
) -> (String, bool) {
    let upstream = Upstream::start(acts);
    let proxy = Proxy::with(&policy(response), SCHEMA, upstream.address(), |_config| {});
    let seen = post(proxy.address(), asked, media);
    let id = seen.header("x-request-id").unwrap_or("no id");
    (seen.body.replace(id, "ID"), seen.is_whole)
}

const EVENTS: &[Act] = &[
    Say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"),
    Say(":\n\nevent: next\ndata: {\"data\":{\"me\":{\"id\":1.0}}}\n\n"),
    Say("event: next\r\ndata: {\"errors\":\r\ndata: [{\"message\":\"secret\"}]}\r\n\r\n"),
    Say("event: complete\ndata: \n\nevent: next\ndata: {\"half"),
];

/// An answer that may not go on, as the client reads of it.
pub(crate) const INVALID: &str = r#"{"message":"the request could not be served","extensions":{"code":"UPSTREAM_ANSWER_INVALID","requestId":"ID"}}"#;
pub(crate) const INVALID_EVENT: &str = "event: next\ndata: {\"errors\":[{\"message\":\"the request could not be served\",\"extensions\":{\"code\":\"UPSTREAM_ANSWER_INVALID\",\"requestId\":\"ID\"}}]}\n\nevent: complete\ndata: \n\n";
const MASKED: &str = r#"{"message":"the request could not be served","extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"ID"}}"#;

#[test]
fn events_are_read_one_by_one() {
    let good = ":\n\nevent: next\ndata: {\"data\":{\"me\":{\"id\":1.0}}}\n\n";
    let masked = format!("event: next\ndata: {{\"errors\":\ndata: [{MASKED}]}}\n\n");
    let expect = format!("{good}{masked}event: complete\ndata: \n\n");
    let (got, is_whole) = stream("errors: mask", "text/event-stream", EVENTS);
    assert_eq!((got, is_whole), (expect, true));
}

#[test]
fn line_ends_of_events_stay_whole() {
    const HEAD: Act =
        Say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    const GOOD: Act = Say("event: next\r\ndata: {\"data\":{\"me\":{\"id\":1}}}\r\n\r\n:\r\n\r\n");
    const SECRET: Act = Say("data: {\"errors\":[{\"message\":\"secret\"}]}\r\n\r\n");
    const CUT: &[Act] = &[HEAD, GOOD, Say("data: {\"data\":null}\r\n\r"), Say("\n"), SECRET, GOOD];
    let good = "event: next\r\ndata: {\"data\":{\"me\":{\"id\":1}}}\r\n\r\n:\r\n\r\n";
    let masked = format!("data: {{\"errors\":[{MASKED}]}}\n\n");
    let expect = format!("{good}data: {{\"data\":null}}\r\n\r\n{masked}{good}");
    let (got, is_whole) = stream("errors: mask", "text/event-stream", CUT);
    assert_eq!((got, is_whole), (expect, true));
}

#[test]
fn a_boundary_in_quotes_has_any_character() {
    const PARTS: &[Act] = &[
        Say("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=\"a;b\"\r\n"),
        Say("Connection: close\r\n\r\n\r\n--a;b\r\nContent-Type: application/json\r\n\r\n"),
        Say("{\"data\":{\"me\":{\"id\":1}},\"hasNext\":false}\r\n--a;b--\r\n"),
    ];
    let later = r#"{"query":"{ me { id } ... @defer { users { id } } }"}"#;
    let parts = "multipart/mixed, application/json";
    let (got, is_whole) = stream_of(later, "errors: mask", parts, PARTS);
    let head = "\r\n--a;b\r\nContent-Type: application/json\r\n\r\n";
    let part = r#"{"data":{"me":{"id":1}},"hasNext":false}"#;
    assert_eq!(got, format!("{head}{part}\r\n--a;b--\r\n"));
    assert!(is_whole);
}

#[test]
fn an_event_that_breaks_the_contract_ends_the_stream() {
    const EXTRA: &[Act] = &[
        Say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"),
        Say("event: next\ndata: {\"data\":{\"me\":{\"id\":1}}}\n\n"),
        Say("event: next\ndata: {\"data\":{\"me\":{\"secret\":1}}}\n\n"),
    ];
    let (got, is_whole) = stream("contract: enforce", "text/event-stream", EXTRA);
    let good = "event: next\ndata: {\"data\":{\"me\":{\"id\":1}}}\n\n";
    assert_eq!((got, is_whole), (format!("{good}{INVALID_EVENT}"), true));
    const FIRST: &[Act] = &[EXTRA[0], EXTRA[2], EXTRA[1]];
    let (got, is_whole) = stream("contract: enforce", "text/event-stream", FIRST);
    assert_eq!((&*got, is_whole), (INVALID_EVENT, true));
}

#[test]
fn a_part_that_breaks_the_contract_ends_the_stream() {
    const PARTS: &[Act] = &[
        Say("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=\"-\"\r\n"),
        Say("Connection: close\r\n\r\n\r\n---\r\nContent-Type: application/json\r\n\r\n"),
        Say("{\"data\":{\"me\":{\"id\":1,\"secret\":1}},\"hasNext\":true}\r\n---\r\n"),
    ];
    let later = r#"{"query":"{ me { id } ... @defer { users { id } } }"}"#;
    let parts = "multipart/mixed, application/json";
    let check = |asked: &str, answer: String| {
        let (got, is_whole) = stream_of(asked, "contract: enforce", parts, PARTS);
        let head = "\r\n---\r\ncontent-type: application/json\r\n\r\n";
        assert_eq!((got, is_whole), (format!("{head}{answer}\r\n-----\r\n"), true));
    };
    check(later, format!(r#"{{"errors":[{INVALID}],"hasNext":false}}"#));
    // As Apollo tells of what ends a subscription.
    check(ME, format!(r#"{{"payload":null,"errors":[{INVALID}]}}"#));
}

pub(crate) const EVENTS_HEAD: Act =
    Say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
pub(crate) const PARTS_HEAD: Act = Say(
    "HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=\"-\"\r\nConnection: close\r\n\r\n",
);
const SMALL_EVENT: &str = "event: next\ndata: {\"data\":{\"me\":{\"id\":\"1234567890\"}}}\n\n";
const SMALL_PART: &str =
    "\r\n---\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"me\":null}}";

#[test]
fn one_event_is_bounded_and_not_their_sum() {
    const SMALL: &[Act] = &[EVENTS_HEAD, Act::Times(100, SMALL_EVENT)];
    const LARGE: &[Act] = &[
        EVENTS_HEAD,
        Say(SMALL_EVENT),
        Say("event: next\ndata: {\"data\":\"next\","),
        Act::Times(300, "          "),
        Say("\"x\":1}\n\n"),
        Say(SMALL_EVENT),
    ];
    let check = |response: &str, acts: &'static [Act]| stream(response, "text/event-stream", acts);
    for response in ["max: 1KiB", "max: 1KiB, errors: mask", "max: 1KiB, extensions: []"] {
        assert_eq!(check(response, SMALL), (SMALL_EVENT.repeat(100), true), "{response}");
    }
    let (got, is_whole) = check("max: 1KiB", LARGE);
    assert!(got.starts_with(SMALL_EVENT) && got.len() < 4000 && !is_whole, "{got}");
    for response in ["max: 1KiB, errors: mask", "max: 1KiB, extensions: []"] {
        let expect = format!("{SMALL_EVENT}{INVALID_EVENT}");
        assert_eq!(check(response, LARGE), (expect, true), "{response}");
    }
}

#[test]
fn one_part_is_bounded_and_not_their_sum() {
    const SMALL: &[Act] = &[PARTS_HEAD, Act::Times(100, SMALL_PART), Say("\r\n-----\r\n")];
    const LARGE: &[Act] = &[
        PARTS_HEAD,
        Say(SMALL_PART),
        Say("\r\n---\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"me\":null},"),
        Act::Times(300, "          "),
        Say("\"hasNext\":false}\r\n-----\r\n"),
    ];
    let parts = "multipart/mixed, application/json";
    let later = r#"{"query":"{ me { id } ... @defer { users { id } } }"}"#;
    let check = |response: &str, acts: &'static [Act]| stream_of(later, response, parts, acts);
    for response in ["max: 1KiB", "max: 1KiB, errors: mask", "max: 1KiB, extensions: []"] {
        let (got, is_whole) = check(response, SMALL);
        assert!(got.len() > 4 * 1024 && is_whole, "{response}: {got}");
    }
    let (got, is_whole) = check("max: 1KiB", LARGE);
    assert!(got.len() < 3000 && !is_whole, "{got}");
    for response in ["max: 1KiB, errors: mask", "max: 1KiB, extensions: []"] {
        let head = "\r\n---\r\ncontent-type: application/json\r\n\r\n";
        let answer = format!(r#"{{"errors":[{INVALID}],"hasNext":false}}"#);
        let expect = format!("{SMALL_PART}{head}{answer}\r\n-----\r\n");
        assert_eq!(check(response, LARGE), (expect, true), "{response}");
    }
}

#[test]
fn an_event_has_any_size_where_the_bound_is_off() {
    const LARGE: &[Act] = &[
        EVENTS_HEAD,
        Say("event: next\ndata: {\"data\":{\"me\":{\"id\":\""),
        Act::Times(11 * 1024, TEXT),
        Say("\"}}}\n\n"),
    ];
    for (response, expect) in [
        ("max: off", true),
        ("max: off, extensions: []", true),
        ("max: 11MiB, extensions: []", false),
        ("remove_headers: []", false),
    ] {
        let (got, is_whole) = stream(response, "text/event-stream", LARGE);
        let has_all = is_whole && got.len() > 11 * 1024 * 1024;
        assert_eq!(has_all, expect, "{response}: {} bytes", got.len());
    }
}

/// 1 KiB.
const TEXT: &str = match std::str::from_utf8(&[b'x'; 1024]) {
    Ok(text) => text,
    Err(_) => "",
};

#[test]
fn a_query_that_is_answered_as_events_has_its_time() {
    const SILENT: &[Act] = &[EVENTS_HEAD, Say(SMALL_EVENT), Act::Wait];
    let query = r#"{"query":"{ me { id } }"}"#;
    for response in ["timeout: { idle: 200ms }", "timeout: { total: 300ms }", "timeout: 300ms"] {
        let seen = stream_of(query, response, "text/event-stream", SILENT);
        assert_eq!(seen, (SMALL_EVENT.to_owned(), false), "{response}");
    }
    const PARTS: &[Act] = &[PARTS_HEAD, Say(SMALL_PART), Act::Wait];
    let later = r#"{"query":"{ me { id } ... @defer { users { id } } }"}"#;
    let parts = "multipart/mixed, application/json";
    for response in ["timeout: { idle: 200ms }", "timeout: { total: 300ms }"] {
        let (got, is_whole) = stream_of(later, response, parts, PARTS);
        assert_eq!((&*got, is_whole), (SMALL_PART, false), "{response}");
    }
}

#[test]
fn an_answer_that_goes_on_has_no_length() {
    const EVENTS: &[Act] = &[Act::Answer("200 OK", "text/event-stream", SECRET)];
    const SECRET: &str = "event: next\ndata: {\"errors\":[{\"message\":\"s\"}]}\n\n";
    let masked = format!("event: next\ndata: {{\"errors\":[{MASKED}]}}\n\n");
    for (response, expect) in [("errors: mask", &*masked), ("suggestions: keep", SECRET)] {
        let (got, is_whole) = stream(response, "text/event-stream", EVENTS);
        assert_eq!((&*got, is_whole), (expect, true), "{response}");
    }
}

#[test]
fn a_byte_order_mark_hides_no_event() {
    const HEAD: Act =
        Say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    const SECRET: Act = Say("event: next\ndata: {\"errors\":[{\"message\":\"secret\"}]}\n\n");
    const MARKED: &[Act] = &[HEAD, Say("\u{feff}"), SECRET, SECRET];
    const GOOD: &[Act] = &[HEAD, Say("\u{feff}data: {\"data\":null}\n\n:\n\n")];
    const TWICE: &[Act] = &[HEAD, Say("\u{feff}\u{feff}"), SECRET];
    const LATER: &[Act] = &[HEAD, Say(":\n\n\u{feff}"), SECRET];
    const INSIDE: &[Act] = &[HEAD, Say(":\n\u{feff}"), SECRET];
    let check = |acts: &'static [Act], expect: (&str, bool)| {
        let (got, is_whole) = stream("errors: mask", "text/event-stream", acts);
        assert_eq!((&*got, is_whole), expect);
    };
    let masked = format!("event: next\ndata: {{\"errors\":[{MASKED}]}}\n\n");
    check(MARKED, (&masked.repeat(2), true));
    check(GOOD, ("\u{feff}data: {\"data\":null}\n\n:\n\n", true));
    // The name of what cannot be read is not looked for behind a mark.
    let unnamed = INVALID_EVENT.replacen("event: next\n", "", 1);
    check(TWICE, (&unnamed, true));
    check(LATER, (&format!(":\n\n{unnamed}"), true));
    check(INSIDE, (&unnamed, true));
}

#[test]
fn parts_are_read_one_by_one() {
    const PARTS: &[Act] = &[
        Say("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=\"-\"\r\n"),
        Say("Connection: close\r\n\r\n\r\n---\r\nContent-Type: application/json\r\n"),
        Say("Content-Length: 1\r\n\r\n{\"data\":{\"me\":{\"id\":1}},\"hasNext\":true}\r\n--"),
        Say("-\r\nContent-Type: application/json\r\n\r\n{\"incremental\":[{\"path\":[],"),
        Say("\"errors\":[{\"message\":\"secret\"}]}],\"hasNext\":false}\r\n-----\r\n"),
    ];
    let parts = "multipart/mixed, application/json";
    let later = r#"{"query":"{ me { id } ... @defer { users { id } } }"}"#;
    let (got, is_whole) = stream_of(later, "errors: mask", parts, PARTS);
    let head = "\r\n---\r\nContent-Type: application/json\r\n\r\n";
    let first = r#"{"data":{"me":{"id":1}},"hasNext":true}"#;
    let second =
        format!(r#"{{"incremental":[{{"path":[],"errors":[{MASKED}]}}],"hasNext":false}}"#);
    assert_eq!(got, format!("{head}{first}{head}{second}\r\n-----\r\n"));
    assert!(is_whole);
    // Nothing was left for later.
    let (got, is_whole) = stream("errors: mask", parts, PARTS);
    let second = r#"{"hasNext":false}"#;
    assert_eq!(got, format!("{head}{first}{head}{second}\r\n-----\r\n"));
    assert!(is_whole);
}

/// What servers of subscriptions send while nothing happens.
#[test]
fn an_empty_part_is_a_sign_of_life() {
    const PARTS: &[Act] = &[
        Say("HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=\"graphql\"\r\n"),
        Say("Connection: close\r\n\r\n\r\n--graphql\r\n\r\n{}\r\n--graphql\r\n\r\n"),
        Say("{\"payload\":{\"data\":{\"me\":{\"id\":1}}}}\r\n--graphql--\r\n"),
    ];
    let parts = "multipart/mixed;subscriptionSpec=1.0, application/json";
    let (got, is_whole) = stream("contract: enforce", parts, PARTS);
    let payload = r#"{"payload":{"data":{"me":{"id":1}}}}"#;
    let head = "\r\n--graphql\r\n\r\n";
    assert_eq!(got, format!("{head}{{}}{head}{payload}\r\n--graphql--\r\n"));
    assert!(is_whole);
}

#[test]
fn messages_of_a_socket_are_read_one_by_one() {
    let upstream = SocketUpstream::start();
    let schema = "type Query { a: Int } type Subscription { tick: String fail: Int once: Int }";
    let proxy =
        |response: &str| Proxy::with(&policy(response), schema, upstream.address(), |_config| {});
    let heard = |client: &mut Client| serde_json::from_str::<Value>(&client.hear()).unwrap();
    let masks = proxy("errors: mask");
    let mut client = Client::begun(masks.address(), &[]);
    client.subscribe("1", "subscription{fail}");
    let error = heard(&mut client);
    assert_eq!(error["payload"][0]["message"], "the request could not be served");
    client.subscribe("2", "subscription{once}");
    let unasked = json!({ "type": "next", "id": "2", "payload": { "data": { "tick": 1 } } });
    assert_eq!(heard(&mut client), unasked);
    let enforces = proxy("contract: enforce");
    let mut client = Client::begun(enforces.address(), &[]);
    client.subscribe("1", "subscription{once}");
    assert_eq!(client.hear_short(), "error 1 UPSTREAM_ANSWER_INVALID");
    client.subscribe("2", "subscription{tick}");
    assert_eq!(client.hear_short(), "error 2 UPSTREAM_ANSWER_INVALID");
}

#[test]
fn one_answer_that_is_too_large_ends_its_own_operation() {
    let upstream = SocketUpstream::start();
    let schema = "type Query { a: Int } type Subscription { large: Int huge: Int tick: Int }";
    let proxy =
        |response: &str| Proxy::with(&policy(response), schema, upstream.address(), |_config| {});
    let large = |response: &str, query: &str| {
        let proxy = proxy(response);
        let mut client = Client::begun(proxy.address(), &[]);
        client.subscribe("1", query);
        let first = client.hear_short();
        // The socket lives on.
        client.subscribe("2", "subscription{tick}");
        (first, client.hear_short())
    };
    let (passes, invalid) = ("next 1".to_owned(), "error 1 UPSTREAM_ANSWER_INVALID".to_owned());
    let next = "next 2".to_owned();
    // 11 MiB, and 21 MiB, of which it is not read to the end whose they are.
    for (response, query, first) in [
        ("max: 12MiB", "subscription{large}", &passes),
        ("max: off", "subscription{large}", &passes),
        ("max: 10MiB", "subscription{large}", &invalid),
        ("max: 10MiB", "subscription{huge}", &invalid),
    ] {
        assert_eq!(large(response, query), (first.clone(), next.clone()), "{response} {query}");
    }
    // Of two operations nobody knows whose it is.
    let proxy = proxy("max: 10MiB");
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("2", "subscription{tick}");
    assert_eq!(client.hear_short(), next);
    client.subscribe("1", "subscription{huge}");
    assert_eq!(client.hear_short(), "close 1013");
}
