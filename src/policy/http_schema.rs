//! The JSON Schema of the block `http`.

use serde_json::{Map, Value, json};

use crate::policy::{
    http::{GET_WORDS, Http, MAX_BATCH, STATUS_WORDS},
    json_schema::{BYTES, DURATION, map, object},
    uploads, websocket,
};

/// The schema.
pub(super) fn json_schema() -> Value {
    let default = Http::default();
    let mut properties = requests(&default);
    properties.extend(forwarded(&default));
    properties.extend(cross_site(&default));
    properties.insert("uploads".into(), uploads::json_schema(BYTES));
    properties.insert("websocket".into(), websocket::json_schema(DURATION, BYTES));
    properties.extend(refusals());
    object("How requests are framed, and what of them goes on.", properties, &[])
}

fn requests(default: &Http) -> Map<String, Value> {
    map([
        (
            "path",
            json!({
                "description": "Path of the endpoint.",
                "type": "string", "pattern": "^/", "default": default.path,
            }),
        ),
        (
            "batch",
            json!({
                "description": "Items of a batch.",
                "type": "integer", "minimum": 1, "maximum": MAX_BATCH, "default": default.batch,
            }),
        ),
        (
            "unknown_keys",
            json!({
                "description": "Members of a request that GraphQL over HTTP does not name.",
                "enum": ["drop", "reject"], "default": "drop",
            }),
        ),
        (
            "request_encoding",
            json!({
                "description": "Bodies with a `Content-Encoding`.",
                "enum": ["refuse"], "default": "refuse",
            }),
        ),
    ])
}

fn forwarded(default: &Http) -> Map<String, Value> {
    let headers = "Headers that go on to the upstream; no names with `_`.";
    map([
        ("extensions", names("Members of `extensions` that are read.", &default.extensions)),
        ("forward_extensions", names("Those of them that go on.", &default.forward_extensions)),
        ("forward_headers", names(headers, &default.forward_headers)),
    ])
}

/// What pages of other sites may do.
fn cross_site(default: &Http) -> Map<String, Value> {
    let csrf_header = "Headers of which a request by GET or with files needs one.";
    map([
        (
            "origins",
            json!({
                "description": "Sites whose pages may ask. Without it only those of our own origin: browsers hold other pages back, and where a browser does not, from a socket that comes with a cookie or a certificate, we do.",
                "type": "array", "uniqueItems": true,
                "items": { "type": "string", "pattern": "^[a-z][a-z0-9+.-]*://[^/?#@*]+$" },
            }),
        ),
        (
            "get",
            json!({
                "description": "Which queries may come by GET.",
                "enum": GET_WORDS.map(|(it, _)| it), "default": "trusted",
            }),
        ),
        ("csrf_header", names(csrf_header, &default.csrf_header)),
    ])
}

fn refusals() -> Map<String, Value> {
    map([
        (
            "status",
            json!({
                "description": "Which HTTP status a refusal has.",
                "enum": STATUS_WORDS.map(|(it, _)| it), "default": "draft-2026",
            }),
        ),
        (
            "explain_refusals",
            json!({
                "description": "Whether a refusal names rule and figures.",
                "type": "boolean", "default": false,
            }),
        ),
    ])
}

fn names(description: &str, default: &[Box<str>]) -> Value {
    json!({
        "description": description,
        "type": "array",
        "uniqueItems": true,
        "items": { "type": "string", "minLength": 1 },
        "default": default,
    })
}
