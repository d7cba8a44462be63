//! What came out, as a table.

use std::fmt::Write as _;

use crate::{contest::Score, contestants::Contestant, tasks::Kind};

/// Everything that the table and the picture show.
pub(crate) struct Results {
    pub(crate) names: Vec<&'static str>,
    pub(crate) columns: Vec<Column>,
    /// When, where and with what.
    pub(crate) notes: Vec<String>,
}

/// A task, with a score for each contestant or why there is none.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) scores: Vec<Result<Score, String>>,
}

/// A row for each contestant, and below what does not fit into it.
pub(crate) fn table(results: &Results) -> String {
    let mut text = format!("{:<28}", "µs of CPU per request (×)");
    for it in &results.columns {
        let _ = write!(text, "{:>20}", it.name);
    }
    text.push('\n');
    let mut remarks = String::new();
    for (row, name) in results.names.iter().enumerate() {
        let _ = write!(text, "{name:<28}");
        for column in &results.columns {
            let Some(score) = column.scores.get(row) else { continue };
            let (cell, remark) = cell(column.kind, score);
            let _ = write!(text, "{cell:>20}");
            if let Some(remark) = remark {
                let _ = writeln!(remarks, "{name}, {}: {remark}", column.name);
            }
        }
        text.push('\n');
    }
    text + &remarks + &results.notes.join("\n")
}

/// What stands in the table, and what has to be said of it.
fn cell(kind: Kind, score: &Result<Score, String>) -> (String, Option<String>) {
    match score {
        Ok(it) if kind == Kind::Flood && it.status >= 500 => {
            // The client is to blame for a flood, and no server should say that it is its own fault.
            let remark = format!("! refuses with {}", it.status);
            (format!("{:.1} ({:.2})!", it.micros, it.ratio), Some(remark))
        }
        Ok(it) => (format!("{:.1} ({:.2})", it.micros, it.ratio), None),
        Err(why) => ("–".to_owned(), Some(format!("– not counted: {why}"))),
    }
}

/// The date, the machine and every version.
pub(crate) fn notes(date: &str, contestants: &[Contestant], n_turns: usize) -> Vec<String> {
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut versions: Vec<&str> = Vec::new();
    for it in contestants {
        if !versions.contains(&it.version.as_str()) {
            versions.push(&it.version);
        }
    }
    let mut notes = vec![format!(
        "{date}, {} with {n_cores} cores; each with two workers; median of {n_turns} turns; (×): as a \
         multiple of plain hyper in the same turn",
        std::env::consts::ARCH
    )];
    notes.extend(versions.chunks(4).map(|it| it.join(" · ")));
    notes
}
