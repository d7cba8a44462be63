//! `portcullis replay`: a traffic log judged again, by one policy or by two.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    admission::Ruling,
    cli::{
        Exit,
        past::{Asking, Log, excerpt, grouped, no_operation},
        terminal,
    },
    traffic::{Replay, Replayed},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    log: Log,
    /// The policy to judge by
    #[arg(long, env = "PORTCULLIS_POLICY")]
    policy: PathBuf,
    /// The policy to compare with; without it, what was decided then
    #[arg(long, value_name = "POLICY")]
    against: Option<PathBuf>,
    #[command(flatten)]
    asking: Asking,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object
    Json,
    /// For a pull request
    Markdown,
    /// For a person
    Text,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    match try_run(arguments) {
        Ok(exit) => exit,
        Err(message) => {
            terminal::say(&format!("error: {message}\n"));
            Exit::Misuse
        }
    }
}

fn try_run(arguments: &Arguments) -> Result<Exit, String> {
    let mut policies = vec![arguments.asking.policy(&arguments.policy)?];
    if let Some(path) = &arguments.against {
        policies.push(arguments.asking.policy(path)?);
    }
    let mut replay = Replay::new(policies);
    let mut seen = Seen::default();
    arguments.log.replay(&mut replay, |it| seen.note(it))?;
    seen.unreadable = replay.unreadable;
    terminal::data(&match arguments.format {
        Format::Json => format!("{:#}\n", seen.as_json()),
        Format::Markdown => seen.as_markdown(),
        Format::Text => seen.as_text(),
    });
    if seen.operations == 0 {
        return Err(no_operation(&replay));
    }
    Ok(if seen.changes.is_empty() { Exit::Fine } else { Exit::Found })
}

/// What a change is told by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    kind: &'static str,
    rule: Box<str>,
    code: Box<str>,
    document: Box<str>,
    client: Option<Box<str>>,
}

/// How often, and one of them.
#[derive(Debug, Default)]
struct Example {
    count: u64,
    at: String,
    id: String,
    detail: Box<str>,
    text: String,
}

#[derive(Debug, Default)]
struct Seen {
    operations: u64,
    same: u64,
    /// Refused by both, for another reason.
    otherwise: u64,
    unreadable: u64,
    changes: BTreeMap<Change, Example>,
    unknown: BTreeMap<Box<str>, u64>,
}

impl Seen {
    fn note(&mut self, it: &Replayed<'_>) {
        let now = it.now.first().map(|it| &it.ruling);
        let before = it.now.get(1).map_or(&it.then, |it| &it.ruling);
        let Some(now) = now else { return };
        self.operations = self.operations.saturating_add(1);
        match (before, now) {
            (Ruling::Unknown(why), _) | (_, Ruling::Unknown(why)) => {
                let n = self.unknown.entry(why.clone()).or_default();
                *n = n.saturating_add(1);
            }
            (Ruling::Admitted, Ruling::Admitted) => self.same = self.same.saturating_add(1),
            (Ruling::Refused { code, .. }, Ruling::Refused { code: other, .. }) => {
                self.same = self.same.saturating_add(1);
                self.otherwise = self.otherwise.saturating_add(u64::from(code != other));
            }
            (Ruling::Admitted, refused) => self.change("newly-refused", refused, it),
            (refused, Ruling::Admitted) => self.change("newly-admitted", refused, it),
        }
    }

    fn change(&mut self, kind: &'static str, refused: &Ruling, it: &Replayed<'_>) {
        let Ruling::Refused { rule, code, detail } = refused else { return };
        let document = it.logged.document().map(|it| it.to_string()).unwrap_or_default();
        let change = Change {
            kind,
            rule: rule.clone(),
            code: code.clone(),
            document: document.into(),
            client: it.logged.client().map(Into::into),
        };
        let example = self.changes.entry(change).or_insert_with(|| Example {
            count: 0,
            at: it.logged.at().into_owned(),
            id: it.logged.id().into_owned(),
            detail: detail.clone(),
            text: it.document.and_then(|it| it.text.as_deref()).map(excerpt).unwrap_or_default(),
        });
        example.count = example.count.saturating_add(1);
    }

    fn count(&self, kind: &str) -> u64 {
        let of_kind = self.changes.iter().filter(|(it, _)| it.kind == kind);
        of_kind.map(|(_, it)| it.count).fold(0, u64::saturating_add)
    }

    fn n_unknown(&self) -> u64 {
        self.unknown.values().copied().fold(0, u64::saturating_add)
    }

    /// The most frequent first.
    fn of_kind(&self, kind: &str) -> Vec<(&Change, &Example)> {
        let mut all: Vec<_> = self.changes.iter().filter(|(it, _)| it.kind == kind).collect();
        all.sort_by_key(|(_, it)| std::cmp::Reverse(it.count));
        all
    }

    fn totals(&self) -> [(&'static str, u64); 6] {
        [
            ("operations", self.operations),
            ("same verdict", self.same),
            ("newly refused", self.count("newly-refused")),
            ("newly admitted", self.count("newly-admitted")),
            ("unknown", self.n_unknown()),
            ("unreadable lines", self.unreadable),
        ]
    }

    fn as_text(&self) -> String {
        let mut out = String::new();
        for (name, n) in self.totals() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{name:<18}{:>12}", grouped(n));
        }
        if self.otherwise > 0 {
            let _ = writeln!(out, "{:<18}{:>12}", "other reason", grouped(self.otherwise));
        }
        for kind in KINDS {
            for (n, (change, it)) in self.of_kind(kind).into_iter().enumerate() {
                if n == 0 {
                    let _ = writeln!(out, "\n{}", kind.replace('-', " "));
                }
                let client = change.client.as_deref().unwrap_or("(no label)");
                let count = grouped(it.count);
                let _ = writeln!(out, "{count:>8}  {} {}  by {client}", change.rule, change.code);
                let _ = writeln!(out, "          {}", it.detail);
                let _ = writeln!(out, "          {}  {}", short(&change.document), it.text);
                let _ = writeln!(out, "          such as {} at {}", it.id, it.at);
            }
        }
        for (n, (why, count)) in self.unknown.iter().enumerate() {
            if n == 0 {
                out.push_str("\nunknown\n");
            }
            let _ = writeln!(out, "{:>8}  {why}", grouped(*count));
        }
        out
    }

    fn as_markdown(&self) -> String {
        let mut out = String::from("| | |\n|---|---:|\n");
        for (name, n) in self.totals() {
            let _ = writeln!(out, "| {name} | {} |", grouped(n));
        }
        for kind in KINDS {
            let all = self.of_kind(kind);
            if all.is_empty() {
                continue;
            }
            let _ = writeln!(out, "\n### {}\n", kind.replace('-', " "));
            out.push_str("| count | rule | client | document | why |\n|---:|---|---|---|---|\n");
            for (change, it) in all {
                let client = change.client.as_deref().unwrap_or("");
                let _ = writeln!(
                    out,
                    "| {} | `{}` | {} | `{}` | {} |",
                    grouped(it.count),
                    change.rule,
                    cell(client),
                    cell(&it.text).replace('`', "'"),
                    cell(&it.detail),
                );
            }
        }
        if !self.unknown.is_empty() {
            out.push_str("\n### unknown\n\n| count | why |\n|---:|---|\n");
        }
        for (why, count) in &self.unknown {
            let _ = writeln!(out, "| {} | {} |", grouped(*count), cell(why));
        }
        out
    }

    fn as_json(&self) -> Value {
        let changes = self.changes.iter().map(|(change, it)| {
            json!({
                "change": change.kind,
                "rule": change.rule,
                "code": change.code,
                "document": change.document,
                "client": change.client,
                "count": it.count,
                "detail": it.detail,
                "text": it.text,
                "example": { "id": it.id, "at": it.at },
            })
        });
        json!({
            "operations": self.operations,
            "same": self.same,
            "newly_refused": self.count("newly-refused"),
            "newly_admitted": self.count("newly-admitted"),
            "refused_otherwise": self.otherwise,
            "unreadable": self.unreadable,
            "changes": changes.collect::<Vec<_>>(),
            "unknown": self.unknown.iter()
                .map(|(why, n)| json!({ "why": why, "count": n })).collect::<Vec<_>>(),
        })
    }
}

/// What a client wrote must not end a cell of a table, or begin markup.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or("(no document)")
}

const KINDS: [&str; 2] = ["newly-refused", "newly-admitted"];
