//! Where demanded values can stand, once per policy: by input, by scalar, and which arguments and
//! input objects lead there.

use ahash::{HashMap, HashSet};

use crate::{
    rules::InputPlace,
    schema::{FieldId, InputId, InputOwner, Kind, Schema, TypeId, TypeSet},
};

/// The position of a demand in its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DemandIdx(pub(super) usize);

/// Where the demands of one rule lead.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_input: HashMap<InputId, Vec<DemandIdx>>,
    by_scalar: HashMap<TypeId, Vec<DemandIdx>>,
    /// The fields to look at of input objects that can hold a demanded value.
    objects: HashMap<TypeId, Vec<InputId>>,
    fields: HashMap<FieldId, Vec<Concern>>,
    /// The arguments to look at, by directive.
    directives: HashMap<Box<str>, Vec<InputId>>,
}

/// An argument to look at where a field is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Concern {
    /// The argument of the type that answers.
    pub(super) input: InputId,
    /// The argument as it is written: that of the type on which the selection stands.
    pub(super) written: Option<InputId>,
    /// The object type that must be among those that can answer.
    pub(super) object: Option<u32>,
}

impl Places {
    /// `demands` are the places of each demand.
    pub(super) fn new(schema: &Schema, demands: &[Vec<InputPlace>]) -> Self {
        let mut places = Self::default();
        for (idx, demand) in demands.iter().enumerate() {
            for place in demand {
                let found = match place {
                    InputPlace::Input(input) => places.by_input.entry(*input).or_default(),
                    InputPlace::Scalar(scalar) => places.by_scalar.entry(*scalar).or_default(),
                };
                if !found.contains(&DemandIdx(idx)) {
                    found.push(DemandIdx(idx));
                }
            }
        }
        if places.by_input.is_empty() && places.by_scalar.is_empty() {
            return places;
        }
        places.inherit(schema);
        places.add_objects(schema);
        places.add_fields(schema);
        places.add_directives(schema);
        places
    }

    pub(super) fn of_input(&self, input: InputId) -> &[DemandIdx] {
        self.by_input.get(&input).map(|it| &**it).unwrap_or_default()
    }

    pub(super) fn of_scalar(&self, scalar: TypeId) -> &[DemandIdx] {
        self.by_scalar.get(&scalar).map(|it| &**it).unwrap_or_default()
    }

    /// The fields of an input object that lead to demanded values.
    pub(super) fn of_object(&self, object: TypeId) -> &[InputId] {
        self.objects.get(&object).map(|it| &**it).unwrap_or_default()
    }

    /// Whether any argument of any field leads to a demanded value.
    pub(super) fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// The arguments of a field that lead to demanded values.
    pub(super) fn of_field(&self, field: FieldId) -> &[Concern] {
        self.fields.get(&field).map(|it| &**it).unwrap_or_default()
    }

    /// The arguments of a directive that lead to demanded values.
    pub(super) fn of_directive(&self, name: &str) -> &[InputId] {
        self.directives.get(name).map(|it| &**it).unwrap_or_default()
    }

    pub(super) fn has_directives(&self) -> bool {
        !self.directives.is_empty()
    }

    /// Whether a value of this type can hold demanded values.
    pub(super) fn leads_on(&self, named: TypeId) -> bool {
        self.by_scalar.contains_key(&named) || self.objects.contains_key(&named)
    }

    fn concerns(&self, schema: &Schema, input: InputId) -> bool {
        self.by_input.contains_key(&input) || self.leads_on(schema.input(input).ty.named)
    }

    /// What is demanded of an interface's argument is demanded of its implementers'.
    fn inherit(&mut self, schema: &Schema) {
        let mut inherited: Vec<(InputId, Vec<DemandIdx>)> = Vec::new();
        for (input, demands) in &self.by_input {
            let InputOwner::Field(field) = schema.input(*input).owner else { continue };
            let (field, name) = (schema.field(field), &schema.input(*input).name);
            if schema.ty(field.parent).kind != Kind::Interface {
                continue;
            }
            let heirs = schema.types().filter(|(_, it)| it.interfaces.contains(&field.parent));
            for (heir, _) in heirs {
                let argument = schema.field_named(heir, &field.name);
                let argument = argument.and_then(|it| schema.argument_named(it, name));
                inherited.extend(argument.map(|it| (it, demands.clone())));
            }
        }
        for (input, demands) in inherited {
            let all = self.by_input.entry(input).or_default();
            all.extend(demands);
            all.sort_unstable();
            all.dedup();
        }
    }

    /// Adds input objects until those that hold them are all there.
    fn add_objects(&mut self, schema: &Schema) {
        let mut holders: HashMap<TypeId, Vec<InputId>> = HashMap::default();
        let mut open: Vec<InputId> = Vec::new();
        for (id, _) in schema.types() {
            for field in schema.input_fields(id) {
                if self.concerns(schema, field) {
                    open.push(field);
                }
                holders.entry(schema.input(field).ty.named).or_default().push(field);
            }
        }
        let mut seen: HashSet<InputId> = open.iter().copied().collect();
        // The budget of this loop is the schema: every input field is opened once.
        while let Some(field) = open.pop() {
            let InputOwner::InputObject(owner) = schema.input(field).owner else { continue };
            self.objects.entry(owner).or_default().push(field);
            let fields = holders.get(&owner).into_iter().flatten().copied();
            open.extend(fields.filter(|it| seen.insert(*it)));
        }
        for fields in self.objects.values_mut() {
            fields.sort_unstable();
        }
    }

    fn add_fields(&mut self, schema: &Schema) {
        for (ty, definition) in schema.types() {
            for field in schema.fields(ty) {
                let concerns = match definition.kind {
                    Kind::Interface => self.through_interface(schema, field, &definition.possible),
                    _ => self.own(schema, field),
                };
                if !concerns.is_empty() {
                    self.fields.insert(field, concerns);
                }
            }
        }
    }

    fn own(&self, schema: &Schema, field: FieldId) -> Vec<Concern> {
        let inputs = schema.arguments(field).filter(|it| self.concerns(schema, *it));
        inputs.map(|input| Concern { input, written: Some(input), object: None }).collect()
    }

    /// The arguments of the object types that can answer; those of the interface stand for them
    /// when all object types demand the same.
    fn through_interface(
        &self,
        schema: &Schema,
        field: FieldId,
        possible: &TypeSet,
    ) -> Vec<Concern> {
        let mut concerns = Vec::new();
        let mut is_same = true;
        for object in possible.iter() {
            let own = schema.field_named(schema.object(object), &schema.field(field).name);
            let inputs = own.into_iter().flat_map(|it| schema.arguments(it));
            for input in inputs.filter(|it| self.concerns(schema, *it)) {
                let written = schema.argument_named(field, &schema.input(input).name);
                is_same &= written.is_some_and(|it| {
                    self.of_input(it) == self.of_input(input)
                        && schema.input(it).default == schema.input(input).default
                });
                concerns.push(Concern { input, written, object: Some(object) });
            }
        }
        if is_same { self.own(schema, field) } else { concerns }
    }

    fn add_directives(&mut self, schema: &Schema) {
        for directive in schema.directives() {
            let arguments = schema.directive_arguments(directive);
            let arguments: Vec<_> = arguments.filter(|it| self.concerns(schema, *it)).collect();
            if !arguments.is_empty() {
                self.directives.insert(directive.name.clone(), arguments);
            }
        }
    }
}
