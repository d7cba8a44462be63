//! `portcullis tune`: the upstream measured with real operations, for weights, list sizes and a
//! limit that mean something there.
//!
//! Sends only what it was given, and writes nothing that is not good enough to be used.

mod arguments;
mod file;
mod input;
mod json;
mod load;
mod measure;
mod outcome;
mod page;
mod patch;
mod pictures;
mod plan;
mod plot;
mod sampled;
mod told;
mod tuned;
mod write;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::task::LocalSet;

use crate::{
    calendar::rfc3339,
    calibration::Effort,
    cli::{
        Exit,
        past::grouped,
        terminal,
        tune::{
            arguments::Format,
            measure::{Asking, measure},
            outcome::{Outcome, Terms},
            patch::Patch,
            plan::Plan,
            sampled::sampled,
            told::Provenance,
        },
    },
    config::UpstreamUrl,
    diagnostic::Diagnostics,
    digest::Digest,
    policy::{Policy, ProfileIdx, Stance},
    sources::{Teller, load_policy_asking},
    telemetry::now_millis,
};

pub(super) use arguments::Arguments;

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
    let upstream = arguments.owned_upstream()?;
    let mut found = Diagnostics::default();
    let known = arguments.link.load(upstream, &mut found);
    let policy = policy(&arguments.policy, known.teller(upstream), found)?;
    let (variables, graph) = (arguments.variables.as_deref(), arguments.graph.as_deref());
    let asked = input::read(&arguments.inputs, variables, graph)?;
    let mut plan = Plan::new(&policy, asked, &arguments.mutation);
    if let Some(message) = arguments.mutation.iter().find_map(|it| plan.lacks(it)) {
        return Err(format!("{message}{}", reasons(&plan)));
    }
    plan.cut(arguments.most_rows(), arguments.seed);
    let base = tuned::untuned(&policy.cost)?;
    if plan.rows.is_empty() {
        return Err(format!("there is nothing to measure{}", reasons(&plan)));
    }
    if arguments.dry_run {
        let intended = intended(arguments, &plan);
        match arguments.format {
            Format::Json => terminal::say(&intended),
            Format::Text => terminal::data(&intended),
        }
        return Ok(Exit::Fine);
    }
    let asking = arguments.asking(upstream, &known);
    let outcome = measured(arguments, &asking, (&base, plan))?;
    let about = about(arguments, (&policy, upstream), &outcome);
    if !outcome.objections().is_empty() {
        terminal::say(&told::refusal(&outcome));
        return Ok(Exit::Found);
    }
    let patch = patch(arguments, (&policy, &about), &outcome)?;
    let (tuned, report) = (arguments.out(), arguments.report());
    let (yaml, html) = (file::write(&outcome, &about), page::page(&outcome, &about, &patch));
    write::write_all(&[(&tuned, &yaml), (&report, &html)])?;
    terminal::data(&match arguments.format {
        Format::Json => format!("{:#}\n", json::as_json(&outcome, &about, &patch)),
        Format::Text => format!("{}\n{}", told::as_text(&outcome, &about, &patch), patch.text),
    });
    terminal::say(&format!("wrote {} and {}\n", tuned.display(), report.display()));
    Ok(Exit::Fine)
}

fn policy(
    path: &Path,
    upstream: Teller<'_>,
    mut found: Diagnostics,
) -> Result<Arc<Policy>, String> {
    let (policy, diagnostics) = load_policy_asking(path, Some(upstream));
    found.extend(diagnostics);
    terminal::complain(&found);
    policy.map(Arc::new).ok_or_else(|| format!("`{}` cannot be used", path.display()))
}

/// Measures, and says what it comes to.
fn measured(
    arguments: &Arguments,
    asking: &Asking<'_>,
    (base, plan): (&Arc<crate::cost::Model>, Plan),
) -> Result<Outcome, String> {
    let mut answers: Vec<_> = plan.rows.iter().map(|_| None).collect();
    let mut first = |at: usize, body: &[u8]| {
        let row = plan.rows.get(at);
        if let (Some(place), Some(row)) = (answers.get_mut(at), row) {
            *place = sampled(row, base, body);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|it| it.to_string())?;
    let (measured, loaded) = LocalSet::new().block_on(&runtime, async {
        let measured = measure(asking, &plan.rows, &mut first).await?;
        let loaded = match arguments.load {
            Some(full) => load::measure(asking, (&plan.rows, &measured), full.get()).await?,
            None => Vec::new(),
        };
        Ok::<_, String>((measured, loaded))
    })?;
    let effort = Effort { resamples: RESAMPLES, seed: arguments.seed };
    let terms = Terms { budget: arguments.budget.as_secs_f64() * 1000.0, effort };
    Outcome::of((base, plan), (&measured, answers), &loaded, &terms)
}

fn about(
    arguments: &Arguments,
    (policy, upstream): (&Policy, &UpstreamUrl),
    outcome: &Outcome,
) -> Provenance {
    let types = policy.blocks.iter().find(|(key, _)| **key == *"types");
    let target = match &arguments.server_timing {
        Some(metric) => format!("{metric} of Server-Timing, median of {}", arguments.repeats),
        None => format!("latency, median of {}", arguments.repeats),
    };
    Provenance {
        date: rfc3339(now_millis()),
        file: beside(&arguments.out(), &arguments.policy),
        schema: types.map(|(_, it): &(Box<str>, Digest)| it.to_string()).unwrap_or_default(),
        target,
        requests: outcome.points.len().saturating_mul(arguments.rounds()),
        policy: policy.name.to_string(),
        upstream: upstream.to_string(),
        limit: stance(policy).limit(),
    }
}

/// A file, as a policy would name it.
fn beside(file: &Path, policy: &Path) -> String {
    let is_beside = file.parent() == policy.parent();
    let name = file.file_name().filter(|_| is_beside).map(PathBuf::from);
    name.unwrap_or_else(|| file.to_owned()).display().to_string()
}

fn patch(
    arguments: &Arguments,
    (policy, about): (&Policy, &Provenance),
    outcome: &Outcome,
) -> Result<Patch, String> {
    let path = &arguments.policy;
    let text = fs::read_to_string(path).map_err(|it| format!("`{}`: {it}", path.display()))?;
    let name = path.display().to_string();
    let patch = Patch::of((&name, &text), stance(policy), (&about.file, outcome.advice.limit()));
    patch.ok_or_else(|| format!("`cost` cannot be changed in `{name}`"))
}

/// How the policy stands to costs so far.
fn stance(policy: &Policy) -> Stance {
    policy.cost_rule().map_or(Stance::Off, |rule| policy.stance(ProfileIdx::BASE, rule))
}

/// What would be sent.
fn intended(arguments: &Arguments, plan: &Plan) -> String {
    let requests = plan.rows.len().saturating_mul(arguments.rounds()) as u64;
    let seconds = requests / u64::from(arguments.rate.get()).max(1);
    format!(
        "{} operations of {} shapes, {} times each and once before: {} requests in {} s at least{}\n",
        grouped(plan.rows.len() as u64),
        grouped(plan.shapes() as u64),
        arguments.repeats,
        grouped(requests),
        grouped(seconds),
        reasons(plan)
    )
}

fn reasons(plan: &Plan) -> String {
    let reason = |(why, n): (&str, &u64)| format!("\n  left out: {} {why}", grouped(*n));
    plan.left_out.iter().map(|(why, n)| reason((why, n))).collect()
}

/// 200: a standard deviation is off by a twentieth then.
const RESAMPLES: usize = 200;
