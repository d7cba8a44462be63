//! Documents that replicas have seen: automatic persisted queries by way of Redis.
//!
//! Judges nothing: what comes from there is a text with the right hash, and no more.

use std::rc::Rc;

use crate::{
    admission::{Gate, Requests},
    quota::Link,
};

/// Asks for what requests name and nobody here knows. Without an answer it is not found.
pub(super) async fn ask(gate: &Gate, link: Option<&Rc<Link>>, requests: &Requests<'_>) {
    let Some(link) = link else { return };
    let lacks = gate.lacks(requests);
    if lacks.is_empty() {
        return;
    }
    let policy = gate.policy();
    let found = Box::pin(link.documents(&policy.name, lacks)).await;
    for (hash, text) in found.unwrap_or_default() {
        // A text that nobody may send is not worth its memory.
        if u64::try_from(text.len()).is_ok_and(|it| it <= policy.http.body) {
            gate.remember(hash, &text);
        }
    }
}

/// Leaves what was admitted for replicas.
pub(super) fn leave(gate: &Gate, link: Option<&Rc<Link>>, requests: &Requests<'_>) {
    let Some(link) = link else { return };
    for (hash, text) in gate.shares(requests) {
        link.leave_document(&gate.policy().name, hash, &text);
    }
}
