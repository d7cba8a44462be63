//! `portcullis test`: the cases of a policy, and what of the policy no case touches.

mod coverage;
mod report;
mod trial;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum};

use crate::{
    admission::{CacheLimits, Gate},
    cli::{
        Exit,
        link::Link,
        terminal,
        test::{coverage::Coverage, trial::Trial},
    },
    config::UpstreamUrl,
    diagnostic::{Diagnostic, Diagnostics},
    policy::{Case, Policy, cases},
    sources::{self, read_file},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The policy file
    #[arg(env = "PORTCULLIS_POLICY")]
    policy: PathBuf,
    /// Files of cases; without any, those that the policy lists under `tests`
    files: Vec<PathBuf>,
    /// Whom to ask for the schema, when the policy has it by introspection
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: Option<UpstreamUrl>,
    #[command(flatten)]
    link: Link,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Fail when an item of a rule, a condition or a profile is touched by no case
    #[arg(long)]
    complete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for a person
    Text,
    /// One JSON object
    Json,
    /// JUnit XML, for CI
    Junit,
}

/// The cases of one file with what came of them.
struct File {
    path: PathBuf,
    tried: Vec<(Case, Trial)>,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let mut found = Diagnostics::default();
    let tried = try_run(arguments, &mut found);
    let is_broken = found.has_errors();
    terminal::complain(&found);
    match tried {
        Ok(exit) if !is_broken => exit,
        Ok(_) => Exit::Misuse,
        Err(message) => {
            terminal::say(&format!("error: {message}\n"));
            Exit::Misuse
        }
    }
}

fn try_run(arguments: &Arguments, found: &mut Diagnostics) -> Result<Exit, String> {
    let url = arguments.upstream.as_ref();
    let known = url.map(|url| arguments.link.load(url, found));
    let upstream = url.zip(known.as_ref()).map(|(url, it)| it.teller(url));
    let (policy, diagnostics) = sources::load_policy_asking(&arguments.policy, upstream);
    found.extend(diagnostics);
    let policy = Arc::new(policy.ok_or("the policy cannot be used")?);
    let paths = paths(arguments, &policy);
    if paths.is_empty() {
        return Err("the policy lists no files under `tests`, and none is given".to_owned());
    }
    let gate = Gate::new(Arc::clone(&policy), CacheLimits::default());
    let mut files = Vec::new();
    for path in paths {
        let source = read_file(&path).map_err(|it| format!("`{}`: {it}", path.display()))?;
        let cases = cases(&source, found);
        if cases.is_empty() && !found.has_errors() {
            let message = format!("`{}` holds no case", path.display());
            found.push(Diagnostic::error("no-case", message));
        }
        let tried = cases.into_iter().map(|it| {
            let trial = Trial::of(&gate, &it);
            (it, trial)
        });
        files.push(File { path, tried: tried.collect() });
    }
    if found.has_errors() {
        return Ok(Exit::Misuse);
    }
    let coverage = Coverage::of(&policy, files.iter().flat_map(|it| &it.tried).map(|(_, it)| it));
    terminal::data(&match arguments.format {
        Format::Json => report::json(&files, &coverage),
        Format::Junit => report::junit(&files),
        Format::Text => report::text(&files, &coverage, terminal::stdout_colour()),
    });
    let has_failed = files.iter().flat_map(|it| &it.tried).any(|(_, it)| it.failure.is_some());
    let is_incomplete = arguments.complete && !coverage.is_complete();
    Ok(if has_failed || is_incomplete { Exit::Found } else { Exit::Fine })
}

/// The files named on the command line, or those of the policy, which are relative to it.
fn paths(arguments: &Arguments, policy: &Policy) -> Vec<PathBuf> {
    if !arguments.files.is_empty() {
        return arguments.files.clone();
    }
    let folder = arguments.policy.parent().unwrap_or(Path::new(""));
    policy.tests.iter().map(|it| folder.join(&*it.name)).collect()
}
