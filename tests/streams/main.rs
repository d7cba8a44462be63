//! WebSocket, server-sent events and multipart, through a real listener, with a real upstream behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod events;
mod frames;
mod protocol;
mod sessions;
mod upstreams;

use support::{
    proxy::Proxy,
    socket::{Client, SocketUpstream},
};

const SCHEMA: &str = "
    directive @defer(if: Boolean, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    type Query { a: Int, secret: Int }
    type Mutation { b: Int, held: Int }
    type Subscription {
        tick(a: Int): Int, once: Int, fail: Int, flood: String, vanish: Int, nonsense: Int, twice: Int
    }
";

/// A policy with `rest` in its `websocket` block.
fn policy(websocket: &str) -> String {
    format!(
        "version: 1\nname: test\nschema: {{ file: test.graphql }}\n\
         http: {{ websocket: {{ {websocket} }} }}\nlimits: {{ depth: 3 }}\n"
    )
}

fn start(websocket: &str) -> (SocketUpstream, Proxy) {
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(websocket), SCHEMA, upstream.address(), |_config| {});
    (upstream, proxy)
}

const INIT: &str = r#"{"type":"connection_init"}"#;
const TICK: &str = r#"{"id":"1","type":"subscribe","payload":{"query":"subscription{tick}"}}"#;
const ACK: &str = "connection_ack";

/// What is said, and what is heard then.
#[track_caller]
fn check(proxy: &Proxy, said: &[(&str, &[&str])]) {
    let mut client = Client::open(proxy.address(), &[]).unwrap();
    for (say, expect) in said {
        client.say(say);
        let heard: Vec<_> = expect.iter().map(|_| client.hear_short()).collect();
        assert_eq!(heard, *expect, "{said:?}");
    }
}
