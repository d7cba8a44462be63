//! The demo as a whole: the shop, the firewall in front of it, and a client.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, runtime::Runtime, sync::oneshot};

use crate::{
    admission::{CacheLimits, Gate},
    config::{Config, UpstreamUrl},
    demo,
    diagnostic::{Colour, Source, render},
    policy,
    server::{Running, Server, State},
};

/// A running demo; it ends when it is dropped.
#[derive(Debug)]
pub struct Demo {
    firewall: Option<Running>,
    received: Arc<AtomicU64>,
    stop_shop: Option<oneshot::Sender<()>>,
    shop: Option<JoinHandle<()>>,
    runtime: Runtime,
}

/// What a client got.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Demo {
    /// Starts the shop on a free port, and the firewall in front of it.
    ///
    /// # Errors
    /// When a socket or thread cannot be had.
    pub fn start(listen: SocketAddr, admin: Option<SocketAddr>) -> io::Result<Self> {
        let runtime = runtime()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let upstream = format!("http://{}/graphql", listener.local_addr()?);
        let received = Arc::new(AtomicU64::new(0));
        let (stop_shop, stopped) = oneshot::channel();
        let shop = thread::Builder::new().name("shop".into()).spawn({
            let received = Arc::clone(&received);
            move || serve_shop(listener, received, stopped)
        })?;
        let upstream = UpstreamUrl::parse(&upstream).map_err(io::Error::other)?;
        let config = Config { listen, admin, ..Config::new(upstream) };
        let firewall = Server::start(config, State::new(gate()?))?;
        let (firewall, stop_shop, shop) = (Some(firewall), Some(stop_shop), Some(shop));
        Ok(Self { firewall, received, stop_shop, shop, runtime })
    }

    /// Where the firewall listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        let unbound = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        self.firewall.as_ref().map_or(unbound, Running::addr)
    }

    /// Where the console is.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.firewall.as_ref()?.admin_addr()
    }

    /// How many requests have reached the shop.
    #[must_use]
    pub fn n_received(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }

    /// Sends a JSON body through the firewall.
    ///
    /// # Errors
    /// When no answer comes back.
    pub fn post(&self, body: &str) -> io::Result<Answer> {
        self.runtime.block_on(post(self.addr(), body.to_owned()))
    }

    /// Waits for Ctrl-C.
    ///
    /// # Errors
    /// When the signal cannot be listened for.
    pub fn wait(&self) -> io::Result<()> {
        self.runtime.block_on(tokio::signal::ctrl_c())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(firewall) = self.firewall.take() {
            firewall.stop();
            let _cut_off = firewall.join();
        }
        if let Some(stop) = self.stop_shop.take() {
            let _already_ended = stop.send(());
        }
        if let Some(shop) = self.shop.take() {
            let _ended = shop.join();
        }
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn serve_shop(
    listener: std::net::TcpListener,
    received: Arc<AtomicU64>,
    stopped: oneshot::Receiver<()>,
) {
    let Ok(runtime) = runtime() else { return };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        let shutdown = async {
            let _sender_gone = stopped.await;
        };
        demo::upstream(listener, received, shutdown).await;
    });
}

/// The demo's policy, over the schema that the shop prints.
fn gate() -> io::Result<Gate> {
    let text = include_str!("../../policies/demo.yaml").into();
    let source = Arc::new(Source { name: "policies/demo.yaml".into(), text });
    let mut resolve =
        |name: &str| Ok(Arc::new(Source { name: name.into(), text: demo::sdl().into() }));
    let (policy, found) = policy::load(source, &mut resolve);
    let policy = policy.ok_or_else(|| io::Error::other(render(&found, Colour::Plain)))?;
    Ok(Gate::new(Arc::new(policy), CacheLimits::default()))
}

async fn post(addr: SocketAddr, body: String) -> io::Result<Answer> {
    let stream = TokioIo::new(TcpStream::connect(addr).await?);
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(stream).await.map_err(io::Error::other)?;
    let request = http::Request::post("/graphql")
        .header("host", addr.to_string())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok::<_, hyper::Error>(Answer { status, body: String::from_utf8_lossy(&body).into() })
    };
    tokio::select! {
        answer = exchange => answer.map_err(io::Error::other),
        ended = connection => Err(ended.map_or_else(io::Error::other, |()| io::ErrorKind::UnexpectedEof.into())),
    }
}
