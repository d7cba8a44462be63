//! The value of a flag that says where to listen.

use std::net::SocketAddr;

/// An IP address and a port: a name could stand for several, or for another tomorrow.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_it| {
        "expected an IP address and a port, such as `127.0.0.1:4000` or `[::1]:4000`".to_owned()
    })
}
