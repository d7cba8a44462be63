//! `portcullis explain`: one document, rule by rule.

use std::{
    fmt::Write as _,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    admission::{Explanation, Line, Outcome, Request, explain},
    cli::{Exit, batch, link::Link, price, rates, terminal},
    config::UpstreamUrl,
    diagnostic::Diagnostics,
    expression::{Asked, Outcome as Answer},
    identity::{Caller, Identity, Seen},
    json as strict,
    policy::{Policy, ProfileIdx},
    rules::{self, Decided, Meta},
    sources, transport,
    verdict::{Mode, Violation, hex},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The document, or `-` for standard input
    #[arg(required_unless_present_any = ["batch", "id"])]
    document: Option<PathBuf>,
    /// The id of a document that a manifest of the policy lists, in place of its text
    #[arg(long, conflicts_with = "document")]
    id: Option<String>,
    /// Many documents: a file (or `-`) of lines `{document | documentId, variables?, operationName?,
    /// claims?, response?}`; one line of JSON comes out for each
    #[arg(long, value_name = "FILE", conflicts_with_all = ["document", "id", "operation_name", "variables", "variables_file"])]
    batch: Option<PathBuf>,
    /// The policy file
    #[arg(long, env = "PORTCULLIS_POLICY")]
    policy: PathBuf,
    /// The operation to select
    #[arg(long)]
    operation_name: Option<String>,
    /// The variables, as JSON text
    #[arg(long, value_name = "JSON", conflicts_with = "variables_file")]
    variables: Option<String>,
    /// A file with the variables
    #[arg(long, value_name = "FILE")]
    variables_file: Option<PathBuf>,
    /// A file with the claims of the caller, a JSON object; without it the caller is anonymous
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// The profile to judge under; without it, the one that the caller has
    #[arg(long)]
    profile: Option<String>,
    /// Whom to ask for the schema, when the policy has it by introspection
    #[arg(long, env = "PORTCULLIS_UPSTREAM", value_parser = UpstreamUrl::parse)]
    upstream: Option<UpstreamUrl>,
    #[command(flatten)]
    link: Link,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    Text,
    /// One JSON object
    Json,
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
    let (url, mut found) = (arguments.upstream.as_ref(), Diagnostics::default());
    let known = url.map(|url| arguments.link.load(url, &mut found));
    let upstream = url.zip(known.as_ref()).map(|(url, it)| it.teller(url));
    let (policy, diagnostics) = sources::load_policy_asking(&arguments.policy, upstream);
    found.extend(diagnostics);
    terminal::complain(&found);
    let policy: Policy = policy.ok_or("the policy cannot be used")?;
    let profile = arguments.profile.as_deref().map(|it| named(&policy, it)).transpose()?;
    match &arguments.batch {
        Some(batch) => batch::run(batch, &policy, profile),
        None => {
            let caller = caller(arguments.claims.as_deref())?;
            let profile = profile.map_or_else(|| profile_of(&policy, &caller), Ok);
            match profile {
                Ok(profile) => explain_one(arguments, (&policy, profile, &caller)),
                Err(told) => Ok(print(arguments, &told)),
            }
        }
    }
}

fn explain_one(
    arguments: &Arguments,
    (policy, profile, caller): (&Policy, ProfileIdx, &Caller),
) -> Result<Exit, String> {
    let text = arguments.document.as_deref().map(read).transpose()?;
    let variables = variables(arguments)?;
    let tree = strict::read(variables.as_bytes(), strict::Limits::default())
        .map_err(|it| format!("the variables are not JSON: {it}"))?;
    let told = match transport::variables(tree.root()) {
        Err(violation) => Explanation::of_refusal(violation),
        Ok(variables) => {
            let request = Request {
                query: text.as_deref().map(strict::Literal::of),
                document_id: arguments.id.as_deref().map(Into::into),
                operation_name: arguments.operation_name.as_deref().map(Into::into),
                variables,
                ..Request::default()
            };
            explain(policy, profile, &request, (caller, sources::now()))
        }
    };
    Ok(print(arguments, &told))
}

fn print(arguments: &Arguments, told: &Explanation) -> Exit {
    match arguments.format {
        Format::Json => terminal::data(&format!("{:#}\n", as_json(told))),
        Format::Text => terminal::data(&as_text(told)),
    }
    if told.deciding.is_some() { Exit::Found } else { Exit::Fine }
}

fn named(policy: &Policy, name: &str) -> Result<ProfileIdx, String> {
    policy.profile_named(name).ok_or_else(|| format!("the policy has no profile `{name}`"))
}

/// The profile that a caller has; where a condition has no answer, why it is refused.
fn profile_of(policy: &Policy, caller: &Caller) -> Result<ProfileIdx, Box<Explanation>> {
    let seen = Seen::new(caller);
    let asked = Asked::new(&policy.conditions, &seen);
    policy.profile_of(&asked).map_err(|violation| {
        let conditions = asked.answered().map(|(name, it)| (name.into(), it.clone()));
        let conditions = conditions.collect();
        Box::new(Explanation { conditions, ..Explanation::of_refusal(violation) })
    })
}

fn caller(claims: Option<&Path>) -> Result<Caller, String> {
    let Some(path) = claims else { return Ok(Caller::default()) };
    let claims = serde_json::from_str(&read(path)?)
        .map_err(|it| format!("`{}` is not a JSON object: {it}", path.display()))?;
    Ok(Caller { identity: Some(Arc::new(Identity::new(claims))), ..Caller::default() })
}

fn read(path: &Path) -> Result<String, String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|it| format!("standard input: {it}"))?;
        return Ok(text);
    }
    let source = sources::read_file(path).map_err(|it| format!("`{}`: {it}", path.display()))?;
    Ok(source.text.to_string())
}

fn variables(arguments: &Arguments) -> Result<String, String> {
    match (&arguments.variables, &arguments.variables_file) {
        (Some(text), _) => Ok(text.clone()),
        (None, Some(path)) => read(path),
        (None, None) => Ok("{}".to_owned()),
    }
}

fn as_text(told: &Explanation) -> String {
    let mut out = match &told.deciding {
        Some(violation) => {
            format!("refused: {} by `{}`\n  {}\n", violation.code, violation.rule, violation.detail)
        }
        None => "admitted\n".to_owned(),
    };
    if let Some(document) = told.document {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "document sha256:{}", hex(&document));
        if let Some(excepted) = told.excepted {
            let _ = writeln!(out, "for `exceptions`: sha256:{}", hex(&excepted));
        }
        out.push('\n');
    }
    for line in &told.lines {
        let mode = mode(line);
        let _ = writeln!(out, "  {:<26}{mode:<9}{}", line.rule.id, outcome(&line.outcome));
    }
    if let Some(text) = rest(told) {
        let _ = writeln!(out, "\n  goes on as {text}");
    }
    out.push_str(&decided_as_text(told));
    out.push_str(&rates::as_text(&told.spent));
    if let Some(cost) = &told.cost {
        let _ = write!(out, "\n{}", price::as_text(cost, dearer(told)));
    }
    out
}

/// An operation that is not selected, and costs more than the one that is.
fn dearer(told: &Explanation) -> Option<(&str, u64)> {
    told.lines.iter().filter(|it| it.rule.id == rules::COST).find_map(|it| match &it.outcome {
        Outcome::Measured { measured, of: Some(of), .. } => Some((&**of, *measured)),
        Outcome::Excused
        | Outcome::Holds
        | Outcome::Lifted
        | Outcome::Measured { .. }
        | Outcome::Objects(_)
        | Outcome::TakesOut(_) => None,
    })
}

/// Which rule decides each field and input, and what the conditions said.
fn decided_as_text(told: &Explanation) -> String {
    let mut out = String::new();
    for (meta, decided) in &told.decided {
        let head = if out.is_empty() { "\n" } else { "" };
        let says = answer(&decided.outcome);
        let (at, by, asks) = (&decided.at, &decided.by, &decided.asks);
        let _ = writeln!(out, "{head}  {at:<34} {says:<9} {} on `{by}`: {asks}", meta.id);
    }
    for (name, outcome) in &told.conditions {
        let _ = writeln!(out, "  condition {name:<24} {}", answer(outcome));
    }
    out
}

fn answer(outcome: &Answer) -> String {
    match outcome {
        Answer::Fails => "no".to_owned(),
        Answer::Holds => "yes".to_owned(),
        Answer::Nothing(why) => format!("no answer ({why})"),
    }
}

const fn mode(line: &Line) -> &'static str {
    match line.mode {
        None => "off",
        Some(Mode::Enforce) => "enforce",
        Some(Mode::Report) => "report",
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Excused => "does not count for this caller".to_owned(),
        Outcome::Holds => "holds".to_owned(),
        Outcome::Lifted => "lifted by an exception".to_owned(),
        Outcome::Measured { measured, limit, of } => {
            let whose = of.as_ref().map(|it| format!(" ({it}, which is not selected)"));
            let whose = whose.unwrap_or_default();
            match limit {
                Some(limit) if measured > limit => {
                    format!("{measured} of {limit}: over the limit{whose}")
                }
                Some(limit) => format!("{measured} of {limit}{whose}"),
                None => format!("{measured}{whose}"),
            }
        }
        Outcome::Objects(violations) => details(violations),
        Outcome::TakesOut(violations) => format!("taken out: {}", details(violations)),
    }
}

fn details(violations: &[Violation]) -> String {
    violations.iter().map(|it| &*it.detail).collect::<Vec<_>>().join("; ")
}

/// What goes on, as a JSON literal, when that is not all that was asked for.
fn rest(told: &Explanation) -> Option<&str> {
    let takes_out = |it: &Line| matches!(it.outcome, Outcome::TakesOut(_));
    let is_reduced = told.deciding.is_none() && told.lines.iter().any(takes_out);
    told.canonical.as_deref().filter(|_| is_reduced)
}

fn as_json(told: &Explanation) -> Value {
    json!({
        "verdict": if told.deciding.is_some() { "reject" } else { "admit" },
        "deciding": told.deciding.as_ref().map(violation),
        "document": told.document.map(|it| format!("sha256:{}", hex(&it))),
        "exception": told.excepted.map(|it| format!("sha256:{}", hex(&it))),
        "forwarded": told.canonical.as_deref().filter(|_| told.deciding.is_none())
            .and_then(|it| serde_json::from_str::<Value>(it).ok()),
        "cost": told.cost.as_ref().map(price::as_json),
        "decided": told.decided.iter().map(decided).collect::<Vec<_>>(),
        "conditions": told.conditions.iter().map(|(name, it)| (name.to_string(), json!(answer(it))))
            .collect::<serde_json::Map<_, _>>(),
        "rates": told.spent.iter().map(rates::as_json).collect::<Vec<_>>(),
        "rules": told.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn decided((meta, it): &(&Meta, Decided)) -> Value {
    json!({ "rule": meta.id, "at": it.at, "by": it.by, "asks": it.asks, "answer": answer(&it.outcome) })
}

fn line(line: &Line) -> Value {
    let (mut objections, mut taken_out) = (Vec::new(), Vec::new());
    let (measured, limit, of) = match &line.outcome {
        Outcome::Excused | Outcome::Holds | Outcome::Lifted => (None, None, None),
        Outcome::Measured { measured, limit, of } => (Some(*measured), *limit, of.as_deref()),
        Outcome::Objects(found) => {
            objections.extend(found.iter().map(violation));
            (None, None, None)
        }
        Outcome::TakesOut(found) => {
            taken_out.extend(found.iter().map(violation));
            (None, None, None)
        }
    };
    json!({
        "rule": line.rule.id,
        "mode": mode(line),
        "lifted": matches!(line.outcome, Outcome::Lifted),
        "measured": measured,
        "limit": limit,
        "not_selected": of,
        "objections": objections,
        "taken_out": taken_out,
    })
}

fn violation(violation: &Violation) -> Value {
    json!({
        "rule": violation.rule,
        "code": violation.code.as_str(),
        "at": violation.at,
        "detail": violation.detail,
    })
}
