//! `portcullis schema`: the JSON Schema of the policy file, for editors; `schema fetch`: the schema
//! of an upstream.

use clap::{Args, Subcommand};

use crate::{
    cli::{Exit, terminal},
    config::UpstreamUrl,
    policy, sources,
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the schema of an upstream, which it tells by introspection, as SDL
    Fetch {
        /// The upstream, such as http://localhost:8080/graphql
        #[arg(value_parser = UpstreamUrl::parse)]
        url: UpstreamUrl,
    },
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let printed = match &arguments.what {
        None => serde_json::to_string_pretty(&policy::json_schema())
            .map(|it| format!("{it}\n"))
            .map_err(|it| it.to_string()),
        Some(What::Fetch { url }) => sources::fetch_schema_now(url)
            .map(|it| it.text.to_string())
            .map_err(|it| it.to_string()),
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
