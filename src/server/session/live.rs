//! The live operations of a socket, under the client's ids and our numbers.

use crate::{
    digest::Digest,
    response::Guard,
    schema::OperationKind,
    server::{held::Held, traced::Subscribed, watched::Counting},
};

/// What happens to the answers to an operation, beside that they go on.
#[derive(Debug, Default)]
pub(super) struct Follow {
    /// Reads them; nothing, when the policy leaves them as they are.
    pub(super) guard: Option<Box<Guard>>,
    /// What the operation has spent, until it ends.
    pub(super) counting: Option<Box<Counting>>,
    /// The span of the operation, until it is answered.
    pub(super) traced: Subscribed,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// The client's name for it.
    pub(super) id: Box<str>,
    /// Ours; never used twice on a socket, so that a late answer to an operation that was ended
    /// cannot pass for one to its successor.
    pub(super) n: u64,
    kind: OperationKind,
    /// The request as the client wrote it, to be judged again under another policy.
    pub(super) payload: Box<str>,
    /// The request as it went on.
    pub(super) body: Digest,
    /// Where the payload is counted.
    _held: Held,
    /// What happens to its answers.
    pub(super) follow: Follow,
    /// How often it was answered.
    n_events: u32,
}

/// All of them. Few: a policy says how many.
#[derive(Debug, Default)]
pub(super) struct Live {
    all: Vec<Operation>,
    /// How many there have been.
    n: u64,
}

impl Live {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there have been.
    pub(super) const fn n_begun(&self) -> u64 {
        self.n
    }

    /// One of them, by our number.
    pub(super) fn number(&mut self, n: u64) -> Option<&mut Operation> {
        self.all.iter_mut().find(|it| it.n == n)
    }

    /// The client's name for the only one.
    pub(super) fn only(&self) -> Option<&str> {
        match self.all.as_slice() {
            [only] => Some(&only.id),
            _ => None,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.all.iter()
    }

    pub(super) fn holds(&self, id: &str) -> bool {
        self.all.iter().any(|it| &*it.id == id)
    }

    /// Counts an answer; how many there have been.
    pub(super) fn answered(&mut self, n: u64) -> u32 {
        let Some(it) = self.number(n) else { return 0 };
        it.n_events = it.n_events.saturating_add(1);
        it.n_events
    }

    /// Adds one, and gives it a number.
    pub(super) fn begin(
        &mut self,
        (id, payload): (&str, &str),
        (kind, body): (OperationKind, &[u8]),
        (follow, held): (Follow, Held),
    ) -> u64 {
        self.n = self.n.saturating_add(1);
        self.all.push(Operation {
            id: id.into(),
            n: self.n,
            kind,
            payload: payload.into(),
            body: Digest::of(body),
            _held: held,
            follow,
            n_events: 0,
        });
        self.n
    }

    /// Settles what an operation has spent, by its first answer when that is all.
    pub(super) fn settle(&mut self, n: u64, answer: &str) {
        let Some(Operation { follow, .. }) = self.number(n) else { return };
        follow.traced.answered();
        if let Some(counting) = &mut follow.counting {
            counting.message(answer.as_bytes());
        }
    }

    /// Takes one out, by the client's name.
    pub(super) fn end(&mut self, id: &str) -> Option<u64> {
        let idx = self.all.iter().position(|it| &*it.id == id)?;
        Some(self.all.swap_remove(idx).n)
    }

    /// Takes out what has no end of its own; our numbers.
    pub(super) fn end_subscriptions(&mut self) -> Vec<u64> {
        let is_one = |it: &Operation| it.kind == OperationKind::Subscription;
        let ended = self.all.iter().filter(|it| is_one(it)).map(|it| it.n).collect();
        self.all.retain(|it| !is_one(it));
        ended
    }

    /// Takes one out, by our number.
    pub(super) fn end_number(&mut self, n: u64) -> Option<Operation> {
        let idx = self.all.iter().position(|it| it.n == n)?;
        Some(self.all.swap_remove(idx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::held::Ceiling;

    fn followed() -> (Follow, Held) {
        (Follow::default(), Ceiling::new(0).hold())
    }

    #[test]
    fn ids_come_again_and_numbers_do_not() {
        let mut live = Live::default();
        let query = (OperationKind::Query, &b""[..]);
        assert_eq!(live.begin(("a", ""), query, followed()), 1);
        assert_eq!(live.begin(("b", ""), query, followed()), 2);
        assert_eq!((live.answered(1), live.answered(1), live.answered(9)), (1, 2, 0));
        assert!(live.holds("a") && !live.holds("c"));
        assert_eq!((live.end("a"), live.end("a"), live.end("c")), (Some(1), None, None));
        assert_eq!(
            (
                live.begin(("a", ""), query, followed()),
                live.number(1).is_some(),
                live.number(3).is_some()
            ),
            (3, false, true)
        );
        assert_eq!(live.end_number(3).map(|it| it.id), Some("a".into()));
        assert_eq!((live.end_number(3).is_none(), live.len(), live.n_begun()), (true, 1, 3));
    }

    #[test]
    fn only_subscriptions_have_no_end_of_their_own() {
        let mut live = Live::default();
        let kinds = [OperationKind::Subscription, OperationKind::Mutation, OperationKind::Query];
        for (id, kind) in ["s", "m", "q"].into_iter().zip(kinds) {
            live.begin((id, ""), (kind, b""), followed());
        }
        assert_eq!((live.end_subscriptions(), live.end_subscriptions()), (vec![1], Vec::new()));
        assert!(live.holds("m") && live.holds("q") && !live.holds("s"));
    }
}
