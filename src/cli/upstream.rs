//! The flags about the way to the upstream, and what they come to.

use clap::{Args, ValueEnum};

use crate::{
    cli::link::{Known, Link},
    config::{Config, UpstreamHttp, UpstreamUrl},
    diagnostic::{Diagnostic, Diagnostics},
    sources::{UpstreamFiles, Watch},
};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Arguments {
    /// The GraphQL server that is protected, such as http://localhost:8080/graphql; several of them
    /// are one server at several addresses
    #[arg(
        long,
        env = "PORTCULLIS_UPSTREAM",
        value_parser = UpstreamUrl::parse,
        value_delimiter = ','
    )]
    upstream: Vec<UpstreamUrl>,
    /// Where the upstream takes WebSocket, such as ws://localhost:8081/graphql, when that is another
    /// place
    #[arg(
        long,
        env = "PORTCULLIS_UPSTREAM_WEBSOCKET",
        value_name = "URL",
        value_parser = UpstreamUrl::parse_websocket
    )]
    upstream_websocket: Option<UpstreamUrl>,
    /// Which HTTP the upstream speaks
    #[arg(long, env = "PORTCULLIS_UPSTREAM_HTTP", value_enum, default_value_t = Http::Auto)]
    upstream_http: Http,
    #[command(flatten)]
    link: Link,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Http {
    /// HTTP/2 or HTTP/1.1 over https, as the upstream likes; HTTP/1.1 over http
    Auto,
    /// HTTP/2 over http, without asking
    H2c,
    /// HTTP/1.1
    Http1,
}

impl Arguments {
    /// The configuration in front of this upstream; nothing when there is none. `found` gets
    /// everything that is wrong with the flags together and with the files they name.
    pub(super) fn config(&self, found: &mut Diagnostics) -> Option<Config> {
        self.config_for(&self.upstream, None, found)
    }

    /// The same in front of other upstreams than the flag's. The files about TLS may be meant for
    /// one that is served `beside`.
    pub(super) fn config_for(
        &self,
        upstreams: &[UpstreamUrl],
        beside: Option<&UpstreamUrl>,
        found: &mut Diagnostics,
    ) -> Option<Config> {
        let (first, more) = upstreams.split_first()?;
        let mut config = Config::new(first.clone());
        config.more_upstreams = more.to_vec();
        if let Some(other) = more.iter().find(|it| !it.is_alike(first)) {
            let message = format!("`{other}` is not `{first}` at another address");
            let help = "every `--upstream` has the same scheme and path; they are one server";
            found.push(Diagnostic::error("another-upstream", message).help(help));
        }
        config.upstream_http = self.http(first, found);
        config.upstream_websocket.clone_from(&self.upstream_websocket);
        // The files are about all of them.
        let mut all = [Some(first), self.upstream_websocket.as_ref(), beside].into_iter().flatten();
        let with_tls = all.find(|it| it.is_tls());
        let Known { tls, key } = self.link.load(with_tls.unwrap_or(first), found);
        (config.upstream_tls, config.upstream_key) = (tls, key);
        Some(config)
    }

    /// The files that are read again, and who sees that they change.
    pub(super) fn files(&self) -> (UpstreamFiles, Option<Watch>) {
        let files = self.link.files();
        let watch = files.watch();
        (files, watch)
    }

    /// What is said of one upstream, and cannot be meant of several graphs.
    pub(super) fn complain_of_several(&self, found: &mut Diagnostics) {
        if self.upstream_websocket.is_some() {
            let message = "`--upstream-websocket` would take the WebSockets of every graph";
            let help = "take it away: WebSocket then goes to the `upstream` of each graph; or serve \
                        a graph that takes it elsewhere by a process of its own";
            found.push(Diagnostic::error("several-graphs", message).help(help));
        }
    }

    fn http(&self, upstream: &UpstreamUrl, found: &mut Diagnostics) -> UpstreamHttp {
        match self.upstream_http {
            Http::Auto => UpstreamHttp::Auto,
            Http::H2c if upstream.is_tls() => {
                let message = "`--upstream-http h2c` needs an `http://` upstream";
                let help = "over `https://` the upstream chooses HTTP/2 itself: use `auto`";
                found.push(Diagnostic::error("idle-setting", message).help(help));
                UpstreamHttp::Auto
            }
            Http::H2c => UpstreamHttp::H2c,
            Http::Http1 => UpstreamHttp::Http1,
        }
    }
}
