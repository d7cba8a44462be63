//! What an operation may cost: the largest size that just passes and one more, by every way in
//! which a size can be given.
//!
//! What things cost is taken from the policy as it is compiled: prices are its own, and so is the
//! largest size that passes.

use crate::attack::{
    Attempt, Request, Side, Transport, World,
    deliver::{self, Site},
    limits::ways_in,
    sample::VARIABLE,
    sizes, towers,
    world::Limit,
};

/// Attempts against the limit on cost.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let Some(limit) = world.enforces("cost") else { return Vec::new() };
    let Some(number) = world.schema().type_named("Int") else { return Vec::new() };
    let mut all = Vec::new();
    let mut n_sites = 0_usize;
    for input in world.inputs_of(number) {
        let Some(room) = sizes::room(world, input) else { continue };
        for site in deliver::sites(world, input) {
            let site = site.with_list(world);
            let slice = Slice { world, limit, site, room };
            if n_sites < MAX_SITES
                && let Some(found) = slice.attempts()
            {
                all.extend(found);
                n_sites = n_sites.saturating_add(1);
            }
        }
    }
    all.extend(towers::attempts(world, limit));
    all
}

/// A size that decides about the cost, and where it is given.
struct Slice<'w> {
    world: &'w World<'w>,
    limit: Limit,
    site: Site,
    /// What else is demanded of it.
    room: (u32, u32),
}

impl Slice<'_> {
    fn attempts(&self) -> Option<Vec<Attempt>> {
        let first = self.written(&[], 1, false)?;
        // Not a size at all, or one that nothing depends on.
        self.world.largest(&first)?;
        let (before, largest) = self.calls()?;
        let mut all = Vec::new();
        for (n, side) in self.sides(largest) {
            if before.is_empty() {
                let (ways, world) = (deliver::ways(self.world, &self.site, &n.into()), self.world);
                all.extend(ways.into_iter().flat_map(|(way, request)| {
                    let attempt = self.attempt(way, request, side);
                    if way.starts_with("variable") {
                        ways_in(world, &attempt)
                    } else {
                        vec![attempt]
                    }
                }));
            } else {
                let request = self.written(&before, n, false)?;
                let attempt = self.attempt("aliases", request, side);
                all.extend(ways_in(self.world, &attempt));
            }
            let request = self.written(&before, n, true)?;
            all.push(self.attempt("fragment", request, side));
        }
        if before.is_empty() {
            all.extend(self.shared(largest / 2));
        }
        Some(all)
    }

    /// How many calls with the largest size there is still leave room for another, and for how
    /// large a one.
    fn calls(&self) -> Option<(Vec<u32>, u32)> {
        let (least, most) = self.room;
        let left = |n: usize| {
            let largest = self.world.largest(&self.written(&vec![most; n], 1, false)?);
            largest.filter(|it| *it >= least)
        };
        let single = left(0)?;
        if single < most {
            return Some((Vec::new(), single));
        }
        let (mut fine, mut over) = (0, MAX_CALLS);
        // Bisection: every call takes of what is left.
        while over.abs_diff(fine) > 1 {
            let middle = usize::midpoint(fine, over);
            if left(middle).is_some() {
                fine = middle;
            } else {
                over = middle;
            }
        }
        let (before, largest) = (vec![most; fine], left(fine).filter(|it| *it < most)?);
        let request = self.written(&before, largest, false)?;
        let is_few = fine <= MAX_UNASKED || self.world.is_clear(self.limit.rule, &request);
        is_few.then_some((before, largest))
    }

    /// A part of what passes in a first call, and the rest in another: of the same operation, or of
    /// another item of a batch.
    fn shared(&self, part: u32) -> Vec<Attempt> {
        let mut all = Vec::new();
        let write = |n| self.written(&[part], n, false);
        let rest = write(1).and_then(|it| self.world.largest(&it));
        for (n, side) in rest.map(|it| self.sides(it)).into_iter().flatten() {
            all.extend(write(n).map(|it| self.attempt("aliases", it, side)));
        }
        let single = |n| self.written(&[], n, false);
        let rest = single(part).and_then(|first| {
            let left = self.limit.max.checked_sub(self.world.price(&first)?)?;
            Some((first, self.largest_within(left)?))
        });
        let Some((first, rest)) = rest.filter(|_| self.world.policy.http.batch.get() > 1) else {
            return all;
        };
        for (n, side) in self.sides(rest) {
            let requests = [first.clone()].into_iter().chain(single(n)).collect();
            let attempt = self.attempt("two of a batch", Request::default(), side);
            all.push(Attempt { requests, transport: Transport::Batch, ..attempt });
        }
        all
    }

    fn sides(&self, largest: u32) -> Vec<(u32, Side)> {
        let both = [(largest, Side::Within), (largest.saturating_add(1), Side::Beyond)];
        let (least, most) = self.room;
        both.into_iter().filter(|(n, _)| (least..=most).contains(n)).collect()
    }

    fn attempt(&self, way: &'static str, request: Request, side: Side) -> Attempt {
        let schema = self.world.schema();
        let name = self.site.leaf().map(|it| &*schema.input(it).name).unwrap_or_default();
        let at = format!("{}({name}:)", schema.coordinate(self.site.field()));
        Attempt::beyond(self.limit.rule, self.limit.code, request).about(at, way).on(side)
    }

    /// Calls with these sizes, and one with the size in a variable.
    fn written(&self, before: &[u32], last: u32, in_fragment: bool) -> Option<Request> {
        let schema = self.world.schema();
        let (argument, whole) = self.site.whole(self.world, last.into())?;
        let ty = &schema.input(argument).ty;
        let literal = |n: &u32| {
            let (_, whole) = self.site.whole(self.world, (*n).into())?;
            Some(self.world.literal(ty, &whole))
        };
        let before = before.iter().map(literal).collect::<Option<Vec<_>>>()?;
        let named = (0..).zip(&before).map(|(n, it)| (format!("a{n}"), it.as_str()));
        let named: Vec<_> = named.chain([("z".to_owned(), VARIABLE)]).collect();
        let calls: Vec<_> = named.iter().map(|(alias, it)| (alias.as_str(), *it)).collect();
        let defined = format!("{VARIABLE}: {}", deliver::type_text(schema, ty));
        let text = self.site.several(self.world, &defined, &calls, in_fragment)?;
        Some(Request::new(text).with("attack", whole))
    }

    /// The largest size below another limit: what another item of a batch leaves.
    fn largest_within(&self, limit: u64) -> Option<u32> {
        let passes = |n| {
            let request = self.written(&[], n, false);
            request.and_then(|it| self.world.price(&it)).is_some_and(|it| it <= limit)
        };
        let (mut fine, mut over) = (self.room.0, self.room.1);
        if !passes(fine) || passes(over) {
            return None;
        }
        // Bisection: a price does not fall when a size grows.
        while over.abs_diff(fine) > 1 {
            let middle = fine.midpoint(over);
            if passes(middle) {
                fine = middle;
            } else {
                over = middle;
            }
        }
        Some(fine)
    }
}

/// Sizes that are tried.
const MAX_SITES: usize = 24;
/// Calls of one field that are made when a single one is bounded by something else.
const MAX_CALLS: usize = 64;
/// As many are made even where another rule objects.
const MAX_UNASKED: usize = 8;
