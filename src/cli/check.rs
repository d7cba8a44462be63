//! `portcullis check`: everything wrong or suspicious in a policy and its schema.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    admission::unfit,
    cli::{Exit, drift, effective::effective, link::Link, terminal},
    config::UpstreamUrl,
    diagnostic::{Diagnostic, Diagnostics, Severity, render, to_github, to_json, to_sarif},
    policy::{Policy, cases, listed_cases},
    sources,
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The policy file
    policy: PathBuf,
    /// Whom to ask for the schema: to compare it with the policy's file, or because the policy has
    /// it by introspection
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: Option<UpstreamUrl>,
    #[command(flatten)]
    link: Link,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print what really applies for this profile, `base` for callers without one: every rule, and
    /// what `http` and `response` say; beside a format for programs, on standard error
    #[arg(long, value_name = "PROFILE")]
    effective: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    Text,
    /// One JSON array
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let (policy, diagnostics, work) = load(arguments);
    print(&diagnostics, arguments.format);
    let found = match work {
        Work::Done if diagnostics.has_faults() => Exit::Found,
        Work::Done => Exit::Fine,
        Work::Undone => Exit::Misuse,
    };
    let Some(policy) = policy else { return found };
    if let Some(name) = &arguments.effective {
        let Some(profile) = policy.profile_named(name) else {
            terminal::say(&format!("error: the policy has no profile `{name}`\n"));
            return Exit::Misuse;
        };
        let effective = effective(&policy, profile);
        match arguments.format {
            Format::Text => terminal::data(&effective),
            Format::Json | Format::Sarif | Format::Github => terminal::say(&effective),
        }
    }
    if !policy.authorizes() {
        terminal::say("note: no `authorization`: every field of the schema can be asked for\n");
    }
    found
}

/// Whether everything was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// What is wrong is wrong in the policy, or in what it names.
    Done,
    /// The policy cannot be read, the upstream did not tell its schema, or a flag is wrong.
    Undone,
}

impl Work {
    fn of(flags: &Diagnostics, rest: &Diagnostics) -> Self {
        // A file that the policy names and that is not there has its place in the policy.
        let is_undone = |it: &Diagnostic| match it.code {
            "no-introspection" => it.severity == Severity::Error,
            "unreadable-file" => it.place.is_none(),
            _ => false,
        };
        let is_undone = flags.has_errors() || rest.iter().any(is_undone);
        if is_undone { Self::Undone } else { Self::Done }
    }
}

/// The policy, and what is wrong with it, its schema, and the flags.
fn load(arguments: &Arguments) -> (Option<Policy>, Diagnostics, Work) {
    let (url, mut found) = (arguments.upstream.as_ref(), Diagnostics::default());
    let known = url.map(|url| arguments.link.load(url, &mut found));
    let upstream = url.zip(known.as_ref()).map(|(url, it)| it.teller(url));
    let upstream = upstream.filter(|_| !found.has_errors());
    let (policy, mut diagnostics) = sources::load_policy_asking(&arguments.policy, upstream);
    if let (Some(policy), Some(upstream)) = (&policy, upstream) {
        drift::compare(policy, upstream, &mut diagnostics);
    }
    let unfit = policy.as_ref().map(|it| unfit(it, sources::now())).unwrap_or_default();
    for it in unfit.iter().take(MAX_UNFIT) {
        let message = format!("trusted document {it} is always refused: {}", it.violation.detail);
        diagnostics.push(Diagnostic::warning("unfit-document", message));
    }
    if unfit.len() > MAX_UNFIT {
        let message = format!("{} operations of trusted documents are always refused", unfit.len());
        let warning = Diagnostic::warning("unfit-document", message);
        diagnostics.push(warning.help("`portcullis manifest verify` lists them all"));
    }
    diagnostics.extend(wrong_cases(policy.as_ref(), &arguments.policy));
    let work = Work::of(&found, &diagnostics);
    diagnostics.extend(found);
    (policy, diagnostics, work)
}

/// What is wrong with the listed files of cases, as `test` would say it. `serve` does not need them,
/// so they are nothing that keeps a policy from being used.
fn wrong_cases(policy: Option<&Policy>, path: &Path) -> Diagnostics {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = Diagnostics::default();
    let listed = match policy {
        Some(policy) => policy.tests.clone(),
        None => sources::read_file(path).map(|it| listed_cases(&it)).unwrap_or_default(),
    };
    for file in listed {
        match sources::read_file(&folder.join(&*file.name)) {
            Ok(source) => {
                let mut mistakes = Diagnostics::default();
                if cases(&source, &mut mistakes).is_empty() && !mistakes.has_errors() {
                    let message = format!("`{}` holds no case", file.name);
                    mistakes.push(file.complaint("no-case", message));
                }
                found.extend(mistakes);
            }
            Err(why) => {
                let message = format!("cannot read `{}`: {why}", file.name);
                found.push(file.complaint("unreadable-file", message));
            }
        }
    }
    found
}

/// More than a screen of them are for `manifest verify`.
const MAX_UNFIT: usize = 20;

fn print(diagnostics: &Diagnostics, format: Format) {
    match format {
        Format::Text => terminal::data(&render(diagnostics, terminal::stdout_colour())),
        Format::Json => terminal::data(&format!("{:#}\n", to_json(diagnostics))),
        Format::Sarif => terminal::data(&format!("{:#}\n", to_sarif(diagnostics))),
        Format::Github => terminal::data(&to_github(diagnostics)),
    }
}
