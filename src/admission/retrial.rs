//! One operation of the past before the rules of today; see [`crate::admission::Past`].

use crate::{
    admission::{
        judge::{Bench, over_limit},
        known::{Judgeable, Known, Left},
        past::{Document, Judged, Ruling, refused},
        recalled::{Alike, Forgotten, Hidden, Recalled, can_be_another},
        reduced,
        then::REST,
        totals::Totals,
    },
    document::{SelectionId, ValueKind, other_number},
    identity::Method,
    json,
    operation::{Variables, coerce},
    policy::Stance,
    rules::{self, Facts, Rule, RuleIdx, Setting},
    schema::OperationKind,
    verdict::{Code, Mode, Violation, ids},
};

/// One operation of the past before the rules of today.
pub(super) struct Retrial<'t> {
    pub(super) bench: Bench<'t>,
    pub(super) forgotten: &'t Forgotten<'t>,
    pub(super) alike: &'t Alike,
    pub(super) item: &'t Recalled<'t>,
    /// Whether it came alone.
    pub(super) is_single: bool,
}

/// What was found so far.
struct SoFar<'t> {
    judged: Judged,
    totals: &'t mut Totals,
    /// Selections that would be taken out of what goes on.
    taken: Vec<SelectionId>,
    /// What nobody can tell.
    unknown: Option<String>,
    /// The rule that refuses it: the first of the policy, in which order not all are asked.
    refused_by: Option<RuleIdx>,
}

/// What one rule says.
pub(super) enum Says {
    Objects(Option<Violation>),
    Unknown(&'static str),
}

impl Retrial<'_> {
    pub(super) fn judge(
        &self,
        document: &Document,
        (method, totals): (Method, &mut Totals),
    ) -> Judged {
        let concealed = self.bench.concealed(&document.known);
        if let Some(violation) = concealed.filter(|_| !self.forgotten.was_asked()) {
            return Judged::of(refused(&violation));
        }
        let known = match &document.known {
            Known::Judgeable(known) => known,
            Known::Refused(violation, ..) => return Judged::of(refused(violation)),
        };
        if method == Method::Get && known.kind != OperationKind::Query {
            let code = Code::METHOD_NOT_ALLOWED.as_str().into();
            let detail = "only queries may come by GET".into();
            return Judged::of(Ruling::Refused { rule: ids::GET.into(), code, detail });
        }
        if let Some(ruling) = self.hidden_mistake() {
            return Judged::of(ruling);
        }
        let policy = self.bench.policy;
        let settings = known.listed.and_then(|it| policy.documents.library.settings(it));
        let bench = match self.bench.under(settings) {
            _ if self.forgotten.was_asked() => {
                let why = "whether the document may be sent depends on the caller";
                return Judged::of(Ruling::Unknown(why.into()));
            }
            Ok(bench) => bench,
            Err(violation) => return Judged::of(refused(&violation)),
        };
        let given = coerce(&policy.schema, &known.variables, self.item.request.variables);
        match given {
            Ok(variables) => {
                Retrial { bench, ..*self }.of_rules((known, document), &variables, totals)
            }
            Err(violation) => Judged::of(refused(&violation)),
        }
    }

    /// A value that is hidden can have been wrong for its type.
    fn hidden_mistake(&self) -> Option<Ruling> {
        let (rule, code) = self.item.refused.filter(|_| self.item.hidden == Hidden::Values)?;
        if ![ids::DOCUMENT, ids::VALIDATION, ids::VARIABLE_VALUES].contains(&rule) {
            return None;
        }
        Some(if self.alike.has("types") {
            let detail = "as it was then".into();
            Ruling::Refused { rule: rule.into(), code: code.into(), detail }
        } else {
            Ruling::Unknown("a value that the log does not hold was wrong for its type".into())
        })
    }

    fn of_rules(
        &self,
        (known, document): (&Judgeable, &Document),
        variables: &Variables<'_>,
        totals: &mut Totals,
    ) -> Judged {
        let judged = Judged::of(Ruling::Admitted);
        let (taken, unknown, refused_by) = (Vec::new(), None, None);
        let mut so_far = SoFar { judged, totals, taken, unknown, refused_by };
        let of = (known, document);
        let own: Vec<_> = known.left.iter().map(|it| (it, variables)).collect();
        self.ask(of, (&own, variables), &mut so_far, |it| !it.judges_what_goes_on());
        let (policy, request) = (self.bench.policy, &self.item.request);
        // What is denied goes, unless that leaves nothing to ask for.
        let reduced = reduced::reduce(policy, known, (variables, request), &so_far.taken);
        let going = reduced.as_ref().map(Option::as_ref);
        let rest: Vec<_> = reduced::going_on(policy, (known, variables), going).collect();
        let ruling = so_far.judged.ruling.clone();
        let is_certain = so_far.unknown.is_none() || known.operation.is_none();
        self.ask(of, (&rest, variables), &mut so_far, |it| it.judges_what_goes_on());
        if !is_certain {
            // Of what nobody knows that it goes on.
            so_far.judged.ruling = ruling;
        }
        match (so_far.unknown.take(), reduced) {
            (Some(why), _) if so_far.judged.ruling == Ruling::Admitted => {
                so_far.judged.ruling = Ruling::Unknown(why.into());
            }
            (None, Err(violation)) if so_far.judged.ruling == Ruling::Admitted => {
                so_far.judged.ruling = refused(&violation);
            }
            (Some(_), _) | (None, Err(_) | Ok(_)) => {}
        }
        so_far.judged
    }

    /// Asks some of the rules for what is left of them.
    fn ask(
        &self,
        (known, document): (&Judgeable, &Document),
        (all, variables): (&[(&Left, &Variables<'_>)], &Variables<'_>),
        so_far: &mut SoFar<'_>,
        is_asked: impl Fn(&dyn Rule) -> bool,
    ) {
        let policy = self.bench.policy;
        let exception = self.bench.exception(known);
        for (rule, applied) in policy.rules().filter(|(_, it)| is_asked(*it)) {
            let Stance::On { mode, limit } = self.bench.stance(known, rule) else { continue };
            if exception.is_some_and(|it| it.lifts(rule)) {
                continue;
            }
            let of_rule = all.iter().filter(|(it, _)| it.rule == rule);
            let id = applied.meta().id;
            let is_hidden = self.is_hidden((known, document), variables, (rule, id));
            if is_hidden && matches!(policy.setting(rule), Setting::Limit { .. }) {
                let why = || format!("`{id}` asks for {VALUES}").into();
                so_far.judged.unmeasured.get_or_insert_with(why);
            }
            let said = if is_hidden && so_far.is_of_whole(applied) {
                self.of_what_went_on((known, variables), (rule, mode))
            } else if is_hidden {
                self.as_then((known, variables), (rule, mode), VALUES)
            } else {
                of_rule.fold(Says::Objects(None), |said, (left, variables)| {
                    said.and(self.part((known, left), variables, (mode, limit), so_far))
                })
            };
            // What is not known of an item that insists could refuse wherever its rule watches.
            let insists = matches!(said, Says::Unknown(_)) && applied.insists();
            so_far.hear((said, if insists { Mode::Enforce } else { mode }), (rule, id));
        }
    }

    /// Whether a rule would look at values that the log does not hold.
    fn is_hidden(
        &self,
        (known, document): (&Judgeable, &Document),
        variables: &Variables<'_>,
        (rule, id): (RuleIdx, &str),
    ) -> bool {
        let by_cost = || id == rules::COST && self.has_other_numbers(document);
        let by_value =
            || LOOKS_AT_VALUES.contains(&id) && self.touches(known, document, variables, rule);
        self.item.hidden == Hidden::Values && (by_cost() || by_value())
    }

    /// What is left of a rule, and whether that could be told.
    fn part(
        &self,
        (known, left): (&Judgeable, &Left),
        variables: &Variables<'_>,
        (mode, limit): (Mode, u64),
        so_far: &mut SoFar<'_>,
    ) -> Says {
        let policy = self.bench.policy;
        let asked = self.bench.asked;
        let _ = (asked.has_seen_values(), self.forgotten.was_asked());
        let found = self.bench.weigh(known, left, variables, so_far.totals);
        let meta = policy.meta(left.rule);
        // The log writes variables anew: without the spaces and escapes that they were sent with.
        let sent = self.item.variables_bytes.filter(|_| meta.id == "variables-bytes");
        let totals = &mut so_far.totals;
        let measured = found.measured.map(|it| totals.add((left.rule, limit), sent.unwrap_or(it)));
        let measured = if meta.id == "max-document" { Some(self.item.bytes) } else { measured };
        so_far.measured((policy.rule(left.rule), meta.id), measured);
        let over = measured
            .filter(|it| *it > limit)
            .map(|it| over_limit((meta, limit), it, left.of.as_deref()));
        let insisted = found.insisted.first().cloned();
        let objection = found.violations.into_iter().chain(over).next();
        let is_excused = objection.is_some() && policy.excuses(left.rule, asked);
        let missing = if self.forgotten.was_asked() {
            Some("the caller, of whom the log holds no claims")
        } else {
            let is_hidden = asked.has_seen_values() && self.item.hidden == Hidden::Values;
            is_hidden.then_some("values that the log does not hold")
        };
        if let Some(what) = missing {
            so_far.totals.is_doubtful |= mode == Mode::Enforce && self.may_take_out(left.rule);
            return self.as_then((known, variables), (left.rule, mode), what);
        }
        let objects = objection.is_some() || insisted.is_some();
        if objects && so_far.is_of_whole(policy.rule(left.rule)) {
            return self.of_what_went_on((known, variables), (left.rule, mode));
        }
        if mode == Mode::Enforce {
            so_far.taken.extend(found.taken);
        }
        if let Some(violation) = &insisted {
            so_far.refuse(left.rule, violation);
        }
        Says::Objects(objection.filter(|_| !is_excused))
    }

    /// Whether a number is another than was sent: small whole ones are not.
    fn has_other_numbers(&self, document: &Document) -> bool {
        let given = self.item.request.variables.into_iter().flat_map(json::Value::descendants);
        let mut given = given.filter(|it| it.kind() == json::Kind::Number);
        let Some(operation) = &document.operation else { return true };
        let document = operation.document();
        let mut written = document.values().iter().filter_map(|it| match it.kind {
            ValueKind::Float(text) | ValueKind::Int(text) => Some(document.str(text)),
            _ => None,
        });
        given.any(|it| other_number(it.text()).is_some())
            || written.any(|it| other_number(it).is_some())
    }

    /// Whether a rule looks at anything here that can be another than was sent.
    fn touches(
        &self,
        known: &Judgeable,
        document: &Document,
        variables: &Variables<'_>,
        rule: RuleIdx,
    ) -> bool {
        let Some(operation) = &document.operation else { return true };
        let facts = Facts { variables, asked: self.bench.asked, document: known.facts() };
        let decided = self.bench.policy.rule(rule).tell(operation, &facts);
        let has_left = known.left.iter().any(|it| it.rule == rule);
        // Of operations that were not selected nothing is told, and yet they are judged.
        if decided.is_empty() || operation.document().operations().len() > 1 {
            return has_left || !decided.is_empty();
        }
        decided.iter().any(|it| can_be_another(&it.about))
    }
}

impl SoFar<'_> {
    /// Whether a rule about what goes on is asked of the whole: what was taken out is not known.
    fn is_of_whole(&self, rule: &dyn Rule) -> bool {
        self.totals.is_doubtful && rule.judges_what_goes_on()
    }

    /// The measure of the whole is none of what goes on.
    fn measured(&mut self, (rule, id): (&dyn Rule, &'static str), measured: Option<u64>) {
        let Some(measured) = measured else { return };
        if self.is_of_whole(rule) {
            self.judged.unmeasured = Some(format!("`{id}` asks for {REST}").into());
        } else {
            self.judged.measures.push((id, measured));
        }
    }

    fn hear(&mut self, said: (Says, Mode), (rule, id): (RuleIdx, &'static str)) {
        match said {
            (Says::Objects(None), _) | (Says::Unknown(_), Mode::Report) => {}
            (Says::Objects(Some(_)), Mode::Report) => self.judged.reported.push(id),
            (Says::Objects(Some(violation)), Mode::Enforce) => self.refuse(rule, &violation),
            (Says::Unknown(what), Mode::Enforce) => {
                self.unknown.get_or_insert_with(|| format!("`{id}` asks for {what}"));
            }
        }
    }

    fn refuse(&mut self, rule: RuleIdx, violation: &Violation) {
        if self.refused_by.is_none_or(|it| rule < it) {
            self.judged.ruling = refused(violation);
            self.refused_by = Some(rule);
        }
    }
}

impl Says {
    /// An objection counts before a doubt.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (it @ Self::Objects(Some(_)), _) | (_, it @ Self::Objects(Some(_))) => it,
            (it @ Self::Unknown(_), _) | (_, it @ Self::Unknown(_)) => it,
            (Self::Objects(None), Self::Objects(None)) => Self::Objects(None),
        }
    }
}

/// What a log without values does not have.
const VALUES: &str = "values that the log does not hold";

/// Rules for which a value of the same size is not the same.
const LOOKS_AT_VALUES: &[&str] =
    &["input-json", "input-one-of", "input-pattern", "input-range", "input-url", "representation"];
