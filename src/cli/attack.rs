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
    attack::{self, Bounds, Intent, Persona, Recorder, Report, Target, World},
    cli::{Exit, address::address, terminal},
    config::{Config, UpstreamUrl},
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
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
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
    /// Somebody to send requests as, by a token or an API key of theirs; `@FILE` and `env:VARIABLE`
    /// keep it out of the command line. With two, each asks for what is the other's
    // Read later: a mistake here must not print what is a secret.
    #[arg(long = "as", value_name = "NAME=CREDENTIAL")]
    personas: Vec<String>,
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
    let personas = personas(arguments, &policy)?;
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
    let target = Target {
        address,
        host: arguments
            .target
            .as_ref()
            .map_or_else(|| address.to_string(), |it| it.authority().to_string()),
        path: policy.http.path.to_string(),
        headers: arguments.header.clone(),
        asked_for: policy.http.csrf_header.first().map(|it| it.to_string()),
        personas,
    };
    let worlds: Vec<_> =
        target.personas.iter().map(|it| World::new(&policy, &intent, it)).collect();
    let bounds =
        Bounds { attempts: arguments.max_attempts.get(), per_second: arguments.rate.get() };
    let report = attack::run(attack::plan(&worlds), &target, &recorder, bounds);
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

/// As whom requests are sent: as whoever `--header` stands for, and as everybody who is named.
fn personas(arguments: &Arguments, policy: &Policy) -> Result<Vec<Persona>, String> {
    let mut all = vec![Persona::unnamed(arguments.claims.clone())];
    for (n, text) in (1..).zip(&arguments.personas) {
        let (name, credential) = text
            .split_once('=')
            .ok_or("`--as` is `NAME=CREDENTIAL`, `NAME=@FILE` or `NAME=env:VARIABLE`")?;
        let is_name = (1..=MAX_NAME).contains(&name.len())
            && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it));
        if !is_name {
            return Err("a name after `--as` has letters, digits, `-`, `_` and `.`".to_owned());
        }
        if all.iter().any(|it| it.name().is_some_and(|it| **it == *name)) {
            return Err("two `--as` have one name".to_owned());
        }
        // By its number: what stands where the name should be may be a secret.
        let credential = credential_of(credential).map_err(|it| format!("`--as` no. {n}: {it}"))?;
        let persona = Persona::named(name, &credential, policy);
        all.push(persona.map_err(|it| format!("`--as` no. {n}: {it}"))?);
    }
    Ok(all)
}

/// A credential itself, or what a file or the environment has of it.
fn credential_of(text: &str) -> Result<String, String> {
    if let Some(path) = text.strip_prefix('@') {
        let path = Path::new(path);
        return read_file(path).map(|it| it.text.to_string()).map_err(|it| it.to_string());
    }
    match text.strip_prefix("env:") {
        // The error would show a value that is no text.
        Some(name) => std::env::var(name).map_err(|_| format!("`{name}` is not set to a text")),
        None => Ok(text.to_owned()),
    }
}

/// Longer names make no report clearer.
const MAX_NAME: usize = 64;

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
