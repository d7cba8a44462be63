//! A client that waits for an answer, and may leave before it comes.
//!
//! What ran for it is dropped then, with all that knows of the request, and no other line of the log
//! would say so.

use std::cell::Cell;

use crate::{
    server::drain::Drain,
    telemetry::{ClientLeft, RequestId},
};

/// A request that is not answered yet. Dropped before, it says that its client has left, unless the
/// process has cut it off, which tells how many it did.
#[derive(Debug)]
pub(super) struct Waiting<'d> {
    id: RequestId,
    drain: &'d Drain,
    /// Whether it was on its way to the upstream, which it may not have reached.
    is_forwarded: Cell<bool>,
    is_answered: Cell<bool>,
}

impl<'d> Waiting<'d> {
    pub(super) const fn new(id: RequestId, drain: &'d Drain) -> Self {
        Self { id, drain, is_forwarded: Cell::new(false), is_answered: Cell::new(false) }
    }

    pub(super) fn forwarded(&self) {
        self.is_forwarded.set(true);
    }

    pub(super) fn answered(&self) {
        self.is_answered.set(true);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered.get() && !self.drain.has_cut_off() {
            ClientLeft { id: self.id, is_forwarded: self.is_forwarded.get() }.emit();
        }
    }
}
