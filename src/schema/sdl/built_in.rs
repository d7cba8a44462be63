//! What every schema has without writing it, and what schemas use without defining it.

use crate::{
    diagnostic::Source,
    schema::sdl::{Definition, FieldSyntax, Report, definitions},
};

/// The types and directives of the language.
pub(super) fn built_in_definitions() -> Vec<Definition<'static>> {
    let mut found = read(BUILT_IN);
    for it in &mut found {
        it.built_in = true;
    }
    found
}

/// `__schema` and `__type`, the fields of the query root.
pub(super) fn meta_fields() -> Vec<FieldSyntax<'static>> {
    read(META_FIELDS).into_iter().flat_map(|it| it.fields).collect()
}

/// The scalars that federated schemas name without defining them.
pub(super) fn federation_scalars() -> Vec<Definition<'static>> {
    read(FEDERATION_SCALARS)
}

/// True for the fields that the language itself adds to types.
pub(in crate::schema) fn is_meta_field(name: &str) -> bool {
    matches!(name, "__schema" | "__type" | "__typename")
}

/// True for directives that federated schemas, and schemas with costs, apply without defining them.
pub(in crate::schema) fn is_federation_directive(name: &str) -> bool {
    WELL_KNOWN_DIRECTIVES.contains(&name)
        || ["core__", "federation__", "join__", "link__"].iter().any(|it| name.starts_with(it))
}

fn read(text: &'static str) -> Vec<Definition<'static>> {
    let source = Source { name: "built in".into(), text: "".into() };
    definitions(text, &mut Report::new(source.into()))
}

const WELL_KNOWN_DIRECTIVES: [&str; 24] = [
    "authenticated",
    "cacheControl",
    "composeDirective",
    "connect",
    "context",
    "core",
    "cost",
    "extends",
    "external",
    "fromContext",
    "inaccessible",
    "interfaceObject",
    "key",
    "link",
    "listSize",
    "override",
    "policy",
    "provides",
    "requires",
    "requiresScopes",
    "shareable",
    "source",
    "sourceField",
    "tag",
];

const FEDERATION_SCALARS: &str = "
scalar _Any
scalar _FieldSet
scalar FieldSet
scalar federation__ContextArgument
scalar federation__FieldSet
scalar federation__Policy
scalar federation__Scope
scalar join__ContextArgument
scalar join__DirectiveArguments
scalar join__FieldSet
scalar join__FieldValue
scalar link__Import
";

const META_FIELDS: &str = "type Query { __schema: __Schema! __type(name: String!): __Type }";

// GraphQL §3.5, §3.13 and §4.2, September 2025, and what its draft and graphql-js 16.15 have of
// directives that are deprecated.
const BUILT_IN: &str = r#"
scalar Boolean
scalar Float
scalar ID
scalar Int
scalar String

directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String! = "No longer supported")
  on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT

type __Schema {
  description: String
  types: [__Type!]!
  queryType: __Type!
  mutationType: __Type
  subscriptionType: __Type
  directives(includeDeprecated: Boolean! = false): [__Directive!]!
}
type __Type {
  kind: __TypeKind!
  name: String
  description: String
  specifiedByURL: String
  fields(includeDeprecated: Boolean! = false): [__Field!]
  interfaces: [__Type!]
  possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean! = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean! = false): [__InputValue!]
  ofType: __Type
  isOneOf: Boolean
}
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field {
  name: String!
  description: String
  args(includeDeprecated: Boolean! = false): [__InputValue!]!
  type: __Type!
  isDeprecated: Boolean!
  deprecationReason: String
}
type __InputValue {
  name: String!
  description: String
  type: __Type!
  defaultValue: String
  isDeprecated: Boolean!
  deprecationReason: String
}
type __EnumValue {
  name: String!
  description: String
  isDeprecated: Boolean!
  deprecationReason: String
}
type __Directive {
  name: String!
  description: String
  isRepeatable: Boolean!
  locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean! = false): [__InputValue!]!
  isDeprecated: Boolean!
  deprecationReason: String
}
enum __DirectiveLocation {
  QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT
  VARIABLE_DEFINITION SCHEMA SCALAR OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION
  ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION DIRECTIVE_DEFINITION
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_texts_read_in_full() {
        assert_eq!(built_in_definitions().len(), 18);
        assert_eq!(meta_fields().len(), 2);
        assert_eq!(federation_scalars().len(), 12);
    }
}
