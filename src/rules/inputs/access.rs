//! Rules that judge who gives a value: a condition over the caller, the value and where it stands.

use std::{cell::RefCell, fmt::Debug, sync::Arc};

use ahash::HashMap;

use crate::{
    diagnostic::Diagnostics,
    expression::{Conditions, Name, Outcome, Resolve, Scope, When},
    operation::{Operation, Resolved, Variables},
    rules::{
        Decided, Demand, Facts, Ground, Looked, Meta, Presence, Residual, Rule, Specialised,
        inputs::{
            Fits,
            bind::{bind, coordinate},
            judge::judge,
            made::{Made, Values},
            places::{DemandIdx, Places},
            sites::{Site, distinct, sites},
            stands::{Apart, Only, is_unknowable, places},
            strictest,
            value::{Look, Reading},
            walk::{Met, walk},
        },
        purse::{Purse, is_interpreted},
        scope::{FieldScope, about},
    },
    verdict::{Findings, Mode, Violation},
    weight, yaml,
};

/// When the condition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Asks {
    /// Always: a value that is absent is null.
    Always,
    /// When the client names the input: null counts, a default of the schema does not.
    WhenNamed,
}

/// What a rule is, beside its conditions.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Access {
    pub(in crate::rules) meta: &'static Meta,
    /// What the client is told.
    pub(in crate::rules) public: &'static str,
    pub(in crate::rules) asks: Asks,
}

/// Makes a rule from its demands; adds every mistake.
pub(in crate::rules) fn access(
    access: Access,
    demands: &[Demand<'_>],
    ground: &Ground<'_>,
    found: &mut Diagnostics,
) -> Box<dyn Rule> {
    let mut bound = Vec::new();
    let mut conditions = Vec::new();
    for demand in demands {
        let places = bind(ground.schema, demand, Fits::Any, found);
        let Some(when) = condition(demand.node, ground.conditions, found) else { continue };
        judge(ground.schema, (demand.node, &when), &places, found);
        bound.push(places);
        let name = demand.name.into();
        conditions.push(Condition { name, when, presence: demand.presence, mode: demand.mode });
    }
    let places = Places::new(ground.schema, &bound);
    Box::new(Of(Arc::new(Inner { access, conditions, places })))
}

/// Reads what stands under the key; adds every mistake.
pub(in crate::rules) fn condition(
    node: &yaml::Node,
    conditions: &Conditions,
    found: &mut Diagnostics,
) -> Option<When> {
    When::read(node, Scope::Input, conditions, found)
}

#[derive(Debug)]
struct Of(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    access: Access,
    conditions: Vec<Condition>,
    places: Places,
}

#[derive(Debug)]
struct Condition {
    /// How messages call it.
    name: Box<str>,
    when: When,
    presence: Presence,
    mode: Option<Mode>,
}

impl Condition {
    fn asks_for(&self, names: &[Name]) -> bool {
        self.when.expression().is_some_and(|it| it.asks_for(names))
    }

    /// Whether the answer can differ from one selection to the next.
    fn asks_for_the_field(&self) -> bool {
        self.asks_for(&[Name::Args, Name::Field, Name::Operation, Name::Parent, Name::Root])
    }
}

impl Rule for Of {
    fn meta(&self) -> &'static Meta {
        self.0.access.meta
    }

    /// Keeps the sites at which a condition could be asked for.
    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let mut all = sites(&self.0.places, operation);
        if !self.0.conditions.iter().any(Condition::asks_for_the_field) {
            all = distinct(operation, all);
        }
        let unknown = Variables::default();
        let is_asked = |site: &Site| {
            let reading = Reading::each(operation, &unknown);
            let mut is_asked = false;
            walk(&self.0.places, &reading, site, &mut |met| is_asked |= self.0.asks(&met));
            is_asked || reading.met_unknown() || reading.is_spent()
        };
        let sites: Vec<_> = all.into_iter().filter(is_asked).collect();
        if sites.is_empty() {
            return Specialised::Holds;
        }
        let rule = Arc::clone(&self.0);
        Specialised::Depends(Box::new(Left { rule, operation: Arc::clone(operation), sites }))
    }

    fn modes(&self) -> Vec<Mode> {
        self.0.conditions.iter().map(|it| it.mode.unwrap_or_default()).collect()
    }

    fn insists(&self) -> bool {
        self.0.conditions.iter().any(|it| it.mode == Some(Mode::Enforce))
    }

    fn items(&self) -> Vec<Box<str>> {
        self.0.conditions.iter().map(|it| it.name.clone()).collect()
    }

    fn tell(&self, operation: &Arc<Operation>, facts: &Facts<'_>) -> Vec<Decided> {
        self.0.tell(operation, facts)
    }
}

impl Inner {
    /// What every condition says of every value that it is asked about.
    fn tell(&self, operation: &Operation, facts: &Facts<'_>) -> Vec<Decided> {
        let mut told = Vec::new();
        let guards = operation.guards();
        let sites = sites(&self.places, operation);
        for site in sites.iter().filter(|it| guards.admits(it.guard, facts.variables)) {
            let reading = Reading::each(operation, facts.variables);
            let asking = Asking::new(self, facts, &reading);
            walk(&self.places, &reading, site, &mut |met| {
                for idx in met.demands.iter().filter(|_| self.asks(&met)) {
                    let Some(condition) = self.conditions.get(idx.0) else { continue };
                    let objection = asking.objection((*idx, condition), &met, site);
                    told.push(Decided {
                        at: coordinate(reading.schema(), met.place),
                        by: condition.name.clone(),
                        asks: condition.when.source().to_owned(),
                        outcome: objection.map_or(Outcome::Holds, |_| Outcome::Fails),
                        about: Looked::More,
                    });
                }
            });
        }
        told
    }
}

/// The sites at which conditions are asked for.
#[derive(Debug)]
struct Left {
    rule: Arc<Inner>,
    operation: Arc<Operation>,
    sites: Vec<Site>,
}

impl Residual for Left {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        let guards = self.operation.guards();
        let by_field = self.rule.conditions.iter().any(Condition::asks_for_the_field);
        let reading = if by_field {
            Reading::each(&self.operation, facts.variables)
        } else {
            Reading::once(&self.operation, facts.variables)
        };
        let asking = Asking::new(&self.rule, facts, &reading);
        let mut decided = Vec::new();
        for site in self.sites.iter().filter(|it| guards.admits(it.guard, facts.variables)) {
            if asking.is_spent() {
                break;
            }
            asking.site(site, &mut decided, found);
        }
    }

    fn weight(&self) -> Option<usize> {
        Some(weight::sum([size_of::<Self>(), weight::of_vec(&self.sites)]))
    }
}

impl Inner {
    /// Whether the condition is asked for at all.
    fn asks(&self, met: &Met<'_, '_, '_>) -> bool {
        match (self.access.asks, met.value.resolved) {
            // What nobody knows was not sent.
            (_, Resolved::Unknown) => false,
            (Asks::Always, _) => true,
            (Asks::WhenNamed, Resolved::Json(_) | Resolved::Literal(_)) => true,
            (Asks::WhenNamed, Resolved::Absent | Resolved::Const(_)) => {
                let required = |it: &DemandIdx| {
                    self.conditions.get(it.0).is_some_and(|it| it.presence == Presence::Required)
                };
                met.demands.iter().any(required)
            }
        }
    }
}

/// The questions of one request.
struct Asking<'q> {
    rule: &'q Inner,
    facts: &'q Facts<'q>,
    reading: &'q Reading<'q>,
    purse: Purse<'q>,
    values: Values<'q>,
    /// Answers that hang on the caller alone.
    answers: RefCell<HashMap<DemandIdx, Outcome>>,
}

impl<'q> Asking<'q> {
    fn new(rule: &'q Inner, facts: &'q Facts<'q>, reading: &'q Reading<'q>) -> Self {
        let purse = Purse::of(reading.operation(), facts);
        let values = Values::new(reading, purse);
        Self { rule, facts, reading, purse, values, answers: RefCell::default() }
    }

    /// True when not every value could be judged.
    fn is_spent(&self) -> bool {
        self.reading.is_spent() || self.purse.is_spent()
    }

    /// Adds at most one objection for each demand.
    fn site(&self, site: &Site, decided: &mut Vec<DemandIdx>, found: &mut Findings) {
        walk(&self.rule.places, self.reading, site, &mut |met| {
            for idx in met.demands {
                let Some(condition) = self.rule.conditions.get(idx.0) else { continue };
                if decided.contains(idx) || self.is_spent() || !self.rule.asks(&met) {
                    continue;
                }
                let objection = self.objection((*idx, condition), &met, site);
                if let Some(detail) = objection.filter(|_| !self.is_spent()) {
                    decided.push(*idx);
                    let at = coordinate(self.reading.schema(), met.place);
                    found.object_in(condition.mode, self.rule.objection(at, &detail));
                }
            }
        });
        if self.is_spent() {
            let mode = strictest(self.rule.conditions.iter().map(|it| it.mode));
            let objection = self.rule.objection("inputs".into(), "more values than can be judged");
            found.object_in(mode, objection);
        }
    }

    fn objection(
        &self,
        (idx, condition): (DemandIdx, &Condition),
        met: &Met<'_, 'q, 'q>,
        site: &Site,
    ) -> Option<String> {
        let is_missing = matches!(met.value.look(), Look::Nothing | Look::Null);
        if is_missing && condition.presence == Presence::Required {
            return Some("a value is required".into());
        }
        if self.rule.access.asks == Asks::WhenNamed
            && !matches!(met.value.resolved, Resolved::Json(_) | Resolved::Literal(_))
        {
            return None;
        }
        let outcome = if condition.asks_for_the_field() {
            self.at_fields(condition, met, site)
        } else if condition.asks_for(&[Name::Value]) {
            let made = self.values.of(met, site)?;
            self.evaluate(condition, Some(&Only(made.value)), made.n_values)
        } else {
            let mut answers = self.answers.borrow_mut();
            answers.entry(idx).or_insert_with(|| self.evaluate(condition, None, 0)).clone()
        };
        let known = (self.reading.operation(), self.facts.variables);
        match outcome {
            Outcome::Holds => None,
            _ if is_unknowable(known, site.written, |it| condition.asks_for(&[it])) => None,
            Outcome::Fails => Some("the condition does not hold".into()),
            Outcome::Nothing(why) => Some(format!("the condition has no answer: {why}")),
        }
    }

    /// The first answer that is no yes, over all fields that can answer the selection.
    fn at_fields(&self, condition: &Condition, met: &Met<'_, 'q, 'q>, site: &Site) -> Outcome {
        let Some(Made { value, n_values }) = self.values.of(met, site) else {
            return Outcome::Holds;
        };
        let operation = self.reading.operation();
        let Some((id, node)) = site.node.and_then(|id| Some((id, operation.node(id)?))) else {
            let apart = Apart { operation: about(operation, self.facts), value };
            return self.evaluate(condition, Some(&apart), n_values);
        };
        for place in places(operation, (id, node), site.object, |it| condition.asks_for(&[it])) {
            let scope = FieldScope::new(operation, self.facts, &condition.when, place);
            let scope = scope.with_value(value.clone());
            match self.evaluate(condition, Some(&scope), n_values) {
                Outcome::Holds => {}
                outcome => return outcome,
            }
        }
        Outcome::Holds
    }

    /// The answer, when it can be paid for: the interpreter may walk through all of the value.
    fn evaluate(
        &self,
        condition: &Condition,
        local: Option<&dyn Resolve>,
        n_values: u64,
    ) -> Outcome {
        let when = &condition.when;
        let price = if is_interpreted(when) { EVALUATION } else { TEST };
        if !self.reading.spend_many(price) || !self.purse.spend_on_looking(when, n_values) {
            return Outcome::Nothing("there are more values than can be judged".into());
        }
        condition.when.evaluate(self.facts.asked, local)
    }
}

impl Inner {
    fn objection(&self, at: String, detail: &str) -> Violation {
        let meta = self.access.meta;
        Violation {
            rule: meta.id,
            code: meta.code,
            detail: format!("`{at}`: {detail}").into(),
            at: Some(at.into()),
            public: self.access.public.into(),
        }
    }
}

/// What the interpreter spends: it takes as long as looking at so many values.
const EVALUATION: u64 = 20;

/// What answering without the interpreter spends.
const TEST: u64 = 2;
