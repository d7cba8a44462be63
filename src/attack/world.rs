//! What an attack knows: the policy, what it means, and the ways through its schema.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use crate::{
    attack::{
        Intent, Persona,
        access::Sight,
        route::{self, Route},
        sizes::{self, Size},
    },
    expression::Asked,
    identity::{Caller, Client, Identity, Seen},
    policy::{Policy, ProfileIdx, Stance},
    schema::{FieldId, InputId, OperationKind, Schema, TypeId},
    verdict::Mode,
};

/// What an attack knows.
#[derive(Debug)]
pub struct World<'p> {
    pub(super) policy: &'p Policy,
    pub(super) intent: &'p Intent,
    /// What a report calls whoever sends; `None`: as whom the attack is made.
    pub(super) who: Option<Arc<str>>,
    /// As whom requests are sent; `None`: anonymous.
    pub(super) identity: Option<Arc<Identity>>,
    /// The profile that this one is judged under.
    pub(super) profile: ProfileIdx,
    /// The shortest way to every object type that the caller may go.
    pub(super) routes: BTreeMap<TypeId, Route>,
    /// The arguments that say how long a list is, where the cost of that is limited.
    pub(super) sizes: BTreeMap<FieldId, Size>,
    /// The places in the intent of what is demanded of an input.
    pub(super) demanded: BTreeMap<InputId, Vec<usize>>,
}

impl<'p> World<'p> {
    /// Looks around as somebody.
    #[must_use]
    pub fn new(policy: &'p Policy, intent: &'p Intent, persona: &Persona) -> Self {
        let (who, identity) = (persona.name().cloned(), persona.identity().cloned());
        let (profile, routes, sizes) = (ProfileIdx::BASE, BTreeMap::new(), BTreeMap::new());
        let demanded = BTreeMap::new();
        let mut world = Self { policy, intent, who, identity, profile, routes, sizes, demanded };
        let caller = world.caller();
        let seen = Seen::new(&caller);
        let profile = policy.profile_of(&Asked::new(&policy.conditions, &seen));
        world.profile = profile.unwrap_or(ProfileIdx::BASE);
        world.demanded = world.by_input();
        if world.enforces("cost").is_some() {
            world.sizes = sizes::all(&world);
        }
        world.routes = route::all(&world);
        world
    }

    /// Whoever sends, as the firewall sees it.
    pub(super) fn caller(&self) -> Caller {
        let client = Client { ip: Some(Ipv4Addr::LOCALHOST.into()), ..Client::default() };
        Caller { identity: self.identity.clone(), client, ..Caller::default() }
    }

    pub(super) fn schema(&self) -> &'p Schema {
        &self.policy.schema
    }

    /// The number of a limit that is enforced, and the code of its refusal.
    pub(super) fn limit(&self, setting: &str) -> Option<Limit> {
        let mut rules = self.policy.rules();
        let (idx, _) = rules.find(|(it, _)| self.policy.meta(*it).setting == setting)?;
        let meta = self.policy.meta(idx);
        let caller = self.caller();
        let seen = Seen::new(&caller);
        if self.policy.excuses(idx, &Asked::new(&self.policy.conditions, &seen)) {
            return None;
        }
        match self.policy.stance(self.profile, idx) {
            Stance::On { mode: Mode::Enforce, limit } => {
                Some(Limit { rule: meta.id, code: meta.code.as_str(), max: limit })
            }
            Stance::On { mode: Mode::Report, .. } | Stance::Off => None,
        }
    }

    /// Whether a rule is enforced.
    pub(super) fn enforces(&self, id: &str) -> Option<Limit> {
        let mut rules = self.policy.rules();
        let (idx, _) = rules.find(|(it, _)| self.policy.meta(*it).id == id)?;
        self.limit(self.policy.meta(idx).setting)
    }

    /// A field of the query root that leads to an object: its text in front of a selection set, and
    /// the object type.
    pub(super) fn carrier(&self) -> Option<(String, TypeId)> {
        let root = self.schema().root(OperationKind::Query)?;
        let start = Route { kind: OperationKind::Query, root, hops: Vec::new() };
        let mut best: Option<(usize, String, TypeId)> = None;
        for hop in route::steps(self, &start) {
            let ty = &self.schema().field(hop.field).ty;
            let Some(text) = self.call(hop.field) else { continue };
            let weight = (ty.list_depth() as usize).saturating_mul(1000).saturating_add(text.len());
            let is_better = best.as_ref().is_none_or(|(it, ..)| weight < *it);
            if self.schema().ty(ty.named).is_object() && is_better {
                best = Some((weight, text, ty.named));
            }
        }
        best.map(|(_, text, ty)| (text, ty))
    }

    /// A selection of a field, whatever its type.
    pub(super) fn selected(&self, field: FieldId) -> Option<String> {
        let call = self.call(field)?;
        let named = self.schema().field(field).ty.named;
        let is_composite = self.schema().ty(named).is_composite();
        Some(if is_composite { format!("{call} {{ __typename }}") } else { call })
    }

    /// True when a request may carry a directive.
    pub(super) fn takes_directive(&self, name: &str) -> bool {
        match &self.intent.directives {
            Some(listed) => listed.iter().any(|it| it == name),
            None => self.schema().directives().iter().any(|it| *it.name == *name),
        }
    }

    /// True when the caller may select a field there.
    pub(super) fn may(&self, sight: Sight) -> bool {
        matches!(sight, Sight::Allowed | Sight::Open)
    }
}

/// A limit that is enforced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) rule: &'static str,
    pub(super) code: &'static str,
    pub(super) max: u64,
}
