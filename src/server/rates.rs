//! What a request spends of the rates of the policy, in three steps: before its body is read, when
//! its caller is known, and when it is admitted. The one place where any transport spends.
//!
//! What was spent stays spent when a later step refuses. Does not count; that is for `quota`.

use std::{net::IpAddr, rc::Rc, sync::Arc};

use http::HeaderMap;

use crate::{
    digest::Digest,
    expression::Asked,
    faults::{Stage, point},
    identity::{Caller, Seen},
    policy::{Allowance, OnError, Paced, ProfileIdx, Rate, RateKey},
    quota::{Exceeded, Key, Link, Meter, NotTaken, Quota},
    server::{
        charges::{Charge, Charges, Part},
        logged,
        state::State,
    },
    telemetry::{About, Judged, Reported, RequestId},
    transport::{Refusal, presented},
    verdict::{Fault, Item, Mode},
};

/// The rates, and the request that spends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates<'r> {
    pub(super) state: &'r State,
    pub(super) link: Option<&'r Rc<Link>>,
    pub(super) id: RequestId,
}

/// Who spends, and the headers that say more of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spender<'r> {
    pub(super) caller: &'r Caller,
    pub(super) headers: &'r HeaderMap,
}

impl Rates<'_> {
    /// One request of an address. The address is looked for only if there is such a rate.
    pub(super) async fn of_address(
        self,
        address: impl Fn() -> IpAddr,
        charges: &mut Charges,
    ) -> Result<(), Refusal> {
        for quota in self.quotas(ProfileIdx::BASE) {
            if quota.rate.counts_requests() && quota.rate.key == RateKey::Address {
                self.spend(quota, Key::of_address(address()), ONE, charges).await?;
            }
        }
        Ok(())
    }

    /// One request of a caller.
    pub(super) async fn of_caller(
        self,
        spender: Spender<'_>,
        charges: &mut Charges,
    ) -> Result<(), Refusal> {
        for quota in self.quotas(self.profile(spender.caller)) {
            if quota.rate.counts_requests() && quota.rate.key != RateKey::Address {
                let named = self.named(&quota.rate.key, spender);
                let key = Key::of(&quota.rate.key, spender.caller, named);
                self.spend(quota, key, ONE, charges).await?;
            }
        }
        Ok(())
    }

    /// Charges what goes on or is answered here, and tells of it: in one place, so that no transport
    /// serves what another one counts.
    pub(super) async fn of_served<'s>(
        self,
        spender: Spender<'_>,
        (items, about): (&'s [Item], &'s dyn Fn() -> About<'s>),
        charges: &mut Charges,
    ) -> Result<(), Refusal> {
        logged::reported(self.id, items);
        point(Stage::ItemRates).await?;
        self.of_items(spender, items, charges).await?;
        Judged { graph: self.id.graph(), about, items }.emit();
        Ok(())
    }

    /// The documents, the calls and the cost of what is served, over all items of a batch.
    async fn of_items(
        self,
        spender: Spender<'_>,
        items: &[Item],
        charges: &mut Charges,
    ) -> Result<(), Refusal> {
        if items.iter().all(|it| it.spent.is_empty()) {
            return Ok(());
        }
        for (place, quota) in self.quotas(self.profile(spender.caller)).iter().enumerate() {
            for (of, parts) in parts(place, items) {
                let named = of.or_else(|| self.named(&quota.rate.key, spender));
                let key = Key::of(&quota.rate.key, spender.caller, named);
                let amount = parts.iter().map(|it| it.amount).fold(0, u64::saturating_add);
                if amount > 0 {
                    self.spend(quota, key, (amount, parts), charges).await?;
                }
            }
        }
        Ok(())
    }

    async fn spend(
        self,
        quota: &Quota,
        key: Key,
        (amount, parts): (u64, Vec<Part>),
        charges: &mut Charges,
    ) -> Result<(), Refusal> {
        let (limiter, paced) = match (&quota.meter, &quota.rate.allowance) {
            (Meter::Paced(limiter), Allowance::Paced(paced)) => (limiter, paced),
            (Meter::InFlight(it), _) => {
                let begun = it.begin(&quota.rate, &key, amount);
                let begun = begun.map(|slot| charges.run(slot));
                return begun.or_else(|exceeded| self.refuse(&quota.rate, exceeded));
            }
            (Meter::Paced(_), Allowance::InFlight(_)) => return Ok(()),
        };
        let is_lost = self.link.is_some_and(|it| !it.is_up());
        // What this process has spent by itself, all replicas have spent together.
        let held = match limiter.spend(&quota.rate, &key, amount) {
            Ok(held) => held,
            Err(_) if is_lost && quota.rate.on_error == OnError::Allow => return Ok(()),
            Err(exceeded) => return self.refuse(&quota.rate, exceeded),
        };
        let (rate, limiter) = (Arc::clone(&quota.rate), Arc::clone(limiter));
        let Some(link) = self.link else {
            if rate.is_settled() {
                charges.hold(Charge::new(rate, limiter, (key, held), parts));
            }
            return Ok(());
        };
        // Held before anything is waited for: a call of whoever goes meanwhile has not failed.
        charges.hold(Charge::new(rate, limiter, (key.clone(), held), parts));
        // Boxed: without Redis nobody carries room for it about.
        Box::pin(self.spend_together(link, (quota, paced), (key, amount), charges)).await
    }

    /// Spends what this process has allowed from the budget of all replicas.
    async fn spend_together(
        self,
        link: &Rc<Link>,
        (quota, paced): (&Quota, &Paced),
        (key, amount): (Key, u64),
        charges: &mut Charges,
    ) -> Result<(), Refusal> {
        match link.take((&*quota.scope, &*quota.rate, paced), &key, amount).await {
            Ok(taken) => charges.confirm(Some((Rc::clone(link), taken))),
            Err(NotTaken::Exceeded(exceeded)) => {
                charges.undo(amount);
                return self.refuse(&quota.rate, exceeded);
            }
            Err(NotTaken::Unavailable) if quota.rate.on_error == OnError::Deny => {
                charges.undo(amount);
                return self.unavailable(&quota.rate);
            }
            Err(NotTaken::Unavailable) => charges.confirm(None),
        }
        Ok(())
    }

    fn refuse(self, rate: &Rate, exceeded: Box<Exceeded>) -> Result<(), Refusal> {
        match rate.mode {
            Mode::Enforce => Err(Refusal::Limited(exceeded)),
            Mode::Report => {
                let violation = &exceeded.violation;
                Reported { id: self.id, violation, beside: &[], document: None }.emit();
                Ok(())
            }
        }
    }

    fn unavailable(self, rate: &Rate) -> Result<(), Refusal> {
        match rate.mode {
            Mode::Enforce => {
                let detail = format!("rate `{}`: the shared budget cannot be asked", rate.name);
                Err(Fault::Unavailable { detail: detail.into() }.into())
            }
            Mode::Report => Ok(()),
        }
    }

    fn quotas(&self, profile: ProfileIdx) -> &[Quota] {
        self.state.quotas.of_profile(profile)
    }

    /// Whose numbers count. Where that has no answer the judge refuses.
    fn profile(self, caller: &Caller) -> ProfileIdx {
        if !self.state.quotas.differ() {
            return ProfileIdx::BASE;
        }
        let policy = self.state.gate.policy();
        let seen = Seen::new(caller);
        policy.profile_of(&Asked::new(&policy.conditions, &seen)).unwrap_or(ProfileIdx::BASE)
    }

    /// What the headers say of whose quota it is.
    fn named(&self, key: &RateKey, spender: Spender<'_>) -> Option<[u8; 32]> {
        match key {
            RateKey::ApiKey => {
                let found = presented(spender.headers, self.state.credentials()).ok()?;
                found.api_key.map(|it| Digest::of(it).0)
            }
            RateKey::Header(name) => {
                let mut all = spender.headers.get_all(&**name).iter().peekable();
                all.peek()?;
                let text: Vec<_> = all.map(http::HeaderValue::as_bytes).collect();
                Some(Digest::of(&text.join(&b"\n"[..])).0)
            }
            RateKey::Address
            | RateKey::Argument(_)
            | RateKey::Caller
            | RateKey::Claim(_)
            | RateKey::Document => None,
        }
    }
}

/// One request, which no answer settles.
const ONE: (u64, Vec<Part>) = (1, Vec::new());

/// What the items spend of one rate, by whose quota it is.
fn parts(rate: usize, items: &[Item]) -> Vec<(Option<[u8; 32]>, Vec<Part>)> {
    let mut all: Vec<(Option<[u8; 32]>, Vec<Part>)> = Vec::new();
    for (item, spent) in
        items.iter().enumerate().flat_map(|(n, it)| it.spent.iter().map(move |it| (n, it)))
    {
        if spent.rate != rate {
            continue;
        }
        let part = Part { item, amount: spent.amount, keys: spent.keys.clone() };
        match all.iter_mut().find(|(of, _)| *of == spent.of) {
            Some((_, parts)) => parts.push(part),
            None => all.push((spent.of, vec![part])),
        }
    }
    all
}
