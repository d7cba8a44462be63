//! Several graphs in one process, while their policies change.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{fs, net::SocketAddr, path::Path};

use portcullis::{
    admission::CacheLimits,
    config::{Config, UpstreamUrl},
    server::{Reload, Reloader, Running, Server},
};
use support::{
    upstream::Upstream,
    wire::{Message, exchange, request},
};

const SCHEMA: &str = "type Query { a: Int b: Query }";

fn policy(folder: &Path, name: &str, rest: &str) -> std::path::PathBuf {
    let path = folder.join(format!("{name}.yaml"));
    fs::write(folder.join("test.graphql"), SCHEMA).unwrap();
    let text = format!("version: 1\nname: {name}\nschema: {{ file: test.graphql }}\n{rest}");
    fs::write(&path, text).unwrap();
    path
}

fn config(host: &str, upstream: &Upstream) -> Config {
    let url = UpstreamUrl::parse(&format!("http://{}/up", upstream.address())).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    Config { hosts: vec![host.into()], listen: any, admin: Some(any), ..Config::new(url) }
}

fn ask(to: SocketAddr, host: &str, path: &str, query: &str) -> Message {
    let headers = [("Host", host), ("Content-Type", "application/json")];
    let body = format!(r#"{{"query":"{query}"}}"#);
    let bytes = request("POST", path, &headers, Some(body.as_bytes()));
    exchange(to, &bytes).unwrap()
}

fn stop(running: Running) {
    running.stop();
    let _cut_off = running.join();
}

#[test]
fn a_reload_takes_no_place_of_another_graph() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, admin) = (Upstream::start(), Upstream::start());
    let open = |path: &Path, n| match Reloader::open(path, CacheLimits::default(), None) {
        Ok((reloader, state)) => (reloader.of_graph(n), state),
        Err(why) => panic!("{why:?}"),
    };
    let (mut one, first) = open(&policy(folder.path(), "one", ""), 0);
    let (mut two, second) =
        open(&policy(folder.path(), "two", "http: { path: /admin }\nlimits: { depth: 1 }\n"), 1);
    let first = (config("shop.example", &shop), first);
    let more = vec![(config("shop.example", &admin), second)];
    let running = Server::start_all(first, more).unwrap();
    let asked = |path: &str| {
        let status = ask(running.addr(), "shop.example", path, "{ a }").status();
        (status, [&shop, &admin].map(|it| it.take().len()))
    };
    let failed = || {
        let get = b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
        let ready = exchange(running.admin_addr().unwrap(), get).unwrap().json().unwrap();
        ready["graphs"][1]["policy"]["failed_reload"]["found"][0]["message"].clone()
    };
    // The limits stay as well: the policy is kept whole.
    policy(folder.path(), "two", "");
    assert_eq!(two.reload(&running), Reload::Kept);
    assert_eq!(failed(), "two graphs have `shop.example/graphql`");
    assert_eq!([asked("/graphql"), asked("/admin")], [(200, [1, 0]), (200, [0, 1])]);
    assert_eq!(ask(running.addr(), "shop.example", "/admin", "{ b { a } }").status(), 422);
    // It is tried again, and is no less another policy than before.
    assert_eq!(two.reload(&running), Reload::Kept);
    policy(folder.path(), "one", "http: { path: /other }\n");
    assert_eq!([one.reload(&running), two.reload(&running)], [Reload::Replaced; 2]);
    assert!(failed().is_null());
    assert_eq!([asked("/other"), asked("/graphql")], [(200, [1, 0]), (200, [0, 1])]);
    stop(running);
}
