//! Sized lists inside sized lists: sizes that are small by themselves multiply to the largest cost
//! that just passes, and to more.

use std::collections::BTreeSet;

use crate::{
    attack::{
        Attempt, Request, Side, World,
        deliver::type_text,
        limits::ways_in,
        nested::Walk,
        route::{self, Hop, Route},
        sample::VARIABLE,
        shapes::in_fragment,
        sizes::{self, Size},
        world::Limit,
    },
    schema::OperationKind,
};

/// Attempts against the limit on cost, by every sized list that stands inside another.
pub(super) fn attempts(world: &World<'_>, limit: Limit) -> Vec<Attempt> {
    let mut all = Vec::new();
    for (n_levels, most) in LEVELS {
        let towers = towers(world, limit, n_levels).into_iter().take(MAX_LOOKED_AT);
        let found = towers.map(|it| it.attempts()).filter(|it| !it.is_empty());
        all.extend(found.take(most).flatten());
    }
    all
}

/// One for every sized list that so many levels can end in.
fn towers<'w>(world: &'w World<'_>, limit: Limit, n_levels: usize) -> Vec<Tower<'w>> {
    let weigh = |hop: Hop| {
        let is_assumed = world.policy.cost.assumed(hop.field).is_some_and(|it| it > 1);
        let is_sized = world.sizes.contains_key(&hop.field);
        (usize::from(is_sized), if is_assumed { 100 } else { 1 })
    };
    let around = n_levels.saturating_sub(1);
    let walk = Walk { weigh: &weigh, wanted: around };
    let Some(root) = world.schema().root(OperationKind::Query) else { return Vec::new() };
    let Some((reached, _)) = walk.until(world, &|_| false) else { return Vec::new() };
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for at in reached.places().filter(|it| it.0 == around) {
        let route = Route { kind: OperationKind::Query, root, hops: reached.hops(at) };
        for hop in route::steps(world, &route) {
            if world.sizes.contains_key(&hop.field) && seen.insert(hop.field) {
                all.extend(Tower::new(world, limit, route.then(hop)));
            }
        }
    }
    all
}

/// A way through several sized lists, down to the last of them.
struct Tower<'w> {
    world: &'w World<'w>,
    limit: Limit,
    route: Route,
    /// The sized lists: their places on the way.
    levels: Vec<(usize, &'w Size)>,
    /// What is selected in the last.
    bottom: String,
}

impl<'w> Tower<'w> {
    fn new(world: &'w World<'_>, limit: Limit, route: Route) -> Option<Self> {
        let bottom = sizes::bottom(world, &route)?;
        let hops = (0..).zip(&route.hops);
        let levels = hops.filter_map(|(n, hop)| Some((n, world.sizes.get(&hop.field)?))).collect();
        Some(Self { world, limit, route, levels, bottom })
    }

    fn attempts(&self) -> Vec<Attempt> {
        let outer_first: Vec<_> = (0..self.levels.len()).collect();
        let inner_first: Vec<_> = outer_first.iter().rev().copied().collect();
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for order in [inner_first, outer_first] {
            if let Some(sizes) = self.filled(&order)
                && let Some(turned) = order.last()
                && seen.insert((sizes.clone(), *turned))
            {
                all.extend(self.around(&sizes, *turned).unwrap_or_default());
            }
        }
        all
    }

    /// The largest sizes that pass together, each as large as those before it leave room for;
    /// `None` when all of them at their largest do.
    fn filled(&self, order: &[usize]) -> Option<Vec<u32>> {
        let mut sizes: Vec<_> = self.levels.iter().map(|(_, it)| it.least()).collect();
        for level in order {
            let (least, most) = self.levels.get(*level)?.1.room;
            let largest = self.world.largest(&self.written(&sizes, Some(*level))?)?;
            let size = sizes.get_mut(*level)?;
            *size = largest.min(most);
            (*size >= least).then_some(())?;
        }
        let may_grow = |(size, (_, level)): (&u32, &(usize, &Size))| *size < level.room.1;
        sizes.iter().zip(&self.levels).any(may_grow).then_some(sizes)
    }

    /// These sizes, and with one of them larger.
    fn around(&self, sizes: &[u32], turned: usize) -> Option<Vec<Attempt>> {
        if !self.world.is_clear(self.limit.rule, &self.written(sizes, None)?) {
            return None;
        }
        let mut all = Vec::new();
        let mut over = sizes.to_vec();
        let size = over.get_mut(turned)?;
        *size = size.saturating_add(1);
        let fits = *size <= self.levels.get(turned)?.1.room.1;
        let beyond = fits.then_some((over.as_slice(), Side::Beyond));
        for (sizes, side) in [(sizes, Side::Within)].into_iter().chain(beyond) {
            let plain = self.written(sizes, None)?;
            let fragment = in_fragment(self.world, &plain.query);
            all.push(self.attempt("nested", plain, side));
            all.push(self.attempt("nested, fragment", fragment, side));
            let variable = self.written(sizes, Some(turned))?;
            all.extend(ways_in(self.world, &self.attempt("nested, variable", variable, side)));
        }
        all.extend(self.filled_up(sizes, turned).unwrap_or_default());
        Some(all)
    }

    /// The rest that nesting leaves, in a list beside it: so the limit is met to the number.
    fn filled_up(&self, sizes: &[u32], turned: usize) -> Option<Vec<Attempt>> {
        let mut sizes = sizes.to_vec();
        let (least, most) = self.levels.first()?.1.room;
        // Budget: two tries; the first may leave no room.
        for _ in 0..2 {
            let largest = self.world.largest(&self.beside(&sizes, least)?);
            if let Some(n) = largest.filter(|it| (least..most).contains(it)) {
                let sides = [(n, Side::Within), (n.saturating_add(1), Side::Beyond)];
                let attempts = sides.map(|(n, side)| {
                    Some(self.attempt("nested, and one beside", self.beside(&sizes, n)?, side))
                });
                return attempts.into_iter().collect();
            }
            let size = sizes.get_mut(turned)?;
            *size = size.checked_sub(1)?;
        }
        None
    }

    /// With sizes for its levels, one of them in a variable.
    fn written(&self, sizes: &[u32], open: Option<usize>) -> Option<Request> {
        let selection = self.selection(sizes, open, "")?;
        let Some(open) = open else { return Some(Request::new(format!("query {{{selection} }}"))) };
        let defined = self.defined(open)?;
        let request = Request::new(format!("query ({defined}) {{{selection} }}"));
        Some(request.with("attack", (*sizes.get(open)?).into()))
    }

    /// The same with the outermost list once more, and its size in a variable.
    fn beside(&self, sizes: &[u32], n: u32) -> Option<Request> {
        let place = self.levels.first()?.0;
        let hops = self.route.hops.get(..=place)?.to_vec();
        let route = Route { hops, ..self.route.clone() };
        let other = Self::new(self.world, self.limit, route)?;
        let (nested, single) = (self.selection(sizes, None, "a: ")?, &[n]);
        let single = other.selection(single, Some(0), "z: ")?;
        let text = format!("query ({}) {{{nested}{single} }}", self.defined(0)?);
        Some(Request::new(text).with("attack", n.into()))
    }

    fn selection(&self, sizes: &[u32], open: Option<usize>, alias: &str) -> Option<String> {
        self.route.with_calls(self.world, &self.bottom, &|n, hop| {
            let alias = if n == 0 { alias } else { "" };
            let level = self.levels.iter().position(|(place, _)| *place == n);
            let call = match level {
                None => self.world.call(hop.field)?,
                Some(level) if Some(level) == open => self.world.sized(hop.field, VARIABLE)?,
                Some(level) => self.world.sized(hop.field, &sizes.get(level)?.to_string())?,
            };
            Some(format!("{alias}{call}"))
        })
    }

    /// The definition of the variable for the size of a level.
    fn defined(&self, level: usize) -> Option<String> {
        let schema = self.world.schema();
        let leaf = *self.levels.get(level)?.1.chain.last()?;
        Some(format!("{VARIABLE}: {}", type_text(schema, &schema.input(leaf).ty)))
    }

    fn attempt(&self, way: &'static str, request: Request, side: Side) -> Attempt {
        let schema = self.world.schema();
        let last = self.levels.last().zip(self.route.hops.last());
        let at = last.and_then(|((_, size), hop)| {
            let name = &schema.input(*size.chain.last()?).name;
            Some(format!("{}({name}:)", schema.coordinate(hop.field)))
        });
        let attempt = Attempt::beyond(self.limit.rule, self.limit.code, request);
        attempt.about(at.unwrap_or_default(), way).on(side)
    }
}

/// How many levels are tried, and how many towers of each at most.
const LEVELS: [(usize, usize); 2] = [(2, 4), (3, 2)];
/// Towers that are looked at, whether they lead to an attempt or not.
const MAX_LOOKED_AT: usize = 16;
