//! The next policy, judged beside the one in force: what it would decide otherwise.
//!
//! In a thread of its own, after the request was answered or while it is: it changes no answer and
//! delays none. Rates are not spent, and credentials are taken as the policy in force has read them.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{
    admission::{CacheLimits, Gate, Request, Requests, UnixSeconds},
    digest::Digest,
    json::{self, Kind, Tree},
    policy::Policy,
    telemetry::{ShadowDiffers, ShadowStands},
    traffic::{Observed, Queue, Sent, Tap, panics::caught, queue::queue, read::LIMITS},
    verdict::{Verdict, ids},
};

/// A policy that is judged beside the one in force.
#[derive(Debug)]
pub struct Shadow {
    next: Arc<RwLock<Arc<Next>>>,
    cache: CacheLimits,
    tap: Tap,
}

/// A next policy, and how it did so far.
#[derive(Debug)]
struct Next {
    gate: Gate,
    n: AtomicU64,
    newly_refused: AtomicU64,
    newly_admitted: AtomicU64,
    left_out: AtomicU64,
    dropped_before: u64,
    differences: Mutex<Vec<ShadowDifference>>,
}

/// Operations of one document that the next policy decides otherwise, by one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowDifference {
    /// Whether it refuses what the one in force admits.
    pub is_refused: bool,
    /// The rule that refuses, by whichever policy does.
    pub rule: &'static str,
    /// Its code.
    pub code: &'static str,
    /// SHA-256 of the document, when it is known.
    pub document: Option<String>,
    /// How often.
    pub n: u64,
    /// The last time, in milliseconds since 1970.
    pub at: u64,
}

/// How a next policy did so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowSeen {
    /// What it calls itself.
    pub name: Box<str>,
    /// Its digest.
    pub digest: Digest,
    /// Operations that were judged by both.
    pub n: u64,
    /// How many it refuses and the one in force does not.
    pub newly_refused: u64,
    /// How many it admits and the one in force does not.
    pub newly_admitted: u64,
    /// How many were not judged: there was no room, files came with them, or we failed at them.
    pub left_out: u64,
    /// What differs, the last one first; the log has all of it.
    pub differences: Vec<ShadowDifference>,
}

impl Shadow {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(policy: Arc<Policy>, cache: CacheLimits) -> io::Result<Self> {
        let (tap, queue) = queue();
        let next = Arc::new(RwLock::new(Arc::new(Next::new(policy, cache, 0))));
        let judging = Arc::clone(&next);
        let thread = thread::Builder::new().name("shadow".into()).stack_size(STACK);
        thread.spawn(move || run(&queue, &judging))?;
        Ok(Self { next, cache, tap })
    }

    /// Judges by another policy from now on, and begins to count anew.
    pub fn replace(&self, policy: Arc<Policy>) {
        self.stand();
        let next = Arc::new(Next::new(policy, self.cache, self.tap.dropped()));
        *self.next.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// Where requests are offered.
    #[must_use]
    pub const fn tap(&self) -> &Tap {
        &self.tap
    }

    /// How it did so far.
    #[must_use]
    pub fn seen(&self) -> ShadowSeen {
        let next = present(&self.next);
        let policy = next.gate.policy();
        let count = |it: &AtomicU64| it.load(Ordering::Relaxed);
        let dropped = self.tap.dropped().saturating_sub(next.dropped_before);
        ShadowSeen {
            name: policy.name.clone(),
            digest: policy.digest,
            n: count(&next.n),
            newly_refused: count(&next.newly_refused),
            newly_admitted: count(&next.newly_admitted),
            left_out: count(&next.left_out).saturating_add(dropped),
            differences: next.differences(),
        }
    }

    /// Says in the log how it did so far.
    pub fn stand(&self) {
        let ShadowSeen { name, n, newly_refused, newly_admitted, left_out, .. } = &self.seen();
        ShadowStands {
            policy: name,
            n: *n,
            newly_refused: *newly_refused,
            newly_admitted: *newly_admitted,
            dropped: *left_out,
            criterion: &criterion(*n, *newly_refused),
        }
        .emit();
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        self.stand();
    }
}

/// What so many refusals in so many operations say of the operations to come.
///
/// When nothing was refused in n, the share that will be is below 3/n with a confidence of 95 %: if
/// it were larger, n operations without one would have come about in fewer than one of twenty cases.
#[must_use]
pub fn criterion(n: u64, refused: u64) -> String {
    if n == 0 {
        return "no operations yet".to_owned();
    }
    if refused > 0 {
        return format!("{refused} new refusals in {n} operations");
    }
    #[expect(clippy::cast_precision_loss, reason = "a bound that is told in three digits")]
    let bound = (3.0 / n as f64).min(1.0) * 100.0;
    format!("0 new refusals in {n} operations; upper bound 3/n = {bound:.3} % (95 %)")
}

impl Next {
    fn new(policy: Arc<Policy>, cache: CacheLimits, dropped_before: u64) -> Self {
        Self {
            gate: Gate::new(policy, cache),
            n: AtomicU64::new(0),
            newly_refused: AtomicU64::new(0),
            newly_admitted: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            dropped_before,
            differences: Mutex::default(),
        }
    }

    fn differences(&self) -> Vec<ShadowDifference> {
        let mut all = self.differences.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_by_key(|it| std::cmp::Reverse(it.at));
        all
    }

    /// Keeps a difference with those of its kind. When there are too many kinds, the oldest goes.
    fn keep(&self, new: ShadowDifference) {
        let mut all = self.differences.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |it: &&mut ShadowDifference| {
            (it.is_refused, it.rule, &it.document) == (new.is_refused, new.rule, &new.document)
        };
        if let Some(known) = all.iter_mut().find(is_same) {
            known.n = known.n.saturating_add(new.n);
            known.at = new.at;
            return;
        }
        if all.len() >= KEPT {
            let oldest = all.iter().enumerate().min_by_key(|(_, it)| it.at).map(|(n, _)| n);
            oldest.into_iter().for_each(|it| drop(all.swap_remove(it)));
        }
        all.push(new);
    }

    fn judge(&self, observed: &Observed) -> Option<()> {
        let trees: Option<Vec<_>> = observed.sent.iter().map(Trees::of).collect();
        let trees = trees?;
        let mut requests = trees.iter().zip(&observed.sent).map(|(it, sent)| it.request(sent));
        let requests = Requests {
            framing: observed.framing,
            first: requests.next()?,
            rest: requests.collect(),
        };
        let now = UnixSeconds(observed.at / 1000);
        let verdict = self.gate.admit(&requests, &observed.caller, now);
        let n_items = trees.len() as u64;
        self.n.fetch_add(n_items, Ordering::Relaxed);
        self.compare(observed, &verdict);
        Some(())
    }

    fn compare(&self, observed: &Observed, verdict: &Verdict) {
        let was_refused = observed.ruled.refused.iter().find(|(rule, _)| *rule != ids::BATCH);
        let is_refused = match verdict {
            Verdict::Admit(_) | Verdict::Answer(_) => None,
            Verdict::Reject(rejected) => rejected.items.iter().find(|it| it.rule != ids::BATCH),
        };
        let n_items = observed.sent.len() as u64;
        let (change, count, (rule, code)) = match (was_refused, is_refused) {
            (None, Some(it)) => ("newly-refused", &self.newly_refused, (it.rule, it.code.as_str())),
            (Some(it), None) => ("newly-admitted", &self.newly_admitted, *it),
            (None, None) | (Some(_), Some(_)) => return,
        };
        count.fetch_add(n_items, Ordering::Relaxed);
        let document = observed.sent.first().and_then(hash);
        self.keep(ShadowDifference {
            is_refused: change == "newly-refused",
            rule,
            code,
            document: document.clone(),
            n: n_items,
            at: observed.at,
        });
        ShadowDiffers {
            id: observed.id,
            change,
            rule,
            code,
            document: document.as_deref(),
            client: observed.caller.client.label.as_deref(),
        }
        .emit();
    }
}

fn present(next: &RwLock<Arc<Next>>) -> Arc<Next> {
    Arc::clone(&next.read().unwrap_or_else(PoisonError::into_inner))
}

fn run(queue: &Queue, next: &RwLock<Arc<Next>>) {
    while let Some(observed) = queue.wait() {
        let next = present(next);
        if caught(observed.id, || next.judge(&observed)).flatten().is_none() {
            next.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What of a request others borrow from.
struct Trees<'s> {
    query: Option<Tree<'s>>,
    variables: Option<Tree<'s>>,
}

impl<'s> Trees<'s> {
    /// Nothing, when it cannot be judged without what came beside it.
    fn of(sent: &'s Sent) -> Option<Self> {
        let read = |it: &'s Option<Box<str>>| {
            it.as_deref()
                .map(|it| json::read(it.as_bytes(), LIMITS).ok())
                .map_or(Some(None), |it| Some(Some(it?)))
        };
        (!sent.has_files).then_some(())?;
        Some(Self { query: read(&sent.query)?, variables: read(&sent.variables)? })
    }

    fn request<'r>(&'r self, sent: &'r Sent) -> Request<'r> {
        let variables = self.variables.as_ref().map(Tree::root);
        Request {
            query: self.query.as_ref().and_then(|it| it.root().literal()),
            document_id: sent.document_id.as_deref().map(Into::into),
            operation_name: sent.name.as_deref().map(Into::into),
            variables: variables.filter(|it| it.kind() == Kind::Object),
            ..Request::default()
        }
    }
}

/// Of the document, as it was sent.
fn hash(sent: &Sent) -> Option<String> {
    let tree = json::read(sent.query.as_deref()?.as_bytes(), LIMITS).ok()?;
    Some(Digest::of(tree.root().string()?.as_bytes()).to_string())
}

/// 50 kinds of differences: more is for the log.
const KEPT: usize = 50;
/// 8 MiB, as the workers: documents are compiled here as well.
const STACK: usize = 8 * 1024 * 1024;
