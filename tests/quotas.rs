//! Quotas by what a request says and by what the answer says, through a real listener.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{
    io::{BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

use serde_json::{Value, json};
use support::{
    bench::{POST, exchange, read_answer, status},
    proxy::Proxy,
    socket::{Client, SocketUpstream},
    upstream::Upstream,
    wire::read_message,
};

const SCHEMA: &str = "
    type Query { a(x: Int): Int items(first: Int): [Item] }
    type Item { id: ID }
    type Mutation { login(email: String, by: By): Int }
    type Subscription { tick: Int items(first: Int): [Item] }
    input By { email: String = \"d@e\" }
";

fn policy(rest: &str) -> String {
    format!(
        "version: 1\nname: t\nschema: {{ file: test.graphql }}\n\
         http: {{ batch: 9, websocket: {{ operations: [query, mutation, subscription] }} }}\n{rest}\n"
    )
}

/// Every login with `wrong` in it fails, and there is one item.
fn reply(request: &Value) -> String {
    if let Some(all) = request.as_array() {
        let all: Vec<_> = all.iter().map(reply).collect();
        return format!("[{}]", all.join(","));
    }
    let query = request["query"].as_str().unwrap().replace(' ', "");
    let fails = query.contains("wrong")
        || request["variables"].to_string().to_lowercase().contains("wrong");
    let (mut data, mut errors) = (json!({}), Vec::new());
    let calls =
        |alias: &&str| ["login", "a"].iter().any(|it| query.contains(&format!("{alias}:{it}")));
    for alias in ["a", "b", "l", "wrong", "broken"].into_iter().filter(calls) {
        data[alias] = if fails { Value::Null } else { json!(1) };
        if fails {
            errors.push(json!({ "message": "no", "path": [alias] }));
        }
    }
    if query.contains("items") {
        data["items"] = json!([{ "id": "1" }]);
    }
    match (errors.is_empty(), query.contains("broken")) {
        (_, true) => "<html>".into(),
        (true, _) => json!({ "data": data }).to_string(),
        (false, _) => json!({ "data": data, "errors": errors }).to_string(),
    }
}

struct World {
    proxy: Proxy,
    _upstream: Upstream,
}

fn start(rest: &str) -> World {
    let upstream = Upstream::replying(reply);
    let proxy = Proxy::with(&policy(rest), SCHEMA, upstream.address(), |_config| {});
    World { proxy, _upstream: upstream }
}

impl World {
    fn send(&self, headers: &str, body: &Value) -> String {
        let mut stream = TcpStream::connect(self.proxy.address()).unwrap();
        let answer = exchange(&mut stream, &format!("{POST}{headers}"), &body.to_string());
        status(&answer).to_string()
    }

    fn post(&self, query: &str) -> String {
        self.send("", &json!({ "query": query }))
    }
}

const LOGINS: &str = "rates: [{ name: l, key: args.email, normalise: email, on: Mutation.login, \
                      count: failed, limit: 2/h }]";

#[test]
fn failed_logins_lock_one_account_out() {
    let world = start(LOGINS);
    let login = |email: &str| {
        world.send(
            "",
            &json!({
                "query": "mutation($e: String) { l: login(email: $e) }",
                "variables": { "e": email },
            }),
        )
    };
    // Those that succeed are not counted, however many.
    for _ in 0..5 {
        assert_eq!(login("right@a"), "200");
    }
    assert_eq!([login("wrong@a"), login(" WRONG+1@a"), login("wrong+2@A")], ["200", "200", "429"]);
    assert_eq!([login("wrong@b"), login("right@a")], ["200", "200"]);
    // Written in the document it is the same account.
    assert_eq!(world.post(r#"mutation { l: login(email: "wrong@a") }"#), "429");
}

#[test]
fn each_alias_and_each_item_fails_by_itself() {
    let world = start(LOGINS);
    let login = |alias: &str, email: &str| format!("{alias}: login(email: \"{email}\")");
    let both = |email: &str| format!("mutation {{ {} {} }}", login("a", email), login("b", email));
    for _ in 0..3 {
        assert_eq!(world.post(&both("right@a")), "200");
    }
    let one = |email| json!({ "query": format!("mutation {{ {} }}", login("a", email)) });
    let batch = json!([one("right@a"), one("wrong@a"), one("wrong@b")]);
    assert_eq!(world.send("", &batch), "200");
    assert_eq!(world.post(&both("wrong@a")), "429");
    assert_eq!([world.send("", &one("wrong@a")), world.send("", &one("wrong@a"))], ["200", "429"]);
    assert_eq!(world.send("", &one("wrong@b")), "200");
    // Nobody is not counted: without the argument it is the address.
    let nobody = "mutation { wrong: login }";
    assert_eq!([world.post(nobody), world.post(nobody), world.post(nobody)], ["200", "200", "429"]);
}

#[test]
fn an_answer_that_says_nothing_counts_as_failed() {
    let world = start(LOGINS);
    let broken = r#"mutation { broken: login(email: "a@b") }"#;
    assert_eq!([world.post(broken), world.post(broken), world.post(broken)], ["200", "200", "429"]);
}

#[test]
fn what_broke_off_may_have_been_tried() {
    let login = |upstream: &Upstream| {
        let proxy = Proxy::with(&policy(LOGINS), SCHEMA, upstream.address(), |_config| {});
        let post = || {
            let mut client = begin(&proxy, r#"mutation { login(email: "a@b") }"#);
            status(&read_answer(&mut client)).to_owned()
        };
        [post(), post(), post()]
    };
    // It has read the request.
    assert_eq!(login(&Upstream::raw(Some(""))), ["502", "502", "429"]);
    assert_eq!(login(&Upstream::nowhere()), ["502", "502", "502"]);
}

/// The statuses of five requests whose answers come in parts.
fn streamed(rest: &str, accept: &str, query: &str, answer: &'static str) -> Vec<String> {
    let upstream = Upstream::raw(Some(answer));
    let proxy = Proxy::with(&policy(rest), SCHEMA, upstream.address(), |_config| {});
    let ask = |_| {
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        let body = json!({ "query": query }).to_string();
        let headers = format!("Accept: {accept}\r\nConnection: close\r\n");
        write!(stream, "{POST}{headers}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut bytes = Vec::new();
        let _cut_off = stream.read_to_end(&mut bytes);
        status(&String::from_utf8_lossy(&bytes)).to_owned()
    };
    (0..5).map(ask).collect()
}

const EVENTS: &str = "text/event-stream";
const SUCCESS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: next\n\
    data: {\"data\":{\"login\":1}}\n\nevent: complete\ndata:\n\n";
const FAILURE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: next\n\
    data: {\"data\":{\"login\":null},\"errors\":[{\"path\":[\"login\"]}]}\n\n";
const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: next\n\
    data: {\"data\":{\"login\":1}}\n";
const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
    Transfer-Encoding: chunked\r\n\r\n1c\r\ndata: {\"data\":{\"login\":1}}\n\n\r\n1c\r\n";
const PARTS: &str = "HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
    Content-Type: application/json\r\n\r\n{\"data\":{},\"hasNext\":true}\r\n--x\r\n\
    Content-Type: application/json\r\n\r\n{\"incremental\":[{\"path\":[],\"data\":{\"login\":1}}],\
    \"hasNext\":false}\r\n--x--\r\n";
const NOTHING: &str = "HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
    Content-Type: application/json\r\n\r\n{\"data\":{},\"hasNext\":true}\r\n--x--\r\n";

#[test]
fn calls_answered_in_parts_have_failed_or_not() {
    let login = r#"mutation { login(email: "a@b") }"#;
    let all = ["200"; 5];
    let two = ["200", "200", "429", "429", "429"];
    assert_eq!(streamed(LOGINS, EVENTS, login, SUCCESS), all);
    assert_eq!(streamed(LOGINS, EVENTS, login, FAILURE), two);
    assert_eq!(streamed(LOGINS, EVENTS, login, HALF), two);
    assert_eq!(streamed(LOGINS, EVENTS, login, CUT), all);
    let parts = "multipart/mixed; deferSpec=20220824, application/json";
    assert_eq!(streamed(LOGINS, parts, login, PARTS), all);
    assert_eq!(streamed(LOGINS, parts, login, NOTHING), two);
}

/// An answer of one item as an event.
const ITEM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: next\n\
    data: {\"data\":{\"items\":[{\"id\":\"1\"}]}}\n\n";
const FIRST: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: next\n\
    data: {\"data\":{\"items\":[{\"id\":\"1\"}]},\"hasNext\":true}\n\n";

#[test]
fn cost_is_settled_by_an_event_that_says_all() {
    let rates = "cost: { measure: type, lists: { Query.items: { slicing: [first] }, \
        Subscription.items: { slicing: [first] } } }\n\
        rates: [{ name: c, key: client.ip, limit: 100/h, spend: cost }]";
    let items = "{ items(first: 60) { id } }";
    let spent = ["200", "429", "429", "429", "429"];
    assert_eq!(streamed(rates, EVENTS, items, ITEM), ["200"; 5]);
    assert_eq!(streamed(rates, EVENTS, items, FIRST), spent);
    assert_eq!(streamed(rates, EVENTS, &format!("subscription {items}"), ITEM), spent);
}

#[test]
fn values_inside_an_argument_have_defaults() {
    let rest = LOGINS.replace("args.email", "args.by.email");
    let world = start(&rest);
    let login = |by: &str| world.post(&format!("mutation {{ wrong: login(by: {by}) }}"));
    assert_eq!([login("{}"), login(r#"{ email: "d@E" }"#), login("{}")], ["200", "200", "429"]);
    assert_eq!(login("{ email: null }"), "200");
}

/// An upstream that answers when it is told to.
struct Waiting(TcpListener);

impl Waiting {
    fn start(rest: &str) -> (Self, Proxy) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (Self(listener), Proxy::with(&policy(rest), SCHEMA, address, |_config| {}))
    }

    /// A request that has arrived, to be answered.
    fn next(&self) -> TcpStream {
        let (stream, _) = self.0.accept().unwrap();
        read_message(&mut BufReader::new(stream.try_clone().unwrap())).unwrap().unwrap();
        stream
    }
}

fn begin(proxy: &Proxy, query: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    let body = json!({ "query": query }).to_string();
    write!(stream, "{POST}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    stream
}

fn answer(upstream: TcpStream, client: TcpStream, body: &str) {
    tell(upstream, body);
    hear(client, body);
}

fn tell(mut upstream: TcpStream, body: &str) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
    write!(upstream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}

fn hear(mut client: TcpStream, body: &str) {
    assert!(read_answer(&mut client).ends_with(body));
}

#[test]
fn logins_in_flight_do_not_race_past_the_limit() {
    let (upstream, proxy) = Waiting::start(LOGINS);
    let login = r#"mutation { login(email: "a@b") }"#;
    let begin = || begin(&proxy, login);
    let (first, second) = (begin(), begin());
    let waiting = [upstream.next(), upstream.next()];
    assert_eq!(status(&read_answer(&mut begin())), "429");
    let done = r#"{"data":{"login":1}}"#;
    // Which of them arrived first is not known.
    waiting.into_iter().for_each(|it| tell(it, done));
    [first, second].into_iter().for_each(|it| hear(it, done));
    let client = begin();
    answer(upstream.next(), client, done);
}

#[test]
fn what_runs_at_a_time_is_bounded_by_key() {
    let rates = "rates: [{ name: r, key: client.ip, concurrency: 1 }]";
    let (upstream, proxy) = Waiting::start(rates);
    let first = begin(&proxy, "{ a }");
    let waiting = upstream.next();
    let refused = read_answer(&mut begin(&proxy, "{ a }"));
    assert_eq!(status(&refused), "429");
    assert!(refused.contains("ratelimit-policy: \"r\";q=1\r\n"), "{refused}");
    answer(waiting, first, r#"{"data":{"a":1}}"#);
    let client = begin(&proxy, "{ a }");
    answer(upstream.next(), client, r#"{"data":{"a":1}}"#);
}

#[test]
fn cost_is_settled_by_the_answer() {
    let cost = "cost: { measure: type, lists: { Query.items: { slicing: [first] } } }\n";
    let rates = format!("{cost}rates: [{{ name: c, key: client.ip, limit: 100/h, spend: cost }}]");
    let world = start(&rates);
    // Each may cost 60, and costs 1.
    for _ in 0..4 {
        assert_eq!(world.post("{ items(first: 60) { id } }"), "200");
    }
    // With an error nobody knows what it cost.
    assert_eq!(world.post("{ wrong: a items(first: 60) { id } }"), "200");
    assert_eq!(world.post("{ items(first: 60) { id } }"), "429");
}

#[test]
fn an_alias_of_any_length_costs_what_it_costs() {
    let cost = "cost: { measure: type, lists: { Query.items: { slicing: [first] } } }\n";
    let rates = format!("{cost}rates: [{{ name: c, key: client.ip, limit: 100/h, spend: cost }}]");
    let ask = |alias: &str, key: &str| {
        let (upstream, proxy) = Waiting::start(&rates);
        let query = format!("{{ {alias}: items(first: 60) {{ id }} }}");
        let client = begin(&proxy, &query);
        let items = vec![json!({ "id": "1" }); 60];
        answer(upstream.next(), client, &json!({ "data": { key: items } }).to_string());
        let again = begin(&proxy, &query);
        drop(upstream);
        status(&read_answer(&mut { again })).to_owned()
    };
    for n in [1, 1_024, 1_025, 5_000] {
        let alias = "a".repeat(n);
        assert_eq!(ask(&alias, &alias), "429", "{n}");
    }
    // What is longer than all that was asked for says nothing of it.
    assert_eq!(ask("a", &"a".repeat(5_000)), "429");
}

#[test]
fn keys_are_headers_and_documents() {
    let rates = "rates: [{ name: h, key: header.x-tenant, limit: 1/h }]";
    let world = start(rates);
    let query = json!({ "query": "{ a }" });
    let send = |headers: &str| world.send(headers, &query);
    assert_eq!([send("X-Tenant: a\r\n"), send("x-tenant: a\r\n")], ["200", "429"]);
    assert_eq!([send("X-Tenant: b\r\n"), send(""), send("")], ["200", "200", "429"]);
    let world = start("rates: [{ name: d, key: document, limit: 2/h }]");
    assert_eq!([world.post("{ a }"), world.post("query { a }")], ["200", "200"]);
    assert_eq!([world.post("{ a, }"), world.post("{ b: a }")], ["429", "200"]);
}

#[test]
fn profiles_have_numbers_of_their_own() {
    let rest = "rates: [{ name: r, key: caller, limit: 1/h }]\n\
                profiles: [{ name: g, when: 'request.transport == \"websocket\"', \
                rates: [{ name: r, limit: 2/h }] }]";
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(rest), SCHEMA, upstream.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    let mut ask = |id| {
        client.subscribe(id, "subscription{tick}");
        client.hear_short()
    };
    assert_eq!([ask("1"), ask("2")], ["next 1", "next 2"]);
    assert_eq!(ask("3"), "error 3 REQUEST_RATE_LIMITED");
}

#[test]
fn logins_over_a_socket_are_counted_too() {
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(LOGINS), SCHEMA, upstream.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    let mut login = |id: &str, name: &str| {
        client.subscribe(id, &format!("mutation {name} {{ login(email: \"a@b\") }}"));
        let first = client.hear_short();
        if first.starts_with("next") {
            assert_eq!(client.hear_short(), format!("complete {id}"));
        }
        first
    };
    for n in 0..4 {
        let id = format!("r{n}");
        assert_eq!(login(&id, "once"), format!("next {id}"));
    }
    assert_eq!([login("1", "wrong"), login("2", "wrong")], ["next 1", "next 2"]);
    assert_eq!(login("3", "wrong"), "error 3 REQUEST_RATE_LIMITED");
}

#[test]
fn what_runs_over_a_socket_is_freed_at_its_end() {
    let rates = "rates: [{ name: r, key: client.ip, concurrency: 1 }]";
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(rates), SCHEMA, upstream.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("1", "subscription{tick}");
    assert_eq!(client.hear_short(), "next 1");
    client.subscribe("2", "subscription{tick}");
    assert_eq!(client.hear_short(), "error 2 REQUEST_RATE_LIMITED");
    client.say(r#"{"id":"1","type":"complete"}"#);
    client.subscribe("3", "subscription{tick}");
    assert_eq!(client.hear_short(), "next 3");
}
