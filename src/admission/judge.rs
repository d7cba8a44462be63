//! Checks one request against what is left of the rules.

use crate::{
    admission::{
        Request, UnixSeconds, body, compile,
        introspected::Answer,
        known::{Judgeable, Known, Left, Part},
        reduced::{self, Reduced},
        totals::Totals,
        watch::Followed,
    },
    document::SelectionId,
    expression::Asked,
    operation::{Expected, Shape, Variables, coerce},
    policy::{Exception, ListedIdx, Policy, ProfileIdx, Stance},
    rules::{self, Facts, Meta, RuleIdx},
    verdict::{Code, Findings, Item, Mode, Subject, Violation},
};

/// Everything about a request but its document and variables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bench<'a> {
    pub(super) policy: &'a Policy,
    pub(super) profile: ProfileIdx,
    pub(super) asked: &'a Asked<'a>,
    pub(super) now: UnixSeconds,
}

/// A request that may go on, as it will go on.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) body: String,
    /// The answer, when nobody else needs to be asked.
    pub(super) answer: Option<Answer>,
    pub(super) item: Item,
    pub(super) followed: Followed,
}

/// A request that may not.
#[derive(Debug)]
pub(super) struct Refused {
    /// The objection that the client is told.
    pub(super) deciding: Violation,
    /// Every objection, for the log.
    pub(super) found: Box<[Violation]>,
    /// What is known of the operation.
    pub(super) subject: Box<Subject>,
}

impl Refused {
    pub(super) fn for_one(deciding: Violation) -> Self {
        Self { found: [deciding.clone()].into(), deciding, subject: Box::default() }
    }
}

/// What was found, by what it leads to.
#[derive(Debug, Default)]
struct Objections {
    enforced: Vec<(RuleIdx, Violation)>,
    reported: Vec<(RuleIdx, Violation)>,
    /// Selections to take out of what is forwarded.
    taken: Vec<SelectionId>,
    /// The static cost.
    cost: Option<u64>,
}

impl Objections {
    fn add(&mut self, rule: RuleIdx, mode: Mode, violations: impl IntoIterator<Item = Violation>) {
        let violations = violations.into_iter().map(|it| (rule, it));
        match mode {
            Mode::Enforce => self.enforced.extend(violations),
            Mode::Report => self.reported.extend(violations),
        }
    }

    /// What it leads to when the policy refuses; in the order of the rules, in which not all of
    /// them are asked.
    fn refusal(mut self) -> Result<Passed, Refused> {
        self.enforced.sort_by_key(|(rule, _)| *rule);
        self.reported.sort_by_key(|(rule, _)| *rule);
        let of = |all: Vec<(RuleIdx, Violation)>| all.into_iter().map(|(_, it)| it);
        let (cost, reported) = (self.cost, of(self.reported));
        let mut found: Vec<_> = of(self.enforced).collect();
        let Some(deciding) = found.first().cloned() else {
            return Ok(Passed { reported: reported.collect(), cost });
        };
        found.extend(reported);
        let subject = Box::new(Subject { cost, ..Subject::default() });
        Err(Refused { deciding, found: found.into(), subject })
    }
}

/// What is on record of a request to which nothing was objected.
struct Passed {
    reported: Vec<Violation>,
    cost: Option<u64>,
}

impl Bench<'_> {
    /// Judges one request. The document is known; variables, caller and time are not.
    pub(super) fn judge(
        &self,
        request: &Request<'_>,
        known: &Known,
        totals: &mut Totals,
    ) -> Result<Ready, Refused> {
        let document = match known {
            Known::Judgeable(document) => document,
            Known::Refused(violation, ..) => return Err(Refused::for_one(violation.clone())),
        };
        if let Some(large) = request.variables.filter(|it| it.text().len() > SMALL) {
            self.within_sizes(document, Shape::of(large))?;
        }
        let variables = coerce(&self.policy.schema, &document.variables, request.variables)
            .map_err(Refused::for_one)?;
        let (objections, reduced) = self.check(document, (&variables, request), totals);
        let Passed { reported, cost } = objections.refusal()?;
        let reduced = reduced.map_err(Refused::for_one)?;
        let answer = self.introspect(document, &variables).map_err(Refused::for_one)?;
        let (kind, hash) = (document.kind, document.hash.clone());
        // What is taken out is neither paid for nor answered.
        let (body, spent, changes) = match &reduced {
            None => (
                body::write(document, &variables, request),
                document.rated.as_ref().map(|it| it.spent(&variables)).unwrap_or_default(),
                document.changes.clone(),
            ),
            Some(it) => (
                it.write(document, (&variables, request)),
                it.spent(self.policy),
                compile::changes(&it.operation),
            ),
        };
        let item = Item { kind, document: hash, reported, spent, cost, changes };
        let followed = self.followed(document, &variables, reduced.as_ref());
        Ok(Ready { body, answer, item, followed })
    }

    fn followed(
        &self,
        document: &Judgeable,
        variables: &Variables<'_>,
        reduced: Option<&Reduced<'_>>,
    ) -> Followed {
        // The number that was compared: a listed document may have one of its own.
        let most = || self.stance(document, self.policy.cost_rule()?).limit();
        match reduced {
            None => Followed {
                watched: document.watch.as_ref().map(|it| it.request(variables, most())),
                expected: document.answers.as_ref().map(|it| Expected::new(it, variables)),
                delivery: document.delivery,
            },
            Some(it) => it.followed(self.policy, document, most()),
        }
    }

    /// Sizes come first: ten thousand values are not compared with their types only to be refused
    /// for their number. Limits of a batch's sum and reports are for `check`.
    fn within_sizes(&self, document: &Judgeable, shape: Shape) -> Result<(), Refused> {
        let (sizes, exception) = (Variables::of_size(shape), self.exception(document));
        let mut objections = Objections::default();
        for left in &document.left {
            let meta = self.policy.meta(left.rule);
            let Stance::On { mode, limit } = self.policy.stance(self.profile, left.rule) else {
                continue;
            };
            let is_lifted = exception.is_some_and(|it| it.lifts(left.rule));
            if meta.code != Code::MAX_VARIABLES_LIMIT || is_lifted {
                continue;
            }
            let measured = self.find(document, left, &sizes).measured;
            let over = measured.filter(|it| *it > limit);
            let over = over.map(|it| over_limit((meta, limit), it, left.of.as_deref()));
            objections.add(left.rule, mode, over);
        }
        objections.reported.clear();
        objections.refusal().map(|_passed| ())
    }

    /// How the profile, or what is special about the document, stands to a rule.
    pub(super) fn stance(&self, document: &Judgeable, rule: RuleIdx) -> Stance {
        stance((self.policy, self.profile), document.listed, rule)
    }

    /// Asks all rules: those that are about what goes on, once it is known what that is.
    fn check<'r>(
        &self,
        document: &Judgeable,
        (variables, request): (&Variables<'r>, &Request<'r>),
        totals: &mut Totals,
    ) -> (Objections, Result<Option<Reduced<'r>>, Violation>) {
        let mut objections = Objections::default();
        let policy = self.policy;
        let may_take = document.operation.is_some();
        for left in &document.left {
            if !may_take || !policy.rule(left.rule).judges_what_goes_on() {
                self.ask((document, left), variables, totals, &mut objections);
            }
        }
        if !may_take {
            return (objections, Ok(None));
        }
        let of = (variables, request);
        let reduced = reduced::reduce(policy, document, of, &objections.taken);
        let known = reduced.as_ref().map(Option::as_ref);
        for (left, variables) in reduced::going_on(policy, (document, variables), known) {
            self.ask((document, left), variables, totals, &mut objections);
        }
        (objections, reduced)
    }

    fn ask(
        &self,
        (document, left): (&Judgeable, &Left),
        variables: &Variables<'_>,
        totals: &mut Totals,
        objections: &mut Objections,
    ) {
        let rule = left.rule;
        let Stance::On { mode, limit } = self.stance(document, rule) else { return };
        let is_lifted = || self.exception(document).is_some_and(|it| it.lifts(rule));
        if totals.is_within(&left.part, limit) || is_lifted() {
            return;
        }
        let found = self.weigh(document, left, variables, totals);
        if is_cost(self.policy.meta(rule)) {
            objections.cost = objections.cost.max(found.measured);
        }
        let measured = found.measured.map(|it| totals.add((rule, limit), it));
        let over = measured.filter(|it| *it > limit);
        let is_clean = found.first().is_none() && over.is_none();
        if is_clean && found.reported.is_empty() {
            return;
        }
        if !is_clean && self.policy.excuses(rule, self.asked) {
            return;
        }
        objections.add(rule, Mode::Enforce, found.insisted);
        objections.add(rule, mode, found.violations);
        objections.add(rule, Mode::Report, found.reported);
        if mode == Mode::Enforce {
            objections.taken.extend(found.taken);
        }
        let stated = (self.policy.meta(rule), limit);
        objections.add(rule, mode, over.map(|it| over_limit(stated, it, left.of.as_deref())));
    }

    /// What is left of one rule, against this request and what its batch has called so far.
    pub(super) fn weigh(
        &self,
        document: &Judgeable,
        left: &Left,
        variables: &Variables<'_>,
        totals: &mut Totals,
    ) -> Findings {
        let mut found = self.find(document, left, variables);
        for (number, times) in std::mem::take(&mut found.tallies) {
            let total = totals.tally(left.rule, number, times);
            found.violations.extend(self.policy.rule(left.rule).object_to_tally(number, total));
        }
        match left.part {
            Part::Depends(_) => {}
            // Nothing is taken out of what is not forwarded.
            Part::DependsUnselected(_) | Part::Measured(_) | Part::Violated(_) => {
                found.taken.clear();
            }
        }
        found
    }

    /// What is left of one rule, against this request alone.
    pub(super) fn find(
        &self,
        document: &Judgeable,
        left: &Left,
        variables: &Variables<'_>,
    ) -> Findings {
        let mut found = Findings::default();
        let facts = Facts { variables, asked: self.asked, document: document.facts() };
        match &left.part {
            Part::Depends(residual) => residual.check(&facts, &mut found),
            Part::DependsUnselected(residual) => {
                let variables = &Variables::default();
                residual.check(&Facts { variables, ..facts }, &mut found);
            }
            Part::Measured(measured) => found.measure(*measured),
            Part::Violated(violations) => found.violations.clone_from(violations),
        }
        found
    }

    /// The exception for a document, while it lasts.
    pub(super) fn exception(&self, document: &Judgeable) -> Option<&Exception> {
        let found = self.policy.exceptions().find(&document.excepted?)?;
        found.lasts(self.now.0).then_some(found)
    }
}

/// How a profile, or what is special about a listed document, stands to a rule.
pub(super) fn stance(
    (policy, profile): (&Policy, ProfileIdx),
    listed: Option<ListedIdx>,
    rule: RuleIdx,
) -> Stance {
    let stance = policy.stance(profile, rule);
    let own = listed.and_then(|it| policy.documents.library.settings(it)?.cost);
    match own.filter(|_| is_cost(policy.meta(rule))) {
        None => stance,
        Some(limit) => stance.with_limit(limit),
    }
}

fn is_cost(meta: &Meta) -> bool {
    meta.id == rules::COST
}

/// 4 KiB: less is compared with its types faster than its sizes are with their limits.
const SMALL: usize = 4096;

/// The objection to a number, and whose it is when that is not the selected operation.
pub(super) fn over_limit(
    (meta, limit): (&Meta, u64),
    measured: u64,
    of: Option<&str>,
) -> Violation {
    let setting = meta.setting;
    let whose = match of {
        None => "the operation".to_owned(),
        Some(other) => format!("{other}, which is not selected,"),
    };
    Violation::new(meta.id, meta.code, format!("the operation is over the limit `{setting}`"))
        .detailed(format!("`{setting}` is {limit}, {whose} has {measured}"))
}
