//! The JSON Schema of the block `documents`.

use serde_json::Value;

/// The schema.
pub(super) fn json_schema() -> Value {
    // The text is our own; were it no JSON, a test would say so.
    serde_json::from_str(SCHEMA).unwrap_or(Value::Bool(false))
}

const SCHEMA: &str = r#"{
    "description": "Which documents may be sent, and what is special about some of them.",
    "type": "object", "additionalProperties": false, "properties": {
        "require": {"description": "Whether only trusted documents may be sent.", "default": false,
            "anyOf": [{"type": "boolean"}, {"type": "object", "additionalProperties": false, "required": ["mode"], "properties": {
                "mode": {"description": "Report: what would have been refused is written down.", "enum": ["enforce", "report"]}}}]},
        "manifests": {"description": "Files that list trusted documents (Apollo's manifest, a map from id to text), and folders of `.graphql` files, with a `/` at their end; relative to this file, watched.",
            "type": "array", "uniqueItems": true, "items": {"type": "string", "minLength": 1}},
        "apq": {"description": "Whether what a client sends with its SHA-256 is remembered, once it was admitted; `shared`: by all replicas, in Redis (`--redis`), each of which judges it anew. Not for clients that send batches: a hash that is not known refuses all of one, and they take that for a failure.", "enum": ["off", "on", "shared"], "default": "off"},
        "second_reader": {"description": "Whether a second parser must read the same document; what its grammar does not take (directives on a variable with a default, enum values like `nullable`, numbers beyond floats) it is told in other words. Trusted documents are always read twice.", "enum": ["off", "on"], "default": "off"},
        "settings": {"description": "What is special about some trusted documents.",
            "type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["document"], "properties": {
                "document": {"description": "SHA-256 of the document.", "type": "string", "pattern": "^sha256:[0-9a-fA-F]{64}$"},
                "when": {"description": "Who may send it: `always`, `never`, or an expression over `claims`, `client`, `request`.", "type": "string", "minLength": 1},
                "profile": {"description": "The profile it is judged under, whoever sends it.", "type": "string", "minLength": 1},
                "cost": {"description": "What it may cost, instead of `cost.max`.", "type": "integer", "minimum": 0, "maximum": 1000000000000}}}}}
}"#;
