//! Arguments that look as if they sized a list, and that nothing makes the cost count.
//!
//! Changes no price: a name is only a guess, so whoever writes the policy is told.

use ahash::HashSet;

use crate::{
    cost::{
        facts::Facts,
        report::Report,
        settings::{DefaultList, Layer, List, Settings},
    },
    schema::{FieldId, Schema, TypeId, is_whole_number},
};

/// A list with such arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncounted {
    /// The coordinate of the field; of an interface's field, where the interface declares them.
    pub at: String,
    /// The arguments, at least one.
    pub arguments: Vec<Box<str>>,
}

/// All of a schema. Where the policy or the schema says a size, the arguments are left out on
/// purpose; what `tune` has measured is no purpose.
pub(super) fn uncounted(schema: &Schema, settings: &Settings, facts: &Facts) -> Vec<Uncounted> {
    if settings.defaults.list == DefaultList::Refuse {
        return Vec::new();
    }
    let untuned = without_tuned(schema, settings);
    let said = untuned.as_ref().unwrap_or(facts);
    let sized = sized(schema, facts);
    let is_said = |id: &FieldId| {
        let is_sliced = facts.lists.get(id).is_some_and(|it| it.list.slicing.is_some());
        let has_size = |it: &List| it.assumed.is_some() || it.max.is_some();
        is_sliced || said.lists.get(id).is_some_and(|it| has_size(&it.list)) || sized.contains(id)
    };
    let mut found: Vec<Uncounted> = Vec::new();
    let mut seen = HashSet::default();
    let objects = schema.types().filter(|(_, it)| it.is_object() && !it.name.starts_with("__"));
    for (ty, field) in objects.flat_map(|(ty, _)| schema.fields(ty).map(move |it| (ty, it))) {
        let arguments = arguments(schema, field);
        let is_list = schema.field(field).ty.list_depth() > 0;
        if !is_list || arguments.is_empty() || is_said(&field) {
            continue;
        }
        let at = schema.coordinate(declared(schema, (ty, field), &arguments));
        if seen.insert(at.clone()) {
            found.push(Uncounted { at, arguments });
        }
    }
    found
}

/// What is said without the tuned file, where there is one.
fn without_tuned(schema: &Schema, settings: &Settings) -> Option<Facts> {
    let is_tuned = !settings.tuned.lists.is_empty();
    let untuned = || Settings { tuned: Layer::default(), ..settings.clone() };
    // What is wrong was told of the settings as they are.
    is_tuned.then(|| Facts::collect(schema, &untuned(), &mut Report::default()))
}

/// Fields that take their size from the field around them.
fn sized(schema: &Schema, facts: &Facts) -> HashSet<FieldId> {
    let mut sized = HashSet::default();
    for (field, listed) in &facts.lists {
        let returns = schema.field(*field).ty.named;
        let objects = schema.ty(returns).possible.iter().map(|it| schema.object(it));
        for ty in objects.chain([returns]) {
            let names = listed.list.sized.iter().flatten();
            sized.extend(names.filter_map(|it| schema.field_named(ty, it)));
        }
    }
    sized
}

/// The arguments of a field that have such a name and are whole numbers.
fn arguments(schema: &Schema, field: FieldId) -> Vec<Box<str>> {
    let arguments = schema.arguments(field).map(|it| schema.input(it));
    let sizes =
        arguments.filter(|it| NAMES.contains(&&*it.name) && is_whole_number(schema, &it.ty));
    sizes.map(|it| it.name.clone()).collect()
}

/// The field of an interface where one setting does for all that implement it, else the field.
fn declared(schema: &Schema, (ty, field): (TypeId, FieldId), arguments: &[Box<str>]) -> FieldId {
    let name = &schema.field(field).name;
    let interfaces = schema.ty(ty).interfaces.iter();
    let mut fields = interfaces.filter_map(|it| schema.field_named(*it, name));
    let has_all =
        |it: &FieldId| arguments.iter().all(|name| schema.argument_named(*it, name).is_some());
    fields.find(has_all).unwrap_or(field)
}

/// How servers without connections call the length of a page.
const NAMES: [&str; 12] = [
    "count",
    "first",
    "last",
    "limit",
    "n",
    "pageSize",
    "page_size",
    "perPage",
    "per_page",
    "size",
    "take",
    "top",
];
