//! The cost model of one schema under one policy: what every field costs, ready to be looked up.
//!
//! Made once per policy. Knows no operation and no request.

use std::sync::Arc;

use ahash::HashMap;

use crate::{
    cost::{
        class::{FieldClass, ListRule, Slicing, WeighedArgument},
        facts::Facts,
        inputs::InputWeights,
        report::Report,
        settings::{Answers, Measure, Settings},
        slice::Wanted,
        uncounted::{Uncounted, uncounted},
    },
    diagnostic::Diagnostics,
    schema::{FieldId, InputId, Kind, OperationKind, Schema, TypeId, TypeSet},
};

/// What everything in a schema costs.
#[derive(Debug)]
pub struct Model {
    schema: Arc<Schema>,
    settings: Settings,
    classes: Vec<FieldClass>,
    /// By field.
    fields: Vec<Option<Variation>>,
    inputs: InputWeights,
    /// What a value weighs, by object type.
    objects: Vec<i64>,
    /// Weights of root types, as roots.
    roots: HashMap<TypeId, i64>,
    uncounted: Vec<Uncounted>,
}

/// Index of a [`FieldClass`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClassId(u32);

/// The classes that a field has, by the object type in which it runs.
#[derive(Clone, Debug)]
pub(super) enum Variation {
    /// The same in every one.
    Uniform(ClassId),
    /// By object index, ascending.
    Varied(Box<[(u32, ClassId)]>),
}

impl Model {
    /// Binds settings to a schema.
    ///
    /// # Errors
    /// Everything that is wrong with them; warnings come with the model.
    pub fn new(
        schema: &Arc<Schema>,
        settings: &Settings,
    ) -> Result<(Self, Diagnostics), Diagnostics> {
        let (model, found) = Self::bind(schema, settings);
        if found.has_errors() { Err(found) } else { Ok((model, found)) }
    }

    /// The same, with a model of what could be bound where there are mistakes: good for finding
    /// those of others, never for judging.
    pub(crate) fn bind(schema: &Arc<Schema>, settings: &Settings) -> (Self, Diagnostics) {
        let mut report = Report::default();
        let facts = Facts::collect(schema, settings, &mut report);
        let building = Building {
            schema,
            settings,
            weights: type_weights(schema, settings, &facts),
            inputs: InputWeights::new(schema, &facts),
            facts: &facts,
            ids: HashMap::default(),
            classes: Vec::new(),
        };
        let model = building.model(&mut report);
        (model, report.into_diagnostics())
    }

    /// The schema it is for.
    #[must_use]
    pub const fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// What it was made of.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Which number is compared with the limit.
    #[must_use]
    pub const fn measure(&self) -> Measure {
        self.settings.measure
    }

    /// What is done with the cost of an answer.
    #[must_use]
    pub const fn answers(&self) -> Answers {
        self.settings.answers
    }

    /// Lists with arguments that look as if they sized them, and that no price counts.
    #[must_use]
    pub fn uncounted(&self) -> &[Uncounted] {
        &self.uncounted
    }

    /// What a call of a field weighs without its arguments; the most, where that varies by type.
    #[must_use]
    pub fn call_weight(&self, field: FieldId) -> u64 {
        let calls = self.classes_of(field).map(|it| it.call);
        calls.max().and_then(|it| u64::try_from(it).ok()).unwrap_or(0)
    }

    /// The size that a list is thought to have, when neither an argument of its own nor a field
    /// around it tells one.
    #[must_use]
    pub fn assumed(&self, field: FieldId) -> Option<u32> {
        let class = self.classes_of(field).next().filter(|it| it.list_depth > 0)?;
        let (schema, own) = (&self.schema, self.schema.field(field));
        let hands_down = |it: &FieldClass| {
            let name = |name: &str| *name == *own.name;
            let returns = schema.ty(it.returns);
            let is_around = it.returns == own.parent
                || matches!(schema.ty(own.parent).kind, Kind::Object { object } if returns.possible.contains(object));
            is_around && it.list.sized.iter().any(|it| name(it))
        };
        let is_told = !class.list.slicing.is_empty() || self.classes.iter().any(hands_down);
        class.list.fallback.filter(|_| !is_told)
    }

    /// The arguments whose number is the size of a list, each with the input fields down to it.
    #[must_use]
    pub fn sizing(&self, field: FieldId) -> Vec<Vec<InputId>> {
        let class = self.classes_of(field).next();
        let slicing = class.map(|it| &*it.list.slicing).unwrap_or_default().iter();
        let numbers = slicing.filter(|it| it.path.wanted == Wanted::Number);
        let chain = |it: &Slicing| {
            let mut chain = vec![self.schema.argument_named(field, &it.argument)?];
            for step in &it.path.steps {
                let around = self.schema.input(*chain.last()?).ty.named;
                chain.push(self.schema.input_field_named(around, &step.name)?);
            }
            Some(chain)
        };
        numbers.filter_map(chain).collect()
    }

    fn classes_of(&self, field: FieldId) -> impl Iterator<Item = &FieldClass> {
        let ids = match self.variation(field) {
            None => Vec::new(),
            Some(Variation::Uniform(id)) => vec![*id],
            Some(Variation::Varied(by_object)) => by_object.iter().map(|it| it.1).collect(),
        };
        ids.into_iter().filter_map(|it| self.class(it))
    }

    pub(super) const fn inputs(&self) -> &InputWeights {
        &self.inputs
    }

    /// What a value of an object type weighs.
    pub(super) fn object_weight(&self, object: u32) -> i64 {
        self.objects.get(object as usize).copied().unwrap_or(0)
    }

    pub(super) fn root(&self, root: TypeId) -> i64 {
        self.roots.get(&root).copied().unwrap_or(0)
    }

    /// A class. An id of another model gives a class that costs nothing.
    pub(super) fn class(&self, id: ClassId) -> Option<&FieldClass> {
        self.classes.get(id.0 as usize)
    }

    /// The classes of a field; none for fields that cost nothing by nature.
    pub(super) fn variation(&self, field: FieldId) -> Option<&Variation> {
        self.fields.get(field.index())?.as_ref()
    }
}

impl Variation {
    /// The class in one object type.
    pub(super) fn of(&self, object: u32) -> Option<ClassId> {
        match self {
            Self::Uniform(id) => Some(*id),
            Self::Varied(by_object) => {
                let found = by_object.binary_search_by_key(&object, |it| it.0).ok()?;
                by_object.get(found).map(|it| it.1)
            }
        }
    }

    /// The distinct classes in a set of object types.
    pub(super) fn among(&self, objects: &TypeSet) -> Vec<ClassId> {
        match self {
            Self::Uniform(id) => vec![*id],
            Self::Varied(by_object) => {
                let here = by_object.iter().filter(|it| objects.contains(it.0));
                let mut ids: Vec<_> = here.map(|it| it.1).collect();
                ids.sort();
                ids.dedup();
                ids
            }
        }
    }
}

struct Building<'a> {
    schema: &'a Arc<Schema>,
    settings: &'a Settings,
    facts: &'a Facts,
    /// By type; what an abstract type weighs is what its heaviest object type weighs.
    weights: HashMap<TypeId, i64>,
    inputs: InputWeights,
    ids: HashMap<FieldClass, ClassId>,
    classes: Vec<FieldClass>,
}

impl Building<'_> {
    fn model(mut self, report: &mut Report) -> Model {
        let mut fields = HashMap::default();
        let schema = Arc::clone(self.schema);
        let of_kind = |wanted: fn(Kind) -> bool| {
            let types = schema.types().filter(move |(_, it)| wanted(it.kind));
            types.flat_map(|(id, _)| schema.fields(id)).filter(|it| *it != FieldId::TYPENAME)
        };
        for field in of_kind(|it| matches!(it, Kind::Object { .. })) {
            // Introspection is answered by Portcullis itself.
            if !schema.field(field).name.starts_with("__") {
                let class = self.class(field, report);
                fields.insert(field, Variation::Uniform(self.intern(class)));
            }
        }
        for field in of_kind(|it| it == Kind::Interface) {
            let variation = variation(&schema, field, &fields);
            fields.insert(field, variation);
        }
        let roots = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
        let roots = roots.into_iter().filter_map(|it| schema.root(it));
        let default = i64::from(self.settings.defaults.root);
        // The root counts nothing, or like any other type.
        let own = |it: TypeId| self.facts.types.get(&it).copied().unwrap_or(default);
        let weight = |it: TypeId| if default == 0 { 0 } else { own(it) };
        let roots = roots.map(|it| (it, weight(it))).collect();
        let uncounted = uncounted(&schema, self.settings, self.facts);
        let (classes, inputs, settings) = (self.classes, self.inputs, self.settings.clone());
        let fields = by_index(fields);
        let weight = |it: u32| self.weights.get(&schema.object(it)).copied().unwrap_or(0);
        let objects = (0..schema.n_objects()).map(weight).collect();
        Model { schema, settings, classes, fields, inputs, objects, roots, uncounted }
    }

    fn class(&self, id: FieldId, report: &mut Report) -> FieldClass {
        let field = self.schema.field(id);
        let is_composite = self.schema.ty(field.ty.named).is_composite();
        let defaults = &self.settings.defaults;
        let is_mutation = self.schema.root(OperationKind::Mutation) == Some(field.parent);
        let default = match (is_mutation, is_composite) {
            (true, _) => defaults.mutation,
            (false, true) => defaults.fields.object,
            (false, false) => defaults.fields.leaf,
        };
        let weighed = self.schema.arguments(id).filter_map(|it| {
            let input = self.schema.input(it);
            let weight = self.inputs.own(it);
            let named = input.ty.named;
            let absent = self.inputs.absent(it);
            (weight != 0 || self.inputs.weighs(named)).then(|| WeighedArgument {
                name: input.name.clone(),
                weight,
                named,
                absent,
            })
        });
        let listed = self.facts.lists.get(&id);
        FieldClass {
            call: self.facts.fields.get(&id).copied().unwrap_or(i64::from(default)),
            arguments: weighed.collect(),
            returns: field.ty.named,
            weight: self.weights.get(&field.ty.named).copied().unwrap_or(0),
            is_composite,
            list_depth: field.ty.list_depth(),
            list: ListRule::resolve((self.schema, self.settings), id, listed, report),
        }
    }

    fn intern(&mut self, class: FieldClass) -> ClassId {
        if let Some(id) = self.ids.get(&class) {
            return *id;
        }
        let id = ClassId(u32::try_from(self.classes.len()).unwrap_or(u32::MAX));
        self.classes.push(class.clone());
        self.ids.insert(class, id);
        id
    }
}

fn by_index(fields: HashMap<FieldId, Variation>) -> Vec<Option<Variation>> {
    let n_fields = fields.keys().map(|it| it.index().saturating_add(1)).max();
    let mut all = vec![None; n_fields.unwrap_or(0)];
    for (id, variation) in fields {
        if let Some(place) = all.get_mut(id.index()) {
            *place = Some(variation);
        }
    }
    all
}

fn variation(schema: &Schema, field: FieldId, fields: &HashMap<FieldId, Variation>) -> Variation {
    let field = schema.field(field);
    let objects = schema.ty(field.parent).possible.iter();
    let classes = objects.filter_map(|object| {
        let own = schema.field_named(schema.object(object), &field.name)?;
        Some((object, fields.get(&own)?.of(object)?))
    });
    let classes: Box<[_]> = classes.collect();
    match classes.split_first() {
        Some((first, rest)) if rest.iter().all(|it| it.1 == first.1) => Variation::Uniform(first.1),
        _ => Variation::Varied(classes),
    }
}

fn type_weights(schema: &Schema, settings: &Settings, facts: &Facts) -> HashMap<TypeId, i64> {
    let defaults = settings.defaults.types;
    let own =
        |id: TypeId, default: u32| facts.types.get(&id).copied().unwrap_or(i64::from(default));
    let weights = schema.types().filter_map(|(id, ty)| {
        let weight = match ty.kind {
            Kind::Enum | Kind::Scalar => own(id, defaults.leaf),
            Kind::InputObject { .. } => return None,
            Kind::Object { .. } => own(id, defaults.object),
            Kind::Interface | Kind::Union => {
                let objects = ty.possible.iter().map(|it| own(schema.object(it), defaults.object));
                objects.max().unwrap_or(0)
            }
        };
        Some((id, weight))
    });
    weights.collect()
}
