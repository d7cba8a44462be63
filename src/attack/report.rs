//! What came of an attack: by rule, and every hole with the request that shows it.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use crate::attack::{Attempt, Due, Side, Told, Transport};

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Within the line, and forwarded.
    Admitted,
    /// Beyond the line, and the upstream has seen it.
    GotThrough,
    /// Refused by something else than the rule: it proves nothing of the rule.
    Otherwise,
    /// Beyond the line, and refused or taken out by the rule.
    Refused,
    /// Within the line, and refused or taken out by the rule.
    WronglyRefused,
}

/// What the upstream got of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was refused.
    Nothing,
    /// What is left when something was taken out.
    Rest,
    /// All that it is about.
    Whole,
}

/// The attempts against one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// All of them.
    pub attempts: usize,
    /// Within the line, and forwarded.
    pub admitted: usize,
    /// Beyond the line, and refused by the rule.
    pub refused: usize,
    /// Refused by something else.
    pub otherwise: usize,
    /// Beyond the line, and forwarded.
    pub got_through: usize,
    /// Within the line, and refused by the rule.
    pub wrongly_refused: usize,
    /// How many were made by each way: `variable by POST as alice`.
    pub ways: BTreeMap<String, usize>,
}

/// What came of all.
#[derive(Debug)]
pub struct Report {
    rows: BTreeMap<&'static str, Row>,
    mistakes: Vec<(Attempt, Outcome)>,
    /// Refused by something else, with its code.
    otherwise: Vec<(Attempt, String)>,
    n_left_out: usize,
    /// What is enforced, and nothing was tried for yet.
    untried: Vec<Due>,
}

impl Report {
    /// Nothing yet; `n_left_out` attempts are not made for want of room, and something should be
    /// tried for all that is due.
    #[must_use]
    pub const fn new(n_left_out: usize, due: Vec<Due>) -> Self {
        Self {
            rows: BTreeMap::new(),
            mistakes: Vec::new(),
            otherwise: Vec::new(),
            n_left_out,
            untried: due,
        }
    }

    /// Adds what came of an attempt.
    pub fn add(&mut self, attempt: Attempt, told: &Told, arrival: Arrival) {
        self.untried.retain(|it| !it.is_met_by(&attempt));
        let through = arrival == Arrival::Whole || told.has_schema();
        let is_refused =
            if attempt.code.is_empty() { told.is_refusal() } else { told.says(attempt.code) };
        // Nothing else takes anything out.
        let by_rule = is_refused || arrival == Arrival::Rest;
        let outcome = match (attempt.side, through, by_rule) {
            (Side::Beyond, true, _) => Outcome::GotThrough,
            (Side::Beyond, false, true) => Outcome::Refused,
            (Side::Beyond | Side::Within, false, false) => Outcome::Otherwise,
            (Side::Within, true, _) => Outcome::Admitted,
            (Side::Within, false, true) => Outcome::WronglyRefused,
        };
        let row = self.rows.entry(attempt.rule).or_default();
        let count = match outcome {
            Outcome::Admitted => &mut row.admitted,
            Outcome::GotThrough => &mut row.got_through,
            Outcome::Otherwise => &mut row.otherwise,
            Outcome::Refused => &mut row.refused,
            Outcome::WronglyRefused => &mut row.wrongly_refused,
        };
        *count = count.saturating_add(1);
        row.attempts = row.attempts.saturating_add(1);
        let n_by_way = row.ways.entry(way(&attempt)).or_default();
        *n_by_way = n_by_way.saturating_add(1);
        if matches!(outcome, Outcome::GotThrough | Outcome::WronglyRefused) {
            self.mistakes.push((attempt, outcome));
        } else if outcome == Outcome::Otherwise {
            self.otherwise.push((attempt, told.code().unwrap_or_default().to_owned()));
        }
    }

    /// By rule.
    #[must_use]
    pub const fn rows(&self) -> &BTreeMap<&'static str, Row> {
        &self.rows
    }

    /// What got through, and what was wrongly refused.
    #[must_use]
    pub fn mistakes(&self) -> &[(Attempt, Outcome)] {
        &self.mistakes
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{:<26}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}\n",
            "rule", "attempts", "refused", "through", "within:ok", "refused", "else"
        );
        for (rule, it) in &self.rows {
            let _infallible = writeln!(
                text,
                "{rule:<26}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}",
                it.attempts,
                it.refused,
                it.got_through,
                it.admitted,
                it.wrongly_refused,
                it.otherwise
            );
        }
        let n: usize = self.rows.values().map(|it| it.attempts).sum();
        let _infallible = writeln!(text, "\n{n} attempts, {} left out", self.n_left_out);
        text.push_str(&self.silence());
        for (rule, it) in &self.rows {
            let ways: Vec<_> = it.ways.iter().map(|(way, n)| format!("{n} {way}")).collect();
            let _infallible = writeln!(text, "{rule}: {}", ways.join(", "));
        }
        for (attempt, outcome) in self.mistakes.iter().take(SHOWN) {
            let what = word(*outcome);
            let shown: String = attempt.body().chars().take(LINE).collect();
            let _infallible = writeln!(
                text,
                "{what}: {} {}, {}\n  {shown}",
                attempt.rule,
                attempt.at,
                way(attempt)
            );
        }
        let n_hidden = self.mistakes.len().saturating_sub(SHOWN);
        if n_hidden > 0 {
            let _infallible =
                writeln!(text, "and {n_hidden} more; `--format json` has all of them");
        }
        text
    }

    /// For a program.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows: serde_json::Map<_, _> = self
            .rows
            .iter()
            .map(|(rule, it)| {
                let row = json!({
                    "attempts": it.attempts,
                    "refused": it.refused,
                    "got_through": it.got_through,
                    "admitted": it.admitted,
                    "wrongly_refused": it.wrongly_refused,
                    "refused_otherwise": it.otherwise,
                    "ways": it.ways,
                });
                ((*rule).to_owned(), row)
            })
            .collect();
        let mistakes: Vec<_> =
            self.mistakes.iter().map(|(it, outcome)| mistake(it, *outcome)).collect();
        let otherwise: Vec<_> = self.otherwise.iter().map(|(it, code)| other(it, code)).collect();
        json!({
            "rules": rows,
            "mistakes": mistakes,
            "refused_otherwise": otherwise,
            "left_out": self.n_left_out,
            "untried": self.untried_names(),
        })
    }

    /// The line about what stayed untried.
    fn silence(&self) -> String {
        match self.untried_names().as_slice() {
            [] => String::new(),
            names => format!("nothing was tried for: {}\n", names.join(", ")),
        }
    }

    fn untried_names(&self) -> Vec<String> {
        self.untried.iter().map(Due::to_string).collect()
    }
}

fn mistake(attempt: &Attempt, outcome: Outcome) -> Value {
    json!({
        "what": word(outcome),
        "rule": attempt.rule,
        "at": attempt.at,
        "way": attempt.way,
        "transport": attempt.transport.as_str(),
        "as": attempt.who.as_deref(),
        "requests": attempt.requests.iter().map(super::Request::json).collect::<Vec<_>>(),
        "harmless_first": attempt.transport == Transport::Batch && attempt.requests.len() == 1,
    })
}

fn other(attempt: &Attempt, code: &str) -> Value {
    json!({
        "rule": attempt.rule,
        "at": attempt.at,
        "way": attempt.way,
        "transport": attempt.transport.as_str(),
        "as": attempt.who.as_deref(),
        "within": attempt.side == Side::Within,
        "code": code,
    })
}

/// How it was tried.
fn way(attempt: &Attempt) -> String {
    let by = if attempt.parcel.is_some() { "multipart" } else { attempt.transport.as_str() };
    let who = attempt.who.as_deref().map(|it| format!(" as {it}")).unwrap_or_default();
    format!("{} by {by}{who}", attempt.way)
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Admitted => "admitted",
        Outcome::GotThrough => "got through",
        Outcome::Otherwise => "refused by something else",
        Outcome::Refused => "refused",
        Outcome::WronglyRefused => "wrongly refused",
    }
}

/// How many mistakes a person is shown.
const SHOWN: usize = 20;
/// How much of a request, in characters.
const LINE: usize = 200;
