//! What is wrong with a document, by `bluejay-validator` and by our own hand.
//!
//! Reads the text again, as the validator wants its own tree, and follows every spread from every
//! selection set: it is slow, and only asked where there is no proof.

use bluejay_parser::ast::{
    Parse, ParseOptions, definition::SchemaDefinition, executable::ExecutableDocument,
};
use bluejay_validator::executable::{
    Cache,
    document::{
        Orchestrator,
        rules::{
            AllVariableUsagesAllowed, AllVariableUsesDefined, AllVariablesUsed, ArgumentNames,
            ArgumentUniqueness, DirectivesAreDefined, DirectivesAreInValidLocations,
            DirectivesAreUniquePerLocation, FieldSelectionMerging, FieldSelections,
            FragmentNameUniqueness, FragmentSpreadIsPossible, FragmentSpreadTargetDefined,
            FragmentSpreadTypeExists, FragmentsMustBeUsed, FragmentsOnCompositeTypes,
            LeafFieldSelections, LoneAnonymousOperation, NamedOperationNameUniqueness,
            OperationTypeIsDefined, RequiredArguments, ValueIsValid, VariableUniqueness,
            VariablesAreInputTypes,
        },
    },
};

use crate::{
    document::{
        Document, Invalid, ReadLimits, print,
        validate::{
            beyond_validator::beyond_validator,
            invalid::{Text, UNREADABLE},
            mistakes::Mistakes,
        },
    },
    schema::Schema,
};

/// What the specification has against a document, the first ten; nothing when it is valid.
#[must_use]
pub fn objections(schema: &Schema, document: &Document) -> Vec<Invalid> {
    let mut found = beyond_validator(document);
    let text = document.text();
    match parsed(text) {
        Some(tree) => found.extend(found_in((schema, document), &tree, Text::Sent(text))),
        None => found.extend(found_in_print(schema, document)),
    }
    found.truncate(MAX_FOUND);
    found
}

/// Two legal things are beyond the validator's parser: a blank behind `$`, and a pair of surrogates
/// behind one other escape. The printed text has neither; its places are not the client's.
fn found_in_print(schema: &Schema, document: &Document) -> Vec<Invalid> {
    let printed = print(document);
    let Some(tree) = parsed(&printed) else {
        return vec![Invalid {
            public: UNREADABLE.into(),
            detail: UNREADABLE.to_owned(),
            at: None,
        }];
    };
    found_in((schema, document), &tree, Text::Printed)
}

/// `text` says the same as the document, and the tree is of it.
fn found_in(
    (schema, document): (&Schema, &Document),
    tree: &ExecutableDocument<'_>,
    text: Text<'_>,
) -> Vec<Invalid> {
    let definitions = schema.definitions().schema_definition();
    let cache = Cache::new(tree, definitions);
    let errors = Validator::validate(tree, definitions, &cache);
    let mistakes = Mistakes::new(schema, document);
    let mut doubtful = Vec::new();
    let sure = errors.filter(|it| !mistakes.include(it)).filter_map(|it| {
        let is_doubtful = mistakes.may_include(&it);
        let told = Invalid::new(text, it);
        if !is_doubtful {
            return Some(told);
        }
        if doubtful.len() < MAX_FOUND {
            doubtful.push(told);
        }
        None
    });
    let sure: Vec<_> = sure.take(MAX_FOUND).collect();
    // Where something else is wrong, a field that is there is not what is to be told.
    if sure.is_empty() { doubtful } else { sure }
}

/// The validator's tree of a text that was read before under `ReadLimits`, so that the limits here
/// are the widest of those.
fn parsed(text: &str) -> Option<ExecutableDocument<'_>> {
    let ReadLimits { depth, tokens, .. } = ReadLimits::CEILINGS;
    let options = ParseOptions {
        graphql_ruby_compatibility: false,
        max_depth: parser_depth(depth),
        max_tokens: Some(tokens as usize),
    };
    ExecutableDocument::parse_with_options(text, options).result.ok()
}

/// The parser counts two levels for every nested selection set, one for every value and up to
/// eight around them. Its limit only has to keep the stack small: the exact count is ours.
fn parser_depth(depth: u32) -> usize {
    (depth as usize).saturating_mul(3).saturating_add(8)
}

type Validator<'a> = Orchestrator<
    'a,
    ExecutableDocument<'a>,
    SchemaDefinition<'a>,
    Rules<'a, ExecutableDocument<'a>, SchemaDefinition<'a>>,
>;

/// All that the validator brings, but for two rules. Its search for cycles takes a step for every
/// way through the fragments from every fragment, and `count` has found them already; it counts the
/// root fields of a subscription without merging them, and `beyond_validator` has done it better.
type Rules<'a, E, S> = (
    (
        LoneAnonymousOperation<'a, E>,
        NamedOperationNameUniqueness<'a, E>,
        OperationTypeIsDefined<'a, E, S>,
    ),
    (
        ArgumentNames<'a, E, S>,
        ArgumentUniqueness<'a, E, S>,
        FieldSelectionMerging<'a, E, S>,
        FieldSelections<'a, E, S>,
        LeafFieldSelections<'a, E, S>,
        RequiredArguments<'a, E, S>,
    ),
    (
        FragmentNameUniqueness<'a, E>,
        FragmentSpreadIsPossible<'a, E, S>,
        FragmentSpreadTargetDefined<'a, E, S>,
        FragmentSpreadTypeExists<'a, E, S>,
        FragmentsMustBeUsed<'a, E>,
        FragmentsOnCompositeTypes<'a, E, S>,
    ),
    (
        DirectivesAreDefined<'a, E, S>,
        DirectivesAreInValidLocations<'a, E, S>,
        DirectivesAreUniquePerLocation<'a, E, S>,
        ValueIsValid<'a, E, S>,
    ),
    (
        AllVariableUsagesAllowed<'a, E, S>,
        AllVariableUsesDefined<'a, E, S>,
        AllVariablesUsed<'a, E, S>,
        VariableUniqueness<'a, E, S>,
        VariablesAreInputTypes<'a, E, S>,
    ),
);

/// Enough to mend a document by; every one costs a look through the text.
const MAX_FOUND: usize = 10;
