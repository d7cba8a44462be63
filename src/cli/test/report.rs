//! Prints what came of the cases: a table, JSON, or JUnit XML.

use std::fmt::Write as _;

use serde_json::json;

use crate::{
    cli::test::{File, coverage::Coverage},
    diagnostic::Colour,
};

pub(super) fn text(files: &[File], coverage: &Coverage, colour: Colour) -> String {
    let mut out = String::new();
    for file in files {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", file.path.display());
        for (case, trial) in &file.tried {
            let cost = trial.cost.map(|it| format!("cost {it}")).unwrap_or_default();
            let (mark, paint) = match trial.failure {
                None => ("ok", GREEN),
                Some(_) => ("FAILED", RED),
            };
            let mark = painted(&format!("{mark:<6}"), paint, colour);
            let _ = writeln!(out, "  {mark} {:<58} {:<34} {cost}", case.name, trial.verdict);
            if let Some(why) = &trial.failure {
                let _ = writeln!(out, "         {why}");
            }
        }
    }
    let (n_cases, n_failed) = counts(files);
    let _ = writeln!(out, "\n{n_cases} cases, {n_failed} failed");
    out.push_str(&coverage_text(coverage));
    out
}

fn coverage_text(coverage: &Coverage) -> String {
    let mut out = String::new();
    let n_objecting = coverage.n_rules.saturating_sub(coverage.rules.len());
    let _ = writeln!(
        out,
        "{n_objecting} of {} rules that the file sets refuse something",
        coverage.n_rules
    );
    let n_deciding = coverage.n_items.saturating_sub(coverage.items.len());
    let _ = writeln!(out, "{n_deciding} of {} items decide something", coverage.n_items);
    let lists: [(&str, Vec<&str>); 4] = [
        ("rules that refuse nothing", coverage.rules.clone()),
        ("items that decide nothing", coverage.items.iter().map(|it| &**it).collect()),
        ("conditions seen from one side", coverage.conditions.iter().map(|it| &**it).collect()),
        ("profiles that nobody has", coverage.profiles.iter().map(|it| &**it).collect()),
    ];
    for (title, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(out, "{title}:\n  {}", names.join("\n  "));
    }
    out
}

pub(super) fn json(files: &[File], coverage: &Coverage) -> String {
    let cases = files.iter().flat_map(|file| {
        file.tried.iter().map(|(case, trial)| {
            json!({
                "file": file.path.display().to_string(),
                "case": case.name,
                "verdict": trial.verdict,
                "cost": trial.cost,
                "failure": trial.failure,
            })
        })
    });
    let told = json!({
        "cases": cases.collect::<Vec<_>>(),
        "untouched": {
            "rules": coverage.rules,
            "items": coverage.items,
            "conditions": coverage.conditions,
            "profiles": coverage.profiles,
        },
    });
    format!("{told:#}\n")
}

/// The format of <https://github.com/testmoapp/junitxml>, as CI servers read it.
pub(super) fn junit(files: &[File]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for file in files {
        let name = escaped(&file.path.display().to_string());
        let n_failed = file.tried.iter().filter(|(_, it)| it.failure.is_some()).count();
        let n_cases = file.tried.len();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{n_cases}\" failures=\"{n_failed}\">"
        );
        for (case, trial) in &file.tried {
            let case = escaped(&case.name);
            let _ = write!(out, "    <testcase classname=\"{name}\" name=\"{case}\"");
            let _ = match &trial.failure {
                None => writeln!(out, "/>"),
                Some(why) => {
                    let why = escaped(why);
                    writeln!(out, "><failure message=\"{why}\"/></testcase>")
                }
            };
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(files: &[File]) -> (usize, usize) {
    let all = || files.iter().flat_map(|it| &it.tried);
    (all().count(), all().filter(|(_, it)| it.failure.is_some()).count())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => out.push_str("&quot;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML 1.0 §2.2 has no room for these.
            it if it.is_control() => out.push(' '),
            it => out.push(it),
        }
    }
    out
}

fn painted(text: &str, paint: &str, colour: Colour) -> String {
    match colour {
        Colour::Ansi => format!("{paint}{text}\u{1b}[0m"),
        Colour::Plain => text.to_owned(),
    }
}

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
