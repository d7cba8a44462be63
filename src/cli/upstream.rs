//! The flags about the way to the upstream, and what they come to.

use std::{env, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    cli::tls::Tls,
    config::{Config, LinkKey, Secret, UpstreamHttp, UpstreamUrl},
    diagnostic::{Diagnostic, Diagnostics},
    sources::load_link_key,
};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Arguments {
    /// The GraphQL server that is protected, such as http://localhost:8080/graphql
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: UpstreamUrl,
    /// Where the upstream takes WebSocket, such as ws://localhost:8081/graphql, when that is another
    /// place
    #[arg(long, env = "PORTCULLIS_UPSTREAM_WEBSOCKET", value_name = "URL", value_parser = UpstreamUrl::parse_websocket)]
    upstream_websocket: Option<UpstreamUrl>,
    /// Which HTTP the upstream speaks
    #[arg(long, env = "PORTCULLIS_UPSTREAM_HTTP", value_enum, default_value_t = Http::Auto)]
    upstream_http: Http,
    #[command(flatten)]
    tls: Tls,
    /// File with the key that requests to the upstream are signed with; or put the key into the
    /// variable PORTCULLIS_UPSTREAM_SECRET
    #[arg(long, env = "PORTCULLIS_UPSTREAM_SECRET_FILE", value_name = "FILE")]
    upstream_secret_file: Option<PathBuf>,
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

/// A secret is never a flag: other users of the machine can read those.
const SECRET: &str = "PORTCULLIS_UPSTREAM_SECRET";

impl Arguments {
    /// The configuration in front of this upstream. `found` gets everything that is wrong with the
    /// flags together and with the files they name.
    pub(super) fn config(&self, found: &mut Diagnostics) -> Config {
        let mut config = Config::new(self.upstream.clone());
        config.upstream_http = self.http(found);
        config.upstream_websocket.clone_from(&self.upstream_websocket);
        // The files are about both.
        let with_tls = self.upstream_websocket.as_ref().filter(|it| it.is_tls());
        let url = with_tls.unwrap_or(&self.upstream);
        config.upstream_tls = self.tls.load(url, found);
        config.upstream_key = self.link_key(found);
        config
    }

    fn http(&self, found: &mut Diagnostics) -> UpstreamHttp {
        match self.upstream_http {
            Http::Auto => UpstreamHttp::Auto,
            Http::H2c if self.upstream.is_tls() => {
                let message = "`--upstream-http h2c` needs an `http://` upstream";
                let help = "over `https://` the upstream chooses HTTP/2 itself: use `auto`";
                found.push(Diagnostic::error("idle-setting", message).help(help));
                UpstreamHttp::Auto
            }
            Http::H2c => UpstreamHttp::H2c,
            Http::Http1 => UpstreamHttp::Http1,
        }
    }

    fn link_key(&self, found: &mut Diagnostics) -> Option<LinkKey> {
        let variable = env::var_os(SECRET).map(|it| Secret::new(it.as_encoded_bytes()));
        match (&self.upstream_secret_file, variable) {
            (None, None) => None,
            (None, Some(secret)) => {
                let problem = |why| Diagnostic::error("unusable-key", format!("`{SECRET}`: {why}"));
                LinkKey::new(&secret).map_err(|why| found.push(problem(why))).ok()
            }
            (Some(file), None) => load_link_key(file, found),
            (Some(_), Some(_)) => {
                let message = format!("both `--upstream-secret-file` and `{SECRET}` are given");
                found.push(Diagnostic::error("two-keys", message).help("take one of them away"));
                None
            }
        }
    }
}
