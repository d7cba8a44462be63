//! What a document costs, taken apart, whether it is admitted or not: for a person.
//!
//! Prices whatever can be read, counted and validated under the hard ceilings, above the limits of
//! the policy. Not on the road of a request, and decides nothing.

use crate::{
    admission::{
        Request,
        compile::{self, select},
        judge::stance,
    },
    cost::{self, Measure},
    document::{self, Ceilings, ReadLimits},
    operation::{Operation, coerce},
    policy::{ListedIdx, Policy, ProfileIdx},
};

/// The cost of one request, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostTold {
    /// Which number is compared with the limit.
    pub measure: Measure,
    /// That number.
    pub combined: u64,
    /// The limit of the profile, or of the document; `None` when the rule is off.
    pub limit: Option<u64>,
    /// The parts. Without a limit there is no advice.
    pub told: cost::Explanation,
}

/// What the cost of a request consists of.
pub(super) fn tell(
    (policy, profile): (&Policy, ProfileIdx),
    listed: Option<ListedIdx>,
    request: &Request<'_>,
) -> Option<CostTold> {
    let operation = operation(policy, request)?;
    let variables = coerce(&policy.schema, operation.variables(), request.variables).ok()?;
    let rule = policy.cost_rule();
    let limit = rule.and_then(|it| stance((policy, profile), listed, it).limit());
    let most = limit.unwrap_or(u64::MAX);
    let mut told = cost::explain(&policy.cost, &operation, &variables, most).ok()?;
    if limit.is_none() {
        told.slices.clear();
    }
    let measure = policy.cost.measure();
    Some(CostTold { measure, combined: told.price.combined(measure), limit, told })
}

/// The selected operation, when the document can be read, counted and validated at all.
pub(super) fn operation(policy: &Policy, request: &Request<'_>) -> Option<Operation> {
    let text = request.query.as_ref()?.text();
    let read = document::read(&text, &ReadLimits::CEILINGS).ok()?;
    document::count(&read.document, &Ceilings::default()).ok()?;
    document::validate(&policy.schema, &read).ok()?;
    let selected = select(&read.document, request.operation_name()).ok()?;
    compile::spread(policy, &read.document, selected).ok()
}
