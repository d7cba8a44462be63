//! What an upstream speaks: the protocol, or its predecessor, which many servers still know alone.

use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};

use crate::websocket::SUBPROTOCOL;

/// A protocol of the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `graphql-ws`, of the package `subscriptions-transport-ws`.
    GraphqlWs,
    /// `graphql-transport-ws`
    TransportWs,
}

/// What is offered, the better one first.
pub(super) const OFFERED: &str = "graphql-transport-ws, graphql-ws";

impl Dialect {
    /// What the upstream has chosen; nothing when it is none of what was offered.
    pub(super) fn chosen(answer: &HeaderMap) -> Option<Self> {
        match answer.get(SEC_WEBSOCKET_PROTOCOL)?.as_bytes() {
            it if it == SUBPROTOCOL.as_bytes() => Some(Self::TransportWs),
            b"graphql-ws" => Some(Self::GraphqlWs),
            _ => None,
        }
    }
}
