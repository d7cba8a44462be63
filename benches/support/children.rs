//! The two proxies, each in a process of its own so that its CPU can be told apart.
//!
//! A child prints its address, and ends when its standard input does: with its parent.

#![allow(dead_code, reason = "every bench uses its own part")]

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::Path,
    process::{self, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use http::{Uri, uri::PathAndQuery};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use mimalloc::MiMalloc;
use portcullis::{
    admission::{CacheLimits, Gate},
    config::{Config, UpstreamUrl},
    diagnostic::{Colour, render},
    server::{Server, State},
    sources::load_policy,
    telemetry::{LogFilter, LogFormat, start_logging},
};
use tokio::net::TcpListener;

/// That of the binary; the pass-through has it as well.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

pub(crate) const PASS_THROUGH: &str = "--pass-through";
pub(crate) const PORTCULLIS: &str = "--portcullis";

const N_WORKERS: usize = 2;

/// A proxy; it ends when it is dropped.
pub(crate) struct Child {
    process: process::Child,
    pub(crate) address: SocketAddr,
}

impl Child {
    pub(crate) fn start(args: &[&str]) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| {
            let _ = process.kill();
            io::Error::other(format!("{args:?} does not run: {line}"))
        })?;
        Ok(Self { process, address })
    }

    /// What its threads have spent on a core so far, in user space and in the system.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut sum = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let nanos = text.split(' ').next().and_then(|it| it.parse().ok());
            sum += Duration::from_nanos(nanos.unwrap_or(0));
        }
        Ok(sum)
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let n = line.and_then(|it| it.trim().strip_suffix(" kB")?.trim().parse().ok());
        n.ok_or_else(|| io::Error::other("no VmRSS"))
    }

    pub(crate) fn open_files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.process.id()))?.count())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// What `portcullis serve` does, on a port that the system chooses.
pub(crate) fn portcullis(args: &[String]) -> io::Result<()> {
    let (upstream, policy) = (arg(args, 2)?, arg(args, 3)?);
    let _logging = start_logging(LogFormat::Json, &LogFilter::default())
        .map_err(|it| io::Error::other(it.to_string()))?;
    let (policy, found) = load_policy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(policy));
    let policy = policy.ok_or_else(|| io::Error::other(render(&found, Colour::Plain)))?;
    let upstream = UpstreamUrl::parse(&format!("http://{upstream}/graphql"));
    let upstream = upstream.map_err(|it| io::Error::other(format!("{it:?}")))?;
    let mut config = Config::new(upstream);
    config.listen = (Ipv4Addr::LOCALHOST, 0).into();
    config.admin = None;
    config.workers = NonZeroUsize::new(N_WORKERS).unwrap_or(NonZeroUsize::MIN);
    if let Some(n) = args.get(4).and_then(|it| it.parse().ok()) {
        config.bounds.upstream_in_flight = n;
    }
    let gate = Gate::new(Arc::new(policy), CacheLimits::default());
    let running = Server::start(config, State::new(gate))?;
    println!("{}", running.addr());
    until_the_parent_ends()
}

/// Plain hyper on the runtime that steals work, with the pooled client of hyper-util.
pub(crate) fn pass_through(args: &[String]) -> io::Result<()> {
    let upstream: Arc<str> = arg(args, 2)?.into();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(N_WORKERS)
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    println!("{}", listener.local_addr()?);
    runtime.spawn(async move {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let (client, upstream) = (client.clone(), Arc::clone(&upstream));
            let service = service_fn(move |it| pass(client.clone(), Arc::clone(&upstream), it));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    until_the_parent_ends()
}

async fn pass(
    client: Client<HttpConnector, Incoming>,
    upstream: Arc<str>,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    *request.uri_mut() =
        Uri::builder().scheme("http").authority(&*upstream).path_and_query(path).build()?;
    Ok(client.request(request).await?)
}

fn arg(args: &[String], n: usize) -> io::Result<&str> {
    args.get(n).map(String::as_str).ok_or_else(|| io::Error::other("an argument is missing"))
}

fn until_the_parent_ends() -> io::Result<()> {
    io::stdin().read_to_end(&mut Vec::new()).map(|_| ())
}
