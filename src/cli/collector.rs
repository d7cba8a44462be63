//! The flags of `serve` about an OpenTelemetry collector, and the variables that all programs read.
//!
//! `OTEL_*` say what they say elsewhere, where the flag of it is not given.

use std::{env, path::PathBuf, time::Duration};

use clap::Args;
use http::{HeaderName, HeaderValue};

use crate::{
    cli::terminal,
    config::{Collector, Sample, UpstreamUrl},
    diagnostic::{Diagnostic, Diagnostics},
    sources::{TlsFiles, load_upstream_tls},
};

#[derive(Args, Debug)]
#[command(next_help_heading = "OpenTelemetry (a build with the feature `otel`)")]
#[group(skip)]
pub(super) struct Arguments {
    /// Send traces and metrics to a collector over HTTP, such as http://localhost:4318; also
    /// OTEL_EXPORTER_OTLP_ENDPOINT
    #[arg(
        long,
        env = "PORTCULLIS_OTLP_ENDPOINT",
        value_name = "URL",
        value_parser = UpstreamUrl::parse
    )]
    otlp_endpoint: Option<UpstreamUrl>,
    /// Which part of the traces that begin here is kept, from 0 to 1; also OTEL_TRACES_SAMPLER_ARG
    #[arg(long, env = "PORTCULLIS_OTLP_SAMPLE", value_name = "PART")]
    otlp_sample: Option<Sample>,
    /// PEM file of the authorities that may vouch for an https collector, instead of the system's
    #[arg(long, env = "PORTCULLIS_OTLP_CA", value_name = "FILE")]
    otlp_ca: Option<PathBuf>,
}

impl Arguments {
    /// Where traces and metrics go; nothing when nowhere, or when `found` says why not.
    pub(super) fn load(&self, found: &mut Diagnostics) -> Option<Collector> {
        if cfg!(not(feature = "otel")) {
            self.refuse(found);
            return None;
        }
        let url = self.url(found)?;
        let mut collector = Collector::new(url);
        if collector.url.is_tls() {
            let files = TlsFiles { ca: self.otlp_ca.as_deref(), identity: None };
            collector.tls = Some(load_upstream_tls(files, found)?);
        } else if self.otlp_ca.is_some() {
            let message = "`--otlp-ca` has no effect on an `http://` collector";
            found.push(Diagnostic::error("idle-setting", message).help("write `https://`"));
        }
        collector.sample =
            self.otlp_sample.or_else(|| variable(SAMPLE, found)).unwrap_or(Sample::ALL);
        if let Some(millis) = variable(INTERVAL, found) {
            collector.metrics_every = Duration::from_millis(millis).max(Duration::from_millis(100));
        }
        collector.resource.extend(pairs(RESOURCE, found).into_iter().map(boxed));
        if let Ok(name) = env::var(SERVICE) {
            collector.resource.retain(|(key, _)| **key != *SERVICE_NAME);
            collector.resource.push((SERVICE_NAME.into(), name.into()));
        }
        collector.headers = headers(found);
        Some(collector)
    }

    /// Without the feature a flag is a mistake. A variable may be there for every program of a
    /// machine.
    fn refuse(&self, found: &mut Diagnostics) {
        let Self { otlp_endpoint, otlp_sample, otlp_ca } = self;
        let message = "this binary was built without the feature `otel`, and sends nothing";
        let help = "build it with `--features otel`; `traceparent` is passed on without it, too";
        if otlp_endpoint.is_some() || otlp_sample.is_some() || otlp_ca.is_some() {
            found.push(Diagnostic::error("not-built", message).help(help));
        } else if env::var_os(ENDPOINT).is_some() {
            terminal::say(&format!("warning: `{ENDPOINT}` has no effect: {message}\n"));
        }
    }

    fn url(&self, found: &mut Diagnostics) -> Option<UpstreamUrl> {
        if let Some(url) = &self.otlp_endpoint {
            return Some(url.clone());
        }
        let text = env::var(ENDPOINT).ok().filter(|it| !it.is_empty())?;
        UpstreamUrl::parse(&text).map_err(|why| found.push(bad(ENDPOINT, &why.to_string()))).ok()
    }
}

/// A number of the environment.
fn variable<T: std::str::FromStr>(name: &str, found: &mut Diagnostics) -> Option<T> {
    let text = env::var(name).ok().filter(|it| !it.is_empty())?;
    text.parse().map_err(|_why| found.push(bad(name, "it cannot be read"))).ok()
}

/// `key=value,key=value`, with everything special percent-encoded, as in a W3C Baggage header.
fn pairs(name: &str, found: &mut Diagnostics) -> Vec<(String, String)> {
    let text = env::var(name).unwrap_or_default();
    let mut pairs = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        match pair.split_once('=') {
            Some((key, value)) => pairs.push((decoded(key.trim()), decoded(value.trim()))),
            None => found.push(bad(name, "it is not `key=value,key=value`")),
        }
    }
    pairs
}

/// With every `%xx` as the byte it stands for.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
            }
            None => bytes.extend_from_slice(format!("%{part}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn headers(found: &mut Diagnostics) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    for (key, value) in pairs(HEADERS, found) {
        let name = HeaderName::from_bytes(key.as_bytes());
        match (name, HeaderValue::try_from(value)) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.push((name, value));
            }
            _ => found.push(bad(HEADERS, "it has no header in it")),
        }
    }
    headers
}

fn boxed((key, value): (String, String)) -> (Box<str>, Box<str>) {
    (key.into(), value.into())
}

fn bad(name: &str, why: &str) -> Diagnostic {
    Diagnostic::error("unusable-variable", format!("`{name}`: {why}"))
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Credentials of ours with the collector: a variable, as flags can be read by others.
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
const SAMPLE: &str = "OTEL_TRACES_SAMPLER_ARG";
const SERVICE: &str = "OTEL_SERVICE_NAME";
const SERVICE_NAME: &str = "service.name";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(decoded(text), expect, "{text}");
    }

    #[test]
    fn values_of_variables_are_percent_encoded() {
        check("Bearer%20a%2Bb", "Bearer a+b");
        check("a+b", "a+b");
        check("100%", "100%");
        check("%zz%C3%A4", "%zzä");
    }
}
