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
        judge::Bench,
        known::{Known, Part},
        named::{Names, disagreement, id_required},
        recalled::{Alike, Forgotten, Hidden, Recalled, Recollection},
        refusal::unreadable,
        remembered::Remembered,
        retrial::Retrial,
        totals::Totals,
    },
    digest::{Digest, TextDigest},
    document::Refusal,
    expression::Asked,
    identity::{Caller, Method},
    json::Literal,
    operation::{Operation, coerce},
    policy::{Apq, DocumentIdx, Get, Policy, ProfileIdx, manifest::DocumentId},
    verdict::{Code, Violation, ids},
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
    /// What rules have measured, of what goes on where they look at that.
    pub measures: Vec<(&'static str, u64)>,
    /// Why some have measured nothing: what goes on is not known.
    pub unmeasured: Option<Box<str>>,
    /// The rules that would refuse it, were it not for report mode.
    pub reported: Vec<&'static str>,
}

/// A text by its hash or, where that is not known, by itself, and the operation to select.
type Key = (Result<[u8; 32], Box<str>>, Option<Box<str>>);

#[derive(Debug)]
pub(super) struct Document {
    pub(super) known: Known,
    pub(super) operation: Option<Arc<Operation>>,
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
            let retrial = Retrial { bench, forgotten: &forgotten, alike, item, is_single };
            retrial.judge(&document, (past.way.carrier(), &mut totals))
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

    /// What rules measure of an operation whatever comes with it.
    pub fn fixed(&mut self, text: &str, name: Option<&str>) -> Vec<(&'static str, u64)> {
        let document = self.compiled(text, name, None);
        let Known::Judgeable(known) = &document.known else { return Vec::new() };
        let measured = known.left.iter().filter_map(|left| match left.part {
            Part::Measured(measured) => Some((self.policy.meta(left.rule).id, measured)),
            Part::Depends(_) | Part::DependsUnselected(_) | Part::Violated(_) => None,
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
        if item.hidden == Hidden::Files {
            return Err(Ruling::Unknown("files came with it".into()));
        }
        let name = item.request.operation_name();
        if let Some(listed) = listed(&policy, item, method)? {
            return Ok(self.compiled(listed, name, None));
        }
        let Some(text) = item.request.query.as_ref().map(Literal::text) else {
            return Err(Ruling::Unknown("the log does not hold the document".into()));
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
        if let (Known::Judgeable(document), Some(hash)) = (&mut known, hash) {
            document.hash = TextDigest::Made(hash);
            let excepted = self.policy.exceptions().find(&hash.0).map(|_| hash.0);
            document.excepted = excepted.or(document.excepted);
        }
        let document = Arc::new(Document { known, operation });
        self.seen.put(key, Arc::clone(&document));
        document
    }
}

/// The text that a manifest lists, when it is that which is meant; an error when the id with which
/// it came is none that counts.
fn listed<'p>(
    policy: &'p Policy,
    item: &Recalled<'_>,
    method: Method,
) -> Result<Option<&'p str>, Ruling> {
    let library = &policy.documents.library;
    let text_of = |idx: DocumentIdx| library.document(idx).map(|it| &*it.text);
    let is_listed = item.document.and_then(|it| library.with_id(&DocumentId::Content(it)));
    let only_ids = method == Method::Get && policy.http.get == Get::Trusted;
    if only_ids && item.has_text {
        return Err(refused(&id_required()));
    }
    let Some(id) = item.request.document_id.as_deref() else {
        return Ok(is_listed.and_then(text_of));
    };
    let remembered = Remembered::new();
    let names = Names { policy, remembered: &remembered };
    let unknown = |id: Option<&DocumentId>| refused(&names.unknown(id, item.has_text));
    let Ok(id) = DocumentId::parse(id) else { return Err(unknown(None)) };
    if let Some(idx) = library.with_id(&id) {
        let is_same = !item.has_text || is_listed.and_then(text_of) == text_of(idx);
        return if is_same { Ok(text_of(idx)) } else { Err(refused(&disagreement())) };
    }
    let DocumentId::Content(hash) = id else { return Err(unknown(Some(&id))) };
    if item.has_text && item.document != Some(hash) {
        return Err(refused(&disagreement()));
    }
    // Which texts were remembered then is only known by what was said.
    let was_unknown =
        !item.has_text && item.refused.is_some_and(|(rule, _)| rule == ids::DOCUMENTS);
    if policy.documents.apq == Apq::Off || only_ids || was_unknown {
        return Err(unknown(Some(&id)));
    }
    Ok(None)
}

/// One refused item refuses a batch; one that is unknown makes all of it unknown.
fn all_or_none(mut judged: Vec<Judged>) -> Vec<Judged> {
    let is_refused = |it: &Judged| matches!(it.ruling, Ruling::Refused { .. });
    let unknown = judged.iter().find(|it| matches!(it.ruling, Ruling::Unknown(_)));
    let innocent = if judged.iter().any(is_refused) {
        let code = Code::BATCH_REFUSED;
        Ruling::Refused {
            rule: ids::BATCH.into(),
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

impl Judged {
    pub(super) const fn of(ruling: Ruling) -> Self {
        Self { ruling, measures: Vec::new(), unmeasured: None, reported: Vec::new() }
    }
}

pub(super) fn refused(violation: &Violation) -> Ruling {
    Ruling::Refused {
        rule: violation.rule.into(),
        code: violation.code.as_str().into(),
        detail: violation.detail.as_ref().into(),
    }
}

/// 16,384: more documents than any log of ours has had.
const DOCUMENTS: NonZeroUsize = match NonZeroUsize::new(16_384) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};
