//! A small executor: collects fields as the specification says, answers them at random, and counts
//! what it does. Knows nothing of the cost module.

use serde_json::{Map, Value, json};

use crate::{
    query::{Condition, Query, Selection, Slice, key},
    world::{DEFAULT_LIST, Random, Returns, World},
};

/// What execution did, by the two measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) types: i64,
    pub(crate) fields: i64,
}

/// Fields of one response key: the field, its first selection, all selections below.
struct Collected<'a> {
    first: &'a Selection,
    below: Vec<&'a Selection>,
}

pub(crate) struct Executor<'a> {
    pub(crate) world: &'a World,
    pub(crate) query: &'a Query,
}

/// The size that a parent hands down.
type HandedDown = Option<u32>;

impl<'a> Executor<'a> {
    /// An answer with random types, lengths and nulls, within the sizes.
    pub(crate) fn run(&self, random: &mut Random) -> (Value, Work) {
        let mut work = Work::default();
        let selections = self.query.selections.iter().collect::<Vec<_>>();
        let value = self.object((0, &selections, None), random, &mut work);
        (value, work)
    }

    /// The most that any answer can cost, by trying every type everywhere, each measure by itself.
    pub(crate) fn most(&self) -> Work {
        let selections = self.query.selections.iter().collect::<Vec<_>>();
        self.most_of(0, &selections, None)
    }

    fn object(
        &self,
        (object, selections, size): (usize, &[&'a Selection], HandedDown),
        random: &mut Random,
        work: &mut Work,
    ) -> Value {
        let mut map = Map::new();
        for (key, collected) in self.collect(object, selections) {
            let (field, arguments) = self.field(collected.first);
            work.fields += (self.world.call(object, field) + arguments).max(0);
            let it = &self.world.catalogue[field];
            let sizes = self.sizes(collected.first, size);
            let handed_down = it.sized.then(|| self.own_size(collected.first));
            let value = |random: &mut Random, work: &mut Work| match it.returns {
                _ if random.one_in(8) => Value::Null,
                Returns::Leaf => json!(1),
                Returns::Type(ty) => {
                    work.types += self.world.weight(ty);
                    let possible = &self.world.types[ty].possible;
                    let object = possible[random.upto(possible.len())];
                    self.object((object, &collected.below, handed_down), random, work)
                }
            };
            let value = match sizes.as_slice() {
                [] => value(random, work),
                [size] => list(*size, random, &mut |random| value(random, work)),
                [outer, inner, ..] => list(*outer, random, &mut |random| {
                    list(*inner, random, &mut |random| value(random, work))
                }),
            };
            map.insert(key, value);
        }
        Value::Object(map)
    }

    fn most_of(&self, ty: usize, selections: &[&'a Selection], size: HandedDown) -> Work {
        let mut most = Work::default();
        for object in &self.world.types[ty].possible {
            let mut sum = Work::default();
            for (_, collected) in self.collect(*object, selections) {
                let (field, arguments) = self.field(collected.first);
                let it = &self.world.catalogue[field];
                let mut one = Work::default();
                if let Returns::Type(ty) = it.returns {
                    let handed_down = it.sized.then(|| self.own_size(collected.first));
                    one = self.most_of(ty, &collected.below, handed_down);
                    one.types += self.world.weight(ty);
                }
                let sizes = self.sizes(collected.first, size);
                let n: i64 = sizes.iter().map(|it| i64::from(*it)).product();
                sum.types += n * one.types;
                sum.fields += n * one.fields + (self.world.call(*object, field) + arguments).max(0);
            }
            most.types = most.types.max(sum.types);
            most.fields = most.fields.max(sum.fields);
        }
        most
    }

    /// GraphQL §6.3.2, `CollectFields`.
    fn collect(&self, object: usize, selections: &[&'a Selection]) -> Vec<(String, Collected<'a>)> {
        let mut found: Vec<(String, Collected<'a>)> = Vec::new();
        let mut open: Vec<&'a Selection> = selections.iter().rev().copied().collect();
        while let Some(selection) = open.pop() {
            match selection {
                Selection::Field { when, below, .. } if self.holds(*when) => {
                    let key = key(self.world, selection).unwrap();
                    match found.iter_mut().find(|it| it.0 == key) {
                        Some((_, collected)) => collected.below.extend(below),
                        None => {
                            let below = below.iter().collect();
                            found.push((key, Collected { first: selection, below }));
                        }
                    }
                }
                Selection::Inline { on, when, below }
                    if self.holds(*when) && self.world.types[*on].possible.contains(&object) =>
                {
                    open.extend(below.iter().rev());
                }
                Selection::Spread { fragment, when } if self.holds(*when) => {
                    let (on, below) = &self.query.fragments[*fragment];
                    if self.world.types[*on].possible.contains(&object) {
                        open.extend(below.iter().rev());
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn holds(&self, when: Option<Condition>) -> bool {
        when.is_none_or(|(variable, must_be)| self.query.booleans[variable] == must_be)
    }

    /// The field, and what its arguments weigh.
    fn field(&self, selection: &Selection) -> (usize, i64) {
        let Selection::Field { field, weighed, .. } = selection else { unreachable!() };
        // `w: { x: 1, in: {} }`: 1 for `w`; two objects at 1; 2 for `x`; −4 for each default `y`.
        (*field, if *weighed { 1 + 2 + 2 - 8 } else { 0 })
    }

    fn own_size(&self, selection: &Selection) -> u32 {
        let Selection::Field { field, slice, .. } = selection else { unreachable!() };
        let it = &self.world.catalogue[*field];
        let otherwise = it.assumed.unwrap_or(DEFAULT_LIST);
        match (it.slicing, self.query.resolved(*slice)) {
            (Some(_), Slice::Literal(value)) => value,
            (Some(Some(default)), Slice::Absent) => default,
            _ => otherwise,
        }
    }

    fn sizes(&self, selection: &Selection, handed_down: HandedDown) -> Vec<u32> {
        let Selection::Field { field, .. } = selection else { unreachable!() };
        let it = &self.world.catalogue[*field];
        let is_sized = it.name == "edges" || it.name == "nodes";
        let outer = handed_down.filter(|_| is_sized).unwrap_or_else(|| self.own_size(selection));
        let inner = it.assumed.unwrap_or(DEFAULT_LIST);
        (0..it.list_depth).map(|level| if level == 0 { outer } else { inner }).collect()
    }
}

fn list(size: u32, random: &mut Random, value: &mut dyn FnMut(&mut Random) -> Value) -> Value {
    if random.one_in(10) {
        return Value::Null;
    }
    let n = random.below(u64::from(size) + 1);
    let n = if random.one_in(2) { u64::from(size) } else { n };
    Value::Array((0..n).map(|_| value(random)).collect())
}
