//! What arguments weigh: their own weight and that of the input objects and fields in them.
//!
//! All sums are `i64` and saturate; they are clamped at 0 per call, where they are used.

use ahash::{HashMap, HashSet};

use crate::{
    cost::facts::Facts,
    document::{ValueId, ValueKind},
    json::{self, Kind as Json},
    operation::{AbsentVariables, Operation, VariableIdx},
    schema::{Const, InputId, Kind, Schema, TypeId},
};

/// The weights of everything that can be an input.
#[derive(Debug, Default)]
pub(super) struct InputWeights {
    inputs: HashMap<InputId, i64>,
    objects: HashMap<TypeId, i64>,
    /// What an input weighs when it is left out and has a default.
    absent: HashMap<InputId, i64>,
    /// Input objects in which something can weigh.
    weighing: HashSet<TypeId>,
}

/// What a variable adds to a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct VariableWeight {
    pub(super) variable: VariableIdx,
    /// The named type of the place where it stands.
    pub(super) named: TypeId,
    /// For being given at all.
    pub(super) given: i64,
    /// All it weighs when it is not given and has no default.
    pub(super) absent: i64,
    /// All it weighs when the operation's default applies.
    pub(super) default: i64,
}

impl InputWeights {
    pub(super) fn new(schema: &Schema, facts: &Facts) -> Self {
        let objects = facts.types.iter().map(|(id, weight)| (*id, *weight));
        let is_input = |id: &TypeId| matches!(schema.ty(*id).kind, Kind::InputObject { .. });
        let mut weights = Self {
            inputs: facts.inputs.clone(),
            objects: objects.filter(|(id, _)| is_input(id)).collect(),
            ..Self::default()
        };
        weights.find_weighing(schema);
        if weights.inputs.is_empty() && weights.weighing.is_empty() {
            return weights;
        }
        let types = schema.types().map(|(id, _)| id);
        let all = types.flat_map(|ty| {
            schema.input_fields(ty).chain(schema.fields(ty).flat_map(|it| schema.arguments(it)))
        });
        for id in all {
            if let Some(default) = &schema.input(id).default {
                let named = schema.input(id).ty.named;
                let weight =
                    weights.own(id).saturating_add(weights.of_const(schema, named, default));
                if weight != 0 {
                    weights.absent.insert(id, weight);
                }
            }
        }
        weights
    }

    /// The weight of an argument or input field by itself.
    pub(super) fn own(&self, id: InputId) -> i64 {
        self.inputs.get(&id).copied().unwrap_or(0)
    }

    /// All that an argument or input field weighs when it is left out.
    pub(super) fn absent(&self, id: InputId) -> i64 {
        self.absent.get(&id).copied().unwrap_or(0)
    }

    /// True when a value of this type can weigh anything.
    pub(super) fn weighs(&self, named: TypeId) -> bool {
        self.weighing.contains(&named)
    }

    fn find_weighing(&mut self, schema: &Schema) {
        // The budget of this loop is the number of input types: each turn but the last adds one.
        loop {
            let found = schema.types().map(|(id, _)| id).find(|id| {
                let field =
                    |it: InputId| self.own(it) != 0 || self.weighs(schema.input(it).ty.named);
                let own = self.objects.get(id).is_some_and(|it| *it != 0);
                !self.weighs(*id) && (own || schema.input_fields(*id).any(field))
            });
            match found {
                Some(id) => self.weighing.extend([id]),
                None => return,
            }
        }
    }

    /// A default value of the schema. Defaults of defaults may go round in a circle; the budget
    /// ends that.
    fn of_const(&self, schema: &Schema, named: TypeId, value: &Const) -> i64 {
        let mut sum = 0_i64;
        let mut open = vec![(named, value)];
        let mut budget = BUDGET;
        while let Some((named, value)) = open.pop() {
            budget = budget.saturating_sub(1);
            match value {
                _ if budget == 0 || !self.weighs(named) => {}
                Const::List(list) => open.extend(list.iter().map(|it| (named, it))),
                Const::Object(fields) => {
                    sum = sum.saturating_add(self.object(named));
                    for id in schema.input_fields(named) {
                        let input = schema.input(id);
                        let given = fields.iter().find(|(name, _)| *name == input.name);
                        let value = given.map(|(_, it)| it).or(input.default.as_ref());
                        if let Some(value) = value {
                            sum = sum.saturating_add(self.own(id));
                            open.push((input.ty.named, value));
                        }
                    }
                }
                Const::Boolean(_)
                | Const::Enum(_)
                | Const::Float(_)
                | Const::Int(_)
                | Const::Null
                | Const::String(_) => {}
            }
        }
        sum
    }

    /// A value in the variables of a request, without the weight of the place where it stands.
    // The budget of this loop is the value: everything in it is visited once.
    pub(super) fn of_json(&self, schema: &Schema, named: TypeId, value: json::Value<'_>) -> i64 {
        let mut sum = 0_i64;
        let mut open = vec![(named, value)];
        while let Some((named, value)) = open.pop() {
            if !self.weighs(named) {
                continue;
            }
            match value.kind() {
                Json::Array => open.extend(value.children().map(|it| (named, it))),
                Json::Object => {
                    sum = sum.saturating_add(self.object(named));
                    for id in schema.input_fields(named) {
                        let input = schema.input(id);
                        let Some(value) = value.member(&input.name) else {
                            sum = sum.saturating_add(self.absent(id));
                            continue;
                        };
                        sum = sum.saturating_add(self.own(id));
                        open.push((input.ty.named, value));
                    }
                }
                Json::Boolean(_) | Json::File | Json::Null | Json::Number | Json::String => {}
            }
        }
        sum
    }

    /// A value in the document, without the weight of the place where it stands; `absent` is what
    /// that place weighs when the value is a variable that is not given.
    // The budget of this loop is the value: everything in it is visited once.
    pub(super) fn of_literal(
        &self,
        operation: &Operation,
        place: Weighed,
        variables: &mut Vec<VariableWeight>,
    ) -> i64 {
        let (schema, document) = (operation.schema(), operation.document());
        let mut sum = 0_i64;
        let mut open = vec![place];
        while let Some(Weighed { named, value, own, absent }) = open.pop() {
            let Some(kind) = document.value(value).map(|it| it.kind) else { continue };
            if let ValueKind::Variable(name) = kind {
                let name = document.str(name);
                let variable = VariableIdx::position(operation.variables(), name);
                variables.extend(variable.map(|variable| {
                    let default = self.default_of(operation, variable, named);
                    let default = default.map_or(absent, |it| it.saturating_add(own));
                    VariableWeight { variable, named, given: own, absent, default }
                }));
                continue;
            }
            sum = sum.saturating_add(own);
            if !self.weighs(named) {
                continue;
            }
            if kind == ValueKind::List {
                let children = document.children(value);
                open.extend(children.map(|(value, _)| Weighed { named, value, own: 0, absent: 0 }));
            }
            if kind != ValueKind::Object {
                continue;
            }
            sum = sum.saturating_add(self.object(named));
            for id in schema.input_fields(named) {
                let input = schema.input(id);
                let is_named = |key| document.str(key) == &*input.name;
                let given = document.children(value).find(|(_, it)| it.key.is_some_and(is_named));
                match given {
                    Some((value, _)) => open.push(self.member(operation, id, value)),
                    None => sum = sum.saturating_add(self.absent(id)),
                }
            }
        }
        sum
    }

    /// A field of an input object with the value written for it.
    fn member(&self, operation: &Operation, id: InputId, value: ValueId) -> Weighed {
        let (named, own) = (operation.schema().input(id).ty.named, self.own(id));
        let absent = match operation.absent() {
            AbsentVariables::Omit => self.absent(id),
            AbsentVariables::AsNull => own,
        };
        Weighed { named, value, own, absent }
    }

    /// The default of a variable definition; no variable can stand in it.
    fn default_of(
        &self,
        operation: &Operation,
        variable: VariableIdx,
        named: TypeId,
    ) -> Option<i64> {
        let value = operation.variables().get(variable.index())?.default?;
        let place = Weighed { named, value, own: 0, absent: 0 };
        let is_variable = |it: ValueId| {
            let value = operation.document().value(it);
            value.is_none_or(|it| matches!(it.kind, ValueKind::Variable(_)))
        };
        (!is_variable(value)).then(|| self.of_literal(operation, place, &mut Vec::new()))
    }

    fn object(&self, named: TypeId) -> i64 {
        self.objects.get(&named).copied().unwrap_or(0)
    }
}

/// A value in the document and the place where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighed {
    pub(super) named: TypeId,
    pub(super) value: ValueId,
    /// The weight of the place by itself.
    pub(super) own: i64,
    /// What the place weighs when it is left out.
    pub(super) absent: i64,
}

/// Steps through the default values of one input: more than any real schema has.
const BUDGET: u32 = 10_000;
