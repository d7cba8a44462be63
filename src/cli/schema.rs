//! `portcullis schema`: the JSON Schema of the policy file, for editors; `schema fetch`: the schema
//! of an upstream.

use clap::{Args, Subcommand};

use crate::{
    cli::{Exit, link::Link, terminal},
    config::UpstreamUrl,
    diagnostic::Diagnostics,
    policy,
    sources::fetch_schema_now,
    traffic,
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "it is made once")]
enum What {
    /// Print the schema of an upstream, which it tells by introspection, as SDL
    Fetch {
        /// The upstream, such as http://localhost:8080/graphql
        #[arg(value_parser = UpstreamUrl::parse)]
        url: UpstreamUrl,
        #[command(flatten)]
        link: Link,
    },
    /// Print the JSON Schema of a line of the traffic log
    Traffic,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let printed = match &arguments.what {
        None => serde_json::to_string_pretty(&policy::json_schema())
            .map(|it| format!("{it}\n"))
            .map_err(|it| it.to_string()),
        Some(What::Fetch { url, link }) => fetch(url, link),
        Some(What::Traffic) => Ok(traffic::SCHEMA.to_owned()),
    };
    match printed {
        Ok(text) => {
            terminal::data(&text);
            Exit::Fine
        }
        Err(error) => {
            terminal::say(&format!("error: {error}\n"));
            Exit::Misuse
        }
    }
}

/// The schema of an upstream as SDL, or what is wrong.
pub(super) fn fetch(url: &UpstreamUrl, link: &Link) -> Result<String, String> {
    let mut found = Diagnostics::default();
    let known = link.load(url, &mut found);
    if found.has_errors() {
        let messages: Vec<_> = found.iter().map(|it| &*it.message).collect();
        return Err(messages.join("; "));
    }
    let told = fetch_schema_now(known.teller(url));
    told.map(|it| it.text.to_string()).map_err(|it| it.to_string())
}
