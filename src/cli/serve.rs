//! `portcullis serve`: the proxy. Flags, environment and file become a `Config` for each graph.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    cli::{
        Exit, address::address, collector, front, replicas, settings, terminal, traffic, upstream,
    },
    config::{AdminAccess, Config, DEFAULT_ADMIN, DEFAULT_LISTEN, TrustedProxies, UpstreamUrl},
    diagnostic::{Diagnostic, Diagnostics},
    server::{CertificateKeeper, Process, RunError},
    sources::{TlsFiles, load_admin_token, load_upstream_tls, open_files},
    telemetry::{
        AuditSink, FewOpenFiles, LogFilter, LogFormat, finish_audit, start_audit, start_logging,
    },
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The policy file: what is admitted
    #[arg(long, env = "PORTCULLIS_POLICY")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    upstream: upstream::Arguments,
    #[command(flatten)]
    front: front::Arguments,
    /// Where clients connect
    #[arg(long, env = "PORTCULLIS_LISTEN", default_value_t = DEFAULT_LISTEN, value_parser = address)]
    listen: SocketAddr,
    /// Where operators connect: the console, /metrics, /livez and /readyz
    #[arg(long, env = "PORTCULLIS_ADMIN", default_value_t = DEFAULT_ADMIN, value_parser = address)]
    admin: SocketAddr,
    /// File of the token that operators must show for the console and /metrics: as a bearer token, or
    /// as the password of a browser; without one the console is shown on loopback alone
    #[arg(long, env = "PORTCULLIS_ADMIN_TOKEN_FILE", value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// Names at which the console and /metrics are asked for, beside loopback and their own address
    #[arg(long, env = "PORTCULLIS_ADMIN_HOST", value_name = "NAME", value_delimiter = ',')]
    admin_host: Vec<String>,
    /// File of the audit log: refusals, identity failures and admitted mutations; `-`: standard output
    #[arg(long, env = "PORTCULLIS_AUDIT_LOG", value_name = "FILE")]
    audit_log: Option<PathBuf>,
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
    /// What is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`; of a part of the program
    /// alone as in `warn,portcullis=debug`
    #[arg(
        long,
        env = "PORTCULLIS_LOG",
        value_name = "LEVEL",
        default_value_t,
        value_parser = LogFilter::parse
    )]
    log: LogFilter,
    /// How log lines look
    #[arg(long, env = "PORTCULLIS_LOG_FORMAT", value_enum, default_value_t = Format::Pretty)]
    log_format: Format,
    #[command(flatten)]
    traffic: traffic::Arguments,
    #[command(flatten)]
    collector: collector::Arguments,
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
    match Process::begin() {
        Ok(process) => serve(arguments, process),
        Err(error) => {
            terminal::say(&format!("error: {}\n", RunError::Io(error)));
            Exit::Misuse
        }
    }
}

fn serve(arguments: &Arguments, process: Process) -> Exit {
    let format = match arguments.log_format {
        Format::Json => LogFormat::Json,
        Format::Pretty => LogFormat::Pretty(terminal::stderr_colour()),
    };
    let _logging = match start_logging(format, &arguments.log) {
        Ok(logging) => logging,
        Err(error) => {
            terminal::say(&format!("error: {error}\n"));
            return Exit::Misuse;
        }
    };
    let plan = match plan(arguments) {
        Ok(plan) => plan.with_room(),
        Err(found) => {
            terminal::complain(&found);
            return Exit::Misuse;
        }
    };
    if let Some(path) = &arguments.audit_log
        && let Err(error) = start_audit(AuditSink::of(path.clone()))
    {
        terminal::say(&format!("error: `{}` cannot be written: {error}\n", path.display()));
        return Exit::Misuse;
    }
    let ran = process.serve(plan.graphs, plan.certificates, arguments.traffic.shadow());
    finish_audit();
    match ran {
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

/// Everything that is served, and who reads certificates again.
struct Plan {
    /// At least one.
    graphs: Vec<(Config, PathBuf)>,
    certificates: Vec<CertificateKeeper>,
}

impl Plan {
    /// The same with no more connections than files that may be open: beyond that nobody can say who
    /// gets one, and operators get none.
    fn with_room(mut self) -> Self {
        let Some(files) = open_files() else { return self };
        let n_graphs = self.graphs.len();
        let of_process = usize::try_from(files).unwrap_or(usize::MAX);
        for (place, (config, _)) in self.graphs.iter_mut().enumerate() {
            let wanted = config.bounds.connections.get();
            let is_lower = config.bounds.fit(of_process / config.workers, n_graphs);
            if is_lower && place == 0 {
                let connections = config.bounds.connections.get();
                FewOpenFiles { files, connections, wanted }.emit();
            }
        }
        self
    }
}

fn plan(arguments: &Arguments) -> Result<Plan, Diagnostics> {
    let mut found = Diagnostics::default();
    let (front, listener) = arguments.front.load(&mut found);
    // Before they are read: what is written meanwhile is a change.
    let (files, watch) = arguments.upstream.files();
    let config = arguments.upstream.config(&mut found);
    // Without an upstream the file must have graphs, each with its own.
    let nowhere = UpstreamUrl::parse("http://localhost/").ok().map(Config::new);
    let Some(mut settings) = config.clone().or(nowhere) else { return Err(found) };
    let listed = arguments.settings.apply(&mut settings, &mut found);
    let with_tls = listed.iter().flat_map(|(_, it)| &it.upstreams).find(|it| it.is_tls());
    let mut graphs = Vec::new();
    for (policy, it) in &listed {
        let config = arguments.upstream.config_for(&it.upstreams, with_tls, &mut found);
        let (name, hosts) = (it.name.clone(), it.hosts.clone());
        graphs.extend(config.map(|config| (Config { name, hosts, ..config }, policy)));
    }
    graphs.extend(arguments.alone(config, !listed.is_empty(), &mut found));
    if graphs.len() > 1 {
        arguments.upstream.complain_of_several(&mut found);
    }
    let collector = arguments.collector.load(&mut found);
    let complete = |(mut config, policy): (Config, &PathBuf)| {
        (config.deadlines, config.bounds) = (settings.deadlines, settings.bounds);
        config.front = front.clone();
        config.collector.clone_from(&collector);
        (arguments.complete(config, &mut found), policy.clone())
    };
    let graphs: Vec<_> = graphs.into_iter().map(complete).collect();
    let with_tls: Vec<_> = graphs.iter().filter_map(|(it, _)| it.upstream_tls.clone()).collect();
    let watch = watch.filter(|_| !with_tls.is_empty());
    let upstream = watch.map(|it| CertificateKeeper::of_upstreams(files, it, with_tls));
    let certificates = listener.into_iter().chain(upstream).collect();
    if found.has_errors() { Err(found) } else { Ok(Plan { graphs, certificates }) }
}

impl Arguments {
    /// The graph of the flags, which is the only one.
    fn alone(
        &self,
        config: Option<Config>,
        is_listed: bool,
        found: &mut Diagnostics,
    ) -> Option<(Config, &PathBuf)> {
        match (&self.policy, config, is_listed) {
            (Some(policy), Some(config), false) => return Some((config, policy)),
            (None, None, true) => {}
            (_, _, false) => {
                let message = "nothing to serve: give `--policy` and `--upstream`";
                let help = "or list `graphs` in the file of `--config`";
                found.push(Diagnostic::error("no-graph", message).help(help));
            }
            (_, _, true) => {
                let message = "`--policy` and `--upstream` say what to serve, and so does `graphs`";
                found.push(Diagnostic::error("two-plans", message).help("take one of them away"));
            }
        }
        None
    }

    /// What is the same for every graph.
    fn complete(&self, mut config: Config, found: &mut Diagnostics) -> Config {
        config.listen = self.listen;
        config.admin = Some(self.admin);
        let token = self.admin_token_file.as_ref().and_then(|it| load_admin_token(it, found));
        let hosts = self.admin_host.iter().map(|it| it.to_ascii_lowercase().into()).collect();
        config.admin_access = AdminAccess { token, hosts };
        config.trusted_proxies = self.trusted_proxies.iter().cloned().collect();
        if self.keys_ca.is_some() {
            let files = TlsFiles { ca: self.keys_ca.as_deref(), identity: None };
            config.key_server_tls = load_upstream_tls(files, found);
        }
        config.redis = self.redis.load(found);
        config.traffic = self.traffic.file();
        config.workers = self.workers.unwrap_or(config.workers);
        config
    }
}
