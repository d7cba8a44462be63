//! The variables of an operation, and what a request gives for them.

use crate::{
    document::{Document, OperationDefinition, ValueId, ValueKind},
    json::{self, Kind},
    operation::Mismatch,
    schema::{Schema, TypeRef, Wrapper},
    weight,
};

/// The position of a variable definition in its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableIdx(u32);

impl VariableIdx {
    /// The index as `usize`.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The variable of that name.
    pub(crate) fn position(variables: &[Variable], name: &str) -> Option<Self> {
        let found = variables.iter().position(|it| &*it.name == name)?;
        u32::try_from(found).ok().map(Self)
    }
}

/// A variable definition, resolved.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name without `$`.
    pub name: Box<str>,
    /// Its type.
    pub ty: TypeRef,
    /// Its default value in the document.
    pub default: Option<ValueId>,
    /// The default value, when it is a Boolean.
    pub default_boolean: Option<bool>,
}

impl Variable {
    /// True when a request must give a value.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.ty.wrappers.first() == Some(&Wrapper::NonNull) && self.default.is_none()
    }

    /// Roughly how many bytes its name and type are.
    pub(crate) fn weight(&self) -> usize {
        weight::of_text(&self.name).saturating_add(weight::of_slice(&self.ty.wrappers))
    }
}

/// What a request gives for a variable.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// Nothing, and there is no default.
    Absent,
    /// Nothing: the operation's default applies.
    Default,
    /// This value.
    Value(json::Value<'a>),
}

/// The size of the variables of a request, as sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of the JSON text.
    pub bytes: u64,
    /// Containers inside containers; a scalar variable is 0, a list or object 1.
    pub depth: u64,
    /// Elements of the longest list.
    pub list: u64,
    /// Bytes of the longest string, escapes resolved.
    pub string: u64,
}

impl Shape {
    /// The size of what stands under `variables`.
    #[must_use]
    pub fn of(variables: json::Value<'_>) -> Self {
        let bytes = variables.text().len() as u64;
        let depth = u64::from(variables.height().saturating_sub(1));
        let mut shape = Self { bytes, depth, ..Self::default() };
        for value in variables.descendants().skip(1) {
            match value.kind() {
                Kind::Array => shape.list = shape.list.max(u64::from(value.n_children())),
                // Escapes only make a literal longer: no other can hold the longest string.
                Kind::String if value.text().len() as u64 > shape.string.saturating_add(2) => {
                    let bytes = value.string().map_or(0, |it| it.len());
                    shape.string = shape.string.max(bytes as u64);
                }
                Kind::String => {}
                Kind::Boolean(_) | Kind::File | Kind::Null | Kind::Number | Kind::Object => {}
            }
        }
        shape
    }
}

/// The variables of one request, checked against their definitions by [`super::coerce`].
#[derive(Debug, Default)]
pub struct Variables<'a> {
    pub(super) given: Vec<Given<'a>>,
    /// Values of Boolean variables, defaults applied, by definition.
    pub(super) booleans: Vec<Option<bool>>,
    pub(super) shape: Shape,
}

impl<'a> Variables<'a> {
    /// For questions about size alone: nothing is known of the values.
    #[must_use]
    pub fn of_size(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// What is given, by definition. Empty for an operation that is judged but not selected.
    #[must_use]
    pub fn given(&self, variable: VariableIdx) -> Option<Given<'a>> {
        self.given.get(variable.index()).copied()
    }

    /// What is given, in the order of the definitions.
    #[must_use]
    pub fn all(&self) -> &[Given<'a>] {
        &self.given
    }

    /// The value of a Boolean variable, when it is known.
    #[must_use]
    pub fn boolean(&self, variable: VariableIdx) -> Option<bool> {
        self.booleans.get(variable.index()).copied().flatten()
    }

    /// The size of what was sent.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
}

/// Resolves the types of an operation's variable definitions.
pub(super) fn resolve(
    schema: &Schema,
    document: &Document,
    definition: &OperationDefinition,
) -> Result<Vec<Variable>, Mismatch> {
    let definitions = document.variables(definition.variables).iter();
    let resolved = definitions.map(|it| {
        let name = document.str(it.ty.name);
        let named = schema.type_named(name).ok_or_else(|| Mismatch { name: name.into() })?;
        let default = it.default.and_then(|id| document.value(id)).map(|value| value.kind);
        Ok(Variable {
            name: document.str(it.name).into(),
            ty: TypeRef { named, wrappers: document.wrappers(it.ty).into() },
            default: it.default,
            default_boolean: match default {
                Some(ValueKind::Boolean(value)) => Some(value),
                _ => None,
            },
        })
    });
    resolved.collect()
}
