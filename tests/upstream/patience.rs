//! A policy that waits shortly, in front of an upstream that is silent.

use portcullis::config::UpstreamHttp;

use crate::{
    POLICY, post,
    server::{Answers, Server},
    start_under, status,
};

#[test]
fn a_silent_http2_connection_takes_no_further_request_however_shortly_the_policy_waits() {
    for timeout in ["first_byte: 1s", "total: 1s"] {
        let server = Server::start(None, true, Answers::NotTheFirst);
        let policy = format!("{POLICY}response: {{ timeout: {{ {timeout} }} }}\n");
        let proxy = start_under((&policy, "http://127.0.0.1"), server.address, |it| {
            it.upstream_http = UpstreamHttp::H2c;
        });
        assert_eq!([post(&proxy), post(&proxy)].each_ref().map(|it| status(it)), ["504", "200"]);
        let connections: Vec<_> = server.seen().iter().map(|it| it.connection).collect();
        assert_eq!(connections, [0, 1], "{timeout}");
    }
}
