//! The protocol `graphql-transport-ws`, spoken to clients and to the upstream, which may speak its
//! predecessor instead.
//!
//! [`accept`] reads a client's handshake and [`connect`] makes one with the upstream; [`Frames`] are
//! the messages of a socket after it; [`read_client`] reads a client's strictly, [`read_upstream`]
//! those of the upstream as it writes them, and `write` makes new ones. Judges nothing, holds no
//! session: a socket is no tunnel, and what joins the two sides of one is `server`.

mod accept;
mod close;
mod connect;
mod dialect;
mod frames;
mod init;
mod message;
pub mod write;

pub use accept::accept;
pub use close::Close;
pub use connect::{ConnectError, connect};
pub use dialect::Dialect;
pub use frames::{Ended, Frames, Received};
pub use init::{Init, read_init};
pub use message::{FromClient, FromUpstream, read_client, read_upstream};

/// What clients must speak. Its predecessor `graphql-ws` is refused: it has no close codes, and
/// its messages can be read as those of this one. An upstream may speak either.
pub const SUBPROTOCOL: &str = "graphql-transport-ws";
