//! The upstream of an attack: counts what arrives whole, keeps the last of it, and answers everything
//! with nothing.
//!
//! A WebSocket is opened towards an upstream with the first operation that is let through, so its
//! handshake alone counts.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{sync::oneshot, time::sleep};

/// An upstream that counts; it ends when it is dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    received: Arc<Received>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What has arrived.
#[derive(Debug, Default)]
struct Received {
    n: AtomicU64,
    last: Mutex<Bytes>,
}

impl Recorder {
    /// Listens.
    ///
    /// # Errors
    /// When the address or a thread cannot be had.
    pub fn start(listen: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let received = Arc::<Received>::default();
        let (stop, stopped) = oneshot::channel();
        let counter = Arc::clone(&received);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, counter) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::Builder::new().name("recorder".into()).spawn(serve)?;
        Ok(Self { address, received, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have arrived.
    #[must_use]
    pub fn n_received(&self) -> u64 {
        self.received.n.load(Ordering::SeqCst)
    }

    /// The body of the last request that has arrived.
    #[must_use]
    pub fn last(&self) -> Bytes {
        self.received.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _already_ended = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, received: Arc<Received>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    // Budget: the life of the recorder.
    loop {
        // A recorder that goes deaf would make holes look like refusals.
        let Ok((stream, _)) = listener.accept().await else {
            sleep(REST).await;
            continue;
        };
        let received = Arc::clone(&received);
        let service = service_fn(move |request| {
            let received = Arc::clone(&received);
            async move { Ok::<_, Infallible>(answer(request, &received).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        // A connection that breaks off is the other side's business.
        tokio::spawn(connection);
    }
}

async fn answer(request: Request<Incoming>, received: &Received) -> Response<Full<Bytes>> {
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await;
    // What breaks off has been refused: a file is passed on while it is read, and may turn out to
    // be too large.
    let body = body.map(|it| it.to_bytes());
    if let Ok(whole) = &body {
        *received.last.lock().unwrap_or_else(PoisonError::into_inner) = whole.clone();
        received.n.fetch_add(1, Ordering::SeqCst);
    }
    let body = body.unwrap_or_default();
    let nothing = match serde_json::from_slice(&body) {
        Ok(serde_json::Value::Array(items)) => {
            format!("[{}]", vec![NOTHING; items.len()].join(","))
        }
        Ok(_) | Err(_) => NOTHING.to_owned(),
    };
    let mut response = Response::new(Full::from(nothing));
    if is_upgrade {
        *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    }
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

const NOTHING: &str = r#"{"data":null}"#;
/// 10 ms: where no descriptor is left, some come back.
const REST: Duration = Duration::from_millis(10);
/// Largest body that is read, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;
