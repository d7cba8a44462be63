//! Many documents, each judged and priced: for a study.
//!
//! A document is compiled once, however many requests ask for it. Prices whatever can be read,
//! counted and validated under the hard ceilings, above the limits of the policy. Not on the road
//! of a request, and decides nothing.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use crate::{
    admission::{
        Request, UnixSeconds,
        compile::compile_keeping,
        explain::{Explanation, Line, judge_reduced, objections},
        known::Known,
        named::with_text,
        price,
    },
    cost::{self, Counter, Price, Program, Shape},
    expression::Asked,
    identity::{Caller, Seen},
    operation::{Operation, Variable, coerce},
    policy::{Policy, ProfileIdx},
    verdict::{Code, Mode, Violation},
};

/// Judges and prices requests under one profile of a policy.
#[derive(Debug)]
pub struct Appraiser<'p> {
    policy: &'p Policy,
    /// Whatever the caller, or the one that it has.
    profile: Option<ProfileIdx>,
    now: UnixSeconds,
    /// By operation name and text.
    seen: LruCache<Box<str>, Arc<Document>>,
}

/// One request of many: verdict and numbers.
#[derive(Debug)]
pub struct Appraisal {
    /// The codes of what refuses it, each once, in the order found; empty when it is admitted.
    pub codes: Vec<Code>,
    /// What it can cost; `None` when that cannot be told.
    pub cost: Option<CostFigures>,
    /// What the given response did cost.
    pub actual: Option<Price>,
}

/// The numbers of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostFigures {
    /// Both measures.
    pub price: Price,
    /// The number that is compared with the limit.
    pub combined: u64,
    /// False when it can be above what any answer costs.
    pub is_exact: bool,
}

/// All that no request can change.
#[derive(Debug)]
struct Document {
    known: Known,
    /// `None` when it cannot be read, counted or validated at all.
    priced: Option<Priced>,
}

#[derive(Debug)]
struct Priced {
    variables: Vec<Variable>,
    program: Program,
    shape: Arc<Shape>,
}

impl<'p> Appraiser<'p> {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new(policy: &'p Policy, profile: Option<ProfileIdx>, now: UnixSeconds) -> Self {
        Self { policy, profile, now, seen: LruCache::new(DOCUMENTS) }
    }

    /// Judges and prices one request, and counts a response to it: the JSON text of the answer.
    #[must_use]
    pub fn appraise(
        &mut self,
        request: &Request<'_>,
        caller: &Caller,
        response: Option<&[u8]>,
    ) -> Appraisal {
        let policy = self.policy;
        let appraised =
            with_text(policy, request, |request| self.appraise_text(request, caller, response));
        appraised.unwrap_or_else(Appraisal::refused)
    }

    fn appraise_text(
        &mut self,
        request: &Request<'_>,
        caller: &Caller,
        response: Option<&[u8]>,
    ) -> Appraisal {
        let policy = self.policy;
        let document = self.document(request);
        let profile = match self.profile(caller) {
            Ok(profile) => profile,
            Err(violation) => return Appraisal::refused(violation),
        };
        let under = (policy, profile);
        let whom = (caller, self.now);
        let (judged, reduced) = judge_reduced(under, &document.known, request, whom);
        let mut appraisal = Appraisal { codes: codes(&judged), cost: None, actual: None };
        // What is taken out costs nothing.
        let rest = reduced.map(|it| Priced::new(policy, &it.operation));
        let Some(priced) = rest.as_ref().or(document.priced.as_ref()) else { return appraisal };
        let Ok(variables) = coerce(&policy.schema, &priced.variables, request.variables) else {
            return appraisal;
        };
        appraisal.cost = priced.program.price(&variables).ok().map(|price| CostFigures {
            price,
            combined: price.combined(policy.cost.measure()),
            is_exact: priced.program.is_exact(),
        });
        appraisal.actual = response.map(|it| {
            let mut counter = Counter::new(&priced.shape, &variables);
            counter.push(it);
            counter.finish().price
        });
        appraisal
    }

    fn profile(&self, caller: &Caller) -> Result<ProfileIdx, Violation> {
        let seen = Seen::new(caller);
        let asked = Asked::new(&self.policy.conditions, &seen);
        self.profile.map_or_else(|| self.policy.profile_of(&asked), Ok)
    }

    fn document(&mut self, request: &Request<'_>) -> Arc<Document> {
        let text = request.text();
        let name = request.operation_name();
        // No name has a line feed, so that no two keys are the same by chance.
        let key = format!("{}\n{text}", name.unwrap_or_default());
        if let Some(document) = self.seen.get(&*key) {
            return Arc::clone(document);
        }
        let (known, selected) = compile_keeping(self.policy, &text, name);
        let selected = selected.or_else(|| price::operation(self.policy, request).map(Arc::new));
        let priced = selected.map(|it| Priced::new(self.policy, &it));
        let document = Arc::new(Document { known, priced });
        self.seen.put(key.into(), Arc::clone(&document));
        document
    }
}

impl Appraisal {
    fn refused(violation: Violation) -> Self {
        Self { codes: vec![violation.code], cost: None, actual: None }
    }
}

impl Priced {
    fn new(policy: &Policy, operation: &Operation) -> Self {
        Self {
            variables: operation.variables().to_vec(),
            program: cost::compile(&policy.cost, operation),
            shape: Arc::new(Shape::new(&policy.cost, operation)),
        }
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

/// 4,096: more documents than any client fleet measured has (332), in some tens of MB.
const DOCUMENTS: NonZeroUsize = match NonZeroUsize::new(4_096) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};
