//! JSON Schema of rates, for editors.

use serde_json::Value as Json;

/// Of the list of the file.
pub(in crate::policy) fn json_schema() -> Json {
    // The text is our own; were it no JSON, a test would say so.
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

/// Of the list of a profile.
pub(in crate::policy) fn profile_json_schema() -> Json {
    serde_json::from_str(IN_PROFILE).unwrap_or_default()
}

const SCHEMA: &str = r#"{
    "description": "How much a key may spend in a time, or at a time.",
    "type": "array",
    "items": {
        "type": "object", "additionalProperties": false, "required": ["name", "key"],
        "oneOf": [{ "required": ["limit"] }, { "required": ["concurrency"] }],
        "if": { "properties": { "count": { "const": "failed" } }, "required": ["count"] },
        "then": { "required": ["on"] },
        "properties": {
            "name": {"description": "For messages, logs and the RateLimit headers.",
                "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
            "key": {"description": "Whose quota is spent: of the address (of IPv6 its /64), the caller (`sub`), a claim, the API key, a header (a weak key: clients choose it), the value of an argument of the field in `on`, the document. Who has no such value is counted by address.",
                "type": "string", "pattern": "^(client\\.ip|caller|api_key|document|header\\.[A-Za-z0-9_-]+|args(\\.[A-Za-z0-9_]+)+|claims(\\.[A-Za-z0-9_]+|\\[\"[^\"]+\"\\]|\\['[^']+'\\])+)$"},
            "limit": {"description": "How much in which time.",
                "type": "string", "pattern": "^0*[1-9][0-9]*/(0*[1-9][0-9]*)?(s|min|h)$"},
            "burst": {"description": "How much at once; without it, as much as in `limit`.",
                "type": "integer", "minimum": 1, "maximum": 4294967295},
            "concurrency": {"description": "How much at a time, from the request to the end of its answer; counted in every process by itself.",
                "type": "integer", "minimum": 1, "maximum": 4294967295},
            "on": {"description": "Count the calls of this field, after aliases and batch, in what is admitted.",
                "type": "string", "minLength": 1},
            "count": {"description": "Which calls of the root field in `on`: all, or those that the upstream answers with null and an error; an answer in parts or events says so when it has ended.",
                "enum": ["all", "failed"], "default": "all"},
            "normalise": {"description": "Which values of an argument are one; `email`: without white space, in lower case, without `+tag`.",
                "enum": ["email", "lower", "trim"]},
            "spend": {"description": "What is counted: HTTP requests, or the cost of what is admitted; what an answer without errors did not cost comes back, unless it came in several parts or is one of a subscription.",
                "enum": ["requests", "cost"], "default": "requests"},
            "on_error": {"description": "What becomes of a request when the budget that replicas share (`--redis`) cannot be asked: what this process counts decides, it is refused, or it goes on.",
                "enum": ["local", "deny", "allow"], "default": "local"},
            "mode": {"description": "Of this rate.", "enum": ["enforce", "report"], "default": "enforce"}
        }
    }
}"#;

const IN_PROFILE: &str = r#"{
    "description": "Other numbers for rates of the file. What is spent under them is counted by itself.",
    "type": "array",
    "items": {
        "type": "object", "additionalProperties": false, "required": ["name"],
        "oneOf": [{ "required": ["limit"] }, { "required": ["concurrency"] }],
        "properties": {
            "name": {"description": "Of a rate of the file.", "type": "string"},
            "limit": {"description": "How much in which time.",
                "type": "string", "pattern": "^0*[1-9][0-9]*/(0*[1-9][0-9]*)?(s|min|h)$"},
            "burst": {"description": "How much at once; without it, as much as in `limit`.",
                "type": "integer", "minimum": 1, "maximum": 4294967295},
            "concurrency": {"description": "How much at a time.",
                "type": "integer", "minimum": 1, "maximum": 4294967295}
        }
    }
}"#;
