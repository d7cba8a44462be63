//! What is left for each request: ask, and object where the answer is not yes.

use std::sync::Arc;

use crate::{
    document::SelectionId,
    expression::{Expression, Name, Outcome, When},
    operation::{GuardId, Node, NodeId, Operation},
    rules::{
        Decided, Facts, Looked, Residual,
        authorization::{
            Conceal, Denial, META, OnDeny, Permit,
            decision::{By, Decision, Questions},
        },
        purse::Purse,
        scope::FieldScope,
    },
    verdict::{Code, Findings, Mode, Violation, ids},
    weight,
};

/// The questions of one operation.
#[derive(Debug)]
pub(super) struct Left {
    permits: Arc<[Permit]>,
    operation: Arc<Operation>,
    decisions: Vec<Decision>,
    /// Some questions are not among them.
    are_too_many: bool,
    denial: Denial,
}

impl Left {
    /// `None` when there is nothing to ask.
    pub(super) fn of(
        permits: &Arc<[Permit]>,
        operation: &Arc<Operation>,
        questions: Questions,
        denial: Denial,
    ) -> Option<Self> {
        let Questions { mut decisions, are_too_many } = questions;
        let runs = |it: &NodeId| operation.node(*it).is_some_and(|it| it.guard != GuardId::NEVER);
        decisions.iter_mut().for_each(|it| it.nodes.retain(runs));
        decisions.retain(|it| !it.nodes.is_empty());
        if decisions.is_empty() && !are_too_many {
            return None;
        }
        let (permits, operation) = (Arc::clone(permits), Arc::clone(operation));
        Some(Self { permits, operation, decisions, are_too_many, denial })
    }

    /// Every question with its answer, for every selection that takes part.
    pub(super) fn tell(&self, facts: &Facts<'_>) -> Vec<Decided> {
        let guards = self.operation.guards();
        let mut told = Vec::new();
        for decision in &self.decisions {
            let outcome = self.answer(decision, facts);
            let permit = match decision.by {
                By::Default => None,
                By::Permit(it) => self.permits.get(it.index()),
            };
            let by = permit.map_or("default".into(), |it| it.name.clone());
            let asks = permit.map_or("never", |it| it.allow.source());
            let nodes = decision.nodes.iter().filter_map(|it| self.operation.node(*it));
            for node in nodes.filter(|it| guards.admits(it.guard, facts.variables)) {
                told.push(Decided {
                    at: self.operation.coordinate(node),
                    by: by.clone(),
                    asks: asks.to_owned(),
                    outcome: outcome.clone(),
                    about: Looked::More,
                });
            }
        }
        told
    }

    /// The answer to a question, whatever is skipped.
    fn answer(&self, decision: &Decision, facts: &Facts<'_>) -> Outcome {
        let permit = match decision.by {
            By::Default => return Outcome::Fails,
            By::Permit(it) => self.permits.get(it.index()),
        };
        let Some(permit) = permit else { return Outcome::Nothing("no such rule".into()) };
        if !Purse::of(&self.operation, facts).spend_on(&permit.allow) {
            return Outcome::Nothing(TOO_MANY.into());
        }
        let scope = FieldScope::new(&self.operation, facts, &permit.allow, decision.place);
        let outcome = permit.allow.evaluate(facts.asked, Some(&scope));
        if !outcome.holds() && self.is_unknowable(&permit.allow, facts) {
            return Outcome::Holds;
        }
        outcome
    }

    /// The variables of an operation that was not selected are not known, and it is not forwarded.
    fn is_unknowable(&self, allow: &When, facts: &Facts<'_>) -> bool {
        let is_unselected = facts.variables.all().len() != self.operation.variables().len();
        let asks = |it: &Expression| it.asks_for(&[Name::Args, Name::Parent, Name::Root]);
        is_unselected && allow.expression().is_some_and(asks)
    }

    /// Nobody knows the answer to every question.
    fn object_to_number(&self, found: &mut Findings) {
        let (public, detail) = ("too many values to judge".into(), TOO_MANY.into());
        let (rule, code, at) = (META.id, META.code, None);
        found.object_in(self.denial.own_mode(), Violation { rule, code, at, public, detail });
    }

    /// Whether the answer is no whoever asks.
    fn denies_all(&self, decision: &Decision) -> bool {
        match decision.by {
            By::Default => true,
            By::Permit(it) => {
                let allow = self.permits.get(it.index()).map(|it| &it.allow);
                matches!(allow, Some(When::Never) | None)
            }
        }
    }

    /// Objects to the selections of a question whose answer is not yes, or takes them out.
    fn deny<'n>(
        &self,
        decision: &Decision,
        (first, rest): (&'n Node, impl Iterator<Item = &'n Node>),
        outcome: &Outcome,
        found: &mut Findings,
    ) {
        match (self.denial.on_deny, self.denial.mode) {
            (OnDeny::Remove, Mode::Enforce) => {
                for node in std::iter::once(first).chain(rest) {
                    let why = self.objection(decision, node, outcome);
                    found.take_out(node.source, why);
                }
            }
            (OnDeny::Reject, _) | (OnDeny::Remove, Mode::Report) => {
                let objection = self.objection(decision, first, outcome);
                found.object_in(self.denial.own_mode(), objection);
            }
        }
    }

    fn objection(&self, decision: &Decision, node: &Node, outcome: &Outcome) -> Violation {
        let name = &self.operation.schema().field(node.field).name;
        let coordinate = self.operation.coordinate(node);
        let by = match decision.by {
            By::Default => "no rule allows this root field".to_owned(),
            By::Permit(it) => {
                let name = self.permits.get(it.index()).map_or("", |it| &it.name);
                match outcome {
                    Outcome::Fails | Outcome::Holds => format!("the rule on `{name}` denies it"),
                    Outcome::Nothing(why) => format!("the rule on `{name}` has no answer: {why}"),
                }
            }
        };
        let detail = format!("`{coordinate}`: {by}").into();
        let at = Some(coordinate.into());
        match self.denial.conceal {
            Conceal::No => {
                let public = format!("not allowed to ask for `{name}`").into();
                Violation { rule: META.id, code: META.code, at, public, detail }
            }
            // Word for word what validation says of a field that is not there.
            Conceal::Yes => Violation {
                rule: ids::VALIDATION,
                code: Code::GRAPHQL_VALIDATION_FAILED,
                at,
                public: format!("unknown field `{name}`").into(),
                detail,
            },
        }
    }
}

impl Residual for Left {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        if self.are_too_many {
            self.object_to_number(found);
            return;
        }
        let purse = Purse::of(&self.operation, facts);
        for decision in &self.decisions {
            let guards = self.operation.guards();
            let nodes = decision.nodes.iter().filter_map(|it| self.operation.node(*it));
            let mut nodes = nodes.filter(|it| guards.admits(it.guard, facts.variables));
            let Some(first) = nodes.next() else { continue };
            let outcome = self.answer(decision, facts);
            if purse.is_spent() {
                self.object_to_number(found);
                return;
            }
            if outcome.holds() {
                continue;
            }
            self.deny(decision, (first, nodes), &outcome, found);
        }
    }

    fn could_take(&self) -> Vec<SelectionId> {
        let asked = self.decisions.iter().flat_map(|it| &it.nodes);
        let asked = asked.filter_map(|it| Some(self.operation.node(*it)?.source));
        // Nobody knows what the questions are about that are not among them.
        let all = self.operation.nodes().iter().filter(|_| self.are_too_many);
        asked.chain(all.map(|it| it.source)).collect()
    }

    fn always(&self, found: &mut Findings) {
        if self.are_too_many {
            self.object_to_number(found);
            return;
        }
        for decision in self.decisions.iter().filter(|it| self.denies_all(it)) {
            let nodes = decision.nodes.iter().filter_map(|it| self.operation.node(*it));
            let mut nodes = nodes.filter(|it| it.guard == GuardId::ALWAYS);
            if let Some(first) = nodes.next() {
                self.deny(decision, (first, nodes), &Outcome::Fails, found);
            }
        }
    }

    fn weight(&self) -> Option<usize> {
        let nodes = self.decisions.iter().map(|it| weight::of_vec(&it.nodes));
        Some(weight::sum(nodes.chain([size_of::<Self>(), weight::of_vec(&self.decisions)])))
    }
}

const TOO_MANY: &str = "there are more values than can be judged";
