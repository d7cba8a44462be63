//! What a field costs, apart from its arguments: fields that cost the same share one class.
//!
//! Knows no operation. Classes are what makes a hundred implementers of an interface one case.

use crate::{
    cost::{
        arena::{Pair, Term},
        facts::Listed,
        report::Report,
        settings::{Clamps, DefaultList, List, Place, Settings, USUAL_LIST},
        size::Most,
        slice::{Path, Slice, Step, Wanted},
    },
    diagnostic::suggestion,
    schema::{FieldId, InputId, Kind, Schema, TypeId, TypeRef},
};

/// What a field costs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FieldClass {
    /// Its weight: a call without arguments.
    pub(super) call: i64,
    /// Arguments that weigh something.
    pub(super) arguments: Box<[WeighedArgument]>,
    /// The named type that it returns.
    pub(super) returns: TypeId,
    /// Weight of one value of that type.
    pub(super) weight: i64,
    /// That type has selections.
    pub(super) is_composite: bool,
    /// How many lists are around it.
    pub(super) list_depth: u32,
    /// What tells its size, or that of fields below.
    pub(super) list: ListRule,
}

/// An argument that weighs something, by itself or by what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct WeighedArgument {
    pub(super) name: Box<str>,
    /// For being given at all.
    pub(super) weight: i64,
    /// The named type of its value.
    pub(super) named: TypeId,
    /// All it weighs when it is left out.
    pub(super) absent: i64,
}

/// What tells the size of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ListRule {
    pub(super) slicing: Box<[Slicing]>,
    /// Fields below whose size this is.
    pub(super) sized: Box<[Box<str>]>,
    /// When no slicing argument is given; `None`: the operation is refused.
    pub(super) fallback: Option<u32>,
    /// When one is given whose value nobody knows, and there is no fallback.
    pub(super) unknown: u32,
    /// Sizes of lists inside the list.
    pub(super) inner: Option<u32>,
    pub(super) most: Option<Most>,
}

/// A slicing argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slicing {
    pub(super) argument: Box<str>,
    pub(super) path: Path,
    /// What its default value says, when it is not given.
    pub(super) default: Slice,
}

impl FieldClass {
    /// Costs nothing, whatever the request.
    pub(super) fn is_free(&self) -> bool {
        !self.is_composite
            && self.weight <= 0
            && self.call <= 0
            && self.arguments.is_empty()
            && self.list.slicing.is_empty()
    }
}

impl FieldClass {
    /// The price of one value that has nothing below it, when no request changes that.
    pub(super) fn fixed(&self) -> Option<Pair> {
        let is_fixed = !self.is_composite
            && self.list_depth == 0
            && self.arguments.is_empty()
            && self.list.slicing.is_empty();
        let at_least_zero = |it: i64| Term::Known(u64::try_from(it).unwrap_or(0));
        is_fixed
            .then(|| Pair { types: at_least_zero(self.weight), fields: at_least_zero(self.call) })
    }
}

impl ListRule {
    /// The rule of a field; what cannot be resolved is reported.
    pub(super) fn resolve(
        (schema, settings): (&Schema, &Settings),
        field: FieldId,
        listed: Option<&Listed>,
        report: &mut Report,
    ) -> Self {
        let none = Listed::default();
        let Listed { list, place, max_place } = listed.unwrap_or(&none);
        let slicing = all_slicing(schema, field, (list, place.as_ref()), report);
        let returns = schema.field(field).ty.named;
        for name in list.sized.iter().flatten() {
            if schema.field_named(returns, name).is_none() {
                let message = format!("`{}` has no field `{name}`", schema.ty(returns).name);
                report.error("unknown-sized-field", message, place.as_ref());
            }
        }
        if list.max.is_some() && settings.clamps == Clamps::Ignored && slicing.is_empty() {
            let message = format!("`max` of `{}` bounds nothing", schema.coordinate(field));
            report.warn("no-effect", message, max_place.as_ref());
            report.help("name the arguments that it is for: `slicing: [first]`");
        }
        if let (Some(most), Clamps::Ignored) = (list.max, settings.clamps) {
            report_defaults(
                &slicing,
                (most, &schema.coordinate(field), max_place.as_ref()),
                report,
            );
        }
        let default = match settings.defaults.list {
            DefaultList::Assumed(size) => Some(size),
            DefaultList::Refuse => None,
        };
        let List { assumed, max, sized, require_one, .. } = list;
        let inner = assumed.or(default);
        let must_be_told = *require_one == Some(true) && !slicing.is_empty();
        Self {
            slicing: slicing.into(),
            sized: sized.clone().unwrap_or_default().into(),
            fallback: inner.filter(|_| !must_be_told),
            unknown: inner.or(*max).unwrap_or(USUAL_LIST),
            inner,
            most: max.map(|most| match settings.clamps {
                Clamps::Ignored => Most::Refuses(most),
                Clamps::Upstream => Most::Clamps(most),
            }),
        }
    }
}

/// The slicing arguments of a list; what cannot be resolved is reported.
fn all_slicing(
    schema: &Schema,
    field: FieldId,
    (list, place): (&List, Option<&Place>),
    report: &mut Report,
) -> Vec<Slicing> {
    let mut slicing = Vec::new();
    for text in list.slicing.iter().flatten() {
        match self::slicing(schema, field, text) {
            Ok(it) => slicing.push(it),
            Err(problem) => {
                let coordinate = schema.coordinate(field);
                let message =
                    format!("`{coordinate}` cannot be sliced by `{text}`: {}", problem.what);
                report.error("unknown-slicing-argument", message, place);
                if let Some(help) = problem.help {
                    report.help(&help);
                }
            }
        }
    }
    slicing
}

/// A default of the schema that `max` refuses: whoever leaves the argument out is refused.
fn report_defaults(
    slicing: &[Slicing],
    (most, coordinate, place): (u32, &str, Option<&Place>),
    report: &mut Report,
) {
    for it in slicing {
        if let Slice::Size(size) = it.default
            && size > most
        {
            let message = format!(
                "`{}` of `{coordinate}` is {size} when it is left out, which `max: {most}` refuses",
                it.argument
            );
            report.warn("refused-default", message, place);
            report.help("raise `max`, or have every client say how many it wants");
        }
    }
}

struct Problem {
    what: String,
    help: Option<String>,
}

/// Resolves `first` or `input.page.first`.
fn slicing(schema: &Schema, field: FieldId, text: &str) -> Result<Slicing, Problem> {
    let mut names = text.split('.');
    let argument = names.next().unwrap_or_default();
    let Some(id) = schema.argument_named(field, argument) else {
        let known = schema.arguments(field).map(|it| &*schema.input(it).name);
        return Err(no_such("argument", argument, known));
    };
    let mut inputs = vec![id];
    let mut ty = &schema.input(id).ty;
    for name in names {
        if ty.list_depth() > 0 {
            return Err(Problem { what: "the path leads through a list".into(), help: None });
        }
        let Some(id) = schema.input_field_named(ty.named, name) else {
            let known = schema.input_fields(ty.named).map(|it| &*schema.input(it).name);
            return Err(no_such("input field", name, known));
        };
        inputs.push(id);
        ty = &schema.input(id).ty;
    }
    let path = path(schema, &inputs, wanted(schema, ty)?);
    let default = default(schema, id, &path, 0);
    Ok(Slicing { argument: argument.into(), path, default })
}

fn wanted(schema: &Schema, ty: &TypeRef) -> Result<Wanted, Problem> {
    if ty.list_depth() > 0 {
        return Ok(Wanted::Length);
    }
    let named = schema.ty(ty.named);
    let is_other = matches!(&*named.name, "Boolean" | "Float" | "ID" | "String");
    if named.kind == Kind::Scalar && !is_other {
        return Ok(Wanted::Number);
    }
    Err(Problem {
        what: format!("`{}` is neither a whole number nor a list", named.name),
        help: None,
    })
}

fn no_such<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let help = suggestion(name, known).map(|it| format!("did you mean `{it}`?"));
    Problem { what: format!("it has no {what} `{name}`"), help }
}

/// The path through input fields; defaults are read from the last step to the first, because each
/// one may need those behind it.
fn path(schema: &Schema, inputs: &[InputId], wanted: Wanted) -> Path {
    let fields = inputs.get(1..).unwrap_or_default();
    let steps = fields
        .iter()
        .map(|id| Step { name: schema.input(*id).name.clone(), default: Slice::Absent });
    let mut path = Path { steps: steps.collect(), wanted };
    for (idx, id) in fields.iter().enumerate().rev() {
        let said = default(schema, *id, &path, idx.saturating_add(1));
        if let Some(step) = path.steps.get_mut(idx) {
            step.default = said;
        }
    }
    path
}

fn default(schema: &Schema, id: InputId, path: &Path, first: usize) -> Slice {
    schema.input(id).default.as_ref().map_or(Slice::Absent, |it| path.in_const(it, first))
}
