//! The flags of `tune`.

use std::{
    net::ToSocketAddrs as _,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue};

use crate::{
    cli::{
        link::{Known, Link},
        tune::measure::Asking,
    },
    config::UpstreamUrl,
    diagnostic::Source,
    yaml::{self, scalar},
};

#[derive(Args, Debug)]
pub(in crate::cli) struct Arguments {
    /// Manifests, folders of `.graphql` files with `NAME.variables.json` beside them, or traffic logs
    #[arg(required = true, value_name = "OPERATIONS")]
    pub(super) inputs: Vec<PathBuf>,
    /// Of a traffic log of several graphs, the one that is meant
    #[arg(long, value_name = "NAME")]
    pub(super) graph: Option<String>,
    /// The policy to tune
    #[arg(long, env = "PORTCULLIS_POLICY")]
    pub(super) policy: PathBuf,
    /// The GraphQL server to measure, without a Portcullis before it
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: UpstreamUrl,
    #[command(flatten)]
    pub(super) link: Link,
    /// Measure a host that is not this machine
    #[arg(long)]
    i_own_this_host: bool,
    /// Variables by the name of an operation or the id of a document: a JSON object of objects, or
    /// of arrays of objects to send each
    #[arg(long, value_name = "FILE")]
    pub(super) variables: Option<PathBuf>,
    /// A mutation that may be sent, by its name; without any, only queries are
    #[arg(long, value_name = "NAME")]
    pub(super) mutation: Vec<String>,
    /// A header for every request, such as `authorization: Bearer …`
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Measure what the upstream says in `Server-Timing` under this name, such as its CPU time,
    /// instead of the time until its answer is here
    #[arg(long, value_name = "METRIC")]
    pub(super) server_timing: Option<String>,
    /// How often each operation is timed, after once that does not count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(5..=1000))]
    pub(super) repeats: u16,
    /// Requests in a second, at most
    #[arg(long, value_name = "N", default_value = "50")]
    pub(super) rate: NonZeroU32,
    /// Requests altogether, at most; of more operations some are taken at random
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    max_requests: usize,
    /// Time too under 25, 50 and 75 % of a load, which is so many requests in a second
    #[arg(long, value_name = "RATE")]
    pub(super) load: Option<NonZeroU32>,
    /// What 99 of a hundred requests should take at most
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(super) budget: Duration,
    /// How long to wait for an answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// Tells the order of requests and what is drawn at random
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// The tuned file; by default beside the policy, as NAME.cost.yaml
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The report; by default beside the tuned file, as NAME.cost.html
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Tell what would be sent, and send nothing; for a person, with `--format json` on standard error
    #[arg(long)]
    pub(super) dry_run: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object
    Json,
    /// For a person, and the patch of the policy behind it
    Text,
}

impl Arguments {
    /// The upstream; only on this machine, unless it is said that the host is one's own.
    pub(super) fn owned_upstream(&self) -> Result<&UpstreamUrl, String> {
        if self.i_own_this_host {
            return Ok(&self.upstream);
        }
        let host = self.upstream.host();
        let found = (host, self.upstream.port()).to_socket_addrs();
        let found: Vec<_> = found.map_err(|it| format!("`{host}`: {it}"))?.collect();
        if !found.is_empty() && found.iter().all(|it| it.ip().to_canonical().is_loopback()) {
            return Ok(&self.upstream);
        }
        Err(format!("`{host}` is not this machine; `--i-own-this-host` says that it is yours"))
    }

    pub(super) fn asking<'a>(&'a self, upstream: &'a UpstreamUrl, known: &'a Known) -> Asking<'a> {
        Asking {
            upstream,
            known,
            headers: &self.header,
            metric: self.server_timing.as_deref(),
            repeats: self.repeats.into(),
            rate: self.rate.get(),
            patience: self.timeout,
            seed: self.seed,
        }
    }

    /// How often each operation is sent.
    pub(super) fn rounds(&self) -> usize {
        usize::from(self.repeats).saturating_add(1)
    }

    pub(super) fn most_rows(&self) -> usize {
        self.max_requests / self.rounds()
    }

    pub(super) fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| self.policy.with_extension("cost.yaml"))
    }

    pub(super) fn report(&self) -> PathBuf {
        self.report.clone().unwrap_or_else(|| html(&self.out()))
    }
}

fn html(tuned: &Path) -> PathBuf {
    tuned.with_extension("html")
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a header is `name: value`")?;
    let name: HeaderName = name.parse().map_err(|_it| format!("`{name}` is no name"))?;
    let mut value = HeaderValue::from_str(value.trim()).map_err(|it| it.to_string())?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// `500ms`
fn duration(text: &str) -> Result<Duration, String> {
    let source = Arc::new(Source { name: "".into(), text: text.into() });
    let (node, mut found) = yaml::read(&source);
    let read = node.and_then(|it| scalar::duration(&it, LEAST..=MOST, &mut found));
    let first = || found.iter().next().map(|it| it.message.clone());
    read.ok_or_else(|| first().unwrap_or_else(|| "not a duration".to_owned()))
}

const LEAST: Duration = Duration::from_millis(1);
/// An hour.
const MOST: Duration = Duration::from_secs(3600);
