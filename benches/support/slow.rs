//! Clients that send a byte now and then, on a thread of their own.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    runtime::Builder,
    sync::oneshot,
    task::JoinSet,
    time::{Instant, interval_at},
};

/// Of each kind.
const N: u32 = 200;
/// Between two bytes of one client.
const PAUSE: Duration = Duration::from_millis(100);

const HEAD: &[u8] = b"POST /graphql HTTP/1.1\r\nHost: shop.example\r\nX-Slow: ";
const BODY: &[u8] = b"POST /graphql HTTP/1.1\r\nHost: shop.example\r\nContent-Type: \
    application/json\r\nContent-Length: 90000\r\n\r\n{\"query\":\"";

/// 400 clients; they end when they are stopped.
pub(crate) struct SlowClients {
    stop: oneshot::Sender<()>,
    n_bytes: Arc<AtomicU64>,
    thread: JoinHandle<io::Result<()>>,
}

impl SlowClients {
    /// Starts them, and returns when all are connected.
    pub(crate) fn start(to: SocketAddr) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let n_bytes = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel();
        let mut clients = Vec::new();
        for n in 0..N * 2 {
            let beginning = if n < N { HEAD } else { BODY };
            clients.push((
                runtime.block_on(TcpStream::connect(to))?,
                beginning,
                PAUSE * n / (N * 2),
            ));
        }
        let counted = Arc::clone(&n_bytes);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let mut all = JoinSet::new();
                for (stream, beginning, offset) in clients {
                    all.spawn(trickle(to, stream, (beginning, offset), Arc::clone(&counted)));
                }
                let _told = stopped.await;
            });
            Ok(())
        });
        Ok(Self { stop, n_bytes, thread })
    }

    /// Ends them; how many bytes they have sent in pauses.
    pub(crate) fn stop(self) -> u64 {
        let _gone = self.stop.send(());
        let _ended = self.thread.join();
        self.n_bytes.load(Ordering::Relaxed)
    }
}

/// Begins a request and never ends it; when it is cut off, begins another.
async fn trickle(
    to: SocketAddr,
    mut stream: TcpStream,
    (beginning, offset): (&'static [u8], Duration),
    n_bytes: Arc<AtomicU64>,
) -> io::Result<()> {
    let mut pauses = interval_at(Instant::now() + offset, PAUSE);
    loop {
        let mut sent = stream.write_all(beginning).await;
        while sent.is_ok() {
            pauses.tick().await;
            sent = stream.write_all(b"a").await;
            n_bytes.fetch_add(1, Ordering::Relaxed);
        }
        stream = TcpStream::connect(to).await?;
    }
}
