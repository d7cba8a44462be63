//! The table: what an upstream does, and what the client saw, without and with guards.

use std::fmt::Write;

use crate::{
    Seen, ask,
    upstream::Act::{self, Answer, Forever, Lying, Reset, Say, Times, Wait},
};

/// Every guard that a policy can ask for.
const GUARDED: &str = "max: 200KiB, timeout: { first_byte: 300ms, idle: 300ms, total: 1s }, \
    depth: 12, list: 1000, contract: enforce, errors: { mask: true, keep_codes: [BAD_USER_INPUT] }, \
    suggestions: strip, extensions: [cost], redact: [User.email]";
/// None, but for times that a test can wait for.
const BARE: &str = "timeout: { first_byte: 300ms, idle: 300ms, total: 1s }, max: 200KiB";

const QUERY: &str = "{ me { id name email role age } users { id } any }";

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
    Transfer-Encoding: chunked\r\n\r\n";

const CASES: &[(&str, &[Act])] = &[
    (
        "a good answer",
        &[Answer(
            "200 OK",
            "application/json",
            r#"{"data":{"me":{"id":1,"role":"ADMIN","age":1.0}}}"#,
        )],
    ),
    ("reset before the head", &[Reset]),
    ("closed before the head", &[]),
    ("silent", &[Wait]),
    ("half a head, then silent", &[Say("HTTP/1.1 200 OK\r\nContent-"), Wait]),
    ("no HTTP", &[Say("hello\r\n\r\n")]),
    ("reset in the body", &[Lying(60, r#"{"data":{"me""#), Reset]),
    ("truncated", &[Lying(60, r#"{"data":{"me":{"id":1}}}"#)]),
    (
        "truncated without a length",
        &[Say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"me\":{")],
    ),
    ("truncated chunks", &[Say(CHUNKED), Say("e\r\n{\"data\":{\"me\":\r\n")]),
    ("silent in the body", &[Lying(60, r#"{"data":{"me""#), Wait]),
    ("a length that is too short", &[Lying(20, r#"{"data":{"me":{"id":1}}}"#)]),
    ("two lengths", &[Say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")]),
    ("too long, and says so", &[Lying(999999, r#"{"data":{"any":""#), Wait]),
    ("endless", &[Say(CHUNKED), Say("10\r\n{\"data\":{\"any\":[\r\n"), Forever("3\r\n[],\r\n")]),
    (
        "a text that is too long",
        &[Say(CHUNKED), Say("10\r\n{\"data\":{\"any\":\"\r\n"), Times(60_000, "5\r\naaaaa\r\n")],
    ),
    (
        "broken off far behind its beginning",
        &[
            Say(CHUNKED),
            Say("10\r\n{\"data\":{\"any\":\"\r\n"),
            Times(30_000, "5\r\naaaaa\r\n"),
            Say("0\r\n\r\n"),
        ],
    ),
    (
        "broken off far behind its beginning, without a length",
        &[
            Say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"any\":\""),
            Times(30_000, "aaaaa"),
        ],
    ),
    (
        "an older HTTP",
        &[Say(
            "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"me\":{\"id\":1}}}",
        )],
    ),
    (
        "a length beside chunks",
        &[Say(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
             Content-Length: 3\r\n\r\n14\r\n{\"data\":{\"me\":null}}\r\n0\r\n\r\n",
        )],
    ),
    (
        "chunks of something coded",
        &[Say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")],
    ),
    (
        "HTML that says nothing",
        &[Say("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<h1>secret</h1>")],
    ),
    (
        "JSON that says nothing",
        &[Say("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"data\":null}")],
    ),
    ("HTML", &[Answer("200 OK", "text/html", "<h1>It works, secret</h1>")]),
    ("HTML that says it is JSON", &[Answer("200 OK", "application/json", "<h1>It</h1>  ")]),
    ("nothing", &[Say("HTTP/1.1 204 No Content\r\n\r\n")]),
    ("a redirect", &[Say("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/secret\r\n\r\n")]),
    (
        "compressed",
        &[Say(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        )],
    ),
    (
        "500 with HTML and secrets",
        &[Answer("500 Oops", "text/html", "<pre>at db.js password=x</pre>\n")],
    ),
    (
        "500 with JSON that is no answer",
        &[Answer("500 Oops", "application/json", r#"{"trace":"at db.js","password":"x123"}"#)],
    ),
    (
        "500 with an answer",
        &[Answer(
            "500 Oops",
            "application/json",
            r#"{"errors":[{"message":"password=x","path":["me"]}]}"#,
        )],
    ),
    ("401 in plain text", &[Answer("401 No", "text/plain", "secret realm")]),
    (
        "401 with JSON that is no answer",
        &[Answer("401 No", "application/json", r#"{"message":"password=x123"}"#)],
    ),
    (
        "400 with a suggestion",
        &[Answer(
            "400 Bad",
            "application/json",
            r#"{"errors":[{"message":"No \"x\". Did you mean \"secret\"?"}]}"#,
        )],
    ),
    (
        "an error with a code that is kept",
        &[Answer(
            "200 OK",
            "application/json",
            r#"{"errors":[{"message":"bad. Did you mean a?","extensions":{"code":"BAD_USER_INPUT","stacktrace":["secret"]}}]}"#,
        )],
    ),
    (
        "fields that nobody asked for",
        &[Answer("200 OK", "application/json", r#"{"data":{"me":{"id":1,"password":"x123"}}}"#)],
    ),
    (
        "a field that is redacted",
        &[Answer("200 OK", "application/json", r#"{"data":{"me":{"email":"a@secret","id":1}}} "#)],
    ),
    (
        "a value of another type",
        &[Answer("200 OK", "application/json", r#"{"data":{"me":{"age":"secret"}}}"#)],
    ),
    (
        "no value of the enum",
        &[Answer("200 OK", "application/json", r#"{"data":{"me":{"role":"ROOT"}}}"#)],
    ),
    (
        "extensions",
        &[Answer(
            "200 OK",
            "application/json",
            r#"{"data":{},"extensions":{"cost":1,"tracing":"secret"}}    "#,
        )],
    ),
];

#[test]
fn what_the_client_saw() {
    let mut table = String::new();
    for (name, acts) in CASES {
        let _ = writeln!(table, "{name}");
        for (guards, rules) in [("bare", BARE), ("guarded", GUARDED)] {
            let seen = ask(rules, acts, QUERY);
            let shown = show(&seen);
            let _ = writeln!(table, "  {guards:<7} {shown}");
            assert!(guards == "bare" || !shown.contains("secret"), "{name}: {shown}");
            assert!(seen.head.starts_with("HTTP/1.1 "), "{name}: {}", seen.head);
            for header in ["server", "x-powered-by", "location"] {
                assert_eq!(seen.header(header), None, "{name}: {header}");
            }
        }
    }
    insta::assert_snapshot!(table);
}

/// One line: status, whether it is whole, and the body, long ones cut.
fn show(seen: &Seen) -> String {
    let id = seen.header("x-request-id").unwrap_or("no id");
    let body = seen.body.replace(id, "ID");
    let whole = if seen.is_whole { "whole" } else { "cut off" };
    let body =
        if body.len() > 300 { format!("{}…", body.get(..40).unwrap_or_default()) } else { body };
    format!("{} {whole} {}", seen.status(), body.trim())
}
