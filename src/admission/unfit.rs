//! Trusted documents that a policy refuses whatever the variables and the caller: for a person, not
//! for the request path.

use std::fmt;

use crate::{
    admission::{
        UnixSeconds,
        compile::compile,
        judge::{Bench, over_limit},
        known::{Judgeable, Known, Left, Part},
        reduced,
        special::not_for_this_caller,
        totals::Totals,
    },
    expression::{Asked, When},
    identity::{Caller, Seen},
    operation::Variables,
    policy::{ListedIdx, Policy, ProfileIdx, Stance},
    verdict::{Findings, Mode, Violation},
};

/// An operation of a trusted document that nobody can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The id under which the document is listed.
    pub id: Box<str>,
    /// The file that lists it.
    pub file: Box<str>,
    /// Its name.
    pub name: Option<Box<str>>,
    /// What it says, which other documents may say as well.
    pub said: ListedIdx,
    /// Why it would be refused under the base profile.
    pub violation: Violation,
}

/// Every operation that every profile refuses, with what the base objects to. One that several
/// documents have is told once, unless the base objects to something else.
#[must_use]
pub fn unfit(policy: &Policy, now: UnixSeconds) -> Vec<Unfit> {
    let caller = Caller::default();
    let seen = Seen::new(&caller);
    let asked = Asked::new(&policy.conditions, &seen);
    let mut unfit: Vec<Unfit> = Vec::new();
    let library = &policy.documents.library;
    for (_, document) in library.iter() {
        for (name, said) in document.operations.iter().zip(&document.says) {
            let settings = library.settings(*said);
            let is_barred = settings.is_some_and(|it| matches!(it.when, When::Never));
            let profiles: Vec<_> = match settings.and_then(|it| it.profile) {
                Some(own) => vec![own],
                None => (0..policy.profiles().len()).map(ProfileIdx).collect(),
            };
            let known = compile(policy, &document.text, name.as_deref());
            let objection = |profile| {
                let bench = Bench { policy, profile, asked: &asked, now };
                match &known {
                    Known::Judgeable(_) if is_barred => Some(not_for_this_caller()),
                    Known::Judgeable(it) => bench.always_objects(it),
                    Known::Refused(violation, ..) => Some(violation.clone()),
                }
            };
            let objections: Option<Vec<_>> = profiles.iter().map(|it| objection(*it)).collect();
            let first = objections.and_then(|it| it.into_iter().next());
            let Some(violation) = first else { continue };
            if unfit.iter().any(|it| it.said == *said && it.violation.rule == violation.rule) {
                continue;
            }
            let (id, file) = (document.id.clone(), document.file.clone());
            unfit.push(Unfit { id, file, name: name.clone(), said: *said, violation });
        }
    }
    unfit
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "`{name}` of `{}` (`{}`)", self.file, self.id),
            None => write!(f, "`{}` of `{}`", self.id, self.file),
        }
    }
}

impl Bench<'_> {
    /// What is measured and called where no variable can change that, nor what is taken out.
    fn without_variables(&self, document: &Judgeable, left: &Left) -> Option<Violation> {
        if !document.variables.is_empty() || document.operation.is_some() {
            return None;
        }
        let Stance::On { limit, .. } = self.stance(document, left.rule) else { return None };
        let found = self.find(document, left, &Variables::default());
        let over = found.measured.filter(|it| *it > limit);
        let stated = (self.policy.meta(left.rule), limit);
        over.map(|it| over_limit(stated, it, left.of.as_deref())).or_else(|| {
            let mut totals = Totals::of_so_many(1);
            found.tallies.iter().find_map(|(number, times)| {
                let total = totals.tally(left.rule, *number, *times);
                self.policy.rule(left.rule).object_to_tally(*number, total)
            })
        })
    }

    /// What refuses a document under this profile whatever comes with it.
    fn always_objects(&self, document: &Judgeable) -> Option<Violation> {
        let exception = self.exception(document);
        document.left.iter().find_map(|left| {
            let Stance::On { mode, limit } = self.stance(document, left.rule) else { return None };
            let is_lifted = exception.is_some_and(|it| it.lifts(left.rule));
            if is_lifted || self.policy.may_excuse(left.rule) {
                return None;
            }
            let mut found = Findings::default();
            if mode == Mode::Report {
                if let Part::Depends(it) | Part::DependsUnselected(it) = &left.part {
                    it.always(&mut found);
                }
                return found.insisted.into_iter().next();
            }
            match &left.part {
                Part::Depends(residual) => {
                    residual.always(&mut found);
                    let objection = found.first().cloned();
                    let objection = objection.or_else(|| self.without_variables(document, left));
                    objection.or_else(|| reduced::emptied(document, &found.taken))
                }
                // It is not forwarded: nothing is taken out of it.
                Part::DependsUnselected(residual) => {
                    residual.always(&mut found);
                    found.first().cloned()
                }
                Part::Measured(measured) if *measured > limit => {
                    let stated = (self.policy.meta(left.rule), limit);
                    Some(over_limit(stated, *measured, left.of.as_deref()))
                }
                Part::Measured(_) => None,
                Part::Violated(violations) => violations.first().cloned(),
            }
        })
    }
}
