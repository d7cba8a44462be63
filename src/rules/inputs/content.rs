//! Rules that judge what a value is, whoever sends it.

use std::{fmt::Debug, sync::Arc};

use crate::{
    diagnostic::Diagnostics,
    expression::Outcome,
    operation::{GuardId, Operation, Variables},
    rules::{
        Decided, Demand, Facts, Ground, InputPlace, Looked, Meta, Presence, Residual, Rule,
        Specialised,
        inputs::{
            Fits,
            bind::{bind, coordinate},
            places::{DemandIdx, Places},
            sites::{Site, distinct, sites},
            strictest,
            value::{Look, Reading, Value},
            walk::{Met, walk},
        },
    },
    verdict::{Findings, Mode, Violation},
    weight,
    yaml::Node,
};

/// What one demand asks of a value.
pub(in crate::rules) trait Test: Debug + Send + Sync + 'static {
    /// What is judged.
    const GRAIN: Grain;

    /// The values that it is about, of those that the rule is about.
    fn fits(&self, of_rule: Fits) -> Fits {
        of_rule
    }

    /// What is wrong with a value that is there, for the log; `None` when nothing is.
    fn objection(&self, value: &Value<'_, '_>) -> Option<String>;
}

/// What of a value is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Grain {
    /// Each item, when it is a list.
    Items,
    /// The value as a whole.
    Whole,
}

/// What a rule is, beside its tests.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Content<T> {
    pub(in crate::rules) meta: &'static Meta,
    /// What the client is told.
    pub(in crate::rules) public: &'static str,
    pub(in crate::rules) fits: Fits,
    /// Reads what stands under the key.
    pub(in crate::rules) read: fn(&Node, &mut Diagnostics) -> Option<T>,
}

/// Makes a rule from its demands; adds every mistake.
pub(in crate::rules) fn content<T: Test>(
    content: Content<T>,
    demands: &[Demand<'_>],
    ground: &Ground<'_>,
    found: &mut Diagnostics,
) -> Box<dyn Rule> {
    let mut bound = Vec::new();
    let mut tests = Vec::new();
    for demand in demands {
        let test = (content.read)(demand.node, found);
        let fits = test.as_ref().map_or(content.fits, |it| it.fits(content.fits));
        let places = bind(ground.schema, demand, fits, found);
        let Some(test) = test else { continue };
        bound.push(places);
        tests.push(Demanding {
            name: demand.name.into(),
            asks: demand.node.as_written().into(),
            test,
            presence: demand.presence,
            mode: demand.mode,
        });
    }
    let places = Places::new(ground.schema, &bound);
    let (meta, public) = (content.meta, content.public);
    Box::new(Of(Arc::new(Inner { meta, public, tests, places })))
}

#[derive(Debug)]
struct Of<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    meta: &'static Meta,
    public: &'static str,
    tests: Vec<Demanding<T>>,
    places: Places,
}

#[derive(Debug)]
struct Demanding<T> {
    /// How messages call it.
    name: Box<str>,
    /// As it is written.
    asks: Box<str>,
    test: T,
    presence: Presence,
    mode: Option<Mode>,
}

/// An objection, and whether it refuses, when its demand says so.
#[derive(Clone, Debug)]
struct Objection {
    mode: Option<Mode>,
    violation: Violation,
}

impl<T: Test> Rule for Of<T> {
    fn meta(&self) -> &'static Meta {
        self.0.meta
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let sites = distinct(operation, sites(&self.0.places, operation));
        let unknown = Variables::default();
        let mut left =
            Left { rule: Arc::clone(&self.0), operation: Arc::clone(operation), parts: Vec::new() };
        let mut certain = Vec::new();
        for site in sites {
            let reading = Reading::each(operation, &unknown);
            let mut objections = Vec::new();
            self.0.judge(&reading, &site, &mut objections);
            if reading.met_unknown() {
                left.parts.push(Part::Site(site));
            } else if site.guard == GuardId::ALWAYS {
                certain.extend(objections);
            } else {
                left.parts.extend(objections.into_iter().map(|it| Part::Guarded(site.guard, it)));
            }
        }
        let insists = certain.iter().any(|it| it.mode == Some(Mode::Enforce));
        if !insists && certain.iter().any(|it| it.mode.is_none()) {
            let follow = certain.into_iter().filter(|it| it.mode.is_none());
            return Specialised::Violated(follow.map(|it| it.violation).collect());
        }
        left.parts.extend(certain.into_iter().map(|it| Part::Guarded(GuardId::ALWAYS, it)));
        if left.parts.is_empty() {
            Specialised::Holds
        } else {
            Specialised::Depends(Box::new(left))
        }
    }

    fn modes(&self) -> Vec<Mode> {
        self.0.tests.iter().map(|it| it.mode.unwrap_or_default()).collect()
    }

    fn insists(&self) -> bool {
        self.0.tests.iter().any(|it| it.mode == Some(Mode::Enforce))
    }

    fn items(&self) -> Vec<Box<str>> {
        self.0.tests.iter().map(|it| it.name.clone()).collect()
    }

    fn tell(&self, operation: &Arc<Operation>, facts: &Facts<'_>) -> Vec<Decided> {
        self.0.tell(operation, facts)
    }
}

impl<T: Test> Inner<T> {
    /// What every demand says of every value that is there.
    fn tell(&self, operation: &Operation, facts: &Facts<'_>) -> Vec<Decided> {
        let mut told = Vec::new();
        let guards = operation.guards();
        let sites = distinct(operation, sites(&self.places, operation));
        for site in sites.iter().filter(|it| guards.admits(it.guard, facts.variables)) {
            let reading = Reading::each(operation, facts.variables);
            walk(&self.places, &reading, site, &mut |met| {
                let is_there = !matches!(met.value.look(), Look::Nothing);
                for idx in met.demands.iter().filter(|_| is_there) {
                    let Some(demand) = self.tests.get(idx.0) else { continue };
                    let objection = demand.objection(&met, *idx);
                    told.push(Decided {
                        at: coordinate(reading.schema(), met.place),
                        by: demand.name.clone(),
                        asks: demand.asks.to_string(),
                        outcome: objection.map_or(Outcome::Holds, |_| Outcome::Fails),
                        about: looked(&met.value.look()),
                    });
                }
            });
        }
        told
    }
}

fn looked(at: &Look<'_>) -> Looked {
    match at {
        Look::Boolean | Look::Enum(_) | Look::Null => Looked::Word,
        Look::List | Look::Nothing | Look::Object => Looked::More,
        Look::Number(text) => Looked::Number((*text).into()),
        Look::Text(text) => Looked::Text((**text).into()),
    }
}

/// What depends on variables.
#[derive(Debug)]
struct Left<T> {
    rule: Arc<Inner<T>>,
    operation: Arc<Operation>,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    /// An objection that counts when the guard admits its selection.
    Guarded(GuardId, Objection),
    /// To be judged when the variables are known.
    Site(Site),
}

impl<T: Test> Residual for Left<T> {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        let guards = self.operation.guards();
        let reading = match &*self.parts {
            [Part::Site(site)] if self.is_variable(site) => {
                Reading::each(&self.operation, facts.variables)
            }
            _ => Reading::once(&self.operation, facts.variables),
        };
        let mut objections = Vec::new();
        for part in &self.parts {
            match part {
                Part::Guarded(guard, objection) if guards.admits(*guard, facts.variables) => {
                    found.object_in(objection.mode, objection.violation.clone());
                }
                Part::Site(site) if guards.admits(site.guard, facts.variables) => {
                    self.rule.judge(&reading, site, &mut objections);
                }
                Part::Guarded(..) | Part::Site(_) => {}
            }
        }
        for objection in objections {
            found.object_in(objection.mode, objection.violation);
        }
    }

    fn always(&self, found: &mut Findings) {
        for part in &self.parts {
            if let Part::Guarded(GuardId::ALWAYS, objection) = part {
                found.object_in(objection.mode, objection.violation.clone());
            }
        }
    }

    fn weight(&self) -> Option<usize> {
        let objections = self.parts.iter().map(|it| match it {
            Part::Guarded(_, objection) => objection.violation.weight(),
            Part::Site(_) => 0,
        });
        Some(weight::sum(objections.chain([size_of::<Self>(), weight::of_vec(&self.parts)])))
    }
}

impl<T> Left<T> {
    /// A lone variable cannot be read twice.
    fn is_variable(&self, site: &Site) -> bool {
        site.written.is_some_and(|it| self.operation.variable_at(it).is_some())
    }
}

impl<T: Test> Inner<T> {
    /// Adds at most one objection for each demand.
    fn judge(&self, reading: &Reading<'_>, site: &Site, objections: &mut Vec<Objection>) {
        // Nobody is told twice.
        if reading.is_spent() {
            return;
        }
        let mut decided: Vec<DemandIdx> = Vec::new();
        walk(&self.places, reading, site, &mut |met| {
            for idx in met.demands {
                let Some(demand) = self.tests.get(idx.0) else { continue };
                if decided.contains(idx) {
                    continue;
                }
                if let Some(detail) = demand.objection(&met, *idx) {
                    decided.push(*idx);
                    let at = coordinate(reading.schema(), met.place);
                    objections.push(self.objection(demand.mode, at, &detail));
                }
            }
        });
        if reading.is_spent() {
            let strictest = strictest(self.tests.iter().map(|it| it.mode));
            let at = coordinate(reading.schema(), InputPlace::Input(site.input));
            objections.push(self.objection(strictest, at, "more values than can be judged"));
        }
    }

    fn objection(&self, mode: Option<Mode>, at: String, detail: &str) -> Objection {
        let violation = Violation {
            rule: self.meta.id,
            code: self.meta.code,
            detail: format!("`{at}`: {detail}").into(),
            at: Some(at.into()),
            public: self.public.into(),
        };
        Objection { mode, violation }
    }
}

impl<T: Test> Demanding<T> {
    fn objection(&self, met: &Met<'_, '_, '_>, idx: DemandIdx) -> Option<String> {
        let value = Value { reader: idx.0.saturating_add(1), ..met.value };
        match T::GRAIN {
            Grain::Items => value.leaves().iter().find_map(|it| self.objection_to(it)),
            Grain::Whole => self.objection_to(&value),
        }
    }

    fn objection_to(&self, value: &Value<'_, '_>) -> Option<String> {
        match (value.look(), self.presence) {
            (Look::Nothing | Look::Null, Presence::Optional) => None,
            // What is not known is not missing.
            (Look::Nothing, _) if value.is_unknown() => None,
            (Look::Nothing | Look::Null, Presence::Required) => Some("a value is required".into()),
            _ => self.test.objection(value),
        }
    }
}
