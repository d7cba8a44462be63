//! Rates through a real listener: the class `rate` of the bazaar corpus, and what clients are told.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{
    bazaar::{Case, INTENT, bazaar_with, cases},
    bench::{ANSWER, POST, status},
    proxy::Proxy,
    socket::{Client, SocketUpstream},
    upstream::Upstream,
    wire::exchange,
};

/// Repeats a case until it is refused; how often it was forwarded before, or a complaint.
fn forwarded(case: &Case, rates: &str) -> Result<usize, String> {
    let folder = bazaar_with(rates);
    let upstream = Upstream::start();
    let policy = folder.path().join("policy.yaml");
    let proxy = Proxy::start(policy.to_str().expect("a path in UTF-8"), upstream.address());
    for n in 0..case.repeats() {
        let answer = exchange(proxy.address(), &case.bytes_of_repeat(n));
        let answer = answer.ok_or("closed without an answer")?;
        match answer.status() {
            200 => {}
            429 if answer.header("retry-after").is_some() => return Ok(upstream.take().len()),
            other => return Err(format!("status {other} after {n}")),
        }
    }
    Err(format!("all {} were forwarded", case.repeats()))
}

#[test]
fn the_rate_cases_of_the_bazaar_are_refused() {
    let all = cases("attacks-public.jsonl");
    let rate: Vec<_> = all.iter().filter(|it| it.class() == "rate").collect();
    assert_eq!(rate.len(), 3);
    for case in rate {
        let n = forwarded(case, INTENT).unwrap_or_else(|it| panic!("{}: {it}", case.id()));
        // Some come back while the others are sent, on a machine that is slow.
        let burst = if case.repeats() == 12 { 5 } else { 20 };
        assert!((burst..case.repeats()).contains(&n), "{}: {n} forwarded", case.id());
    }
}

#[test]
fn each_rate_of_the_bazaar_refuses_alone() {
    let all = cases("attacks-public.jsonl");
    let case = |id: &str| all.iter().find(|it| it.id() == id).expect("a case");
    let one = |it: &str| format!("\nrates: [{{ name: one, limit: 5/h, {it} }}]\n");
    assert_eq!(forwarded(case("RATE-002"), &one("key: client.ip")), Ok(5));
    assert_eq!(forwarded(case("RATE-005"), &one("key: caller")), Ok(5));
    assert_eq!(forwarded(case("RATE-004"), &one("key: caller, on: Mutation.login")), Ok(5));
    // Their queries do not log in.
    let logins = one("key: client.ip, on: Mutation.login");
    assert!(forwarded(case("RATE-002"), &logins).is_err());
}

#[test]
fn every_caller_has_a_quota_of_its_own() {
    let folder = bazaar_with("\nrates: [{ name: one, key: claims.sub, limit: 1/h }]\n");
    let upstream = Upstream::start();
    let policy = folder.path().join("policy.yaml");
    let proxy = Proxy::start(policy.to_str().expect("a path in UTF-8"), upstream.address());
    let all = cases("attacks-public.jsonl");
    let case = all.iter().find(|it| it.id() == "RATE-005").expect("a case");
    let send = |case: &Case| exchange(proxy.address(), &case.bytes()).map(|it| it.status());
    assert_eq!([send(case), send(case)], [Some(200), Some(429)]);
    let other = case.by("u-1002");
    assert_eq!([send(&other), send(&other)], [Some(200), Some(429)]);
}

const SCHEMA: &str = "
    type Query { a(x: Int): Int b: Query i: I }
    type Mutation { login: Int }
    interface I { g(id: ID): Int }
    interface J implements I { g(id: ID): Int }
    type A implements I & J { g(id: ID): Int }
    type B implements I { g(id: ID): Int }";

struct Small {
    proxy: Proxy,
    upstream: Upstream,
}

impl Small {
    fn start(rates: &str) -> Self {
        let upstream = Upstream::answering(ANSWER);
        let proxy = Proxy::with(&policy("t", rates), SCHEMA, upstream.address(), |_config| {});
        Self { proxy, upstream }
    }

    /// Status, and the headers of rates with their detail.
    fn post(&self, body: &str) -> String {
        let mut stream = std::net::TcpStream::connect(self.proxy.address()).expect("connect");
        let answer = support::bench::exchange(&mut stream, POST, body);
        let told = ["retry-after: ", "ratelimit: ", "ratelimit-policy: "];
        let told = told.iter().filter_map(|it| answer.lines().find(|line| line.starts_with(it)));
        let told: Vec<_> = told.collect();
        format!("{} {}", status(&answer), told.join(", ")).trim_end().to_owned()
    }
}

fn policy(name: &str, rates: &str) -> String {
    format!(
        "version: 1\nname: {name}\nschema: {{ file: test.graphql }}\n\
         http: {{ batch: 9, explain_refusals: true }}\nrates: {rates}\n"
    )
}

const QUERY: &str = r#"{"query":"{ a }"}"#;

#[test]
fn a_refusal_tells_when_to_come_back() {
    let small = Small::start("[{ name: all, key: client.ip, limit: 1/h, burst: 2 }]");
    assert_eq!(small.post(QUERY), "200");
    // Also what is refused was a request.
    assert_eq!(small.post("{"), "400");
    let refused = small.post(QUERY);
    let wait = refused.split_once("retry-after: ").and_then(|(_, it)| it.split_once(','));
    let wait: u64 = wait.and_then(|it| it.0.parse().ok()).expect(&refused);
    assert!((3_500..=3_600).contains(&wait), "{refused}");
    let expect = format!(
        "429 retry-after: {wait}, ratelimit: \"all\";r=0;t={wait}, \
         ratelimit-policy: \"all\";q=1;w=3600"
    );
    assert_eq!(refused, expect);
    assert_eq!(small.upstream.take().len(), 1);
}

#[test]
fn calls_are_counted_over_aliases_and_batch() {
    let rates = "[{ name: logins, key: client.ip, limit: 4/h, on: Mutation.login }]";
    let login = |aliases: &str| {
        let calls: Vec<_> = aliases.chars().map(|it| format!("{it}: login")).collect();
        format!(r#"{{"query":"mutation {{ {} }}"}}"#, calls.join(" "))
    };
    let small = Small::start(rates);
    // The same key twice is one call.
    assert_eq!(small.post(&login("aab")), "200");
    let batch = format!("[{},{},{QUERY}]", login("a"), login("b"));
    assert_eq!(small.post(&batch), "200");
    assert!(small.post(&login("a")).starts_with("429 retry-after: "));
    assert_eq!(small.post(QUERY), "200");
    let small = Small::start(rates);
    assert_eq!(small.post(&login("abcde")), "429 ratelimit-policy: \"logins\";q=4;w=3600");
    assert_eq!(small.post(&login("abcd")), "200");
    assert_eq!(small.upstream.take().len(), 1);
}

#[test]
fn types_do_not_hide_calls_of_an_interface_s_field() {
    let of = |on| format!("[{{ name: g, on: {on}, key: args.id, limit: 1/h }}]");
    let ask = |text: &str| serde_json::json!({ "query": format!("{{ i {{ {text} }} }}") });
    for text in ["... on A { x: g(id: 1) }", "... on J { x: g(id: 1) }", "x: g(id: 1)"] {
        let small = Small::start(&of("I.g"));
        assert_eq!(small.post(&ask(text).to_string()), "200");
        assert!(small.post(&ask("... on B { g(id: 1) }").to_string()).starts_with("429 "));
        assert_eq!(small.post(&ask("... on B { g(id: 2) }").to_string()), "200");
    }
    let small = Small::start(&of("J.g"));
    let on_b = ask("... on B { g(id: 1) }").to_string();
    assert_eq!([small.post(&on_b), small.post(&on_b)], ["200", "200"]);
    assert_eq!(small.post(&ask("... on A { g(id: 1) }").to_string()), "200");
    assert!(small.post(&ask("g(id: 1)").to_string()).starts_with("429 "));
}

#[test]
fn a_decoy_under_the_same_key_does_not_hide_a_call() {
    let small = Small::start("[{ name: g, on: '*.g', key: args.id, limit: 1/h }]");
    let ask = |b: &str, a: &str| {
        let text = format!("{{ i {{ ... on B {{ x: g{b} }} ... on A {{ x: g{a} }} }} }}");
        small.post(&serde_json::json!({ "query": text }).to_string())
    };
    // Asked alike it is one call, whichever type answers.
    assert_eq!(ask("(id: 0)", "(id: 0)"), "200");
    assert_eq!(ask("(id: 1)", "(id: 2)"), "200");
    assert!(ask("(id: 3)", "(id: 2)").starts_with("429 "));
    assert!(ask("(id: 1)", "(id: 4)").starts_with("429 "));
}

#[test]
fn spelling_a_value_otherwise_makes_no_new_quota() {
    let rates = "[{ name: f, on: Query.find, key: args.j, limit: 1/h }]";
    let schema = "scalar JSON type Query { find(j: JSON): Int }";
    let upstream = Upstream::answering(ANSWER);
    let proxy = Proxy::with(&policy("t", rates), schema, upstream.address(), |_config| {});
    let find = |j: &str| {
        let mut stream = std::net::TcpStream::connect(proxy.address()).expect("connect");
        let body = format!(
            "{{\"query\":\"query($j: JSON) {{ find(j: $j) }}\",\"variables\":{{\"j\":{j}}}}}"
        );
        status(&support::bench::exchange(&mut stream, POST, &body)).to_owned()
    };
    assert_eq!(find(r#"{"a":1,"y":[true,"x"]}"#), "200");
    for same in [
        r#"{"a": 1, "y": [ true ,"x"]}"#,
        r#"{"y":[true,"x"],"a":1}"#,
        r#"{"a":1,"\u0079":[true,"\u0078"]}"#,
        r#"{"a":1.0,"y":[true,"x"]}"#,
        r#"{"a":10e-1,"y":[true,"x"]}"#,
    ] {
        assert_eq!(find(same), "429", "{same}");
    }
    for other in [r#"{"a":2,"y":[true,"x"]}"#, r#"{"a":1,"y":["x",true]}"#, r#"[{"a":1}]"#, "1"] {
        assert_eq!(find(other), "200", "{other}");
    }
    assert_eq!(find("1.0"), "429");
}

#[test]
fn cost_is_spent_by_what_is_admitted() {
    // A call of an object costs 1 in either measure.
    let small = Small::start("[{ name: cost, key: client.ip, limit: 3/h, spend: cost }]");
    let nested = |n| format!(r#"{{"query":"{{ {} a {} }}"}}"#, "b {".repeat(n), "}".repeat(n));
    assert_eq!(small.post(&nested(5)), "429 ratelimit-policy: \"cost\";q=3;w=3600");
    assert_eq!(small.post(&nested(1)), "200");
    assert!(small.post(&nested(3)).starts_with("429 "));
    assert_eq!(small.post(&nested(0)), "200");
}

#[test]
fn a_rate_that_reports_lets_through() {
    let small = Small::start("[{ name: all, key: client.ip, limit: 1/h, mode: report }]");
    assert_eq!([small.post(QUERY), small.post(QUERY)], ["200", "200"]);
}

#[test]
fn what_was_spent_survives_a_reload() {
    let rates = "[{ name: all, key: client.ip, limit: 1/h }]";
    let small = Small::start(rates);
    assert_eq!(small.post(QUERY), "200");
    small.proxy.replace(&policy("other", rates), SCHEMA);
    assert!(small.post(QUERY).starts_with("429 "));
    small.proxy.replace(&policy("other", &rates.replace("1/h", "2/h")), SCHEMA);
    assert_eq!(small.post(QUERY), "200");
}

#[test]
fn introspection_that_is_answered_here_counts_over_every_transport() {
    let policy = "version: 1\nname: t\nschema: { file: test.graphql }\nintrospection: allow\n\
        http: { websocket: { operations: [query] } }\n\
        rates: [{ name: d, key: document, limit: 2/h }]\n";
    let upstream = Upstream::answering(ANSWER);
    let proxy = Proxy::with(policy, SCHEMA, upstream.address(), |_config| {});
    let small = Small { proxy, upstream };
    let query = "{__schema{queryType{name}}}";
    let post = || small.post(&serde_json::json!({ "query": query }).to_string());
    let mut client = Client::begun(small.proxy.address(), &[]);
    client.subscribe("1", query);
    assert_eq!([client.hear_short(), client.hear_short()], ["next 1", "complete 1"]);
    assert_eq!(post(), "200");
    assert!(post().starts_with("429 "));
    client.subscribe("2", query);
    assert_eq!(client.hear_short(), "error 2 REQUEST_RATE_LIMITED");
    assert!(small.upstream.take().is_empty());
}

#[test]
fn the_first_part_of_an_answer_over_a_socket_gives_nothing_back() {
    let schema = "
        directive @defer(if: Boolean, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
        type Query { items(first: Int): [Item] }
        type Item { id: ID }";
    let policy = "version: 1\nname: t\nschema: { file: test.graphql }\n\
        http: { websocket: { operations: [query] } }\n\
        cost: { measure: type, lists: { Query.items: { slicing: [first] } } }\n\
        rates: [{ name: c, key: client.ip, limit: 100/h, spend: cost }]\n";
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(policy, schema, upstream.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    let mut ask = |id: &str, item: &str, n| {
        client.subscribe(id, &format!("{{ items(first: 60) {{ {item} }} }}"));
        (0..n).map(|_| client.hear_short()).collect::<Vec<_>>()
    };
    // Each may cost 60, and costs 1.
    for id in ["1", "2", "3"] {
        assert_eq!(ask(id, "id", 2), [format!("next {id}"), format!("complete {id}")]);
    }
    let parts = "id ... @defer { id }";
    assert_eq!(ask("4", parts, 3), ["next 4", "next 4", "complete 4"]);
    assert_eq!(ask("5", parts, 1), ["error 5 REQUEST_RATE_LIMITED"]);
}
