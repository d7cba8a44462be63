//! Keep-alive clients and an upstream, each on a thread of its own, with nothing but sockets.

#![allow(dead_code, reason = "every bench uses its own part")]

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::timeout,
};

const N_CONNECTIONS: usize = 64;

/// A turn that takes longer has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// Requests for one proxy.
pub(crate) struct Load {
    pub(crate) to: SocketAddr,
    pub(crate) bodies: Vec<Arc<[u8]>>,
    /// The status of every answer.
    pub(crate) status: u16,
    /// More lines of the head, each with its end.
    pub(crate) head: &'static str,
}

impl Load {
    /// Sends every body once; returns the number of answers.
    pub(crate) fn run(self) -> io::Result<usize> {
        let n_bodies = self.bodies.len();
        let load = Arc::new(self);
        let next = Arc::new(AtomicUsize::new(0));
        let all = async {
            let mut clients = JoinSet::new();
            for _ in 0..N_CONNECTIONS {
                clients.spawn(client(Arc::clone(&load), Arc::clone(&next)));
            }
            while let Some(ended) = clients.join_next().await {
                ended.map_err(io::Error::other)??;
            }
            Ok(n_bodies)
        };
        runtime()?.block_on(async { timeout(PATIENCE, all).await.map_err(io::Error::other)? })
    }
}

/// Sends one request; the status of its answer.
pub(crate) fn status_of(to: SocketAddr, head: &str, body: &[u8]) -> io::Result<u16> {
    let one = async {
        let mut stream = connect(to).await?;
        Ok(ask(&mut stream, &mut Vec::new(), head, body).await?.status)
    };
    runtime()?.block_on(async { timeout(PATIENCE, one).await.map_err(io::Error::other)? })
}

async fn client(load: Arc<Load>, next: Arc<AtomicUsize>) -> io::Result<()> {
    let mut stream = connect(load.to).await?;
    let mut buffer = Vec::new();
    while let Some(body) = load.bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let answer = ask(&mut stream, &mut buffer, load.head, body).await?;
        if answer.status != load.status {
            return Err(io::Error::other(format!("{}: {}", load.to, answer.head)));
        }
        if answer.head.to_ascii_lowercase().contains("connection: close") {
            stream = connect(load.to).await?;
        }
    }
    Ok(())
}

async fn ask(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    more: &str,
    body: &[u8],
) -> io::Result<Message> {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
         Accept: application/json\r\nUser-Agent: bench\r\n{more}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let answer = message(stream, buffer).await?;
    answer.ok_or_else(|| io::Error::other("closed without an answer"))
}

async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An upstream that gives every request the same answer.
pub(crate) struct Upstream {
    address: SocketAddr,
    n_served: Arc<AtomicUsize>,
}

impl Upstream {
    /// Starts one with an answer of 1 KB; it lives as long as this process.
    pub(crate) fn start() -> io::Result<Self> {
        Self::answering(&format!("{{\"data\":{{\"text\":\"{}\"}}}}", "x".repeat(1_000)))
    }

    /// The same with an answer of one's own.
    pub(crate) fn answering(body: &str) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime()?;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let n_served = Arc::default();
        let counted = Arc::clone(&n_served);
        thread::spawn(move || runtime.block_on(serve(listener, answer.into(), counted)));
        Ok(Self { address, n_served })
    }

    /// How many requests have arrived so far.
    pub(crate) fn n_served(&self) -> usize {
        self.n_served.load(Ordering::Relaxed)
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

async fn serve(
    listener: std::net::TcpListener,
    answer: Arc<str>,
    n_served: Arc<AtomicUsize>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let (answer, n_served) = (Arc::clone(&answer), Arc::clone(&n_served));
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            let mut buffer = Vec::new();
            while message(&mut stream, &mut buffer).await?.is_some() {
                n_served.fetch_add(1, Ordering::Relaxed);
                stream.write_all(answer.as_bytes()).await?;
            }
            Ok::<(), io::Error>(())
        });
    }
}

struct Message {
    head: String,
    /// 0 for a request.
    status: u16,
}

/// Reads one message and drops its body; `None` when the peer has closed.
async fn message(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Message>> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
        let Some(end) = buffer.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).into_owned();
        let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        while !is_complete(&head, is_chunked, buffer.get(end + 4..).unwrap_or_default()) {
            if stream.read_buf(buffer).await? == 0 {
                return Ok(None);
            }
        }
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        return Ok(Some(Message { head, status }));
    }
}

fn is_complete(head: &str, is_chunked: bool, body: &[u8]) -> bool {
    if is_chunked {
        return body.ends_with(b"0\r\n\r\n");
    }
    let mut headers = head.lines().filter_map(|it| it.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    body.len() >= length.and_then(|(_, it)| it.trim().parse().ok()).unwrap_or(0)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
