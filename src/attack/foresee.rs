//! What the policy itself says of a request: what it costs, and whether another rule than the one
//! that is attacked stands in the way.
//!
//! Only for choosing what is worth sending: what must become of it is not decided here.

use serde_json::Value;

use crate::{
    admission::{Explanation, Outcome, UnixSeconds, explain},
    attack::{Request, World},
    cost::SliceAdvice,
    json,
    transport::decode,
    verdict::Mode,
};

impl World<'_> {
    /// What a request costs, as the policy has it.
    pub(super) fn price(&self, request: &Request) -> Option<u64> {
        self.foreseen(request)?.cost.map(|it| it.combined)
    }

    /// The largest size in the variable of an attack with which a request passes; `None`: it is no
    /// size at all, or not even 0 passes.
    pub(super) fn largest(&self, request: &Request) -> Option<u32> {
        let told = self.foreseen(request)?.cost?.told;
        let held = |it: &&SliceAdvice| it.variable.as_deref() == Some("attack");
        told.slices.iter().find(held)?.largest
    }

    /// Whether nothing but a rule has anything against a request.
    pub(super) fn is_clear(&self, rule: &str, request: &Request) -> bool {
        let Some(told) = self.foreseen(request) else { return false };
        let others = told.lines.iter().filter(|it| it.rule.id != rule);
        let objects = |it: &Outcome| match it {
            Outcome::Excused | Outcome::Holds | Outcome::Lifted => false,
            Outcome::Measured { measured, limit, of: _ } => limit.is_some_and(|it| *measured > it),
            Outcome::Objects(_) | Outcome::TakesOut(_) => true,
        };
        let mut enforced = others.filter(|it| it.mode == Some(Mode::Enforce));
        told.deciding.is_none_or(|it| it.rule == rule) && !enforced.any(|it| objects(&it.outcome))
    }

    fn foreseen(&self, request: &Request) -> Option<Explanation> {
        let body = Value::to_string(&request.json());
        let tree = json::read(body.as_bytes(), json::Limits::default()).ok()?;
        let requests = decode(&tree, &self.policy.http).ok()?;
        let whom = (&self.caller(), UnixSeconds(0));
        Some(explain(self.policy, self.profile, &requests.first, whom))
    }
}
