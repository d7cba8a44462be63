//! The judge, on one screen.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ahash::RandomState;

use crate::{
    admission::{
        CacheLimits, Request, Requests, UnixSeconds,
        cache::{Cache, Share},
        compile::{compile, no_such_operation, several_operations},
        introspected::kept_apart,
        judge::{Bench, Ready, Refused},
        known::{Entry, Known},
        named::{Named, Names, lacks, to_remember},
        refusal::unreadable,
        remembered::Remembered,
        totals::Totals,
        trusted::TrustedDocuments,
        usage::{Usage, Use},
        watch::Follow,
    },
    digest::Digest,
    document::Refusal,
    expression::Asked,
    identity::{Caller, Method, Seen},
    json::Literal,
    policy::{Apq, DocumentIdx, Policy, ProfileIdx},
    verdict::{Admitted, Answered, Code, Framing, Rejected, Verdict, Violation, ids},
};

/// A policy in force, with the documents it has seen.
#[derive(Debug)]
pub struct Gate {
    policy: Arc<Policy>,
    cache: Cache,
    trusted: TrustedDocuments,
    /// How many texts were compiled that clients sent.
    compiled: AtomicU64,
    remembered: Remembered,
}

impl Gate {
    /// A gate that has seen nothing yet. Where documents lie in its cache is random.
    #[must_use]
    pub fn new(policy: Arc<Policy>, limits: CacheLimits) -> Self {
        Self::with_cache(policy, Cache::new(limits, RandomState::new()))
    }

    /// The same with a fixed seed, so that instruction counts can be compared.
    #[must_use]
    pub fn with_seed(policy: Arc<Policy>, limits: CacheLimits, seed: u64) -> Self {
        let hasher = RandomState::with_seeds(seed, seed, seed, seed);
        Self::with_cache(policy, Cache::new(limits, hasher))
    }

    fn with_cache(policy: Arc<Policy>, cache: Cache) -> Self {
        let trusted = TrustedDocuments::of(&policy);
        let (remembered, compiled) = (Remembered::new(), AtomicU64::new(0));
        Self { policy, cache, trusted, compiled, remembered }
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Judges the requests of one HTTP request: all are admitted, or none.
    #[must_use]
    pub fn admit(&self, requests: &Requests<'_>, caller: &Caller, now: UnixSeconds) -> Verdict {
        self.admit_and_follow(requests, caller, now).0
    }

    /// The same with what there is to do with the answers.
    #[must_use]
    pub fn admit_and_follow(
        &self,
        requests: &Requests<'_>,
        caller: &Caller,
        now: UnixSeconds,
    ) -> (Verdict, Follow) {
        let (seen, method) = (Seen::new(caller), caller.way.carrier());
        let asked = Asked::new(&self.policy.conditions, &seen);
        let (profile, unanswered) = match self.policy.choose(&asked) {
            Ok(chosen) => chosen,
            Err(it) => return (Verdict::Reject(Rejected::whole(it)), Follow::default()),
        };
        let bench = Bench { policy: &self.policy, profile, asked: &asked, now };
        let (mut verdict, follow) = self.judge(bench, requests, method);
        if let Some(unanswered) = unanswered {
            verdict.report(unanswered);
        }
        (verdict, follow)
    }

    /// The verdict under a given profile.
    #[must_use]
    pub fn admit_under(
        &self,
        profile: ProfileIdx,
        requests: &Requests<'_>,
        caller: &Caller,
        now: UnixSeconds,
    ) -> Verdict {
        let (seen, method) = (Seen::new(caller), caller.way.carrier());
        let asked = Asked::new(&self.policy.conditions, &seen);
        self.judge(Bench { policy: &self.policy, profile, asked: &asked, now }, requests, method).0
    }

    fn judge(
        &self,
        bench: Bench<'_>,
        requests: &Requests<'_>,
        method: Method,
    ) -> (Verdict, Follow) {
        let mut totals = Totals::of(requests);
        let mut judged = |request: &Request<'_>| match self.entry(request, method) {
            Ok(entry) => {
                let judged = bench.judge_document(request, (&entry.known, method), &mut totals);
                let judged = entry.known.name(judged);
                (Some(entry), judged)
            }
            Err(refused) => (None, Err(refused)),
        };
        let verdict = match (requests.framing, requests.rest.as_slice()) {
            (Framing::Single, []) => {
                let (entry, judged) = judged(&requests.first);
                entry.inspect(|it| it.known.count(judged.as_ref().ok().map(Ready::cost)));
                decide_one(judged)
            }
            (framing, _) => {
                let (entries, judged): (Vec<_>, Vec<_>) = requests.iter().map(judged).unzip();
                let costs: Vec<_> =
                    judged.iter().map(|it| it.as_ref().ok().map(Ready::cost)).collect();
                let verdict = decide(framing, judged);
                // What is fine by itself is refused with the rest of its batch.
                let goes_on = !matches!(verdict.0, Verdict::Reject(_));
                for (entry, cost) in entries.iter().zip(costs) {
                    let entry = entry.as_ref();
                    entry.inspect(|it| it.known.count(cost.filter(|_| goes_on)));
                }
                verdict
            }
        };
        if matches!(verdict.0, Verdict::Admit(_)) {
            let kept = requests.iter().filter_map(|it| to_remember(&self.policy, it));
            kept.for_each(|(hash, text)| self.remembered.put(hash, &text));
        }
        verdict
    }

    /// What it keeps, and which document came how often.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let (kept, n_refused) = self.cache.kept();
        let of = |known: &Known, trusted| Use::of(known, trusted);
        let n_documents = kept.len();
        let mut uses: Vec<_> = kept.iter().filter_map(|it| of(&it.known, None)).collect();
        for (idx, document) in self.policy.documents.library.iter() {
            let entries = self.trusted.entries(idx);
            uses.extend(entries.filter_map(|it| of(&it.known, Some(document))));
        }
        Usage { n_documents, n_refused, compiled: self.compiled.load(Ordering::Relaxed), uses }
    }

    /// The documents that requests name, nobody here knows, and replicas may.
    #[must_use]
    pub fn lacks(&self, requests: &Requests<'_>) -> Vec<Digest> {
        if self.policy.documents.apq != Apq::Shared {
            return Vec::new();
        }
        let names = Names { policy: &self.policy, remembered: &self.remembered };
        requests.iter().filter_map(|it| lacks(names, it)).collect()
    }

    /// Takes a text whose hash this is. It is judged whenever it is asked for.
    pub fn remember(&self, hash: Digest, text: &str) {
        self.remembered.put(hash, text);
    }

    /// The texts of requests that were admitted, for replicas.
    #[must_use]
    pub fn shares<'r>(&self, requests: &'r Requests<'_>) -> Vec<(Digest, Cow<'r, str>)> {
        if self.policy.documents.apq != Apq::Shared {
            return Vec::new();
        }
        requests.iter().filter_map(|it| to_remember(&self.policy, it)).collect()
    }

    /// What is known of a request's document, compiled now if need be.
    fn entry(&self, request: &Request<'_>, method: Method) -> Result<Arc<Entry>, Refused> {
        let names = Names { policy: &self.policy, remembered: &self.remembered };
        let named = names.find(request, method).map_err(Refused::for_one)?;
        let operation_name = request.operation_name();
        match named {
            Named::Remembered(text) => self.entry_of(&Literal::of(&text), operation_name),
            Named::Text(literal) => self.entry_of(literal, operation_name),
            Named::Trusted(idx) => self.trusted_entry(idx, operation_name),
        }
    }

    fn trusted_entry(
        &self,
        idx: DocumentIdx,
        operation_name: Option<&str>,
    ) -> Result<Arc<Entry>, Refused> {
        let entry = self.trusted.entry(idx, operation_name).cloned();
        // One that has a single operation is found without a name.
        let why = if operation_name.is_none() { several_operations } else { no_such_operation };
        entry.ok_or_else(|| Refused::for_one(why()))
    }

    /// What is known of a text. What is in the cache is not trusted: a text that a manifest lists
    /// never gets there.
    fn entry_of(
        &self,
        literal: &Literal<'_>,
        operation_name: Option<&str>,
    ) -> Result<Arc<Entry>, Refused> {
        let written = literal.as_written();
        let key = self.cache.key(written, operation_name);
        if let Some(entry) = self.cache.get(key, written, operation_name) {
            return Ok(entry);
        }
        let limit = self.policy.reading.bytes;
        let Some(text) = literal.text_within(limit) else {
            // Refused by its length alone: nothing worth keeping.
            return Err(Refused::for_one(unreadable(Refusal::TooManyBytes { limit })));
        };
        if let Some(idx) = self.policy.documents.library.with_text(&text) {
            return self.trusted_entry(idx, operation_name);
        }
        self.compiled.fetch_add(1, Ordering::Relaxed);
        let mut known = compile(&self.policy, &text, operation_name);
        let share = match &known {
            Known::Judgeable(_) => Share::Judgeable,
            Known::Refused(..) => Share::Refused,
        };
        let Some(uses) = self.cache.wants(key) else {
            let literal = Box::default();
            return Ok(Arc::new(Entry { operation_name: None, literal, known }));
        };
        known.settle();
        let operation_name = operation_name.map(Into::into);
        let entry = Arc::new(Entry { operation_name, literal: written.into(), known });
        self.cache.put(key, share, (Arc::clone(&entry), uses));
        Ok(entry)
    }
}

/// A request that is no batch.
fn decide_one(judged: Result<Ready, Refused>) -> (Verdict, Follow) {
    match judged {
        Err(Refused { deciding, found, subject }) => {
            let (items, subjects) = (vec![deciding], vec![*subject]);
            let rejected =
                Rejected { framing: Framing::Single, items, found: found.into_vec(), subjects };
            (Verdict::Reject(rejected), Follow::default())
        }
        Ok(Ready { answer: Some(answer), item, .. }) => {
            let answered = Answered { body: answer.body.into_bytes(), items: vec![item] };
            (Verdict::Answer(answered), Follow::default())
        }
        Ok(Ready { body, item, followed, answer: None }) => {
            let admitted = Admitted::new(body.into_bytes(), vec![item]);
            (Verdict::Admit(admitted), Follow::of_one(followed))
        }
    }
}

/// All or nothing: one refused item refuses the batch, and the innocent ones are told so.
fn decide(framing: Framing, judged: Vec<Result<Ready, Refused>>) -> (Verdict, Follow) {
    let judged = kept_apart(judged);
    if judged.iter().any(Result::is_err) {
        let (items, found, subjects) = (Vec::new(), Vec::new(), Vec::new());
        let mut rejected = Rejected { framing, items, found, subjects };
        for result in judged {
            match result {
                Ok(ready) => {
                    rejected.items.push(innocent());
                    rejected.found.extend(ready.item.reported);
                }
                Err(refused) => {
                    rejected.items.push(refused.deciding);
                    rejected.found.extend(refused.found);
                    rejected.subjects.push(*refused.subject);
                }
            }
        }
        return (Verdict::Reject(rejected), Follow::default());
    }
    let ready: Vec<_> = judged.into_iter().flatten().collect();
    let framed = |bodies: Vec<String>| match framing {
        // The one body is handed on, not copied.
        Framing::Single => bodies.into_iter().collect::<String>().into_bytes(),
        Framing::Array => format!("[{}]", bodies.join(",")).into_bytes(),
    };
    // A batch is answered here when all of it is; else all of it goes on.
    let is_answered = ready.iter().all(|it| it.answer.is_some());
    let mut items = Vec::with_capacity(ready.len());
    let mut bodies = Vec::with_capacity(ready.len());
    let mut all = Vec::with_capacity(ready.len());
    for Ready { body, answer, item, followed } in ready {
        items.push(item);
        all.push(followed);
        let answer = answer.filter(|_| is_answered).map(|it| it.body);
        bodies.push(answer.unwrap_or(body));
    }
    if is_answered {
        return (Verdict::Answer(Answered { body: framed(bodies), items }), Follow::default());
    }
    let follow = Follow::of(framing, all);
    (Verdict::Admit(Admitted::new(framed(bodies), items)), follow)
}

fn innocent() -> Violation {
    Violation::new(ids::BATCH, Code::BATCH_REFUSED, "another request of this batch was refused")
}
