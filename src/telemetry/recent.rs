//! The last refusals, for a person who looks at the console.
//!
//! Bounded, and only a view: the audit log is the record. Nobody waits for it: a refusal that
//! meets another one here is left out.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError, TryLockError},
};

use crate::{
    telemetry::{Carrier, Refused, clock::now_millis},
    verdict::Code,
};

/// A refusal as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentRefusal {
    /// Milliseconds since 1970.
    pub at: u64,
    /// The graph, when several are told apart.
    pub graph: Option<&'static str>,
    /// What the client was told.
    pub code: Code,
    /// The rule that objected first.
    pub rule: &'static str,
    /// The coordinate, or the place in the request.
    pub coordinate: Option<Box<str>>,
    /// What the operator reads.
    pub detail: Box<str>,
    /// SHA-256 of the document, in hexadecimal digits.
    pub document: Option<Box<str>>,
    /// Its static cost.
    pub cost: Option<u64>,
    /// How it came.
    pub carrier: Carrier,
    /// The id of the request.
    pub request: Box<str>,
    /// The item of `exceptions` that would lift the limit.
    pub exception: Option<Box<str>>,
}

/// The last refusals, the newest first.
#[must_use]
pub fn recent_refusals() -> Vec<RecentRefusal> {
    let kept = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter().rev().cloned().collect()
}

pub(super) fn note(refused: &Refused<'_>) {
    let mut kept = match RECENT.try_lock() {
        Ok(kept) => kept,
        Err(TryLockError::Poisoned(kept)) => kept.into_inner(),
        // What two refuse at once, one of them shows.
        Err(TryLockError::WouldBlock) => return,
    };
    let deciding = refused.found.iter().find(|it| it.code == refused.code);
    let Some(deciding) = deciding.or_else(|| refused.found.first()) else { return };
    if kept.len() >= KEPT {
        kept.pop_front();
    }
    kept.push_back(RecentRefusal {
        at: now_millis(),
        graph: refused.about.id.graph_name(),
        code: refused.code,
        rule: deciding.rule,
        coordinate: deciding.at.clone(),
        detail: deciding.detail.chars().take(DETAIL).collect::<String>().into(),
        document: refused.document().map(|it| it.to_string().into()),
        cost: refused.subjects.first().and_then(|it| it.cost),
        carrier: refused.about.carrier,
        request: refused.about.id.to_string().into(),
        exception: refused.exception(deciding).map(Into::into),
    });
}

static RECENT: Mutex<VecDeque<RecentRefusal>> = Mutex::new(VecDeque::new());

/// 100: a screen or three.
const KEPT: usize = 100;
/// 400 characters of a detail.
const DETAIL: usize = 400;
