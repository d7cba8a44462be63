//! `portcullis demo`: an embedded upstream behind the firewall, on loopback, and requests to try.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use clap::Args;

use crate::{
    cli::{Exit, address::address, terminal},
    config::{DEFAULT_ADMIN, DEFAULT_LISTEN},
    demo::{Answer, Demo, Exchange, Expected, exchanges},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Try the requests, print what came back, and end
    #[arg(long, conflicts_with_all = ["listen", "admin"])]
    once: bool,
    /// Where clients connect
    #[arg(long, default_value_t = DEFAULT_LISTEN, value_parser = address)]
    listen: SocketAddr,
    /// Where the console is
    #[arg(long, default_value_t = DEFAULT_ADMIN, value_parser = address)]
    admin: SocketAddr,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let ran = if arguments.once { once() } else { until_interrupted(arguments) };
    ran.unwrap_or_else(|error| {
        terminal::say(&format!("error: the demo cannot run: {error}\n"));
        Exit::Misuse
    })
}

fn until_interrupted(arguments: &Arguments) -> io::Result<Exit> {
    if !arguments.listen.ip().to_canonical().is_loopback() {
        return Err(not_loopback(arguments.listen));
    }
    let demo = Demo::start(arguments.listen, Some(arguments.admin))?;
    let url = format!("http://{}/graphql", demo.addr());
    terminal::data(&format!("The firewall listens on {url}, in front of a small shop.\n"));
    if let Some(admin) = demo.admin_addr() {
        terminal::data(&format!("Its console is http://{admin}/.\n\n"));
    }
    for exchange in exchanges() {
        let expected = expectation(exchange.expected);
        terminal::data(&format!("# {}: {expected}\n{}\n\n", exchange.title, exchange.curl(&url)));
    }
    terminal::data("Ctrl-C ends it. `portcullis demo --once` tries them all.\n");
    demo.wait()?;
    Ok(Exit::Fine)
}

fn not_loopback(listen: SocketAddr) -> io::Error {
    let instead = SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port()));
    let why = format!(
        "`{listen}` is not loopback, and the demo has no TLS: it is for this machine alone, as \
         with `--listen {instead}`"
    );
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn once() -> io::Result<Exit> {
    let demo = Demo::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None)?;
    let url = format!("http://{}/graphql", demo.addr());
    let mut is_as_expected = true;
    for exchange in exchanges() {
        let before = demo.n_received();
        let answer = demo.post(&exchange.body)?;
        let reached = demo.n_received() > before;
        is_as_expected &= print(&exchange, &url, &answer, reached);
    }
    let n_received = demo.n_received();
    terminal::data(&format!("{n_received} of {} requests reached the shop.\n", exchanges().len()));
    Ok(if is_as_expected { Exit::Fine } else { Exit::Found })
}

/// Prints one exchange; tells whether it went as it should.
fn print(exchange: &Exchange, url: &str, answer: &Answer, reached: bool) -> bool {
    let reached_word = if reached { "reached the shop" } else { "never reached the shop" };
    terminal::data(&format!(
        "# {}\n{}\n{} · {reached_word}\n{}\n\n",
        exchange.title,
        exchange.curl(url),
        answer.status,
        shortened(&answer.body),
    ));
    let is_as_told = match exchange.expected {
        Expected::Admitted => reached,
        Expected::Refused(code) => !reached && answer.body.contains(code.as_str()),
    };
    is_as_told && answer.status == exchange.expected.status()
}

fn expectation(expected: Expected) -> String {
    match expected {
        Expected::Admitted => "admitted".to_owned(),
        Expected::Refused(code) => format!("refused with {code}"),
    }
}

/// Enough of an answer to see what it is.
fn shortened(body: &str) -> String {
    const ENOUGH: usize = 300;
    if body.chars().count() <= ENOUGH {
        return body.to_owned();
    }
    body.chars().take(ENOUGH).chain("…".chars()).collect()
}
