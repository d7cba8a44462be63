//! The JSON Schema of the block `identity`.

use serde_json::Value;

/// The schema; the names of algorithms are those that tokens use.
pub(super) fn json_schema() -> Value {
    // The text is our own; were it no JSON, a test would say so.
    serde_json::from_str(SCHEMA).unwrap_or(Value::Bool(false))
}

const SCHEMA: &str = r#"{
    "description": "Which credentials count, and what the upstream is told of them.",
    "type": "object", "additionalProperties": false, "properties": {
        "jwt": {"description": "Tokens of `Authorization: Bearer`.",
            "type": "object", "additionalProperties": false, "required": ["keys"], "properties": {
                "issuer": {"description": "Who must have issued a token.", "type": "string", "minLength": 1},
                "audience": {"description": "Whom it must be made out to; one of them is enough.",
                    "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}]},
                "keys": {"description": "Where keys come from.", "oneOf": [
                    {"type": "object", "additionalProperties": false, "required": ["file"], "properties": {
                        "file": {"description": "A JWK set, relative to this file; watched.", "type": "string", "minLength": 1}}},
                    {"type": "object", "additionalProperties": false, "required": ["url"], "properties": {
                        "url": {"description": "A JWK set; https, or http on this machine.", "type": "string", "pattern": "^https?://"},
                        "refresh": {"description": "After how long to ask again.", "type": "string", "pattern": "^[0-9]+ *(ms|s|m|min|h|d)$", "default": "5min"},
                        "stale": {"description": "How long keys count that cannot be asked for.", "type": "string", "pattern": "^[0-9]+ *(ms|s|m|min|h|d)$", "default": "1h"}}},
                    {"type": "object", "additionalProperties": false, "required": ["discover"], "properties": {
                        "discover": {"description": "By OpenID Connect Discovery.", "const": "issuer"},
                        "refresh": {"description": "After how long to ask again.", "type": "string", "pattern": "^[0-9]+ *(ms|s|m|min|h|d)$", "default": "5min"},
                        "stale": {"description": "How long keys count that cannot be asked for.", "type": "string", "pattern": "^[0-9]+ *(ms|s|m|min|h|d)$", "default": "1h"}}}]},
                "algorithms": {"description": "What tokens may be signed with; without it, all but shared secrets.",
                    "type": "array", "minItems": 1, "uniqueItems": true,
                    "items": {"enum": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "HS256", "HS384", "HS512"]}},
                "leeway": {"description": "By how much clocks may differ.", "type": "string", "pattern": "^[0-9]+ *(ms|s|m|min|h|d)$", "default": "30s"},
                "max_age": {"description": "The longest time since `iat`.", "type": "string", "pattern": "^[0-9]+ *(ms|s|m|min|h|d)$"},
                "cookie": {"description": "A cookie that holds a token, too.", "type": "string", "minLength": 1},
                "max_bytes": {"description": "The longest token.", "type": "string", "pattern": "^[0-9]+ *(B|KB|KiB|MB|MiB|GB|GiB)$", "default": "8KiB"}}},
        "api_keys": {"description": "Keys of machines.",
            "type": "object", "additionalProperties": false, "required": ["header", "file"], "properties": {
                "header": {"description": "The header they come in.", "type": "string", "minLength": 1},
                "file": {"description": "Hashes and claims, relative to this file; watched.", "type": "string", "minLength": 1}}},
        "client_label": {"description": "The header by which clients call themselves; for reports.", "type": "string", "minLength": 1},
        "forward": {"description": "Headers that tell the upstream a claim.",
            "type": "object", "propertyNames": {"pattern": "^[^_]+$"},
            "additionalProperties": {"type": "string", "pattern": "^claims(\\.[A-Za-z0-9_]+|\\[\"[^\"]+\"\\]|\\['[^']+'\\])+$"}}}
}"#;
