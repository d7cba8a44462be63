//! A request as it was judged: a copy that outlives it.

use std::sync::Arc;

use crate::{
    admission::Requests,
    identity::Caller,
    policy::Policy,
    telemetry::RequestId,
    verdict::{Code, Framing, Verdict},
};

/// One HTTP request or message that was judged.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The request.
    pub id: RequestId,
    /// When it was judged: milliseconds since 1970.
    pub at: u64,
    /// What it was judged by.
    pub policy: Arc<Policy>,
    /// Who sent it.
    pub caller: Caller,
    /// How it was framed.
    pub framing: Framing,
    /// Its operations, at least one.
    pub sent: Vec<Sent>,
    /// What was decided.
    pub ruled: Ruled,
    /// What came of it.
    pub heard: Heard,
}

/// One operation as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The text of the document, as the JSON literal that it came as.
    pub query: Option<Box<str>>,
    /// The id of the document.
    pub document_id: Option<Box<str>>,
    /// The operation to select.
    pub name: Option<Box<str>>,
    /// The variables, as JSON text.
    pub variables: Option<Box<str>>,
    /// Whether files came for some of them.
    pub has_files: bool,
}

/// What was decided.
#[derive(Clone, Debug, Default)]
pub struct Ruled {
    /// How it ended, in a word.
    pub verdict: &'static str,
    /// What refused each item: rule and code; empty when it was admitted.
    pub refused: Vec<(&'static str, &'static str)>,
    /// Every rule that objected with its code, also in report mode.
    pub found: Vec<(&'static str, &'static str)>,
    /// The static cost of each item, of what goes on, where it was asked for.
    pub costs: Vec<Option<u64>>,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// With which code it was refused though the judge let it pass: by a rate, or over a socket.
    pub refused: Option<Code>,
    /// The status that the client was told.
    pub status: Option<u16>,
    /// Microseconds until the upstream answered.
    pub upstream: Option<u64>,
    /// The length of the answer, when it was known before it came.
    pub bytes: Option<u64>,
    /// What the answer did cost, as far as it came: both measures.
    pub actual: Option<(u64, u64)>,
}

impl Observed {
    /// What was judged; nothing came of it yet.
    #[must_use]
    pub fn new(
        (id, at): (RequestId, u64),
        policy: &Arc<Policy>,
        (requests, caller): (&Requests<'_>, &Caller),
        verdict: &Verdict,
    ) -> Self {
        let sent = requests.iter().map(|it| Sent {
            query: it.query.as_ref().map(|it| it.as_written().into()),
            document_id: it.document_id.as_deref().map(Into::into),
            name: it.operation_name.as_deref().map(Into::into),
            variables: it.variables.map(|it| it.text().into()),
            has_files: it.variables.is_some_and(crate::json::Value::holds_file),
        });
        Self {
            id,
            at,
            policy: Arc::clone(policy),
            caller: caller.clone(),
            framing: requests.framing,
            sent: sent.collect(),
            ruled: Ruled::of(verdict),
            heard: Heard::default(),
        }
    }

    /// Roughly how much memory it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let texts =
            self.sent.iter().flat_map(|it| [&it.query, &it.document_id, &it.name, &it.variables]);
        let texts = texts.flatten().map(|it| it.len());
        texts.fold(FIXED, usize::saturating_add)
    }
}

impl Ruled {
    /// The static cost of an item, as it was judged.
    #[must_use]
    pub fn cost(&self, item: usize) -> Option<u64> {
        self.costs.get(item).copied().flatten()
    }

    /// Whether something may have been taken out of what went on.
    #[must_use]
    pub fn is_reduced(&self, policy: &Policy) -> bool {
        let has_found = |id: &str| self.found.iter().any(|(it, _)| *it == id);
        let mut rules = policy.rules();
        self.refused.is_empty() && rules.any(|(_, it)| it.takes_out() && has_found(it.meta().id))
    }

    fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Admit(admitted) => Self::passed("admit", admitted.items()),
            Verdict::Answer(answered) => Self::passed("answer", &answered.items),
            Verdict::Reject(rejected) => Self {
                verdict: "reject",
                refused: rejected.items.iter().map(|it| (it.rule, it.code.as_str())).collect(),
                found: rejected.found.iter().map(|it| (it.rule, it.code.as_str())).collect(),
                costs: rejected.subjects.iter().map(|it| it.cost).collect(),
            },
        }
    }

    fn passed(verdict: &'static str, items: &[crate::verdict::Item]) -> Self {
        let reported = items.iter().flat_map(|it| &it.reported);
        let found = reported.map(|it| (it.rule, it.code.as_str())).collect();
        let costs = items.iter().map(|it| it.cost).collect();
        Self { verdict, refused: Vec::new(), found, costs }
    }
}

/// 512 bytes beside the texts.
const FIXED: usize = 512;
