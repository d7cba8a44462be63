//! `portcullis init`: a policy that only watches, and the schema of an upstream, to begin with.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    cli::{Exit, link::Link, schema, terminal},
    config::UpstreamUrl,
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The GraphQL server to protect, such as http://localhost:8080/graphql
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: UpstreamUrl,
    #[command(flatten)]
    link: Link,
    /// The folder to write into
    #[arg(long, default_value = ".")]
    into: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    match try_run(arguments) {
        Ok(next) => {
            terminal::data(&next);
            Exit::Fine
        }
        Err(message) => {
            terminal::say(&format!("error: {message}\n"));
            Exit::Misuse
        }
    }
}

/// Writes both files or none; returns what to do next.
fn try_run(arguments: &Arguments) -> Result<String, String> {
    let [policy, schema] = ["policy.yaml", "schema.graphql"].map(|it| arguments.into.join(it));
    // Before the upstream is asked: what cannot succeed should not wait.
    for path in [&policy, &schema] {
        if path.symlink_metadata().is_ok() {
            return Err(format!("`{}` is there already; nothing was written", path.display()));
        }
    }
    let told = schema::fetch(&arguments.upstream, &arguments.link)?;
    fs::create_dir_all(&arguments.into)
        .map_err(|it| format!("`{}`: {it}", arguments.into.display()))?;
    write(&schema, &told)?;
    if let Err(why) = write(&policy, &baseline(path(&arguments.upstream))) {
        // Ours, written just now.
        let _already_gone = fs::remove_file(&schema);
        return Err(why);
    }
    Ok(next(&policy, &schema, arguments))
}

/// Writes a file that is not there.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let written = File::create_new(path).and_then(|mut it| it.write_all(text.as_bytes()));
    written.map_err(|it: io::Error| format!("`{}`: {it}", path.display()))
}

fn next(policy: &Path, schema: &Path, arguments: &Arguments) -> String {
    let (policy, schema) = (policy.display(), schema.display());
    let upstream = format!("{}{}", arguments.upstream, arguments.link.flags());
    let path = path(&arguments.upstream);
    format!(
        "Wrote {policy} and {schema}.\n\n\
         # What is wrong or suspicious in them:\nportcullis check {policy}\n\n\
         # Watch, without refusing what a rule objects to; batches, GET, WebSocket, uploads,\n\
         # automatic persisted queries and pages of other origins are refused until the policy\n\
         # allows them. Clients ask for `{path}`:\n\
         portcullis serve --policy {policy} --upstream {upstream}\n\n\
         # Why a document would be refused:\nportcullis explain --policy {policy} query.graphql\n\n\
         # When the log has no `reported` lines that are yours: delete `mode: report`.\n"
    )
}

/// Where clients have asked the server until now, if a policy can say it: of the URL the path alone.
fn path(upstream: &UpstreamUrl) -> &str {
    let path = upstream.path().path();
    if path.contains('%') { DEFAULT_PATH } else { path }
}

/// The baseline, watching: nothing that a rule objects to is refused yet.
fn baseline(path: &str) -> String {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"/-_.".contains(&it);
    let path = match path.bytes().all(is_plain) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', "''")),
    };
    format!("{POLICY}http:\n  # Where clients ask; anything else is a 404.\n  path: {path}\n{HTTP}")
}

const DEFAULT_PATH: &str = "/graphql";

const POLICY: &str = "\
# A policy of Portcullis: what is admitted. Every limit has a default that is on;
# `portcullis check --effective base` prints them, `portcullis schema` helps your editor.
version: 1
name: first
# Every rule watches and reports. Delete this line to refuse.
# Refused in every mode: what `http` does not allow (batches, GET, WebSocket, uploads, pages of other
# origins), hashes that no manifest lists while `documents.apq` is off, bodies above `limits.body`,
# and documents and variables that cannot be read or do not fit the schema.
mode: report
# Tells when the server's schema is no longer the one of the file.
schema: { file: schema.graphql, drift: { every: 5m, on: warn } }
";

const HTTP: &str = "  # Web sites whose pages may ask from another origin (CORS). Without a list none may; with one, pages
  # of this server must be in it, too.
  # origins: [https://app.example]
  # Headers of clients that go on to the server; all others are dropped. A server that knows callers
  # by `cookie`, `x-api-key` or another header takes all for strangers until that is listed, too.
  # forward_headers: [authorization, accept-language, user-agent, traceparent, tracestate,
  #   x-request-id]
";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expect: &str) {
        let written = baseline(path(&UpstreamUrl::parse(url).unwrap()));
        assert!(written.contains(&format!("\n  path: {expect}\n")), "{written}");
    }

    #[test]
    fn clients_keep_the_path_of_the_server() {
        check("http://a/graphql", "/graphql");
        check("http://a/v1/graphql?x=1", "/v1/graphql");
        check("http://a", "/");
        check("http://a/it's,:a", "'/it''s,:a'");
        check("http://a/a%20b", "/graphql");
    }
}
