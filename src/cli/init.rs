//! `portcullis init`: a policy that only watches, and the schema of an upstream, to begin with.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    cli::{Exit, schema, terminal, tls::Tls},
    config::UpstreamUrl,
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The GraphQL server to protect, such as http://localhost:8080/graphql
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: UpstreamUrl,
    #[command(flatten)]
    tls: Tls,
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
    let told = schema::fetch(&arguments.upstream, &arguments.tls)?;
    fs::create_dir_all(&arguments.into)
        .map_err(|it| format!("`{}`: {it}", arguments.into.display()))?;
    write(&schema, &told)?;
    if let Err(why) = write(&policy, POLICY) {
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
    let upstream = format!("{}{}", arguments.upstream, arguments.tls.flags());
    format!(
        "Wrote {policy} and {schema}.\n\n\
         # What is wrong or suspicious in them:\nportcullis check {policy}\n\n\
         # Watch, without refusing what a rule objects to; batches, GET, WebSocket, uploads and\n\
         # automatic persisted queries are refused until the policy allows them:\n\
         portcullis serve --policy {policy} --upstream {upstream}\n\n\
         # Why a document would be refused:\nportcullis explain --policy {policy} query.graphql\n\n\
         # When the log has no `reported` lines that are yours: delete `mode: report`.\n"
    )
}

/// The baseline, watching: nothing that a rule objects to is refused yet.
const POLICY: &str = "\
# A policy of Portcullis: what is admitted. Every limit has a default that is on;
# `portcullis check --effective base` prints them, `portcullis schema` helps your editor.
version: 1
name: first
# Every rule watches and reports. Delete this line to refuse.
# Refused in every mode: what `http` does not allow (batches, GET, WebSocket, uploads), hashes that
# no manifest lists while `documents.apq` is off, bodies above `limits.body`, and documents that
# cannot be read or do not fit the schema.
mode: report
# Tells when the server's schema is no longer the one of the file.
schema: { file: schema.graphql, drift: { every: 5m, on: warn } }
";
