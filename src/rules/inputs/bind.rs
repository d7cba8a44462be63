//! Which places of a demand are of the rule's kind. A wildcard passes over those that are not; a
//! name must fit.

use crate::{
    diagnostic::Diagnostics,
    rules::{Demand, InputPlace, Named},
    schema::{InputId, InputOwner, Kind, Schema, TypeRef, is_whole_number},
};

/// What values a rule is about.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) enum Fits {
    /// Anything.
    Any,
    /// Values of custom scalars.
    Custom,
    /// Texts, and lists of anything.
    Length,
    /// Values of enums and scalars.
    Leaf,
    /// Lists of anything.
    List,
    /// Numbers.
    Number,
    /// Texts: `String`, `ID` and custom scalars that do not call themselves integers.
    Text,
}

impl Fits {
    /// Whether a demand's values at a place are of the kind.
    pub(in crate::rules) fn takes_at(
        self,
        schema: &Schema,
        place: InputPlace,
        named: Named,
    ) -> bool {
        match place {
            InputPlace::Input(input) => self.takes(schema, &schema.input(input).ty, named),
            InputPlace::Scalar(scalar) => {
                self.takes(schema, &TypeRef { named: scalar, wrappers: [].into() }, named)
            }
        }
    }

    fn takes(self, schema: &Schema, ty: &TypeRef, named: Named) -> bool {
        let inner = TypeRef { named: ty.named, wrappers: [].into() };
        let (kind, name) = (schema.ty(ty.named).kind, &*schema.ty(ty.named).name);
        let is_built_in = matches!(name, "Boolean" | "Float" | "ID" | "Int" | "String");
        let is_custom = kind == Kind::Scalar && !is_built_in;
        let is_whole = is_whole_number(schema, &inner);
        let is_text = name == "String" || name == "ID" || (is_custom && !is_whole);
        match self {
            Self::Any => true,
            Self::Custom => is_custom,
            Self::Length => is_text || ty.list_depth() > 0,
            Self::Leaf => matches!(kind, Kind::Enum | Kind::Scalar) && name != "Boolean",
            Self::List => ty.list_depth() > 0,
            Self::Number if is_whole || name == "Float" => true,
            // A `Decimal` says so by its name in the policy; a wildcard cannot know.
            Self::Number => is_custom && named == Named::Exactly,
            Self::Text => is_text,
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Custom => "a value of a custom scalar",
            Self::Length => "a text or list",
            Self::Leaf => "a text or number",
            Self::List => "a list",
            Self::Number => "a number",
            Self::Text => "a text",
        }
    }
}

/// The places of a demand that its rule is about; adds every mistake.
pub(super) fn bind(
    schema: &Schema,
    demand: &Demand<'_>,
    fits: Fits,
    found: &mut Diagnostics,
) -> Vec<InputPlace> {
    let mut bound = Vec::new();
    for demanded in &demand.at {
        let is_taken = fits.takes_at(schema, demanded.place, demanded.named);
        match demanded.named {
            _ if is_taken => bound.push(demanded.place),
            Named::ByWildcard => {}
            Named::Exactly => {
                let place = coordinate(schema, demanded.place);
                let message = format!("`{place}` does not hold {}", fits.what());
                found.push(demand.node.error("wrong-place", message));
            }
        }
    }
    let is_wild = demand.at.iter().all(|it| it.named == Named::ByWildcard);
    if bound.is_empty() && is_wild && !demand.at.is_empty() {
        let message = format!("no place that `at` names holds {}", fits.what());
        found.push(demand.node.warning("no-effect", message));
    }
    bound
}

/// How a place is called.
pub(super) fn coordinate(schema: &Schema, place: InputPlace) -> String {
    match place {
        InputPlace::Input(input) => of_input(schema, input),
        InputPlace::Scalar(scalar) => format!("scalar {}", schema.ty(scalar).name),
    }
}

fn of_input(schema: &Schema, input: InputId) -> String {
    let name = &schema.input(input).name;
    match schema.input(input).owner {
        InputOwner::Directive(directive) => {
            let directive = schema.directives().get(directive as usize);
            let directive = directive.map(|it| &*it.name).unwrap_or_default();
            format!("@{directive}({name}:)")
        }
        InputOwner::Field(field) => format!("{}({name}:)", schema.coordinate(field)),
        InputOwner::InputObject(ty) => format!("{}.{name}", schema.ty(ty).name),
    }
}
