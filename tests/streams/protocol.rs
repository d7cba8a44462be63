//! The protocol: which message may come when, and what goes on of it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use crate::{
    ACK, INIT, SCHEMA, TICK, check, policy, start,
    support::{
        self,
        proxy::Proxy,
        socket::{Client, SocketUpstream},
        wire::{exchange, request},
    },
};

#[test]
fn the_protocol_is_kept() {
    let (_upstream, proxy) = start("max_operations: 2");
    let check = |said: &[(&str, &[&str])]| check(&proxy, said);
    let subscribe = |id: &str, query: &str| {
        json!({ "id": id, "type": "subscribe", "payload": { "query": query } }).to_string()
    };
    let (once, fail) = (subscribe("a", "subscription{once}"), subscribe("a", "subscription{fail}"));
    check(&[(r#"{"type":"ping"}"#, &["pong"]), (INIT, &[ACK])]);
    check(&[(INIT, &[ACK]), (r#"{"type":"ping","payload":{}}"#, &["pong"])]);
    check(&[(INIT, &[ACK]), (r#"{"type":"pong"}"#, &[]), (TICK, &["next 1"])]);
    check(&[(INIT, &[ACK]), (&once, &["next a", "complete a"]), (&fail, &["error a"])]);
    // An id that is unknown has ended meanwhile.
    let complete = r#"{"id":"1","type":"complete"}"#;
    check(&[
        (INIT, &[ACK]),
        (complete, &[]),
        (TICK, &["next 1"]),
        (complete, &[]),
        (TICK, &["next 1"]),
    ]);
    check(&[(TICK, &["close 4401"])]);
    check(&[(INIT, &[ACK]), (INIT, &["close 4429"])]);
    check(&[(INIT, &[ACK]), (TICK, &["next 1"]), (TICK, &["close 4409"])]);
    for it in ["", "{", "{}", "[]", r#"{"type":"start","id":"1","payload":{}}"#, r#"{"type":"x"}"#]
    {
        check(&[(it, &["close 4400"])]);
        check(&[(INIT, &[ACK]), (it, &["close 4400"])]);
    }
    let twice = r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","query":"{a}"}}"#;
    check(&[(INIT, &[ACK]), (twice, &["close 4400"])]);
    check(&[(r#"{"type":"connection_init","payload":[]}"#, &["close 4400"])]);
}

#[test]
fn a_refused_operation_ends_and_its_socket_does_not() {
    let (upstream, proxy) = start("max_operations: 2");
    let mut client = Client::begun(proxy.address(), &[]);
    let mut check = |query: &str, expect: &str| {
        client.subscribe("1", query);
        assert_eq!(client.hear_short(), format!("error 1 {expect}"));
    };
    check("{a}", "OPERATION_NOT_ALLOWED");
    check("mutation{b}", "OPERATION_NOT_ALLOWED");
    check("{", "GRAPHQL_PARSE_FAILED");
    check("subscription{none}", "GRAPHQL_VALIDATION_FAILED");
    check("{__schema{types{name}}}", "INTROSPECTION_DISABLED");
    let mut check = |payload: &str, expect: &str| {
        client.say(&format!(r#"{{"id":"1","type":"subscribe","payload":{payload}}}"#));
        assert_eq!(client.hear_short(), format!("error 1 {expect}"));
    };
    check("[]", "INVALID_REQUEST");
    check("null", "INVALID_REQUEST");
    check("{}", "INVALID_REQUEST");
    check(
        r#"{"query":"subscription($a:Int){tick(a:$a)}","variables":{"a":"x"}}"#,
        "BAD_USER_INPUT",
    );
    for id in ["a", "b"] {
        client.subscribe(id, "subscription{tick}");
        assert_eq!(client.hear_short(), format!("next {id}"));
    }
    client.subscribe("1", "subscription{tick}");
    assert_eq!(client.hear_short(), "error 1 TOO_MANY_LIVE_OPERATIONS");
    assert_eq!(upstream.seen().operations().len(), 2);
}

#[test]
fn what_goes_on_is_written_anew() {
    let (upstream, proxy) = start("");
    let mut client = Client::begun(proxy.address(), &[("authorization", "Bearer t")]);
    assert!(upstream.seen().handshakes.is_empty(), "an idle socket has no upstream");
    client.say(
        r#"{"id":"\u0041\"","type":"subscribe","payload":{"query":"subscription S($a:Int) { tick(a:$a) } # c",
            "variables":{"a":1,"b":2},"extensions":{"x":1},"operationName":"S","more":1}}"#,
    );
    let next: Value = serde_json::from_str(&client.hear()).unwrap();
    assert_eq!(next, json!({ "id": "A\"", "type": "next", "payload": { "data": { "tick": 1 } } }));
    let seen = upstream.seen();
    let expect = json!({
        "id": "1", "type": "subscribe", "payload": {
            "query": "subscription S($a:Int){tick(a:$a)}", "operationName": "S", "variables": { "a": 1 },
        },
    });
    assert_eq!(seen.messages, [json!({ "type": "connection_init" }), expect]);
    let header = |name| seen.header(0, name);
    assert_eq!(header("authorization"), Some("Bearer t"));
    assert_eq!(header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(header("sec-websocket-protocol"), Some("graphql-transport-ws, graphql-ws"));
    assert_eq!((header("origin"), header("content-type")), (None, None));
    client.say(r#"{"id":"A\"","type":"complete"}"#);
    upstream.wait(|it| it.messages.last() == Some(&json!({ "id": "1", "type": "complete" })));
    client.0.close(None).unwrap();
    upstream.wait(|it| it.ended == 1);
}

#[test]
fn tokens_of_the_payload_go_on_by_the_rules_of_headers() {
    let (upstream, proxy) = start("");
    let mut client = Client::open(proxy.address(), &[]).unwrap();
    client
        .say(r#"{"type":"connection_init","payload":{"Authorization":"Bearer t","more":{"a":1}}}"#);
    client.subscribe("1", "subscription{tick}");
    assert_eq!(
        (client.hear_short(), client.hear_short()),
        ("connection_ack".into(), "next 1".into())
    );
    let seen = upstream.seen();
    assert_eq!(seen.header(0, "authorization"), Some("Bearer t"));
    let init = json!({ "type": "connection_init", "payload": { "Authorization": "Bearer t" } });
    assert_eq!(seen.messages[0], init);
    let mut client = Client::open(proxy.address(), &[("authorization", "Bearer a")]).unwrap();
    client.say(r#"{"type":"connection_init","payload":{"authorization":"Bearer b"}}"#);
    assert_eq!(client.hear(), "close 4403");
}

#[test]
fn what_the_policy_lists_of_the_payload_goes_on() {
    let (upstream, proxy) = start("forward_init: [tenant, headers]");
    let payload = r#"{"tenant":"a","more":1,"headers":{"x-key":"k"},"authorization":"Bearer t"}"#;
    // Clients of which nobody is signed in say so with the handshake.
    let mut client = Client::open(proxy.address(), &[("authorization", "")]).unwrap();
    client.say(&format!(r#"{{"type":"connection_init","payload":{payload}}}"#));
    client.subscribe("1", "subscription{tick}");
    assert_eq!([client.hear_short(), client.hear_short()], [ACK, "next 1"]);
    let told = &upstream.seen().messages[0]["payload"];
    let expect = json!({ "tenant": "a", "headers": { "x-key": "k" }, "authorization": "Bearer t" });
    assert_eq!(*told, expect);
    proxy.replace(&policy("forward_init: [tenant]"), SCHEMA);
    assert_eq!(client.hear(), "close 1012");
}

#[test]
fn handshakes_have_one_form() {
    let (_upstream, proxy) = start("");
    let status = |headers: &[(&str, &str)]| Client::open(proxy.address(), headers).err();
    assert_eq!(status(&[]), None);
    assert_eq!(status(&[("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")]), None);
    assert_eq!(status(&[("sec-websocket-protocol", "graphql-ws")]), Some(400));
    assert_eq!(status(&[("sec-websocket-version", "8")]), Some(400));
    assert_eq!(status(&[("sec-websocket-key", "short")]), Some(400));
    assert_eq!(status(&[("connection", "close")]), Some(400));
    assert_eq!(status(&[("content-length", "1")]), Some(400));
    assert_eq!(Client::open_at(proxy.address(), "/other", &[]).err(), Some(404));
    assert_eq!(Client::open_at(proxy.address(), "/graphql?query={a}", &[]).err(), Some(400));
    let plain = request("GET", "/graphql", &[("Host", "a")], None);
    assert_eq!(exchange(proxy.address(), &plain).unwrap().status(), 405);
}

#[test]
fn a_handshake_is_answered_in_the_spelling_of_the_client() {
    let (_upstream, proxy) = start("");
    let key = generate_key();
    let handshake = [
        ("Host", "a"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", &key),
        ("Sec-WebSocket-Protocol", "graphql-transport-ws"),
    ];
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(&request("GET", "/graphql", &handshake, None)).unwrap();
    let lines = BufReader::new(stream).lines().map(Result::unwrap);
    let head: Vec<_> = lines.take_while(|it| !it.is_empty()).collect();
    assert_eq!(head[0], "HTTP/1.1 101 Switching Protocols");
    assert!(head.contains(&"Sec-WebSocket-Protocol: graphql-transport-ws".into()), "{head:?}");
}

#[test]
fn without_the_block_there_is_no_websocket() {
    let upstream = SocketUpstream::start();
    let policy = policy("").replace("http: { websocket: {  } }\n", "");
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {});
    assert_eq!(Client::open(proxy.address(), &[]).err(), Some(405));
}

/// Bytes sent with the handshake do not become a request.
#[test]
fn a_request_behind_a_handshake_is_none() {
    let (upstream, proxy) = start("");
    let handshake = request(
        "GET",
        "/graphql",
        &[
            ("Host", "a"),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Protocol", "graphql-transport-ws"),
        ],
        None,
    );
    let mut answers = Vec::new();
    for refused in [false, true] {
        let mut head = String::from_utf8(handshake.clone()).unwrap();
        if refused {
            head = head.replace("graphql-transport-ws", "chat");
        }
        let behind = support::wire::post(r#"{"query":"{a}"}"#);
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.write_all(&[head.as_bytes(), &behind].concat()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ended = stream.read_to_end(&mut answer);
        answers.push(String::from_utf8_lossy(&answer).matches("HTTP/1.1 ").count());
    }
    assert_eq!((answers, upstream.seen().messages.len()), (vec![1, 1], 0));
}
