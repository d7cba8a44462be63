//! What is invalid in a document, told twice: to the client and to the log.
//!
//! The public text names only what the client wrote. It never names a type, what else there is, or
//! what was expected: that would hand out the schema one refusal at a time.

use std::borrow::Cow;

use bluejay_core::{Value, definition::SchemaDefinition};
use bluejay_parser::{Error as Report, ast::executable::ExecutableDocument};
use bluejay_validator::{
    executable::document::{ArgumentError, DirectiveError, Error},
    value::input_coercion::Error as ValueError,
};

use crate::document::place::offset;

/// One thing that validation objects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// For the client.
    pub public: Cow<'static, str>,
    /// For the log: types and expectations included, values of the document never.
    pub detail: String,
    /// Byte offset in the text, where it is known.
    pub at: Option<u32>,
}

/// The text that the validator has read.
#[derive(Clone, Copy)]
pub(super) enum Text<'t> {
    /// One of ours, whose places are not the client's.
    Printed,
    /// As it was sent.
    Sent(&'t str),
}

impl Invalid {
    pub(super) fn new<'a, S: SchemaDefinition>(
        text: Text<'_>,
        error: Error<'a, ExecutableDocument<'a>, S>,
    ) -> Self {
        let public = public(&error);
        let (without_value, inside) = (without_value(&error), inside(&error));
        let report = Report::from(error);
        let mut detail = without_value.unwrap_or_else(|| report.message().to_owned());
        let location = match text {
            Text::Printed => None,
            Text::Sent(text) => {
                let located = Report::into_graphql_errors(text, [report]).into_iter().next();
                located.and_then(|it| Some((text, it.locations.into_iter().next()?)))
            }
        };
        let of_value = inside.is_some();
        if let Some(inside) = inside.filter(|it| !it.is_empty()) {
            detail.push_str(&format!(", at `{inside}` in the value"));
        }
        if let (true, Some((_, it))) = (of_value, &location) {
            detail.push_str(&format!(", {}:{}", it.line, it.col));
        }
        Self { public, detail, at: location.map(|(text, it)| offset(text, it.line, it.col)) }
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn public<'a, S: SchemaDefinition>(
    error: &Error<'a, ExecutableDocument<'a>, S>,
) -> Cow<'static, str> {
    match error {
        Error::FieldDoesNotExistOnType { field, .. } => {
            format!("unknown field `{}`", field.name().as_str()).into()
        }
        Error::FieldSelectionsDoNotMergeDifferingArguments { field_a, .. }
        | Error::FieldSelectionsDoNotMergeDifferingNames { field_a, .. }
        | Error::FieldSelectionsDoNotMergeIncompatibleTypes { field_a, .. } => {
            format!("fields under `{}` do not merge", field_a.response_key()).into()
        }
        Error::FragmentDefinitionTargetTypeDoesNotExist { fragment_definition: it }
        | Error::FragmentDefinitionTargetTypeNotComposite { fragment_definition: it } => {
            format!("fragment `{}` is on no such type", it.name().as_str()).into()
        }
        Error::FragmentDefinitionUnused { fragment_definition: it } => {
            format!("fragment `{}` is not used", it.name().as_str()).into()
        }
        Error::FragmentSpreadCycle { fragment_definition: it, .. } => {
            format!("fragment `{}` spreads itself", it.name().as_str()).into()
        }
        Error::FragmentSpreadIsNotPossible { fragment_spread: it, .. } => {
            format!("fragment `{}` can never apply here", it.name().as_str()).into()
        }
        Error::FragmentSpreadTargetUndefined { fragment_spread: it } => {
            format!("unknown fragment `{}`", it.name().as_str()).into()
        }
        Error::InlineFragmentSpreadIsNotPossible { .. } => {
            "an inline fragment can never apply here".into()
        }
        Error::InlineFragmentTargetTypeDoesNotExist { .. }
        | Error::InlineFragmentTargetTypeNotComposite { .. } => {
            "an inline fragment is on no such type".into()
        }
        Error::InvalidConstArgument(error) => argument(error, |it| it.name().as_str()),
        Error::InvalidConstDirective(error) => directive(error, |it| it.name().as_str()),
        Error::InvalidConstValue(_) | Error::InvalidVariableValue(_) => {
            "a value does not fit where it stands".into()
        }
        Error::InvalidOneOfVariableUsage { variable, .. }
        | Error::InvalidVariableUsage { variable, .. } => {
            format!("variable `${}` does not fit where it is used", variable.name()).into()
        }
        Error::InvalidVariableArgument(error) => argument(error, |it| it.name().as_str()),
        Error::InvalidVariableDirective(error) => directive(error, |it| it.name().as_str()),
        Error::LeafFieldSelectionNotEmpty { .. } => "a field has selections and must not".into(),
        Error::NonLeafFieldSelectionEmpty { field, .. } => {
            format!("field `{}` needs selections", field.name().as_str()).into()
        }
        Error::NonUniqueFragmentDefinitionNames { name, .. } => {
            format!("several fragments are named `{name}`").into()
        }
        Error::NonUniqueOperationNames { name, .. } => {
            format!("several operations are named `{name}`").into()
        }
        Error::NonUniqueVariableDefinitionNames { name, .. } => {
            format!("several variables are named `${name}`").into()
        }
        Error::NotLoneAnonymousOperation { .. } => {
            "an operation without a name must be the only one".into()
        }
        Error::OperationTypeNotDefined { .. } => "operations of this kind do not exist".into(),
        Error::SubscriptionRootNotSingleField { .. } => SUBSCRIPTION_ROOT.into(),
        Error::VariableDefinitionTypeNotInput { variable_definition: it } => {
            format!("variable `${}` is of no such type", it.variable().name()).into()
        }
        Error::VariableDefinitionUnused { variable_definition: it } => {
            format!("variable `${}` is not used", it.variable().name()).into()
        }
        Error::VariableNotDefined { variable, .. } => {
            format!("unknown variable `${}`", variable.name()).into()
        }
    }
}

/// What is said where the validator would quote a value.
fn without_value<'a, S: SchemaDefinition>(
    error: &Error<'a, ExecutableDocument<'a>, S>,
) -> Option<String> {
    let (Error::InvalidConstValue(ValueError::NoEnumMemberWithName { enum_type_name, .. })
    | Error::InvalidVariableValue(ValueError::NoEnumMemberWithName { enum_type_name, .. })) = error
    else {
        return None;
    };
    Some(format!("No such member on enum {enum_type_name}"))
}

/// Where in a value it does not fit, as keys and positions; nothing for what is about no value.
fn inside<'a, S: SchemaDefinition>(error: &Error<'a, ExecutableDocument<'a>, S>) -> Option<String> {
    match error {
        Error::InvalidConstValue(error) => Some(place(error)),
        Error::InvalidVariableValue(error) => Some(place(error)),
        _ => None,
    }
}

fn place<const CONST: bool, V: Value<CONST>>(error: &ValueError<'_, CONST, V>) -> String {
    let (ValueError::CustomScalarInvalidValue { path, .. }
    | ValueError::IntegerOutOfRange { path, .. }
    | ValueError::NoEnumMemberWithName { path, .. }
    | ValueError::NoImplicitConversion { path, .. }
    | ValueError::NoInputFieldWithName { path, .. }
    | ValueError::NoValueForRequiredFields { path, .. }
    | ValueError::NonFiniteFloat { path, .. }
    | ValueError::NonUniqueFieldNames { path, .. }
    | ValueError::NullValueForRequiredType { path, .. }
    | ValueError::OneOfInputNotSingleNonNullValue { path, .. }
    | ValueError::OneOfInputNullValues { path, .. }) = error;
    path.to_vec::<String>().join(".")
}

fn argument<'a, const CONST: bool, S: SchemaDefinition>(
    error: &ArgumentError<'a, CONST, ExecutableDocument<'a>, S>,
    directive_name: impl Fn(&'a bluejay_parser::ast::Directive<'a, CONST>) -> &'a str,
) -> Cow<'static, str> {
    match error {
        ArgumentError::ArgumentDoesNotExistOnDirective { argument, .. }
        | ArgumentError::ArgumentDoesNotExistOnField { argument, .. } => {
            format!("unknown argument `{}`", argument.name().as_str()).into()
        }
        ArgumentError::DirectiveMissingRequiredArguments { directive, .. } => {
            format!("directive `@{}` lacks an argument", directive_name(directive)).into()
        }
        ArgumentError::FieldMissingRequiredArguments { field, .. } => {
            format!("field `{}` lacks an argument", field.name().as_str()).into()
        }
        ArgumentError::NonUniqueArgumentNames { name, .. } => {
            format!("argument `{name}` is given several times").into()
        }
    }
}

fn directive<'a, const CONST: bool, S: SchemaDefinition>(
    error: &DirectiveError<'a, CONST, ExecutableDocument<'a>, S>,
    name: impl Fn(&'a bluejay_parser::ast::Directive<'a, CONST>) -> &'a str,
) -> Cow<'static, str> {
    match error {
        DirectiveError::DirectiveDoesNotExist { directive } => {
            format!("unknown directive `@{}`", name(directive)).into()
        }
        DirectiveError::DirectiveInInvalidLocation { directive, .. } => {
            format!("directive `@{}` must not stand here", name(directive)).into()
        }
        DirectiveError::DirectivesNotUniquePerLocation { .. } => {
            "a directive is repeated and must not be".into()
        }
    }
}

/// Said when the validator's parser refuses what was read; it never did.
pub(super) const UNREADABLE: &str = "the document could not be read again";

/// Said by `beyond_validator`; the validator, if it were asked, would say the same.
pub(super) const SUBSCRIPTION_ROOT: &str =
    "a subscription must have exactly one root field, and no introspection";
