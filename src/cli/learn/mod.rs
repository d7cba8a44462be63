//! `portcullis learn`: a traffic log as limits and trusted documents, proposed as a patch.
//!
//! Learns from what was admitted then: what was refused is no example. Writes no policy.

mod amend;
mod diff;
mod patch;
mod report;

pub(super) use amend::{Said, amend, amend_reporting};
pub(super) use diff::unified;

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};

use crate::{
    admission::{Past, Ruling},
    calibration::Tally,
    cli::{
        Exit,
        learn::report::{Proposal, Proposals},
        past::{Asking, Log, grouped, no_operation},
        terminal,
    },
    digest::Digest,
    json,
    policy::{Policy, ProfileIdx, Stance},
    rules::{Setting, Unit},
    traffic::{Replay, Replayed},
    verdict::Mode,
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    log: Log,
    /// The policy to learn for
    #[arg(long, env = "PORTCULLIS_POLICY")]
    policy: PathBuf,
    #[command(flatten)]
    asking: Asking,
    /// How much above the largest that was met a limit is proposed, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 25, value_parser = clap::value_parser!(u64).range(0..=1000))]
    headroom: u64,
    /// Write the documents that were admitted as a manifest
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// How often a document must have been asked for to be proposed
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    at_least: u64,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object
    Json,
    /// Only the patch of the policy, for `patch` or `git apply`
    Patch,
    /// What was met, and the patch behind it
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
    let policy = arguments.asking.policy(&arguments.policy)?;
    let mut seen = Seen::default();
    let mut replay = Replay::new([Arc::clone(&policy)]);
    let mut operations = 0_u64;
    arguments.log.replay(&mut replay, |it| {
        operations = operations.saturating_add(1);
        seen.note(it);
    })?;
    if operations == 0 {
        return Err(no_operation(&replay));
    }
    if seen.n == 0 {
        return Err("the log holds no operation that was admitted".to_owned());
    }
    if let Some(path) = &arguments.manifest {
        let (text, left_out) = seen.manifest(arguments.at_least);
        fs::write(path, text).map_err(|it| format!("`{}`: {it}", path.display()))?;
        if left_out > 0 {
            terminal::say(&format!(
                "{left_out} documents are left out: the log holds them without their values \
                 (`--traffic-variables` keeps them)\n"
            ));
        }
    }
    terminal::say(&seen.unmeasured());
    let proposals = seen.proposals(&policy, arguments.headroom);
    if let Some(warning) = proposals.warning() {
        terminal::say(&warning);
    }
    terminal::say(&proposals.left_out(&policy));
    let path = &arguments.policy;
    let text = fs::read_to_string(path).map_err(|it| format!("`{}`: {it}", path.display()))?;
    let patch = proposals.patch(&path.display().to_string(), &text)?;
    terminal::data(&match arguments.format {
        Format::Json => format!("{:#}\n", proposals.as_json(&patch)),
        Format::Patch => patch,
        Format::Text => format!("{}\n{patch}", proposals.as_text()),
    });
    Ok(Exit::Fine)
}

/// A document that was admitted.
#[derive(Debug, Default)]
struct Document {
    count: u64,
    /// Nothing: it is not known to the byte.
    text: Option<Box<str>>,
}

#[derive(Debug, Default)]
struct Seen {
    n: u64,
    /// By profile, then by rule: what requests have measured.
    tallies: BTreeMap<Box<str>, BTreeMap<&'static str, Tally>>,
    /// The largest of a batch so far: sums run through its items.
    batch: BTreeMap<&'static str, u64>,
    /// Why operations could not be measured, and how many.
    unmeasured: BTreeMap<Box<str>, u64>,
    documents: BTreeMap<Digest, Document>,
}

impl Seen {
    fn note(&mut self, it: &Replayed<'_>) {
        let Some(now) = it.now.first().filter(|_| it.was_admitted()) else { return };
        self.n = self.n.saturating_add(1);
        let profile = it.logged.profile().unwrap_or_default();
        if !self.tallies.contains_key(&*profile) {
            self.tallies.insert(profile.as_ref().into(), BTreeMap::new());
        }
        let unknown = match &now.ruling {
            Ruling::Unknown(why) if now.measures.is_empty() => Some(why),
            Ruling::Admitted | Ruling::Refused { .. } | Ruling::Unknown(_) => None,
        };
        if let Some(why) = now.unmeasured.as_ref().or(unknown) {
            let n = self.unmeasured.entry(why.clone()).or_default();
            *n = n.saturating_add(1);
        }
        let (item, of) = it.logged.item();
        if item == 0 {
            self.batch.clear();
        }
        for (rule, measured) in &now.measures {
            let largest = self.batch.entry(rule).or_default();
            *largest = (*largest).max(*measured);
        }
        let is_last = item.saturating_add(1) >= of;
        if let Some(tallies) = self.tallies.get_mut(&*profile).filter(|_| is_last) {
            for (rule, measured) in std::mem::take(&mut self.batch) {
                tallies.entry(rule).or_default().add(measured);
            }
        }
        let Some(hash) = it.logged.document() else { return };
        let document = self.documents.entry(hash).or_insert_with(|| Document {
            count: 0,
            text: it.document.filter(|it| !it.is_hidden).and_then(|it| it.text.clone()),
        });
        document.count = document.count.saturating_add(1);
    }

    /// An object of texts by their hash, and how many documents are not in it.
    fn manifest(&self, at_least: u64) -> (String, usize) {
        let mut out = String::from("{");
        // What is listed is the text as it was printed, in which all who say the same are one.
        let mut printed: BTreeMap<&str, u64> = BTreeMap::new();
        let mut left_out = 0_usize;
        for document in self.documents.values() {
            match &document.text {
                Some(text) => {
                    let count = printed.entry(text).or_default();
                    *count = count.saturating_add(document.count);
                }
                None if document.count >= at_least => left_out = left_out.saturating_add(1),
                None => {}
            }
        }
        for (n, (text, _)) in printed.iter().filter(|it| *it.1 >= at_least).enumerate() {
            out.push_str(if n > 0 { ",\n" } else { "\n" });
            json::push_escaped(&mut out, &Digest::of(text.as_bytes()).to_string());
            out.push(':');
            json::push_escaped(&mut out, text);
        }
        out.push_str("\n}\n");
        (out, left_out)
    }

    /// What to say of operations that could not be measured.
    fn unmeasured(&self) -> String {
        let all = self.unmeasured.iter().map(|(why, n)| {
            let (n, all) = (grouped(*n), grouped(self.n));
            format!("warning: {n} of {all} admitted operations could not be measured: {why}\n")
        });
        all.collect()
    }

    fn proposals(self, policy: &Arc<Policy>, headroom: u64) -> Proposals {
        let needed = needed(policy);
        let mut proposals = Vec::new();
        for (profile, tallies) in &self.tallies {
            let idx = policy.profile_named(profile);
            for (rule, applied) in policy.rules() {
                let Setting::Limit { unit, .. } = policy.setting(rule) else { continue };
                let Some(tally) = tallies.get(applied.meta().id) else { continue };
                let (now, mode) = match policy.stance(idx.unwrap_or(ProfileIdx::BASE), rule) {
                    Stance::Off => (None, Mode::Report),
                    Stance::On { limit, mode } => (Some(limit), mode),
                };
                let (floor, is_size) = match unit {
                    Unit::Bytes => (1024, true),
                    Unit::Count => (FLOOR, false),
                };
                let mut proposed = tally.with_headroom(headroom, floor);
                if is_size {
                    proposed = proposed.div_ceil(1024).saturating_mul(1024);
                }
                // Trusted documents that the policy lists are to be sent, and a limit of everyone that
                // is below one keeps the policy from being loaded.
                if idx == Some(ProfileIdx::BASE) {
                    let needed = needed.get(applied.meta().id).copied().unwrap_or_default();
                    proposed = proposed.max(needed);
                }
                // A limit that refuses has decided what could be learned: it is no sign that a
                // larger one is needed.
                if let (Some(now), Mode::Enforce) = (now, mode) {
                    proposed = proposed.min(now);
                }
                proposals.push(Proposal {
                    profile: profile.clone(),
                    idx,
                    setting: applied.meta().setting,
                    is_size,
                    now,
                    proposed,
                    mode,
                    tally: tally.clone(),
                });
            }
        }
        Proposals { n: self.n, documents: self.documents.len(), proposals }
    }
}

/// The largest measures of trusted documents, by rule.
fn needed(policy: &Arc<Policy>) -> BTreeMap<&'static str, u64> {
    let mut past = Past::new(Arc::clone(policy));
    let mut needed: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (_, document) in policy.documents.library.iter() {
        for name in &document.operations {
            for (rule, measured) in past.fixed(&document.text, name.as_deref()) {
                let largest = needed.entry(rule).or_default();
                *largest = (*largest).max(measured);
            }
        }
    }
    needed
}

/// 5: a limit below would be in the way of the next operation that somebody writes.
const FLOOR: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a build step takes out of a document, and what is in it before, say the same.
    #[test]
    fn layouts_of_a_document_are_one() {
        let sent = [("query A { a }", "query A{a}"), ("query A {a}", "query A{a}"), ("{b}", "{b}")];
        let document = |(sent, printed): (&str, &str)| {
            (Digest::of(sent.as_bytes()), Document { count: 1, text: Some(printed.into()) })
        };
        let seen = Seen { documents: sent.into_iter().map(document).collect(), ..Seen::default() };
        for (at_least, expect) in [(1, &["query A{a}", "{b}"][..]), (2, &["query A{a}"]), (3, &[])]
        {
            let (manifest, left_out) = seen.manifest(at_least);
            let texts: Vec<_> = manifest.lines().filter_map(|it| it.split('"').nth(3)).collect();
            assert_eq!((texts.as_slice(), left_out), (expect, 0), "{manifest}");
        }
    }
}
