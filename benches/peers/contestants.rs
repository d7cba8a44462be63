//! Who takes part: how each is started, and its version.
//!
//! Whoever is not installed is left out with a word.

use std::{fs, io, path::Path, process::Command};

use crate::{
    children::{Child, PASS_THROUGH, PORTCULLIS},
    contest::{End, Server},
    load::Upstream,
    pieces::{Joined, SCHEMA},
    process::{Process, free},
};

/// A server that takes part.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) server: Box<dyn Server>,
    /// Where floods end.
    pub(crate) floods: End,
    _policy: Option<Joined>,
}

/// The pass-through first, then from the plain to the large.
pub(crate) fn start(upstream: &Upstream) -> io::Result<Vec<Contestant>> {
    let address = upstream.address();
    let limits = &["limits", "cost"];
    let authorization = &["limits", "cost", "authorization"];
    let mut all = vec![pass_through(&address)?];
    let rest: [(&str, io::Result<Contestant>); 7] = [
        ("nginx", nginx(&address)),
        ("HAProxy", haproxy(&address)),
        (LIMITS, portcullis(LIMITS, &address, limits)),
        (AUTHORIZATION, portcullis(AUTHORIZATION, &address, authorization)),
        (ARMOR_ON_YOGA, armor_on_yoga(&address)),
        (ARMOR_ON_APOLLO, armor_on_apollo(&address)),
        (HIVE, hive(&address)),
    ];
    // They load at the same time.
    for (name, started) in rest {
        takes_part(name, started.map(|it| all.push(it)));
    }
    all.retain_mut(|it| takes_part(it.name, it.server.wait()));
    Ok(all)
}

/// Whether it takes part; a word when it does not.
fn takes_part(name: &str, ready: io::Result<()>) -> bool {
    let why = match &ready {
        Ok(()) => return true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => "it is not installed".to_owned(),
        Err(error) => error.to_string(),
    };
    crate::say(&format!("{name} is left out: {why}"));
    false
}

fn pass_through(upstream: &str) -> io::Result<Contestant> {
    Ok(Contestant {
        name: "plain hyper",
        version: format!("hyper {}", hyper_version()?),
        server: Box::new(Child::start(&[PASS_THROUGH, upstream])?),
        floods: End::AtTheUpstream,
        _policy: None,
    })
}

fn portcullis(name: &'static str, upstream: &str, pieces: &[&str]) -> io::Result<Contestant> {
    let policy = Joined::new(pieces)?;
    Ok(Contestant {
        name,
        version: format!("Portcullis {}", env!("CARGO_PKG_VERSION")),
        server: Box::new(Child::start(&[PORTCULLIS, upstream, &policy.path()])?),
        floods: End::AtTheServer,
        _policy: Some(policy),
    })
}

fn nginx(upstream: &str) -> io::Result<Contestant> {
    let version = said("nginx", "-v")?;
    let config = include_str!("nginx.conf");
    let command = &["nginx", "-p", "FOLDER", "-e", "stderr", "-c", "FOLDER/config"];
    plain("nginx", version, config, command, upstream)
}

fn haproxy(upstream: &str) -> io::Result<Contestant> {
    let version = said("haproxy", "-v")?;
    let command = &["haproxy", "-db", "-f", "FOLDER/config"];
    plain("HAProxy", version, include_str!("haproxy.cfg"), command, upstream)
}

fn plain(
    name: &'static str,
    said: String,
    config: &str,
    command: &[&str],
    upstream: &str,
) -> io::Result<Contestant> {
    let folder = tempfile::tempdir()?;
    let address = free()?;
    let place = folder.path().display().to_string();
    let config = config.replace("FOLDER", &place).replace("LISTEN", &address.to_string());
    fs::write(folder.path().join("config"), config.replace("UPSTREAM", upstream))?;
    let command: Vec<_> = command.iter().map(|it| it.replace("FOLDER", &place)).collect();
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    Ok(Contestant {
        name,
        version: format!("{name} {}", number_in(&said)),
        server: Box::new(Process::start(&command, address, Some(folder))?),
        floods: End::AtTheUpstream,
        _policy: None,
    })
}

fn armor_on_yoga(upstream: &str) -> io::Result<Contestant> {
    let version = format!("{}, {}", of_package(ARMOR)?, of_package("graphql-yoga")?);
    node(ARMOR_ON_YOGA, version, &["yoga.mjs", "PORT", upstream, "SCHEMA"])
}

fn armor_on_apollo(upstream: &str) -> io::Result<Contestant> {
    let version = format!("{}, {}", of_package(ARMOR)?, of_package("@apollo/server")?);
    node(ARMOR_ON_APOLLO, version, &["apollo.mjs", "PORT", upstream, "SCHEMA"])
}

fn hive(upstream: &str) -> io::Result<Contestant> {
    let version = of_package("@graphql-hive/gateway")?;
    let to = format!("http://{upstream}/graphql");
    let script = "node_modules/.bin/hive-gateway";
    let proxy = &[script, "proxy", &to, "--schema", "SCHEMA", "-c", "hive.config.mjs"];
    let how = &["--fork", "2", "-h", "127.0.0.1", "-p", "PORT", "--disable-websockets"];
    node(HIVE, version, &[&proxy[..], &how[..]].concat())
}

fn node(name: &'static str, version: String, args: &[&str]) -> io::Result<Contestant> {
    let runs_on = format!("Node {}", number_in(&said("node", "--version")?));
    let address = free()?;
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA).display().to_string();
    let port = address.port().to_string();
    let fill = |it: &&str| match *it {
        "PORT" => port.clone(),
        "SCHEMA" => schema.clone(),
        it => it.to_owned(),
    };
    let args: Vec<_> = ["node"].iter().chain(args).map(fill).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    Ok(Contestant {
        name,
        version: format!("{version} ({runs_on})"),
        server: Box::new(Process::start(&args, address, None)?),
        floods: End::AtTheServer,
        _policy: None,
    })
}

/// What a program prints, wherever it prints it.
pub(crate) fn said(program: &str, arg: &str) -> io::Result<String> {
    let output = Command::new(program).arg(arg).output()?;
    Ok(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// `2.6.12` of `HAProxy version 2.6.12-1+deb12u1 2024/…`.
fn number_in(text: &str) -> String {
    let begin = text.find(|it: char| it.is_ascii_digit()).unwrap_or(text.len());
    let digits = text.chars().skip(begin);
    digits.take_while(|it| it.is_ascii_digit() || *it == '.').collect()
}

fn of_package(name: &str) -> io::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/node/node_modules");
    let text = fs::read_to_string(root.join(name).join("package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&text)?;
    let version = package.get("version").and_then(|it| it.as_str()).unwrap_or("?");
    let short = name.trim_start_matches("@escape.tech/").trim_start_matches('@');
    Ok(format!("{short} {version}"))
}

fn hyper_version() -> io::Result<String> {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"))?;
    let after = lock.split_once("name = \"hyper\"\n").map_or("", |(_, it)| it);
    Ok(number_in(after.lines().next().unwrap_or_default()))
}

const LIMITS: &str = "Portcullis: limits, cost";
const AUTHORIZATION: &str = "Portcullis: + authorization";
const ARMOR_ON_YOGA: &str = "GraphQL Armor on Yoga";
const ARMOR_ON_APOLLO: &str = "Armor on Apollo Server";
const HIVE: &str = "Hive Gateway";
const ARMOR: &str = "@escape.tech/graphql-armor";
