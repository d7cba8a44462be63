//! A server on a thread of its own that records what reaches it, with TLS or without.

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    thread,
};

use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version, header::HOST};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body, Frame, Incoming},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, mpsc::UnboundedReceiver},
};
use tokio_rustls::TlsAcceptor;

/// What reached the server.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Counted from 0.
    pub(crate) connection: usize,
    pub(crate) version: Version,
    /// `Host`, or what HTTP/2 has in its place.
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// That it was signed with this key.
    pub(crate) fn check_signature(&self, key: &[u8]) {
        let value = self.headers["x-portcullis-signature"].to_str().unwrap();
        let (time, signature) = value.split_once(",v1=").unwrap();
        let time = time.strip_prefix("t=").unwrap();
        let body = hex(digest::digest(&digest::SHA256, &self.body).as_ref());
        let signed = format!("portcullis-v1\nPOST\n{}\n{body}\n{time}", self.path);
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        assert_eq!(signature, hex(hmac::sign(&key, signed.as_bytes()).as_ref()));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// How a server answers.
pub(crate) enum Answers {
    /// `{"data":{}}`.
    AtOnce,
    /// Every request gets this.
    Always(&'static str),
    /// As the first, but only when so many requests are there at a time.
    Together(usize),
    /// The first request is answered with what comes through here, piece by piece.
    Pieces(UnboundedReceiver<Bytes>),
    /// The first request is not answered at all, the others are.
    NotTheFirst,
    /// As the first, and over HTTP/2 so many at a time.
    AtMost(u32),
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<Vec<Seen>>,
    answers: Mutex<Answers>,
    arrived: Notify,
}

pub(crate) const ANSWER: &str = r#"{"data":{}}"#;

impl Server {
    /// With TLS, or without; then `http2` says what it speaks.
    pub(crate) fn start(tls: Option<ServerConfig>, http2: bool, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            answers: Mutex::new(answers),
            arrived: Notify::new(),
        });
        let server = Self { address, shared: Arc::clone(&shared) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tls = tls.map(|it| TlsAcceptor::from(Arc::new(it)));
        thread::spawn(move || runtime.block_on(accept(listener, tls, http2, shared)));
        server
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, http2: bool, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    for connection in 0.. {
        let (stream, _peer) = listener.accept().await.unwrap();
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let Some(tls) = tls else { return serve(stream, http2, connection, shared).await };
            let stream = match tls.accept(stream).into_fallible().await {
                Ok(stream) => stream,
                Err((_error, mut stream)) => {
                    // Until the client hangs up: a reset could overtake what TLS has told it.
                    let _closed = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                    return;
                }
            };
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            serve(stream, http2, connection, shared).await;
        });
    }
}

async fn serve<S>(stream: S, http2: bool, connection: usize, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let at_most = match *shared.answers.lock().unwrap() {
        Answers::AtMost(n) => Some(n),
        _ => None,
    };
    let service = service_fn(move |request| answer(request, connection, Arc::clone(&shared)));
    let stream = TokioIo::new(stream);
    // Clients may hang up as they like.
    let _ended = if http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        if let Some(n) = at_most {
            builder.max_concurrent_streams(n);
        }
        builder.serve_connection(stream, service).await
    } else {
        http1::Builder::new().serve_connection(stream, service).await
    };
}

async fn answer(
    request: Request<Incoming>,
    connection: usize,
    shared: Arc<Shared>,
) -> Result<Response<Answer>, Infallible> {
    let (head, body) = request.into_parts();
    let host = head.headers.get(HOST).map(|it| it.to_str().unwrap().to_owned());
    let authority = head.uri.authority().map(ToString::to_string);
    let n_seen = {
        let body = body.collect().await.unwrap().to_bytes();
        let mut seen = shared.seen.lock().unwrap();
        seen.push(Seen {
            connection,
            version: head.version,
            authority: host.or(authority).unwrap_or_default(),
            path: head.uri.path_and_query().unwrap().to_string(),
            headers: head.headers,
            body,
        });
        seen.len()
    };
    shared.arrived.notify_waiters();
    let body = match shared.chosen(n_seen) {
        Chosen::Never => std::future::pending().await,
        Chosen::Now(body) => body,
        Chosen::When(n) => {
            shared.have_arrived(n).await;
            Answer::Whole(Some(Bytes::from(ANSWER)))
        }
    };
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(body).unwrap())
}

enum Chosen {
    Never,
    Now(Answer),
    When(usize),
}

impl Shared {
    fn chosen(&self, n_seen: usize) -> Chosen {
        let mut answers = self.answers.lock().unwrap();
        match std::mem::replace(&mut *answers, Answers::AtOnce) {
            Answers::NotTheFirst => Chosen::Never,
            Answers::Pieces(pieces) => Chosen::Now(Answer::Pieces(pieces)),
            Answers::Together(n) if n_seen <= n => {
                *answers = Answers::Together(n);
                Chosen::When(n)
            }
            Answers::Always(text) => {
                *answers = Answers::Always(text);
                Chosen::Now(Answer::Whole(Some(Bytes::from(text))))
            }
            Answers::AtMost(n) => {
                *answers = Answers::AtMost(n);
                Chosen::Now(Answer::Whole(Some(Bytes::from(ANSWER))))
            }
            Answers::AtOnce | Answers::Together(_) => {
                Chosen::Now(Answer::Whole(Some(Bytes::from(ANSWER))))
            }
        }
    }

    async fn have_arrived(&self, n: usize) {
        loop {
            let mut arrived = std::pin::pin!(self.arrived.notified());
            arrived.as_mut().enable();
            if self.seen.lock().unwrap().len() >= n {
                return;
            }
            arrived.await;
        }
    }
}

/// The body of an answer.
enum Answer {
    Whole(Option<Bytes>),
    Pieces(UnboundedReceiver<Bytes>),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match self.get_mut() {
            Self::Whole(it) => Poll::Ready(it.take()),
            Self::Pieces(it) => it.poll_recv(ctx),
        };
        piece.map(|it| it.map(|it| Ok(Frame::data(it))))
    }
}
