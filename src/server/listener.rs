//! Listening sockets: one per worker on the same address, so that the kernel shares out the
//! connections (`SO_REUSEPORT`).

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
    let first = bind(address, backlog)?;
    let address = first.local_addr()?;
    let mut all = vec![first];
    for _ in 1..n {
        all.push(bind(address, backlog)?);
    }
    Ok(all)
}

/// One socket, ready for an asynchronous runtime.
pub(super) fn bind(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
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
}
