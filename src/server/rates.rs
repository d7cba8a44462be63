//! What a request spends of the rates of the policy, in three steps: before its body is read, when
//! its caller is known, and when it is admitted.
//!
//! What was spent stays spent when a later step refuses. Does not count; that is for `quota`.

use std::net::IpAddr;

use crate::{
    identity::Caller,
    policy::{Counts, RateKey},
    quota::{Key, Quota, Quotas},
    telemetry::{Reported, RequestId},
    transport::Refusal,
    verdict::{Item, Mode},
};

/// The rates, and the request that spends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates<'r> {
    pub(super) quotas: &'r Quotas,
    pub(super) id: RequestId,
}

impl Rates<'_> {
    /// One request of an address. The address is looked for only if there is such a rate.
    pub(super) fn of_address(self, address: impl Fn() -> IpAddr) -> Result<(), Refusal> {
        for quota in self.quotas.iter() {
            if quota.rate.counts == Counts::Requests && quota.rate.key == RateKey::Address {
                self.spend(quota, &Key::of_address(address()), 1)?;
            }
        }
        Ok(())
    }

    /// One request of a caller.
    pub(super) fn of_caller(self, caller: &Caller) -> Result<(), Refusal> {
        for quota in self.quotas.iter() {
            if quota.rate.counts == Counts::Requests && quota.rate.key != RateKey::Address {
                self.spend(quota, &Key::of_caller(&quota.rate.key, caller), 1)?;
            }
        }
        Ok(())
    }

    /// The calls and the cost of what is admitted, over all items of a batch.
    pub(super) fn of_items(self, caller: &Caller, items: &[Item]) -> Result<(), Refusal> {
        for (place, quota) in self.quotas.iter().enumerate() {
            let spent = items.iter().flat_map(|it| &it.spent).filter(|it| it.rate == place);
            let amount = spent.map(|it| it.amount).fold(0, u64::saturating_add);
            if amount > 0 {
                self.spend(quota, &Key::of_caller(&quota.rate.key, caller), amount)?;
            }
        }
        Ok(())
    }

    fn spend(self, quota: &Quota, key: &Key, amount: u64) -> Result<(), Refusal> {
        let Err(exceeded) = quota.limiter.spend(&quota.rate, key, amount) else { return Ok(()) };
        match quota.rate.mode {
            Mode::Enforce => Err(Refusal::Limited(exceeded)),
            Mode::Report => {
                Reported { id: self.id, violation: &exceeded.violation }.emit();
                Ok(())
            }
        }
    }
}
