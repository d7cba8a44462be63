//! What a document costs, whether it is admitted or not: for a person or a study.
//!
//! Prices whatever can be read, counted and validated under the hard ceilings, above the limits of
//! the policy. Not on the road of a request, and decides nothing.

use crate::{
    admission::{
        Request, UnixSeconds,
        compile::select,
        explain::{Explanation, Line, judge_lines, objections},
    },
    cost::{self, Counter, Measure, Price, Shape},
    document::{self, Ceilings, ReadLimits},
    identity::Caller,
    json,
    operation::{self, Operation, Variables, coerce},
    policy::{Policy, ProfileIdx, Stance},
    verdict::{Code, Mode},
};

/// The cost of one request, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostTold {
    /// Which number is compared with the limit.
    pub measure: Measure,
    /// That number.
    pub combined: u64,
    /// The limit of the profile; `None` when the rule is off.
    pub limit: Option<u64>,
    /// The parts. Without a limit there is no advice.
    pub told: cost::Explanation,
}

/// The numbers alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostFigures {
    /// Both measures.
    pub price: Price,
    /// The number that is compared with the limit.
    pub combined: u64,
    /// False when the work budget of the compiler was spent.
    pub is_exact: bool,
}

/// One document of many: verdict and numbers.
#[derive(Debug)]
pub struct Appraisal {
    /// The codes of what refuses it, each once, in the order found; empty when it is admitted.
    pub codes: Vec<Code>,
    /// What it can cost; `None` when that cannot be told.
    pub cost: Option<CostFigures>,
    /// What the given response did cost.
    pub actual: Option<Price>,
}

/// Judges and prices one request, and counts a response to it: the whole JSON text of the answer.
#[must_use]
pub fn appraise(
    policy: &Policy,
    profile: ProfileIdx,
    request: &Request<'_>,
    (now, response): (UnixSeconds, Option<&[u8]>),
) -> Appraisal {
    let judged = judge_lines(policy, profile, request, (&Caller::default(), now));
    let mut appraisal = Appraisal { codes: codes(&judged), cost: None, actual: None };
    let Some(operation) = operation(policy, request) else { return appraisal };
    let Some(variables) = variables(policy, &operation, request) else { return appraisal };
    let program = cost::compile(&policy.cost, &operation);
    appraisal.cost = program.price(&variables).ok().map(|price| CostFigures {
        price,
        combined: price.combined(policy.cost.measure()),
        is_exact: program.is_exact(),
    });
    appraisal.actual = response.map(|it| {
        let shape = Shape::new(&policy.cost, &operation);
        let mut counter = Counter::new(&shape, &variables);
        counter.push(it);
        counter.finish().price
    });
    appraisal
}

/// What the cost of a request consists of.
pub(super) fn tell(
    policy: &Policy,
    profile: ProfileIdx,
    request: &Request<'_>,
) -> Option<CostTold> {
    let operation = operation(policy, request)?;
    let variables = variables(policy, &operation, request)?;
    let limit = limit(policy, profile);
    let most = limit.unwrap_or(u64::MAX);
    let mut told = cost::explain(&policy.cost, &operation, &variables, most).ok()?;
    if limit.is_none() {
        told.slices.clear();
    }
    let measure = policy.cost.measure();
    Some(CostTold { measure, combined: told.price.combined(measure), limit, told })
}

/// The selected operation, when the document can be read, counted and validated at all.
fn operation(policy: &Policy, request: &Request<'_>) -> Option<Operation> {
    let text = request.query.as_deref()?;
    let read = document::read(text, &ReadLimits::CEILINGS).ok()?;
    document::count(&read.document, &Ceilings::default()).ok()?;
    document::validate(&policy.schema, &read).ok()?;
    let selected = select(&read.document, request.operation_name()).ok()?;
    operation::spread(&policy.schema, &read.document, selected, policy.skipped).ok()
}

fn variables<'a>(
    policy: &Policy,
    operation: &Operation,
    request: &Request<'a>,
) -> Option<Variables<'a>> {
    let given: Option<json::Value<'a>> = request.variables;
    coerce(&policy.schema, operation.variables(), given).ok()
}

fn limit(policy: &Policy, profile: ProfileIdx) -> Option<u64> {
    let (rule, _) = policy.rules().find(|(_, it)| it.meta().id == "cost")?;
    match policy.stance(profile, rule) {
        Stance::Off => None,
        Stance::On { limit, .. } => Some(limit),
    }
}

/// The deciding one comes first; when nothing was judged, it is the only one.
fn codes(judged: &Explanation) -> Vec<Code> {
    let enforced = |it: &&Line| it.mode == Some(Mode::Enforce);
    let others = judged.lines.iter().filter(enforced).flat_map(objections);
    let mut codes: Vec<Code> = Vec::new();
    for violation in judged.deciding.iter().cloned().chain(others) {
        if !codes.contains(&violation.code) {
            codes.push(violation.code);
        }
    }
    codes
}
