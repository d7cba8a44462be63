//! Values that are exactly so deep: lists and objects inside each other, by whatever way the input
//! types of the schema have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    attack::{
        World,
        deliver::{self, Site},
        sample::{MAX_NESTING, wrapped},
    },
    schema::{InputId, Kind, TypeId},
};

/// Values of every input type, by how deep they are.
pub(super) struct Values {
    of: BTreeMap<(TypeId, usize), Value>,
    /// The inputs that a demand is about: they take no values but those that it asks for.
    demanding: BTreeSet<InputId>,
}

impl Values {
    pub(super) fn of(world: &World<'_>) -> Self {
        let schema = world.schema();
        let demanding = world.intent.inputs.iter().flat_map(|it| world.places(it)).collect();
        let mut all = Self { of: BTreeMap::new(), demanding };
        let inputs = schema.types().filter(|(_, it)| is_input(it.kind)).map(|(id, _)| id);
        let inputs: Vec<_> = inputs.collect();
        for ty in &inputs {
            if let Some(value) = world.any_of(*ty, MAX_NESTING) {
                all.of.insert((*ty, height(&value)), value);
            }
        }
        // Every round rests on the ones before.
        for depth in 1..=MAX_DEPTH {
            for ty in &inputs {
                if !all.of.contains_key(&(*ty, depth))
                    && let Some(value) = all.object(world, *ty, depth)
                {
                    all.of.insert((*ty, depth), value);
                }
            }
        }
        all
    }

    /// An argument that takes a value so deep, and the value.
    pub(super) fn site(&self, world: &World<'_>, depth: usize) -> Option<(Site, Value)> {
        let schema = world.schema();
        let fields = schema.types().flat_map(|(id, _)| schema.fields(id));
        let mut arguments = fields.flat_map(|it| schema.arguments(it));
        arguments.find_map(|it| {
            let value = self.at(world, it, depth)?;
            Some((deliver::sites(world, it).into_iter().next()?, value))
        })
    }

    /// An object of a type: what it must have, and one field as deep as it takes.
    fn object(&self, world: &World<'_>, ty: TypeId, depth: usize) -> Option<Value> {
        let Kind::InputObject { one_of } = world.schema().ty(ty).kind else { return None };
        let inner = depth.checked_sub(1)?;
        world.schema().input_fields(ty).find_map(|field| {
            let deep = self.at(world, field, inner)?;
            let mut members = Map::new();
            for it in world.schema().input_fields(ty).filter(|it| !one_of && world.is_required(*it))
            {
                members.insert(name(world, it), world.sample(it, MAX_NESTING)?);
            }
            members.insert(name(world, field), deep);
            let value = Value::Object(members);
            (height(&value) == depth).then_some(value)
        })
    }

    /// A value for an input.
    fn at(&self, world: &World<'_>, input: InputId, depth: usize) -> Option<Value> {
        let ty = &world.schema().input(input).ty;
        let inner = depth.checked_sub(ty.list_depth() as usize)?;
        let value = self.of.get(&(ty.named, inner))?;
        (!self.demanding.contains(&input)).then(|| wrapped(ty, value.clone()))
    }
}

fn name(world: &World<'_>, input: InputId) -> String {
    world.schema().input(input).name.to_string()
}

const fn is_input(kind: Kind) -> bool {
    matches!(kind, Kind::Enum | Kind::InputObject { .. } | Kind::Scalar)
}

/// Lists in lists, that are of no type.
pub(super) fn lists(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

/// How deep a value is.
// Recursion over a value that this module has made, as deep as `MAX_DEPTH`.
pub(super) fn height(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(height).max(),
        Value::Object(members) => members.values().map(height).max(),
        _ => return 0,
    };
    inner.unwrap_or_default().saturating_add(1)
}

/// 33: one more than the largest limit.
const MAX_DEPTH: usize = 33;
