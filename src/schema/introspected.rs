//! The answer to the introspection query becomes a text in the schema language.
//!
//! Does not ask anybody and does not judge the schema: [`Schema::load`] reads the text as it reads
//! a file. Introspection tells no applied directives but `@deprecated`, `@oneOf` and
//! `@specifiedBy`: keys, costs and tags are lost on this way.
//!
//! [`Schema::load`]: crate::schema::Schema::load

use std::fmt;

use serde::Deserialize;

use crate::schema::sdl_text;

/// Asks for everything that the specification of September 2025 knows.
pub const INTROSPECTION_QUERY: &str = "query IntrospectionQuery {
  __schema {
    description queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description specifiedByURL isOneOf
      fields(includeDeprecated: true) {
        name description args(includeDeprecated: true) { ...Input } type { ...Type }
        isDeprecated deprecationReason
      }
      inputFields(includeDeprecated: true) { ...Input }
      interfaces { name }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...Input } }
  }
}
fragment Input on __InputValue {
  name description type { ...Type } defaultValue isDeprecated deprecationReason
}
fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name } } } } } } } } } }";

/// Asks a server of before October 2021, which knows less.
pub const OLD_INTROSPECTION_QUERY: &str = "query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description args { ...Input } type { ...Type } isDeprecated deprecationReason
      }
      inputFields { ...Input }
      interfaces { name }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
    directives { name description locations args { ...Input } }
  }
}
fragment Input on __InputValue { name description type { ...Type } defaultValue }
fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

/// Why an answer holds no schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSchema {
    /// It has errors; the first message, as the upstream wrote it.
    Errors(String),
    /// Something has a name that is none.
    Name(String),
    /// It is no answer to the introspection query.
    Shape(String),
    /// A type is wrapped more often than was asked for.
    TooDeep,
}

impl fmt::Display for NoSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errors(message) => write!(f, "introspection was answered with: {message}"),
            Self::Name(name) => write!(f, "introspection names something {name:?}"),
            Self::Shape(why) => write!(f, "the answer to introspection cannot be read: {why}"),
            Self::TooDeep => f.write_str("a type has too many lists in lists"),
        }
    }
}

impl std::error::Error for NoSchema {}

/// The schema in an answer, as text; the same for the same schema, names in alphabetical order
/// where their order means nothing.
///
/// # Errors
/// When the answer holds no schema.
pub fn sdl_of_answer(answer: &[u8]) -> Result<String, NoSchema> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|it| NoSchema::Shape(it.to_string()))?;
    if let Some(error) = answer.errors.into_iter().flatten().next() {
        return Err(NoSchema::Errors(error.message));
    }
    let schema = answer.data.and_then(|it| it.schema);
    let mut schema = schema.ok_or_else(|| NoSchema::Shape("`data.__schema` is absent".into()))?;
    schema.types.retain(|it| !is_built_in(&it.name));
    schema.types.sort_by(|a, b| a.name.cmp(&b.name));
    for ty in &mut schema.types {
        for names in [&mut ty.interfaces, &mut ty.possible_types].into_iter().flatten() {
            names.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
    schema.directives.retain(|it| !BUILT_IN_DIRECTIVES.contains(&it.name.as_str()));
    schema.directives.sort_by(|a, b| a.name.cmp(&b.name));
    sdl_text::write(&schema)
}

fn is_built_in(ty: &str) -> bool {
    ty.starts_with("__") || matches!(ty, "Boolean" | "Float" | "ID" | "Int" | "String")
}

const BUILT_IN_DIRECTIVES: [&str; 5] = ["deprecated", "include", "oneOf", "skip", "specifiedBy"];

#[derive(Deserialize)]
struct Answer {
    data: Option<Data>,
    errors: Option<Vec<Message>>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "__schema")]
    schema: Option<Told>,
}

/// What `__schema` tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Told {
    pub(super) description: Option<String>,
    pub(super) query_type: Named,
    pub(super) mutation_type: Option<Named>,
    pub(super) subscription_type: Option<Named>,
    pub(super) types: Vec<ToldType>,
    #[serde(default)]
    pub(super) directives: Vec<ToldDirective>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ToldKind {
    Enum,
    InputObject,
    Interface,
    List,
    NonNull,
    Object,
    Scalar,
    Union,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldType {
    pub(super) kind: ToldKind,
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(rename = "specifiedByURL")]
    pub(super) specified_by: Option<String>,
    pub(super) is_one_of: Option<bool>,
    pub(super) fields: Option<Vec<ToldField>>,
    pub(super) input_fields: Option<Vec<ToldInput>>,
    pub(super) interfaces: Option<Vec<Named>>,
    pub(super) enum_values: Option<Vec<ToldValue>>,
    pub(super) possible_types: Option<Vec<Named>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldField {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) args: Vec<ToldInput>,
    #[serde(rename = "type")]
    pub(super) ty: ToldRef,
    pub(super) is_deprecated: Option<bool>,
    pub(super) deprecation_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldInput {
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(rename = "type")]
    pub(super) ty: ToldRef,
    /// A literal of the language.
    pub(super) default_value: Option<String>,
    pub(super) is_deprecated: Option<bool>,
    pub(super) deprecation_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldValue {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) is_deprecated: Option<bool>,
    pub(super) deprecation_reason: Option<String>,
}

/// A type as a field has it. The reader of JSON bounds how deep it nests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldRef {
    pub(super) kind: ToldKind,
    pub(super) name: Option<String>,
    pub(super) of_type: Option<Box<ToldRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToldDirective {
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) is_repeatable: bool,
    pub(super) locations: Vec<String>,
    pub(super) args: Vec<ToldInput>,
}
