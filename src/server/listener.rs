//! Listening sockets: one per worker on the same address, so that the kernel shares out the
//! connections (`SO_REUSEPORT`).
//!
//! The option would let in a second process of the same user as well, and a share of the requests
//! would be judged by another policy: so the address has to be free of anybody else.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

/// `n` sockets on one address. With port 0 the first gets a port and the others share it.
pub(super) fn bind_all(
    address: SocketAddr,
    n: usize,
    backlog: i32,
) -> io::Result<Vec<TcpListener>> {
    let shared = |address| listen(open(address, |it| it.set_reuse_port(true))?, backlog);
    drop(open(address, |_| Ok(()))?);
    let first = shared(address)?;
    let address = first.local_addr()?;
    let mut all = vec![first];
    for _ in 1..n {
        all.push(shared(address)?);
    }
    Ok(all)
}

/// One socket on an address that nobody else has.
pub(super) fn bind(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    listen(open(address, |_| Ok(()))?, backlog)
}

/// A socket that is bound to an address.
fn open(
    address: SocketAddr,
    options: impl FnOnce(&Socket) -> io::Result<()>,
) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A connection of a process that has just ended does not keep the next one waiting.
    socket.set_reuse_address(true)?;
    options(&socket)?;
    let named = |it: io::Error| io::Error::new(it.kind(), format!("{address}: {it}"));
    socket.bind(&address.into()).map_err(named)?;
    Ok(socket)
}

/// Lets connections in, for an asynchronous runtime.
fn listen(socket: Socket, backlog: i32) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sockets_share_the_port_that_the_system_chose() {
        let all = bind_all(SocketAddr::from(([127, 0, 0, 1], 0)), 3, 16).unwrap();
        let ports: Vec<_> = all.iter().map(|it| it.local_addr().unwrap().port()).collect();
        assert!(ports[0] != 0 && ports.iter().all(|it| *it == ports[0]) && ports.len() == 3);
    }

    #[test]
    fn an_address_is_ours_alone() {
        let mine = bind_all(SocketAddr::from(([127, 0, 0, 1], 0)), 2, 16).unwrap();
        let address = mine[0].local_addr().unwrap();
        let taken = |it: io::Result<()>| it.map_err(|it| it.kind());
        assert_eq!(taken(bind_all(address, 2, 16).map(drop)), Err(io::ErrorKind::AddrInUse));
        assert_eq!(taken(bind(address, 16).map(drop)), Err(io::ErrorKind::AddrInUse));
        drop(mine);
        let admin = bind(address, 16).unwrap();
        assert_eq!(taken(bind_all(address, 2, 16).map(drop)), Err(io::ErrorKind::AddrInUse));
        drop(admin);
        assert!(bind_all(address, 2, 16).is_ok());
    }
}
