//! Judges requests of the past by what a log remembers of them: the same verdict, or the reason why
//! nobody can tell.
//!
//! What a rule would have to know and the log does not is taken from what the rule said then, when
//! the policy still says the same; else the verdict is unknown. Decides nothing about live requests.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use crate::{
    admission::{
        Request,
        compile::compile_keeping,
        judge::{Bench, Totals, over_limit},
        known::{Judgeable, Known, Left},
        named::not_in_list,
        recalled::{Alike, Forgotten, Hidden, Recalled, Recollection},
        refusal::unreadable,
    },
    document::Refusal,
    expression::Asked,
    identity::{Caller, Method},
    json::Literal,
    operation::{Operation, Variables, coerce},
    policy::{Apq, Digest, DocumentIdx, Policy, ProfileIdx, Stance, manifest::DocumentId},
    rules::{Facts, RuleIdx},
    schema::OperationKind,
    verdict::{Code, Mode, Violation},
};

/// Judges the past under one policy. A document is compiled once.
#[derive(Debug)]
pub struct Past {
    policy: Arc<Policy>,
    seen: LruCache<Key, Arc<Document>>,
}

/// What becomes of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is admitted.
    Admitted,
    /// It is refused.
    Refused {
        /// The rule that decides.
        rule: Box<str>,
        /// Its wire code.
        code: Box<str>,
        /// For a person.
        detail: Box<str>,
    },
    /// The log does not hold what it takes to tell.
    Unknown(Box<str>),
}

/// What is found of one operation.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What becomes of it.
    pub ruling: Ruling,
    /// What rules have measured.
    pub measures: Vec<(&'static str, u64)>,
    /// The rules that would refuse it, were it not for report mode.
    pub reported: Vec<&'static str>,
}

/// A text by its hash or, where that is not known, by itself, and the operation to select.
type Key = (Result<[u8; 32], Box<str>>, Option<Box<str>>);

#[derive(Debug)]
struct Document {
    known: Known,
    operation: Option<Arc<Operation>>,
}

impl Past {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Self {
        Self { policy, seen: LruCache::new(DOCUMENTS) }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Judges one HTTP request or message; an answer for each of its operations.
    pub fn judge(&mut self, past: &Recollection<'_>, alike: &Alike) -> Vec<Judged> {
        let policy = Arc::clone(&self.policy);
        let caller = Caller { way: past.way, ..Caller::default() };
        let forgotten = Forgotten::new(&caller);
        let answers = alike.answers(&policy, past.conditions);
        let asked = Asked::recalling(&policy.conditions, &forgotten, answers);
        let profile = match profile(&policy, (&asked, &forgotten), past.profile, alike) {
            Ok(profile) => profile,
            Err(ruling) => {
                return past.items.iter().map(|_| Judged::of(ruling.clone())).collect();
            }
        };
        let bench = Bench { policy: &policy, profile, asked: &asked, now: past.at };
        let mut totals = Totals::of_so_many(past.items.len());
        let is_single = past.items.len() == 1;
        let judged = past.items.iter().map(|item| {
            let document = match self.document(item, past.way.carrier()) {
                Ok(document) => document,
                Err(ruling) => return Judged::of(ruling),
            };
            let trial = Trial { bench, forgotten: &forgotten, alike, item, is_single };
            trial.judge(&document, (past.way.carrier(), &mut totals))
        });
        all_or_none(judged.collect())
    }

    /// What rules measure of a request, whoever sent it; nothing when it cannot be read.
    pub fn measure(&mut self, request: &Request<'_>, document: Digest) -> Vec<(&'static str, u64)> {
        let policy = Arc::clone(&self.policy);
        let caller = Caller::default();
        let forgotten = Forgotten::new(&caller);
        let asked = Asked::new(&policy.conditions, &forgotten);
        let text = request.text();
        let entry = self.compiled(&text, request.operation_name(), Some(document));
        let Known::Judgeable(known) = &entry.known else { return Vec::new() };
        let given = coerce(&policy.schema, &known.variables, request.variables);
        let Ok(variables) = given else { return Vec::new() };
        let now = crate::admission::UnixSeconds(0);
        let bench = Bench { policy: &policy, profile: ProfileIdx::BASE, asked: &asked, now };
        let measured = known.left.iter().filter_map(|left| {
            let measured = bench.find(known, left, &variables).measured?;
            Some((policy.meta(left.rule).id, measured))
        });
        measured.collect()
    }

    /// The operation of a request, spread; nothing when it cannot be judged.
    pub fn operation(&mut self, item: &Recalled<'_>) -> Option<Arc<Operation>> {
        self.document(item, Method::Post).ok()?.operation.clone()
    }

    /// The document that an operation means, compiled.
    fn document(&mut self, item: &Recalled<'_>, method: Method) -> Result<Arc<Document>, Ruling> {
        let policy = Arc::clone(&self.policy);
        let library = &policy.documents.library;
        let text_of = |idx: DocumentIdx| library.document(idx).map(|it| &*it.text);
        let name = item.request.operation_name();
        let id = item.request.document_id.as_deref();
        let listed = match id.map(DocumentId::parse) {
            Some(Ok(id)) => library.with_id(&id),
            Some(Err(_)) | None => None,
        };
        let by_hash = item.document.and_then(|it| library.with_id(&DocumentId::Content(it)));
        if let Some(text) = listed.or(by_hash).and_then(text_of) {
            return Ok(self.compiled(text, name, None));
        }
        let came_by_id = id.is_some() && item.refused.is_none_or(|(rule, _)| rule != "documents");
        if id.is_some() && policy.documents.apq == Apq::Off {
            return Err(refused(&not_in_list()));
        }
        if method == Method::Get && policy.http.get == crate::policy::Get::Trusted {
            return Err(refused(&not_in_list()));
        }
        let Some(text) = item.request.query.as_ref().map(Literal::text) else {
            let why = match item.refused {
                _ if came_by_id => "the log does not hold the document that was meant by its id",
                Some(_) | None => "the log does not hold the document",
            };
            return Err(Ruling::Unknown(why.into()));
        };
        if item.bytes > policy.reading.bytes {
            let limit = policy.reading.bytes;
            return Err(refused(&unreadable(Refusal::TooManyBytes { limit })));
        }
        Ok(self.compiled(&text, name, item.document))
    }

    fn compiled(&mut self, text: &str, name: Option<&str>, hash: Option<Digest>) -> Arc<Document> {
        let key = (hash.map(|it| it.0).ok_or_else(|| text.into()), name.map(Into::into));
        if let Some(document) = self.seen.get(&key) {
            return Arc::clone(document);
        }
        let (mut known, operation) = compile_keeping(&self.policy, text, name);
        if let (Known::Judgeable(document), Some(Digest(hash))) = (&mut known, hash) {
            document.hash = hash;
            let excepted = self.policy.exceptions().find(&hash).map(|_| hash);
            document.excepted = excepted.or(document.excepted);
        }
        let document = Arc::new(Document { known, operation });
        self.seen.put(key, Arc::clone(&document));
        document
    }
}

/// One refused item refuses a batch; one that is unknown makes all of it unknown.
fn all_or_none(mut judged: Vec<Judged>) -> Vec<Judged> {
    let is_refused = |it: &Judged| matches!(it.ruling, Ruling::Refused { .. });
    let unknown = judged.iter().find(|it| matches!(it.ruling, Ruling::Unknown(_)));
    let innocent = if judged.iter().any(is_refused) {
        let code = Code::BATCH_REFUSED;
        Ruling::Refused {
            rule: "batch".into(),
            code: code.as_str().into(),
            detail: "another request of this batch is refused".into(),
        }
    } else if let Some(unknown) = unknown {
        unknown.ruling.clone()
    } else {
        return judged;
    };
    for it in judged.iter_mut().filter(|it| it.ruling == Ruling::Admitted) {
        it.ruling = innocent.clone();
    }
    judged
}

/// The profile of a caller of whom only the conditions are remembered.
fn profile(
    policy: &Policy,
    (asked, forgotten): (&Asked<'_>, &Forgotten<'_>),
    then: Option<&str>,
    alike: &Alike,
) -> Result<ProfileIdx, Ruling> {
    let found = policy.profile_of(asked);
    if !forgotten.was_asked() {
        return found.map_err(|it| refused(&it));
    }
    let then = then.and_then(|it| policy.profile_named(it));
    let is_known = alike.has("profiles") && alike.has("conditions");
    then.filter(|_| is_known)
        .ok_or_else(|| Ruling::Unknown("which profile it has depends on the caller".into()))
}

/// One operation of the past before the rules of today.
struct Trial<'t> {
    bench: Bench<'t>,
    forgotten: &'t Forgotten<'t>,
    alike: &'t Alike,
    item: &'t Recalled<'t>,
    is_single: bool,
}

/// What one rule says.
enum Says {
    Objects(Option<Violation>),
    Unknown(&'static str),
}

impl Trial<'_> {
    fn judge(&self, document: &Document, (method, totals): (Method, &mut Totals)) -> Judged {
        let known = match &document.known {
            Known::Judgeable(known) => known,
            Known::Refused(violation) => return Judged::of(refused(violation)),
        };
        if method == Method::Get && known.kind != OperationKind::Query {
            let code = Code::METHOD_NOT_ALLOWED.as_str().into();
            let detail = "only queries may come by GET".into();
            return Judged::of(Ruling::Refused { rule: "get".into(), code, detail });
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
                Trial { bench, ..*self }.of_rules((known, document), &variables, totals)
            }
            Err(violation) => Judged::of(refused(&violation)),
        }
    }

    /// A value that is hidden can have been wrong for its type.
    fn hidden_mistake(&self) -> Option<Ruling> {
        let (rule, code) = self.item.refused.filter(|_| self.item.hidden == Hidden::Values)?;
        if !["variables", "validation", "document"].contains(&rule) {
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
        let mut judged = Judged::of(Ruling::Admitted);
        let mut unknown = None;
        let exception = self.bench.exception(known);
        let policy = self.bench.policy;
        for (rule, applied) in policy.rules() {
            let Stance::On { mode, limit } = self.bench.stance(known, rule) else { continue };
            if exception.is_some_and(|it| it.lifts(rule)) {
                continue;
            }
            let of_rule = known.left.iter().filter(|it| it.rule == rule);
            let is_hidden = self.item.hidden == Hidden::Values
                && LOOKS_AT_VALUES.contains(&applied.meta().id)
                && self.touches(known, document, variables, rule);
            let said = if is_hidden {
                self.as_then(rule, "values that the log does not hold")
            } else {
                of_rule.fold(Says::Objects(None), |said, left| {
                    let found = self.part((known, left), variables, limit, totals, &mut judged);
                    said.and(found)
                })
            };
            match (said, mode) {
                (Says::Objects(None), _) => {}
                (Says::Objects(Some(_)), Mode::Report) => judged.reported.push(applied.meta().id),
                (Says::Objects(Some(violation)), Mode::Enforce) => {
                    if judged.ruling == Ruling::Admitted {
                        judged.ruling = refused(&violation);
                    }
                }
                (Says::Unknown(_), Mode::Report) => {}
                (Says::Unknown(what), Mode::Enforce) => {
                    let id = applied.meta().id;
                    unknown.get_or_insert_with(|| format!("`{id}` asks for {what}"));
                }
            }
        }
        if let (Some(why), Ruling::Admitted) = (unknown, &judged.ruling) {
            judged.ruling = Ruling::Unknown(why.into());
        }
        judged
    }

    /// What is left of a rule, and whether that could be told.
    fn part(
        &self,
        (known, left): (&Judgeable, &Left),
        variables: &Variables<'_>,
        limit: u64,
        totals: &mut Totals,
        judged: &mut Judged,
    ) -> Says {
        let policy = self.bench.policy;
        let asked = self.bench.asked;
        let _ = (asked.has_seen_values(), self.forgotten.was_asked());
        let found = self.bench.find(known, left, variables);
        let meta = policy.meta(left.rule);
        let measured = found.measured.map(|it| totals.add(left.rule, it));
        let measured = if meta.id == "max-document" { Some(self.item.bytes) } else { measured };
        judged.measures.extend(measured.map(|it| (meta.id, it)));
        let mut objections = found.violations;
        for (number, times) in found.tallies {
            let total = totals.tally(left.rule, number, times);
            objections.extend(policy.rule(left.rule).object_to_tally(number, total));
        }
        let over = measured.filter(|it| *it > limit).map(|it| over_limit(meta, it, limit));
        let objection = objections.into_iter().chain(over).next();
        let is_excused = objection.is_some() && policy.excuses(left.rule, asked);
        if self.forgotten.was_asked() {
            return self.as_then(left.rule, "the caller, of whom the log holds no claims");
        }
        if asked.has_seen_values() && self.item.hidden == Hidden::Values {
            return self.as_then(left.rule, "values that the log does not hold");
        }
        Says::Objects(objection.filter(|_| !is_excused))
    }

    /// Whether a rule has anything to look at here.
    fn touches(
        &self,
        known: &Judgeable,
        document: &Document,
        variables: &Variables<'_>,
        rule: RuleIdx,
    ) -> bool {
        let Some(operation) = &document.operation else { return true };
        let facts = Facts { variables, asked: self.bench.asked, document: known.facts() };
        let applied = self.bench.policy.rule(rule);
        let has_left = known.left.iter().any(|it| it.rule == rule);
        has_left || !applied.tell(operation, &facts).is_empty()
    }

    /// What the rule said then, when it would say the same today.
    fn as_then(&self, rule: RuleIdx, what: &'static str) -> Says {
        let meta = self.bench.policy.meta(rule);
        // Of what is refused before the rules are asked, nobody knows what they would have said.
        let was_judged = self
            .item
            .refused
            .is_none_or(|(rule, _)| self.bench.policy.rules().any(|(_, it)| it.meta().id == rule));
        if !self.is_single || !was_judged || !self.alike.holds_for(meta) {
            return Says::Unknown(what);
        }
        let objected = self.item.found.contains(&meta.id);
        Says::Objects(objected.then(|| Violation {
            rule: meta.id,
            code: meta.code,
            at: None,
            public: "as it was then".into(),
            detail: "as it was then".into(),
        }))
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

impl Judged {
    const fn of(ruling: Ruling) -> Self {
        Self { ruling, measures: Vec::new(), reported: Vec::new() }
    }
}

fn refused(violation: &Violation) -> Ruling {
    Ruling::Refused {
        rule: violation.rule.into(),
        code: violation.code.as_str().into(),
        detail: violation.detail.as_ref().into(),
    }
}

/// Rules for which a value of the same size is not the same.
const LOOKS_AT_VALUES: &[&str] =
    &["input-json", "input-pattern", "input-range", "input-url", "representation"];

/// 16,384: more documents than any log of ours has had.
const DOCUMENTS: NonZeroUsize = match NonZeroUsize::new(16_384) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};
