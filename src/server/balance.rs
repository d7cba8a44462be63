//! Evens out the connections among the workers.
//!
//! The system deals connections out by a hash. A few that stay for long fall unevenly, and then
//! requests queue at one worker while another has nothing to do. A worker that is dealt more than
//! another has hands the connection over, once, before a byte of it is read.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    net::TcpStream,
    sync::mpsc::{Receiver, Sender, channel},
};

/// A worker among the others.
#[derive(Debug)]
pub(super) struct Seat {
    own: usize,
    n_connections: Arc<[AtomicUsize]>,
    /// By worker, its own included.
    doors: Vec<Sender<Handed>>,
    door: Receiver<Handed>,
}

/// A connection on its way to another worker.
#[derive(Debug)]
pub(super) struct Handed {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    counted: Counted,
}

/// A connection with the worker that is to serve it.
#[derive(Debug)]
pub(super) struct Seated {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) counted: Counted,
}

/// Counts a connection for a worker as long as it lives.
#[derive(Debug)]
pub(super) struct Counted {
    of: usize,
    n_connections: Arc<[AtomicUsize]>,
}

/// One seat for each of `n` workers.
pub(super) fn seats(n: usize) -> Vec<Seat> {
    let n_connections: Arc<[AtomicUsize]> =
        std::iter::repeat_with(AtomicUsize::default).take(n).collect();
    let (doors, behind): (Vec<_>, Vec<_>) = (0..n).map(|_| channel(WAITING)).unzip();
    let seat = |(own, door)| Seat {
        own,
        n_connections: Arc::clone(&n_connections),
        doors: doors.clone(),
        door,
    };
    behind.into_iter().enumerate().map(seat).collect()
}

impl Seat {
    /// Takes a connection that was dealt to this worker; none when another one got it.
    ///
    /// # Errors
    /// When the connection cannot be moved; it is lost.
    pub(super) fn deal(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Option<Seated>> {
        let to = self.fewest();
        let Some(permit) = self.doors.get(to).filter(|_| to != self.own) else {
            return Ok(Some(self.keep(stream, peer)));
        };
        // Its worker is gone, or has many to take in already.
        let Ok(permit) = permit.try_reserve() else { return Ok(Some(self.keep(stream, peer))) };
        let (stream, counted) = (stream.into_std()?, self.counted(to));
        permit.send(Handed { stream, peer, counted });
        Ok(None)
    }

    /// Takes a connection that is not to go elsewhere.
    pub(super) fn keep(&self, stream: TcpStream, peer: SocketAddr) -> Seated {
        Seated { stream, peer, counted: self.counted(self.own) }
    }

    /// The next connection that another worker has handed over; waits for it.
    pub(super) async fn handed(&mut self) -> Option<Handed> {
        self.door.recv().await
    }

    /// Hands nothing over any more. What comes out ends when no worker does.
    pub(super) fn close(&mut self) {
        self.doors.clear();
    }

    /// The worker with the fewest connections, this one when none has fewer.
    fn fewest(&self) -> usize {
        let n_of = |it: &AtomicUsize| it.load(Ordering::Relaxed);
        let own = self.n_connections.get(self.own).map_or(0, n_of);
        let all = self.n_connections.iter().map(n_of).enumerate();
        let fewest = all.min_by_key(|(_, n)| *n).filter(|(_, n)| *n < own);
        fewest.map_or(self.own, |(at, _)| at)
    }

    fn counted(&self, of: usize) -> Counted {
        if let Some(n) = self.n_connections.get(of) {
            n.fetch_add(1, Ordering::Relaxed);
        }
        Counted { of, n_connections: Arc::clone(&self.n_connections) }
    }
}

impl Handed {
    /// The connection with its new worker; to be called on its thread.
    ///
    /// # Errors
    /// When the runtime cannot take it; it is lost.
    pub(super) fn seated(self) -> io::Result<Seated> {
        let Self { stream, peer, counted } = self;
        Ok(Seated { stream: TcpStream::from_std(stream)?, peer, counted })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(n) = self.n_connections.get(self.of) {
            n.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Connections that wait for one worker; with more it is not the one with time on its hands.
const WAITING: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    async fn stream() -> TcpStream {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_has_fewest_gets_the_next() {
        let mut seats = seats(3);
        let mut kept = Vec::new();
        for _ in 0..7 {
            kept.extend(seats[0].deal(stream().await, PEER).unwrap());
        }
        for at in [1, 2] {
            for _ in 0..2 {
                kept.push(seats[at].door.try_recv().unwrap().seated().unwrap());
            }
            assert!(seats[at].door.try_recv().is_err());
        }
        assert_eq!(kept.len(), 7);
        drop(kept);
        assert!(seats[0].n_connections.iter().all(|it| it.load(Ordering::Relaxed) == 0));
    }

    #[tokio::test]
    async fn a_worker_that_is_gone_gets_nothing() {
        let mut seats = seats(2);
        drop(seats.pop());
        let deal = |stream| seats[0].deal(stream, PEER).unwrap();
        let (a, b) = (deal(stream().await), deal(stream().await));
        assert!(a.is_some() && b.is_some());
    }

    #[tokio::test]
    async fn the_last_worker_to_close_ends_the_wait() {
        let mut seats = seats(2);
        let _first = seats[0].deal(stream().await, PEER).unwrap();
        assert!(seats[0].deal(stream().await, PEER).unwrap().is_none());
        seats.iter_mut().for_each(Seat::close);
        assert!(seats[1].handed().await.is_some());
        assert!(seats[1].handed().await.is_none());
    }
}
