//! `portcullis serve`: the proxy. Flags and environment become a `Config`.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    cli::{Exit, replicas, settings, terminal, upstream},
    config::{Config, DEFAULT_ADMIN, DEFAULT_LISTEN, TrustedProxies},
    diagnostic::Diagnostics,
    server::{self, RunError},
    sources::{TlsFiles, load_upstream_tls},
    telemetry::{LogFormat, start_logging},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The policy file: what is admitted
    #[arg(long, env = "PORTCULLIS_POLICY")]
    policy: PathBuf,
    #[command(flatten)]
    upstream: upstream::Arguments,
    /// Where clients connect
    #[arg(long, env = "PORTCULLIS_LISTEN", default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// Where operators connect: /livez and /readyz
    #[arg(long, env = "PORTCULLIS_ADMIN", default_value_t = DEFAULT_ADMIN)]
    admin: SocketAddr,
    /// Threads; one per core when not given
    #[arg(long, env = "PORTCULLIS_WORKERS")]
    workers: Option<NonZeroUsize>,
    /// Proxies in front of this one, such as 10.0.0.0/8: their X-Forwarded-For counts
    #[arg(long, env = "PORTCULLIS_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    trusted_proxies: Vec<TrustedProxies>,
    /// PEM file of the authorities that may vouch for an https key server, instead of the system's
    #[arg(long, env = "PORTCULLIS_KEYS_CA", value_name = "FILE")]
    keys_ca: Option<PathBuf>,
    #[command(flatten)]
    redis: replicas::Arguments,
    /// How log lines look
    #[arg(long, env = "PORTCULLIS_LOG_FORMAT", value_enum, default_value_t = Format::Pretty)]
    log_format: Format,
    #[command(flatten)]
    settings: settings::Arguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object per line
    Json,
    /// For a person
    Pretty,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let format = match arguments.log_format {
        Format::Json => LogFormat::Json,
        Format::Pretty => LogFormat::Pretty,
    };
    let filter = std::env::var("PORTCULLIS_LOG").ok();
    if let Err(error) = start_logging(format, filter.as_deref()) {
        terminal::say(&format!("error: {error}\n"));
        return Exit::Misuse;
    }
    let config = match config(arguments) {
        Ok(config) => config,
        Err(found) => {
            terminal::complain(&found);
            return Exit::Misuse;
        }
    };
    match server::run(config, &arguments.policy) {
        Ok(()) => Exit::Fine,
        Err(RunError::Policy(found)) => {
            terminal::complain(&found);
            Exit::Misuse
        }
        Err(error @ (RunError::Io(_) | RunError::Schema(_))) => {
            terminal::say(&format!("error: {error}\n"));
            Exit::Misuse
        }
    }
}

fn config(arguments: &Arguments) -> Result<Config, Diagnostics> {
    let mut found = Diagnostics::default();
    let mut config = arguments.upstream.config(&mut found);
    arguments.settings.apply(&mut config, &mut found);
    config.listen = arguments.listen;
    config.admin = Some(arguments.admin);
    config.trusted_proxies = arguments.trusted_proxies.iter().cloned().collect();
    if arguments.keys_ca.is_some() {
        let files = TlsFiles { ca: arguments.keys_ca.as_deref(), identity: None };
        config.key_server_tls = load_upstream_tls(files, &mut found);
    }
    config.redis = arguments.redis.load(&mut found);
    config.workers = arguments.workers.unwrap_or(config.workers);
    if found.has_errors() { Err(found) } else { Ok(config) }
}
