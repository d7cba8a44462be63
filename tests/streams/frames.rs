//! Frames: RFC 6455, its limits and ours.

use std::io::Write;

use tokio_tungstenite::tungstenite::Message;

use crate::{
    INIT, start,
    support::{proxy::Proxy, socket::Client},
};

/// A frame with a mask, or without.
fn frame(first: u8, payload: &[u8], mask: bool) -> Vec<u8> {
    let mut frame = vec![first, u8::try_from(payload.len()).unwrap() | if mask { 0x80 } else { 0 }];
    frame.extend(mask.then_some([0; 4]).iter().flatten());
    frame.extend(payload);
    frame
}

/// The code with which bytes on a fresh socket are answered.
#[track_caller]
fn check_bytes(proxy: &Proxy, bytes: &[u8], expect: &str) {
    let mut client = Client::open(proxy.address(), &[]).unwrap();
    client.0.get_mut().write_all(bytes).unwrap();
    assert_eq!(client.hear_short(), expect, "{bytes:?}");
}

#[test]
fn frames_are_those_of_the_standard() {
    let (_upstream, proxy) = start("message: 64B");
    let check = |bytes: &[u8], expect: &str| check_bytes(&proxy, bytes, expect);
    let (one, two) = INIT.as_bytes().split_at(9);
    let init = [frame(1, one, true), frame(0, b"", true), frame(0x80, two, true)].concat();
    check(&init, "connection_ack");
    let pinged = [frame(1, one, true), frame(0x89, b"p", true), frame(0x80, two, true)].concat();
    check(&pinged, "connection_ack");
    check(&frame(0x81, INIT.as_bytes(), false), "close 1002");
    check(&frame(0x82, INIT.as_bytes(), true), "close 1003");
    check(&frame(0x81, b"\xff", true), "close 1007");
    check(&frame(0xc1, b"{}", true), "close 1002");
    check(&frame(0x83, b"{}", true), "close 1002");
    check(&frame(0x80, b"{}", true), "close 1002");
    check(&frame(0x09, b"{}", true), "close 1002");
    let exact = format!("{INIT:<64}");
    check(&frame(0x81, exact.as_bytes(), true), "connection_ack");
    check(&frame(0x81, format!("{INIT:<65}").as_bytes(), true), "close 1009");
    let pieces = [frame(1, &[b' '; 40], true), frame(0, &[b' '; 40], true)].concat();
    check(&pieces, "close 1009");
}

#[test]
fn a_flood_of_pings_ends_a_socket() {
    let (_upstream, proxy) = start("");
    let texts = [r#"{"type":"ping"}"#, r#"{"type":"pong"}"#, r#"{"type":"complete","id":"1"}"#];
    for ping in texts.map(Message::text).into_iter().chain([Message::Ping("p".into())]) {
        let mut client = Client::begun(proxy.address(), &[]);
        (0..3000).for_each(|_| drop(client.0.write(ping.clone())));
        let _ = client.0.flush();
        let mut heard = client.hear_short();
        while heard == "pong" {
            heard = client.hear_short();
        }
        assert_eq!(heard, "close 1008");
    }
}

/// The message that begins the session is none of them.
#[test]
fn a_whole_burst_of_pings_passes() {
    let (_upstream, proxy) = start("");
    let mut client = Client::begun(proxy.address(), &[]);
    (0..300).for_each(|_| client.0.write(Message::text(r#"{"type":"ping"}"#)).unwrap());
    client.0.flush().unwrap();
    (0..300).for_each(|n| assert_eq!(client.hear_short(), "pong", "{n}"));
}

/// However many there are, and however quickly they begin and end.
#[test]
fn operations_are_no_flood() {
    let (_upstream, proxy) = start("max_operations: 1000");
    let mut client = Client::begun(proxy.address(), &[]);
    for _ in 0..600 {
        client.subscribe("1", "subscription{once}");
        assert_eq!([client.hear_short(), client.hear_short()], ["next 1", "complete 1"]);
        // It crosses the other on its way.
        client.say(r#"{"type":"complete","id":"1"}"#);
    }
    let ids: Vec<_> = (0..300).map(|it| it.to_string()).collect();
    ids.iter().for_each(|it| client.subscribe(it, "subscription{tick}"));
    for id in &ids {
        assert_eq!(client.hear_short(), format!("next {id}"));
    }
    for id in &ids {
        client.say(&format!(r#"{{"type":"complete","id":"{id}"}}"#));
    }
    client.say(r#"{"type":"ping"}"#);
    assert_eq!(client.hear_short(), "pong");
}
