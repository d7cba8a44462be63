//! The list of rules: one line each, in the order in which the README shows them.

use crate::rules::{
    Meta, Setting, allowed_directives, authorization, cost, deprecated, federation, input_allow,
    input_json, input_length, input_one_of, input_pattern, input_range, input_require, input_url,
    introspection, list_length, max_aliases, max_depth, max_directives, max_directives_per_place,
    max_document, max_fields, max_fragments, max_list_depth, max_operations, max_repeats,
    max_root_fields, max_tokens, max_variables, once_per_request, operation_kinds, string_length,
    value_depth, variables_bytes,
};

/// One rule of the product.
#[derive(Debug)]
pub struct Entry {
    /// What it is called.
    pub meta: &'static Meta,
    /// How it is set, and made.
    pub setting: Setting,
}

/// The position of a rule in [`REGISTRY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIdx(pub(crate) usize);

/// Every rule.
pub static REGISTRY: &[Entry] = &[
    max_document::ENTRY,
    max_tokens::ENTRY,
    max_depth::ENTRY,
    max_list_depth::ENTRY,
    max_fields::ENTRY,
    max_aliases::ENTRY,
    max_repeats::ENTRY,
    max_root_fields::ENTRY,
    max_directives::ENTRY,
    max_directives_per_place::ENTRY,
    max_fragments::ENTRY,
    max_operations::ENTRY,
    max_variables::ENTRY,
    variables_bytes::ENTRY,
    value_depth::ENTRY,
    list_length::ENTRY,
    string_length::ENTRY,
    cost::ENTRY,
    allowed_directives::ENTRY,
    operation_kinds::ENTRY,
    introspection::ENTRY,
    federation::ENTRY,
    authorization::ENTRY,
    once_per_request::ENTRY,
    deprecated::ENTRY,
    input_range::ENTRY,
    input_length::ENTRY,
    input_pattern::ENTRY,
    input_one_of::ENTRY,
    input_json::ENTRY,
    input_url::ENTRY,
    input_require::ENTRY,
    input_allow::ENTRY,
];
