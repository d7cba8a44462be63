//! The same judgement, told rule by rule: for a person, not for the request path.

use std::sync::Arc;

use crate::{
    admission::{
        Request, UnixSeconds,
        compile::compile_keeping,
        judge::{Bench, over_limit},
        known::{Judgeable, Known, Left},
        named::with_text,
        price::{self, CostTold},
        reduced::{self, Reduced},
        totals::Totals,
    },
    digest::Digest,
    document::{self, SelectionId},
    expression::{Asked, Outcome as Answer},
    identity::{Caller, Seen},
    json::Literal,
    operation::{Operation, Variables, coerce},
    policy::{Policy, ProfileIdx, Rate, Stance},
    rules::{Decided, Facts, Meta, Rule, RuleIdx},
    verdict::{Mode, Violation},
};

/// Why a request is admitted or refused.
#[derive(Debug)]
pub struct Explanation {
    /// The objection that refuses it, if any.
    pub deciding: Option<Violation>,
    /// One line per rule; empty when the request cannot be read, validated or resolved.
    pub lines: Vec<Line>,
    /// What it costs, also when something else refuses it; `None` when that cannot be told.
    pub cost: Option<CostTold>,
    /// The canonical text, as a JSON literal; what an upstream would get, without what is taken
    /// out for this caller. Of what is refused, the whole.
    pub canonical: Option<Box<str>>,
    /// SHA-256 of the text as given: what logs name.
    pub document: Option<[u8; 32]>,
    /// SHA-256 of the canonical text of the operation: by it an exception finds the document however
    /// clients lay it out.
    pub excepted: Option<[u8; 32]>,
    /// Which item of which rule decides what.
    pub decided: Vec<(&'static Meta, Decided)>,
    /// The named conditions that were asked for, with their answers.
    pub conditions: Vec<(Box<str>, Answer)>,
    /// What it spends of the rates of the profile, and how much.
    pub spent: Vec<(Arc<Rate>, u64)>,
}

impl Explanation {
    /// Of a request that is refused before its document is looked at.
    #[must_use]
    pub fn of_refusal(violation: Violation) -> Self {
        Self { deciding: Some(violation), ..empty() }
    }
}

/// What one rule says.
#[derive(Debug)]
pub struct Line {
    /// The rule.
    pub rule: &'static Meta,
    /// What it does when it objects; `None` when it is off.
    pub mode: Option<Mode>,
    /// What it found.
    pub outcome: Outcome,
}

/// What a rule found.
#[derive(Debug)]
pub enum Outcome {
    /// It does not count for this caller.
    Excused,
    /// Nothing to object to.
    Holds,
    /// An exception lifts the rule for this document.
    Lifted,
    /// A number and its limit; `None` when the rule is off.
    Measured {
        /// The largest number of all operations that are judged.
        measured: u64,
        /// The number of the profile.
        limit: Option<u64>,
        /// Whose number it is, when that is an operation which is judged though not selected.
        of: Option<Box<str>>,
    },
    /// What it objects to.
    Objects(Vec<Violation>),
    /// What it takes out of what goes on, and why; on its own that refuses nothing.
    TakesOut(Vec<Violation>),
}

/// Judges one request under a profile and tells what every rule says. Its document may be asked for
/// by the id under which a manifest lists it.
#[must_use]
pub fn explain(
    policy: &Policy,
    profile: ProfileIdx,
    request: &Request<'_>,
    whom: (&Caller, UnixSeconds),
) -> Explanation {
    let explained =
        with_text(policy, request, |request| explain_text(policy, profile, request, whom));
    explained.unwrap_or_else(|violation| refused(violation, None))
}

fn explain_text(
    policy: &Policy,
    profile: ProfileIdx,
    request: &Request<'_>,
    whom: (&Caller, UnixSeconds),
) -> Explanation {
    let (known, selected) = compile_keeping(policy, &request.text(), request.operation_name());
    let listed = match &known {
        Known::Judgeable(document) => document.listed,
        Known::Refused(..) => None,
    };
    let told = match (&known, &selected) {
        (Known::Judgeable(document), Some(operation)) => {
            told(policy, (document, operation), request, whom.0)
        }
        (Known::Judgeable(_) | Known::Refused(..), _) => Told::default(),
    };
    let (judged, reduced) = judge_reduced((policy, profile), &known, request, whom);
    let Told { decided, conditions } = told;
    let spent = spent((policy, profile), (&known, reduced.as_ref()), request);
    // What is taken out costs nothing.
    let rest = reduced.as_ref().map(|it| Request {
        query: Some(Literal::of(it.text())),
        variables: request.variables,
        ..Request::default()
    });
    let cost = price::tell((policy, profile), listed, rest.as_ref().unwrap_or(request));
    // What is concealed has no hash of either kind.
    let excepted = selected.filter(|_| judged.document.is_some()).map(|it| {
        let canonical = document::canonical_text(it.document(), it.id());
        Digest::of(canonical.as_bytes()).0
    });
    Explanation { cost, decided, conditions, spent, excepted, ..judged }
}

/// One request, and what is counted of it once it is admitted.
fn spent(
    (policy, profile): (&Policy, ProfileIdx),
    (known, reduced): (&Known, Option<&Reduced<'_>>),
    request: &Request<'_>,
) -> Vec<(Arc<Rate>, u64)> {
    let Known::Judgeable(document) = known else { return Vec::new() };
    let whole = || {
        let given = coerce(&policy.schema, &document.variables, request.variables);
        let rated = document.rated.as_ref().zip(given.ok());
        rated.map(|(rated, it)| rated.spent(&it)).unwrap_or_default()
    };
    let spent = reduced.map_or_else(whole, |it| it.spent(policy));
    let rates = policy.rates_of(profile).iter().enumerate();
    let amounts = rates.map(|(place, rate)| {
        let parts = spent.iter().filter(|it| it.rate == place).map(|it| it.amount);
        let once = u64::from(rate.counts_requests());
        (Arc::clone(rate), parts.fold(once, u64::saturating_add))
    });
    amounts.filter(|(_, amount)| *amount > 0).collect()
}

/// What the items of the policy file have to say.
#[derive(Default)]
struct Told {
    decided: Vec<(&'static Meta, Decided)>,
    conditions: Vec<(Box<str>, Answer)>,
}

/// What every item decides, and how the conditions are answered that it asks for.
fn told(
    policy: &Policy,
    (document, operation): (&Judgeable, &Arc<Operation>),
    request: &Request<'_>,
    caller: &Caller,
) -> Told {
    let given = coerce(&policy.schema, &document.variables, request.variables);
    let Ok(variables) = given else { return Told::default() };
    let seen = Seen::new(caller);
    let asked = Asked::new(&policy.conditions, &seen);
    let facts = Facts { variables: &variables, asked: &asked, document: document.facts() };
    let rules = policy.rules().map(|(idx, rule)| {
        // Whom it does not count for is a question of conditions, too.
        let _ = policy.excuses(idx, &asked);
        (rule.meta(), rule.tell(operation, &facts))
    });
    let decided = rules.flat_map(|(meta, told)| told.into_iter().map(move |it| (meta, it)));
    let decided = decided.collect();
    // Which profile is taken depends on conditions as well.
    let _ = policy.profile_of(&asked);
    let conditions = asked.answered().map(|(name, it)| (name.into(), it.clone()));
    Told { decided, conditions: conditions.collect() }
}

/// The same of a document that is known, without the cost taken apart, and what goes on when
/// something is taken out.
pub(super) fn judge_reduced<'r>(
    (policy, profile): (&Policy, ProfileIdx),
    known: &Known,
    request: &Request<'r>,
    (caller, now): (&Caller, UnixSeconds),
) -> (Explanation, Option<Reduced<'r>>) {
    let refused = |violation, document| (refused(violation, document), None);
    let seen = Seen::new(caller);
    let asked = Asked::new(&policy.conditions, &seen);
    let bench = Bench { policy, profile, asked: &asked, now };
    if let Some(violation) = bench.concealed(known) {
        return refused(violation, None);
    }
    let document = match known {
        Known::Judgeable(document) => document,
        Known::Refused(violation, ..) => return refused(violation.clone(), None),
    };
    let variables = match coerce(&policy.schema, &document.variables, request.variables) {
        Ok(variables) => variables,
        Err(violation) => return refused(violation, Some(document)),
    };
    let settings = document.listed.and_then(|it| policy.documents.library.settings(it));
    let bench = match bench.under(settings) {
        Ok(bench) => bench,
        Err(violation) => return refused(violation, Some(document)),
    };
    let (lines, reduced) = lines(bench, document, (&variables, request));
    let mut told = parts(document);
    let (why, reduced) = match reduced {
        Ok(reduced) => (None, reduced),
        Err(violation) => (Some(violation), None),
    };
    let shown = || bench.introspect(document, &variables).err();
    told.deciding = lines.iter().find_map(deciding).or(why).or_else(shown);
    let without = reduced.as_ref().filter(|_| told.deciding.is_none());
    told.canonical = without.map(|it| it.query().into()).or(told.canonical);
    (Explanation { lines, ..told }, reduced)
}

/// What every rule says, those about what goes on once that is known, and what it is.
fn lines<'r>(
    bench: Bench<'_>,
    document: &Judgeable,
    (variables, request): (&Variables<'r>, &Request<'r>),
) -> (Vec<Line>, Result<Option<Reduced<'r>>, Violation>) {
    let policy = bench.policy;
    let mut taken = Vec::new();
    let all = |of_rules: &[(&Left, &Variables<'_>)], waits: bool, taken: &mut Vec<SelectionId>| {
        let rules = policy.rules().filter(|(_, it)| waits == it.judges_what_goes_on());
        let line = |(rule, it): (RuleIdx, &dyn Rule)| {
            (rule, line((bench, document), of_rules, (rule, it.meta()), taken))
        };
        rules.map(line).collect::<Vec<_>>()
    };
    let at_once: Vec<_> = document.left.iter().map(|it| (it, variables)).collect();
    let mut lines = all(&at_once, false, &mut taken);
    let of = (variables, request);
    let reduced = reduced::reduce(policy, document, of, &taken);
    let known = reduced.as_ref().map(Option::as_ref);
    let rest: Vec<_> = reduced::going_on(policy, (document, variables), known).collect();
    lines.extend(all(&rest, true, &mut taken));
    lines.sort_by_key(|(rule, _)| *rule);
    (lines.into_iter().map(|(_, it)| it).collect(), reduced)
}

fn refused(violation: Violation, document: Option<&Judgeable>) -> Explanation {
    Explanation { deciding: Some(violation), ..document.map_or_else(empty, parts) }
}

fn parts(document: &Judgeable) -> Explanation {
    Explanation {
        canonical: Some(document.query.clone()),
        document: Some(document.hash.digest().0),
        ..empty()
    }
}

const fn empty() -> Explanation {
    Explanation {
        deciding: None,
        lines: Vec::new(),
        cost: None,
        canonical: None,
        document: None,
        excepted: None,
        decided: Vec::new(),
        conditions: Vec::new(),
        spent: Vec::new(),
    }
}

fn line(
    (bench, document): (Bench<'_>, &Judgeable),
    all: &[(&Left, &Variables<'_>)],
    (rule, meta): (RuleIdx, &'static Meta),
    taken: &mut Vec<SelectionId>,
) -> Line {
    let (mode, limit) = match bench.stance(document, rule) {
        Stance::Off => (None, None),
        Stance::On { mode, limit } => (Some(mode), Some(limit)),
    };
    let is_excused = bench.policy.excuses(rule, bench.asked);
    let is_lifted = bench.exception(document).is_some_and(|it| it.lifts(rule));
    let takes_out = mode == Some(Mode::Enforce) && !is_excused && !is_lifted;
    let (mut objections, mut removals) = (Vec::new(), Vec::new());
    let mut largest: Option<(u64, Option<&str>)> = None;
    let mut totals = Totals::default();
    let mut mode = mode;
    for (left, variables) in all.iter().filter(|(it, _)| it.rule == rule) {
        let found = bench.weigh(document, left, variables, &mut totals);
        if !found.insisted.is_empty() {
            mode = Some(Mode::Enforce);
        }
        objections.extend(found.insisted.into_iter().chain(found.violations));
        let of = left.of.as_deref();
        let is_larger = |n: u64| largest.is_none_or(|it| n > it.0 || (n == it.0 && of.is_none()));
        if let Some(measured) = found.measured.filter(|it| is_larger(*it)) {
            largest = Some((measured, of));
        }
        if takes_out && !found.taken.is_empty() {
            taken.extend(found.taken);
            removals.extend(found.reported);
        }
    }
    let outcome = match largest {
        _ if is_lifted => Outcome::Lifted,
        _ if is_excused => Outcome::Excused,
        // One operation may have a number while another gives none.
        _ if !objections.is_empty() => Outcome::Objects(objections),
        _ if !removals.is_empty() => Outcome::TakesOut(removals),
        Some((measured, of)) => Outcome::Measured { measured, limit, of: of.map(Into::into) },
        None => Outcome::Holds,
    };
    Line { rule: meta, mode, outcome }
}

/// The objection of a line, when it refuses.
fn deciding(line: &Line) -> Option<Violation> {
    let refuses = line.mode == Some(Mode::Enforce);
    refuses.then(|| objections(line).into_iter().next()).flatten()
}

/// The objections of a line, whatever they lead to.
pub(super) fn objections(line: &Line) -> Vec<Violation> {
    match &line.outcome {
        Outcome::Excused | Outcome::Holds | Outcome::Lifted | Outcome::TakesOut(_) => Vec::new(),
        Outcome::Measured { measured, limit, of } => {
            let limit = (*limit).filter(|it| measured > it);
            let over = limit.map(|it| over_limit((line.rule, it), *measured, of.as_deref()));
            over.into_iter().collect()
        }
        Outcome::Objects(violations) => violations.clone(),
    }
}
