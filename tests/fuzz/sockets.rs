//! Messages of WebSockets: each has one reading or none.

use portcullis::{
    json,
    policy::UnknownKeys,
    websocket::{Dialect, FromClient, read_client, read_upstream},
};

use crate::mutate::Target;

#[test]
fn messages() {
    target().fuzz(20_000);
}

pub(crate) fn target() -> Target {
    let seeds = [
        r#"{"type":"connection_init","payload":{"authorization":"Bearer a"}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":{"a":1}}}"#,
        r#"{"type":"complete","id":"1"}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"pong","payload":{}}"#,
        r#"{"type":"next","id":"1","payload":{"data":{"a":1}}}"#,
        r#"{"type":"error","id":"1","payload":[{"message":"a"}]}"#,
        r#"{"type":"connection_ack"}"#,
    ]
    .map(|it| it.as_bytes().to_vec());
    Target::new("websocket", seeds.to_vec(), |input| {
        for dialect in [Dialect::GraphqlWs, Dialect::TransportWs] {
            let _upstream = read_upstream(input, dialect);
        }
        let Ok(tree) = json::read(input, json::Limits::default()) else { return false };
        let theirs: serde_json::Value = serde_json::from_slice(input).expect("what we read");
        let Ok(message) = read_client(&tree, UnknownKeys::Drop) else { return false };
        let kind = match &message {
            FromClient::Complete { .. } => "complete",
            FromClient::ConnectionInit { .. } => "connection_init",
            FromClient::Ping => "ping",
            FromClient::Pong => "pong",
            FromClient::Subscribe { .. } => "subscribe",
        };
        assert_eq!(theirs["type"], kind);
        if let FromClient::Complete { id } | FromClient::Subscribe { id, .. } = &message {
            assert_eq!(theirs["id"], **id);
        }
        true
    })
}
