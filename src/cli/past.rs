//! What the verbs that read a traffic log share: the files, the policy, the progress.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    cli::{link::Link, terminal},
    config::UpstreamUrl,
    diagnostic::{Diagnostics, suggestion},
    policy::Policy,
    sources::load_policy_asking,
    traffic::{Replay, Replayed},
};

/// A log.
#[derive(Args, Debug)]
pub(super) struct Log {
    /// The files of a traffic log, the oldest first, or `-` for standard input
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Of a log of several graphs, the one that is meant
    #[arg(long, value_name = "NAME")]
    graph: Option<String>,
}

/// Whom to ask for a schema, when a policy has it by introspection.
#[derive(Args, Debug)]
pub(super) struct Asking {
    /// Whom to ask for the schema, when the policy has it by introspection
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: Option<UpstreamUrl>,
    #[command(flatten)]
    link: Link,
}

impl Asking {
    /// A policy; what is wrong with it is told.
    pub(super) fn policy(&self, path: &Path) -> Result<Arc<Policy>, String> {
        let (url, mut found) = (self.upstream.as_ref(), Diagnostics::default());
        let known = url.map(|url| self.link.load(url, &mut found));
        let upstream = url.zip(known.as_ref()).map(|(url, it)| it.teller(url));
        let (policy, diagnostics) = load_policy_asking(path, upstream);
        found.extend(diagnostics);
        terminal::complain(&found);
        policy.map(Arc::new).ok_or_else(|| format!("`{}` cannot be used", path.display()))
    }
}

impl Log {
    /// Replays every file; progress is drawn on a terminal.
    pub(super) fn replay(
        &self,
        replay: &mut Replay,
        mut each: impl FnMut(&Replayed<'_>),
    ) -> Result<(), String> {
        replay.want(self.graph.as_deref());
        for path in &self.logs {
            let wrong = |it: io::Error| format!("`{}`: {it}", path.display());
            let (lines, size) = open(path).map_err(wrong)?;
            let bar = bar(size, path);
            let mut told = 0;
            let read = |n: u64| {
                if n.saturating_sub(told) >= STEP {
                    told = n;
                    bar.set_position(n);
                }
            };
            replay.run(lines, read, &mut each).map_err(wrong)?;
            bar.finish_and_clear();
        }
        of_one_graph(replay, self.graph.as_deref())
    }
}

/// What to say when it was not of one graph, or not of the one that is meant. Of a log without any
/// operation there is something else to say.
pub(super) fn of_one_graph(replay: &Replay, meant: Option<&str>) -> Result<(), String> {
    let met: Vec<Option<&str>> = replay.graphs().collect();
    let names: Vec<&str> = met.iter().flatten().copied().collect();
    let listed = names.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    match meant {
        None if met.len() < 2 => Ok(()),
        None => {
            let rest = if met.contains(&None) { " and one without a name" } else { "" };
            let help = "say which one is meant with `--graph NAME`";
            Err(format!("the log holds operations of several graphs, {listed}{rest}: {help}"))
        }
        Some(_) if met.is_empty() => Ok(()),
        Some(name) if names.contains(&name) => Ok(()),
        Some(name) if names.is_empty() => Err(format!(
            "no graph of the log is called `{name}`: it names none, so leave `--graph` out"
        )),
        Some(name) => Err(match suggestion(name, names) {
            Some(it) => format!("no graph of the log is called `{name}`: did you mean `{it}`?"),
            None => format!("no graph of the log is called `{name}`: it has {listed}"),
        }),
    }
}

/// What to say of a log in which nothing was found.
pub(super) fn no_operation(replay: &Replay) -> String {
    match replay.unreadable {
        0 => "the log holds no operation".to_owned(),
        n => format!("the log holds no operation, and {} of its lines cannot be read", grouped(n)),
    }
}

fn open(path: &Path) -> io::Result<(Box<dyn BufRead>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let file = File::open(path)?;
    let about = file.metadata()?;
    let size = about.is_file().then_some(about.len());
    Ok((Box::new(BufReader::with_capacity(BUFFER, file)), size))
}

fn bar(size: Option<u64>, path: &Path) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.set_message(path.display().to_string());
    if io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, it) in digits.chars().enumerate() {
        if at > 0 && (digits.len().saturating_sub(at)).is_multiple_of(3) {
            out.push(',');
        }
        out.push(it);
    }
    out
}

/// The beginning of a document, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let mut out: String = text.chars().take(EXCERPT).filter(|it| !it.is_control()).collect();
    if text.chars().nth(EXCERPT).is_some() {
        out.push('…');
    }
    out
}

/// 72 characters fit into a line of a terminal with something before them.
const EXCERPT: usize = 72;
/// The bar moves every megabyte.
const STEP: u64 = 1 << 20;
const BUFFER: usize = 1 << 18;
