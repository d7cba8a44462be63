//! `portcullis attack`: what a policy forbids, tried against a firewall that runs.
//!
//! Without `--target` it starts one itself, with the policy, so that `attack policy.yaml` is enough.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _},
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

use crate::{
    admission::{CacheLimits, Gate},
    attack::{self, Bounds, Intent, Recorder, Report, Target, World},
    cli::{Exit, terminal},
    config::{Config, UpstreamUrl},
    identity::Identity,
    policy::Policy,
    server::{Running, Server, State},
    sources::{load_policy, read_file},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The policy that states what must hold
    policy: PathBuf,
    /// A Portcullis that runs, such as http://127.0.0.1:4000; without it, one with this policy is
    /// started for the attack
    #[arg(long, value_name = "URL", value_parser = UpstreamUrl::parse, requires = "upstream_listen")]
    target: Option<UpstreamUrl>,
    /// Where the upstream of the target must be: a server is started there that records what got
    /// through
    #[arg(long, value_name = "ADDRESS")]
    upstream_listen: Option<SocketAddr>,
    /// Another policy for the firewall that is started: what is tried is the first one's intent
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    running: Option<PathBuf>,
    /// A header for every request, such as `authorization: Bearer …`
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// The claims that the token of `--header` stands for, as JSON: they say what the caller may
    #[arg(long, value_name = "JSON", value_parser = claims)]
    claims: Option<Map<String, Value>>,
    /// Requests in a second, at most
    #[arg(long, value_name = "N", default_value = "1000")]
    rate: NonZeroU32,
    /// Requests altogether, at most
    #[arg(long, value_name = "N", default_value = "20000")]
    max_attempts: NonZeroUsize,
    /// Attack a host that is not this machine
    #[arg(long)]
    i_own_this_host: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for a person
    Text,
    /// One JSON object
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let report = match attack(arguments) {
        Ok(report) => report,
        Err(message) => {
            terminal::say(&format!("error: {message}\n"));
            return Exit::Misuse;
        }
    };
    terminal::data(&match arguments.format {
        Format::Json => format!("{}\n", report.json()),
        Format::Text => report.text(),
    });
    if report.mistakes().is_empty() { Exit::Fine } else { Exit::Found }
}

fn attack(arguments: &Arguments) -> Result<Report, String> {
    let policy = load(&arguments.policy)?;
    let source = read_file(&arguments.policy).map_err(|it| it.to_string())?;
    let intent = Intent::read(&source, &policy).ok_or("the policy cannot be read")?;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let recorder = Recorder::start(arguments.upstream_listen.unwrap_or(any));
    let recorder = recorder.map_err(|it| format!("the recording upstream cannot listen: {it}"))?;
    let (address, firewall) = match &arguments.target {
        Some(url) => (target(url, arguments.i_own_this_host)?, None),
        None => {
            let running = arguments.running.as_deref().map(load).transpose()?;
            let running = running.unwrap_or_else(|| Arc::clone(&policy));
            let firewall = start(running, recorder.address())?;
            (firewall.addr(), Some(firewall))
        }
    };
    let identity = arguments.claims.clone().map(Identity::new).map(Arc::new);
    let world = World::new(&policy, intent, identity);
    let target = Target {
        address,
        host: arguments
            .target
            .as_ref()
            .map_or_else(|| address.to_string(), |it| it.authority().to_string()),
        path: policy.http.path.to_string(),
        headers: headers(arguments, &policy),
    };
    let bounds =
        Bounds { attempts: arguments.max_attempts.get(), per_second: arguments.rate.get() };
    let report = attack::run(attack::plan(&world), &target, &recorder, bounds);
    if let Some(firewall) = firewall {
        firewall.stop();
        let _cut_off = firewall.join();
    }
    report.map_err(|it| format!("the target does not answer: {it}"))
}

fn load(path: &Path) -> Result<Arc<Policy>, String> {
    let (policy, found) = load_policy(path);
    if policy.is_none() {
        terminal::complain(&found);
    }
    policy.map(Arc::new).ok_or_else(|| format!("`{}` cannot be used", path.display()))
}

/// A firewall of this process, with a policy, in front of the recording upstream.
fn start(policy: Arc<Policy>, upstream: SocketAddr) -> Result<Running, String> {
    let upstream = UpstreamUrl::parse(&format!("http://{upstream}/"));
    let upstream = upstream.map_err(|it| it.to_string())?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config =
        Config { listen, admin: None, workers: NonZeroUsize::MIN, ..Config::new(upstream) };
    let state = State::new(Gate::new(policy, CacheLimits::default()));
    Server::start(config, state).map_err(|it| format!("the firewall cannot start: {it}"))
}

/// Where a target listens; only on this machine, unless it is said that the host is one's own.
fn target(url: &UpstreamUrl, is_own: bool) -> Result<SocketAddr, String> {
    let authority = url.authority().to_string();
    let with_port = if authority.contains("]:") || authority.matches(':').count() == 1 {
        authority.clone()
    } else {
        format!("{authority}:80")
    };
    let mut found = with_port.to_socket_addrs().map_err(|it| format!("`{authority}`: {it}"))?;
    let address = found.next().ok_or_else(|| format!("`{authority}` has no address"))?;
    let is_here = match address.ip() {
        IpAddr::V4(it) => it.is_loopback(),
        IpAddr::V6(it) => it.is_loopback(),
    };
    if is_here || is_own {
        return Ok(address);
    }
    Err(format!("`{authority}` is not this machine; `--i-own-this-host` says that it is yours"))
}

/// The headers of every request: those given, and one that no page of another site can send.
fn headers(arguments: &Arguments, policy: &Policy) -> Vec<(String, String)> {
    let csrf = policy.http.csrf_header.first().map(|it| (it.to_string(), "1".to_owned()));
    csrf.into_iter().chain(arguments.header.iter().cloned()).collect()
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is `name: value`")?;
    let is_line = !text.chars().any(char::is_control);
    let is_name = !name.is_empty() && !name.contains(' ');
    if is_line && is_name {
        Ok((name.to_owned(), value.trim().to_owned()))
    } else {
        Err("a header is `name: value`, on one line".to_owned())
    }
}

fn claims(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|it| it.to_string())
}
