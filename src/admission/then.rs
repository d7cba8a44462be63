//! What a rule has said of an operation of the past, for what it would have to know and the log does
//! not hold.

use crate::{
    admission::{
        known::{Judgeable, Part},
        reduced,
        retrial::{Retrial, Says},
    },
    operation::Variables,
    rules::{Meta, Rule, RuleIdx, Setting},
    verdict::{Code, Mode, Violation, ids},
};

/// What becomes of a request that a rule objects to when it is not in report mode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consequence {
    /// It goes on without what is denied.
    Reduced,
    /// It is refused.
    Refused,
    /// It goes on.
    Reported,
    /// One item of the rule refuses, another reports.
    Various,
}

impl Retrial<'_> {
    /// What the rule said then, when it would say the same today.
    pub(super) fn as_then(
        &self,
        (known, variables): (&Judgeable, &Variables<'_>),
        (rule, mode): (RuleIdx, Mode),
        what: &'static str,
    ) -> Says {
        let policy = self.bench.policy;
        let meta = policy.meta(rule);
        // Which of its items has objected, and so whether it refuses, is not in the log.
        let insists = mode == Mode::Report && policy.rule(rule).insists();
        if insists || !self.is_single || !self.was_judged() || !self.says_the_same(rule) {
            return Says::Unknown(what);
        }
        let Some(objection) = self.objection_then(meta) else { return Says::Objects(None) };
        let has_refused = self.item.refused.is_some_and(|(it, _)| it == meta.id);
        let went_on = self.item.refused.is_none() && self.alike.has_same_modes();
        let objects = match Consequence::of(policy.rule(rule)) {
            Consequence::Refused => true,
            Consequence::Reported => false,
            Consequence::Reduced | Consequence::Various if has_refused => true,
            Consequence::Reduced | Consequence::Various if mode == Mode::Report => true,
            // Nothing but this can have let it go on, and it does so today.
            Consequence::Reduced | Consequence::Various if went_on => false,
            Consequence::Reduced if self.leaves_some(known, variables, rule) => false,
            Consequence::Reduced => return Says::Unknown("what would be left of the operation"),
            Consequence::Various => return Says::Unknown("what each of its items has said"),
        };
        Says::Objects(Some(objection).filter(|_| objects))
    }

    /// Whether the rules were asked: of what is refused before that, or for its sheer size, nobody
    /// knows what they would have said.
    fn was_judged(&self) -> bool {
        let is_of_rules = |id: &str| self.bench.policy.rules().any(|(_, it)| it.meta().id == id);
        let by_size = Code::MAX_VARIABLES_LIMIT.as_str();
        self.item.refused.is_none_or(|(rule, code)| code != by_size && is_of_rules(rule))
    }

    /// Whether a rule would find what it found then.
    fn says_the_same(&self, rule: RuleIdx) -> bool {
        let policy = self.bench.policy;
        // A limit has the number of a profile, and can be lifted.
        let is_limit = matches!(policy.setting(rule), Setting::Limit { .. });
        let has_same_number = || self.alike.has("profiles") && self.alike.has("exceptions");
        self.alike.holds_for(policy.meta(rule)) && (!is_limit || has_same_number())
    }

    /// What the log holds of a rule's objections.
    fn objection_then(&self, meta: &Meta) -> Option<Violation> {
        // Where a field is concealed, it is objected to as if it were not there.
        let conceals = |it: &str| meta.id == "authorization" && it == ids::VALIDATION;
        let mut found = self.item.found.iter();
        let (_, code) = found.find(|(it, _)| *it == meta.id || conceals(it))?;
        let code = Code::ALL.iter().find(|it| it.as_str() == *code).copied();
        Some(Violation::new(meta.id, code.unwrap_or(meta.code), "as it was then"))
    }

    /// Whether something is left of the operation whatever a rule takes out.
    fn leaves_some(&self, known: &Judgeable, variables: &Variables<'_>, rule: RuleIdx) -> bool {
        let of_rule = known.left.iter().filter(|it| it.rule == rule);
        let all = of_rule.flat_map(|it| match &it.part {
            Part::Depends(residual) => residual.could_take(),
            Part::DependsUnselected(_) | Part::Measured(_) | Part::Violated(_) => Vec::new(),
        });
        let all: Vec<_> = all.collect();
        let of = (variables, &self.item.request);
        reduced::reduce(self.bench.policy, known, of, &all).is_ok()
    }

    /// What a rule about what goes on said then, when the same would be taken out today.
    pub(super) fn of_what_went_on(
        &self,
        of: (&Judgeable, &Variables<'_>),
        (rule, mode): (RuleIdx, Mode),
    ) -> Says {
        let mut takers = self.bench.policy.rules().filter(|(_, it)| it.takes_out());
        if takers.all(|(it, _)| self.takes_out_the_same(it)) {
            return self.as_then(of, (rule, mode), REST);
        }
        Says::Unknown(REST)
    }

    /// Whether a rule of which the log does not tell what it denies may take something out: it did
    /// not when it had nothing to object to.
    pub(super) fn may_take_out(&self, rule: RuleIdx) -> bool {
        let policy = self.bench.policy;
        let has_found = || self.objection_then(policy.meta(rule)).is_some();
        let is_told = self.was_judged() && self.takes_out_the_same(rule);
        policy.rule(rule).takes_out() && (!is_told || has_found())
    }

    fn takes_out_the_same(&self, rule: RuleIdx) -> bool {
        let is_lifted_alike = self.alike.has("exceptions");
        self.says_the_same(rule) && self.alike.has_same_modes() && is_lifted_alike
    }
}

impl Consequence {
    fn of(rule: &dyn Rule) -> Self {
        let modes = rule.modes();
        match (modes.contains(&Mode::Enforce), modes.contains(&Mode::Report)) {
            (false, _) => Self::Reported,
            (true, true) => Self::Various,
            (true, false) if rule.takes_out() => Self::Reduced,
            (true, false) => Self::Refused,
        }
    }
}

/// What a rule about what goes on asks for.
pub(super) const REST: &str = "what goes on, which depends on what the log does not hold";
