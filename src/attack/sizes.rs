//! The arguments that say how long a list is: where they stand, and how small and how large they
//! may be.
//!
//! Which they are is taken from the policy as it is compiled, as all prices are.

use std::collections::BTreeMap;

use crate::{
    attack::{
        World, deliver,
        route::{self, Hop, Route},
        values,
    },
    schema::{FieldId, InputId},
};

/// An argument that says how long a list is.
#[derive(Clone, Debug)]
pub(super) struct Size {
    /// The argument, and the input fields below it down to the number.
    pub(super) chain: Vec<InputId>,
    /// The smallest and the largest value that the demands on it admit.
    pub(super) room: (u32, u32),
}

impl Size {
    /// The smallest that still makes one item.
    pub(super) fn least(&self) -> u32 {
        self.room.0.max(1).min(self.room.1)
    }
}

/// The first such argument of every field that has one.
pub(super) fn all(world: &World<'_>) -> BTreeMap<FieldId, Size> {
    let fields = world.schema().types().flat_map(|(id, _)| world.schema().fields(id));
    let sized = fields.filter_map(|field| {
        let mut chains = world.policy.cost.sizing(field).into_iter();
        let size = chains.find_map(|chain| {
            let room = room(world, *chain.last()?)?;
            Some(Size { chain, room })
        });
        Some((field, size?))
    });
    sized.collect()
}

/// The smallest and the largest value that the demands on an input admit; `None`: they ask for
/// something else than a range.
pub(super) fn room(world: &World<'_>, input: InputId) -> Option<(u32, u32)> {
    let (mut least, mut most) = (0_i64, i64::from(i32::MAX));
    for it in world.demands(input) {
        if it.rule != "input-range" {
            return None;
        }
        let (low, high) = values::ends(&it.node);
        (least, most) = (least.max(low.unwrap_or(least)), most.min(high.unwrap_or(most)));
    }
    Some((u32::try_from(least).ok()?, u32::try_from(most).ok()?))
}

/// What is selected below the last field of a way so that its size counts: in the list itself, or
/// in one that the field says the size of, such as the edges of a connection.
pub(super) fn bottom(world: &World<'_>, route: &Route) -> Option<String> {
    let schema = world.schema();
    let ty = &schema.field(route.hops.last()?.field).ty;
    if ty.list_depth() > 0 {
        return Some("__typename".to_owned());
    }
    let is_told = |it: &Hop| {
        let is_list = schema.field(it.field).ty.list_depth() > 0;
        is_list && it.on == ty.named && world.policy.cost.assumed(it.field).is_none()
    };
    let below = route::steps(world, route).into_iter().find(is_told)?;
    Some(format!("{} {{ __typename }}", world.call(below.field)?))
}

impl World<'_> {
    /// A field with the arguments that it must have, and its list as short as it may be.
    pub(super) fn call(&self, field: FieldId) -> Option<String> {
        let size = self.sizes.get(&field);
        size.and_then(|it| self.sized(field, &it.least().to_string())).or_else(|| {
            let name = &self.schema().field(field).name;
            Some(format!("{name}{}", self.required_arguments(field)?))
        })
    }

    /// The same with a text for the size of its list: a number, or a variable.
    pub(super) fn sized(&self, field: FieldId, text: &str) -> Option<String> {
        let chain = &self.sizes.get(&field)?.chain;
        let argument = *chain.first()?;
        let schema = self.schema();
        let value = text.parse::<u32>().map_or_else(|_| text.into(), serde_json::Value::from);
        let whole = deliver::whole(self, chain, value)?;
        let literal = self.literal(&schema.input(argument).ty, &whole);
        let mut written = self.written_arguments(field, Some(argument))?;
        written.push(format!("{}: {literal}", schema.input(argument).name));
        Some(format!("{}({})", schema.field(field).name, written.join(", ")))
    }
}
