//! Weights and list sizes by id, laid over each other: connections, then the schema's directives,
//! then the tuned file, then the policy.
//!
//! Inside one layer a wildcard yields to an interface, and both to a coordinate that is exact.

use ahash::HashMap;

use crate::{
    cost::{
        directives,
        report::Report,
        settings::{Entry, Layer, List, NegativeTypes, Place, Settings},
    },
    diagnostic::suggestion,
    schema::{
        Bound, Coordinate, FieldId, InputId, InputOwner, Kind, Pattern, Schema, TypeId,
        is_whole_number,
    },
};

/// Everything that is set, by what it is about.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) types: HashMap<TypeId, i64>,
    /// Where the weight of a type was written last.
    type_places: HashMap<TypeId, Place>,
    pub(super) fields: HashMap<FieldId, i64>,
    pub(super) inputs: HashMap<InputId, i64>,
    pub(super) lists: HashMap<FieldId, Listed>,
}

/// What is said about one list.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    pub(super) list: List,
    /// Where the slicing arguments and sized fields were named last.
    pub(super) place: Option<Place>,
    /// Where `max` was written last.
    pub(super) max_place: Option<Place>,
}

/// One setting, bound.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) rank: Rank,
    pub(super) on: Bound,
    pub(super) says: Says,
    pub(super) place: Option<Place>,
}

/// How closely a setting means a place. The order is the precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Wildcard,
    Interface,
    Exact,
}

/// What a setting says.
#[derive(Clone, Debug)]
pub(super) enum Says {
    List(List),
    /// Adds one slicing argument to those of the field.
    Slicing(Box<str>, List),
    Weight(i64),
}

impl Facts {
    /// All layers, bound to a schema.
    pub(super) fn collect(schema: &Schema, settings: &Settings, report: &mut Report) -> Self {
        let mut facts = Self::default();
        facts.lay(schema, directives::connections(schema));
        facts.lay(schema, directives::entities(schema));
        facts.lay(schema, directives::written(schema, report));
        for layer in [&settings.tuned, &settings.policy] {
            facts.lay(schema, bound(schema, layer, report));
        }
        facts.warn_of_no_lists(schema, settings, report);
        if settings.negative_types == NegativeTypes::Refused {
            facts.refuse_negative_types(schema, report);
        }
        facts
    }

    /// Lays one layer over what is there.
    fn lay(&mut self, schema: &Schema, settings: Vec<Setting>) {
        let mut settings: Vec<_> = settings.into_iter().flat_map(|it| spread(schema, it)).collect();
        settings.sort_by_key(|it| it.rank);
        for it in settings {
            self.set(it);
        }
    }

    fn set(&mut self, setting: Setting) {
        match (setting.on, setting.says) {
            (Bound::Field(id), Says::List(list)) => {
                let listed = self.lists.entry(id).or_default();
                if list.max.is_some() {
                    listed.max_place.clone_from(&setting.place);
                }
                if list.slicing.is_some() || list.sized.is_some() {
                    listed.place = setting.place;
                }
                listed.list.lay_over(&list);
            }
            (Bound::Field(id), Says::Slicing(name, list)) => {
                let listed = &mut self.lists.entry(id).or_default().list;
                listed.lay_over(&list);
                let slicing = listed.slicing.get_or_insert_default();
                if !slicing.contains(&name) {
                    slicing.push(name);
                }
            }
            (Bound::Field(id), Says::Weight(weight)) => drop(self.fields.insert(id, weight)),
            (Bound::Input(id), Says::Weight(weight)) => drop(self.inputs.insert(id, weight)),
            (Bound::Type(id), Says::Weight(weight)) => {
                self.types.insert(id, weight);
                self.type_places.remove(&id);
                self.type_places.extend(setting.place.map(|it| (id, it)));
            }
            // `bound` lets lists through for fields only.
            (Bound::Input(_) | Bound::Type(_), Says::List(_) | Says::Slicing(..)) => {}
        }
    }

    /// An exact setting on a field that is no list and hands no size down has no effect.
    fn warn_of_no_lists(&self, schema: &Schema, settings: &Settings, report: &mut Report) {
        let layers = [&settings.tuned, &settings.policy];
        for entry in layers.into_iter().flat_map(|it| &it.lists) {
            let is_exact = matches!(entry.on, Coordinate::Field { .. }) && !entry.on.is_wildcard();
            let bound = if is_exact { entry.on.bind(schema) } else { Vec::new() };
            for bound in bound.into_iter().flat_map(|it| spread_bound(schema, it)) {
                let Bound::Field(id) = bound else { continue };
                let sized = self.lists.get(&id).and_then(|it| it.list.sized.as_ref());
                if schema.field(id).ty.list_depth() == 0 && sized.is_none() {
                    let message = format!("`{}` is no list and sizes none", entry.on);
                    report.warn("no-effect", message, entry.place.as_ref());
                }
            }
        }
    }

    fn refuse_negative_types(&self, schema: &Schema, report: &mut Report) {
        let is_selectable = |id: TypeId| !matches!(schema.ty(id).kind, Kind::InputObject { .. });
        let negative = self.types.iter().filter(|(id, weight)| **weight < 0 && is_selectable(**id));
        let mut negative: Vec<_> = negative.map(|(id, _)| (&schema.ty(*id).name, id)).collect();
        negative.sort();
        for (name, id) in negative {
            let message = format!("type `{name}` has a weight below zero");
            report.error("negative-weight", message, self.type_places.get(id));
            report.help("say `exact: true`, or weigh the other types higher");
        }
    }
}

/// A setting on an interface or union is one on each of the object types behind it.
fn spread(schema: &Schema, setting: Setting) -> Vec<Setting> {
    let (parent, rest): (TypeId, Box<dyn Fn(TypeId) -> Option<Bound> + '_>) = match setting.on {
        Bound::Type(id) => (id, Box::new(|it| Some(Bound::Type(it)))),
        Bound::Field(id) => {
            let field = schema.field(id);
            (field.parent, Box::new(|it| schema.field_named(it, &field.name).map(Bound::Field)))
        }
        Bound::Input(id) => {
            let input = schema.input(id);
            let InputOwner::Field(field) = input.owner else { return vec![setting] };
            let field = schema.field(field);
            let argument = |it| {
                let field = schema.field_named(it, &field.name)?;
                schema.argument_named(field, &input.name).map(Bound::Input)
            };
            (field.parent, Box::new(argument))
        }
    };
    let parent = schema.ty(parent);
    if !matches!(parent.kind, Kind::Interface | Kind::Union) {
        return vec![setting];
    }
    let rank = setting.rank.min(Rank::Interface);
    let objects = parent.possible.iter().filter_map(|it| rest(schema.object(it)));
    objects.map(|on| Setting { rank, on, ..setting.clone() }).collect()
}

fn spread_bound(schema: &Schema, on: Bound) -> Vec<Bound> {
    let setting = Setting { rank: Rank::Exact, on, says: Says::Weight(0), place: None };
    spread(schema, setting).into_iter().map(|it| it.on).collect()
}

fn bound(schema: &Schema, layer: &Layer, report: &mut Report) -> Vec<Setting> {
    let mut found = Vec::new();
    for entry in &layer.weights {
        let rank = rank(&entry.on);
        let bound = entry.on.bind(schema);
        if bound.is_empty() {
            unknown(schema, entry, report);
        }
        let says = Says::Weight(entry.value);
        let setting = |on| Setting { rank, on, says: says.clone(), place: entry.place.clone() };
        found.extend(bound.into_iter().map(setting));
    }
    for entry in &layer.lists {
        let bound = entry.on.bind(schema);
        if bound.is_empty() {
            unknown(schema, entry, report);
            continue;
        }
        let settings: Vec<_> = bound.into_iter().filter_map(|it| list(schema, entry, it)).collect();
        if settings.is_empty() {
            let message = format!("`{}` is not the size of any list", entry.on);
            report.error("not-a-list", message, entry.place.as_ref());
        }
        found.extend(settings);
    }
    found
}

fn rank(on: &Coordinate) -> Rank {
    if on.is_wildcard() { Rank::Wildcard } else { Rank::Exact }
}

/// What an entry under `lists` means for one place that its coordinate binds to.
fn list(schema: &Schema, entry: &Entry<List>, on: Bound) -> Option<Setting> {
    let rank = rank(&entry.on);
    let place = entry.place.clone();
    match on {
        Bound::Field(id) if rank == Rank::Exact => {
            let says = Says::List(entry.value.clone());
            Some(Setting { rank, on: Bound::Field(id), says, place })
        }
        Bound::Field(id) => {
            let list = fitting(schema, id, &entry.value)?;
            Some(Setting { rank, on: Bound::Field(id), says: Says::List(list), place })
        }
        Bound::Input(id) => {
            let input = schema.input(id);
            let InputOwner::Field(field) = input.owner else { return None };
            if !is_whole_number(schema, &input.ty) || !returns_composite(schema, field) {
                return None;
            }
            let says = Says::Slicing(input.name.clone(), entry.value.clone());
            Some(Setting { rank, on: Bound::Field(field), says, place })
        }
        Bound::Type(_) => None,
    }
}

fn returns_composite(schema: &Schema, field: FieldId) -> bool {
    let ty = &schema.field(field).ty;
    ty.list_depth() > 0 || schema.ty(ty.named).is_composite()
}

/// What of a wildcard's setting one field can follow: arguments that are whole numbers, fields that
/// are there. `None` when it is no list in any way.
fn fitting(schema: &Schema, field: FieldId, list: &List) -> Option<List> {
    let ty = &schema.field(field).ty;
    let is_slicing = |name: &str| {
        let argument = schema.argument_named(field, name.split('.').next().unwrap_or_default());
        let fits = |it| name.contains('.') || is_whole_number(schema, &schema.input(it).ty);
        argument.is_some_and(fits)
    };
    let is_sized = |name: &str| schema.field_named(ty.named, name).is_some();
    let names = |names: &Vec<Box<str>>, fits: &dyn Fn(&str) -> bool| {
        let names: Vec<_> = names.iter().filter(|it| fits(it)).cloned().collect();
        (!names.is_empty()).then_some(names)
    };
    let slicing = list.slicing.as_ref().and_then(|it| names(it, &is_slicing));
    let sized = list.sized.as_ref().and_then(|it| names(it, &is_sized));
    let is_list = ty.list_depth() > 0 || sized.is_some() || slicing.is_some();
    is_list.then(|| List { slicing, sized, ..list.clone() })
}

fn unknown<T>(schema: &Schema, entry: &Entry<T>, report: &mut Report) {
    let message = format!("the schema has no `{}`", entry.on);
    report.error("unknown-coordinate", message, entry.place.as_ref());
    if let Some(meant) = meant(schema, &entry.on) {
        report.help(&format!("did you mean `{meant}`?"));
    }
}

fn meant(schema: &Schema, on: &Coordinate) -> Option<String> {
    let types = || schema.types().map(|(_, it)| &*it.name);
    let known = |name: &str| schema.type_named(name);
    match on {
        Coordinate::Type(name) => suggestion(name, types()).map(Into::into),
        Coordinate::Field { parent: Pattern::Name(parent), name } => match known(parent) {
            Some(id) => {
                let names = schema.fields(id).map(|it| &*schema.field(it).name);
                suggestion(name, names).map(|it| format!("{parent}.{it}"))
            }
            None => suggestion(parent, types()).map(|it| format!("{it}.{name}")),
        },
        Coordinate::Argument {
            parent: Pattern::Name(parent),
            field: Pattern::Name(field),
            name,
        } => {
            let id = schema.field_named(known(parent)?, field)?;
            let names = schema.arguments(id).map(|it| &*schema.input(it).name);
            suggestion(name, names).map(|it| format!("{parent}.{field}({it}:)"))
        }
        Coordinate::Argument { .. } | Coordinate::Field { .. } => None,
    }
}
