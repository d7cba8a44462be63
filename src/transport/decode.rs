//! A JSON body as GraphQL requests: which keys count, and what type each must have.
//!
//! Does not read documents and does not know the schema. It borrows from the body throughout.

use std::borrow::Cow;

use crate::{
    admission::{Request, Requests},
    json::{Kind, Literal, Tree, Value},
    policy::{Http, UnknownKeys},
    transport::shown,
    verdict::{Code, Framing, Violation, ids},
};

/// Reads the requests of a body: one object, or an array of at most `http.batch`.
///
/// # Errors
/// `INVALID_REQUEST` when the shape is wrong, `BATCH_TOO_LARGE`.
pub fn decode<'a>(tree: &'a Tree<'a>, http: &Http) -> Result<Requests<'a>, Violation> {
    let root = tree.root();
    match root.kind() {
        Kind::Object => Ok(Requests::single(request(root, http)?)),
        Kind::Array => batch(root, http),
        Kind::Boolean(_) | Kind::File | Kind::Null | Kind::Number | Kind::String => {
            Err(invalid("the body must be a JSON object or an array of them"))
        }
    }
}

/// Reads the request of a message: one object.
///
/// # Errors
/// `INVALID_REQUEST` when the shape is wrong.
pub fn decode_one<'a>(value: Value<'a>, http: &Http) -> Result<Requests<'a>, Violation> {
    match value.kind() {
        Kind::Object => Ok(Requests::single(request(value, http)?)),
        Kind::Array | Kind::Boolean(_) | Kind::File | Kind::Null | Kind::Number | Kind::String => {
            Err(invalid("the payload must be a JSON object"))
        }
    }
}

fn batch<'a>(root: Value<'a>, http: &Http) -> Result<Requests<'a>, Violation> {
    if root.n_children() > http.batch.get() {
        let public = "the batch holds too many requests";
        let (n, limit) = (root.n_children(), http.batch);
        let detail = format!("{n} of {limit} allowed by `http.batch`");
        return Err(Violation::new(ids::BATCH, Code::BATCH_TOO_LARGE, public).detailed(detail));
    }
    let mut items = root.children().map(|it| match it.kind() {
        Kind::Object => request(it, http),
        Kind::Array | Kind::Boolean(_) | Kind::File | Kind::Null | Kind::Number | Kind::String => {
            Err(invalid("every request of a batch must be a JSON object"))
        }
    });
    let first = items.next().ok_or_else(|| invalid("the batch is empty"))??;
    Ok(Requests { framing: Framing::Array, first, rest: items.collect::<Result<_, _>>()? })
}

fn request<'a>(object: Value<'a>, http: &Http) -> Result<Request<'a>, Violation> {
    let mut request = Request::default();
    let mut persisted = None;
    for member in object.children() {
        let key = member.key().unwrap_or_default();
        match &*key {
            "query" => request.query = literal_or_null(member, "query")?,
            "operationName" => {
                request.operation_name = string_or_null(member, "operationName")?;
            }
            "documentId" => request.document_id = string_or_null(member, "documentId")?,
            "variables" => request.variables = variables(member)?,
            "extensions" => {
                if let Some(extensions) = object_or_null(member, "extensions")? {
                    persisted = read_extensions(extensions, http, &mut request)?;
                }
            }
            key => unknown(http, "", key)?,
        }
    }
    request.document_id = one_id(request.document_id, persisted)?;
    if request.query.is_none() && request.document_id.is_none() {
        return Err(no_document(object));
    }
    Ok(request)
}

/// The objection to a request that names no document; the log says so when it seems to.
fn no_document(object: Value<'_>) -> Violation {
    let objection = invalid("the request has no `query`");
    let Some(name) = ID_ELSEWHERE.into_iter().find(|it| object.member(it).is_some()) else {
        return objection;
    };
    let detail = format!("no `query`; `{name}` is not read: an id is sent as `documentId`");
    objection.detailed(detail)
}

/// What other servers call `documentId`.
const ID_ELSEWHERE: [&str; 4] = ["id", "doc_id", "docId", "queryId"];

/// The variables of a request: an object, or nothing for `null`.
///
/// # Errors
/// `INVALID_REQUEST` when they are something else.
pub fn variables(value: Value<'_>) -> Result<Option<Value<'_>>, Violation> {
    object_or_null(value, "variables")
}

/// Keeps what is to be forwarded, and returns the hash of `persistedQuery`.
fn read_extensions<'a>(
    extensions: Value<'a>,
    http: &Http,
    request: &mut Request<'a>,
) -> Result<Option<Cow<'a, str>>, Violation> {
    let mut persisted = None;
    for member in extensions.children() {
        let key = member.key().unwrap_or_default();
        if !lists(&http.extensions, &key) {
            if *key != *CLIENT_LIBRARY {
                unknown(http, "extensions.", &key)?;
            }
            continue;
        }
        if key == "persistedQuery" {
            persisted = Some(persisted_query(member)?);
        }
        if lists(&http.forward_extensions, &key) {
            request.extensions.push((key, member));
        }
    }
    Ok(persisted)
}

/// Apollo's automatic persisted queries, version 1.
fn persisted_query(value: Value<'_>) -> Result<Cow<'_, str>, Violation> {
    let version = value.member("version").map(Value::text);
    let hash = value.member("sha256Hash").and_then(Value::string);
    match (version, hash) {
        (Some("1"), Some(hash)) => Ok(hash),
        _ => Err(invalid("`persistedQuery` needs `version` 1 and a string `sha256Hash`")),
    }
}

/// A request names its document once, or twice the same.
fn one_id<'a>(
    id: Option<Cow<'a, str>>,
    hash: Option<Cow<'a, str>>,
) -> Result<Option<Cow<'a, str>>, Violation> {
    match (id, hash) {
        (Some(id), Some(hash)) if id.strip_prefix("sha256:").unwrap_or(&id) != &*hash => {
            Err(invalid("`documentId` and `persistedQuery` name different documents"))
        }
        (Some(id), _) => Ok(Some(id)),
        (None, hash) => Ok(hash),
    }
}

fn string_or_null<'a>(
    value: Value<'a>,
    key: &'static str,
) -> Result<Option<Cow<'a, str>>, Violation> {
    Ok(literal_or_null(value, key)?.map(Literal::into_text))
}

fn literal_or_null<'a>(
    value: Value<'a>,
    key: &'static str,
) -> Result<Option<Literal<'a>>, Violation> {
    match value.kind() {
        Kind::String => Ok(value.literal()),
        Kind::Null => Ok(None),
        Kind::Array | Kind::Boolean(_) | Kind::File | Kind::Number | Kind::Object => {
            Err(invalid(format!("`{key}` must be a string")))
        }
    }
}

fn object_or_null<'a>(value: Value<'a>, key: &'static str) -> Result<Option<Value<'a>>, Violation> {
    match value.kind() {
        Kind::Object => Ok(Some(value)),
        Kind::Null => Ok(None),
        Kind::Array | Kind::Boolean(_) | Kind::File | Kind::Number | Kind::String => {
            Err(invalid(format!("`{key}` must be an object")))
        }
    }
}

fn unknown(http: &Http, inside: &str, key: &str) -> Result<(), Violation> {
    match http.unknown_keys {
        UnknownKeys::Drop => Ok(()),
        UnknownKeys::Reject => {
            let objection = invalid("the request has a key that is not known here");
            let detail = format!("`{inside}{}`: `http.unknown_keys` is `reject`", shown(key));
            Err(objection.detailed(detail))
        }
    }
}

/// The name and the version of Apollo Client, which it sends unless it is told not to. Known
/// wherever it is not listed: nothing of it is read.
const CLIENT_LIBRARY: &str = "clientLibrary";

fn lists(names: &[Box<str>], name: &str) -> bool {
    names.iter().any(|it| **it == *name)
}

fn invalid(public: impl Into<Cow<'static, str>>) -> Violation {
    Violation::new(ids::REQUEST, Code::INVALID_REQUEST, public)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        json,
        transport::{not_json, tests::http},
    };

    fn check_with(http: &Http, body: &str, expect: Result<&str, Code>) {
        let tree = json::read(body.as_bytes(), json::Limits::default());
        let got = tree
            .map_err(not_json)
            .and_then(|tree| Ok(summary(&decode(&tree, http)?)))
            .map_err(|it| it.code);
        assert_eq!(got.as_deref(), expect.as_ref().copied(), "{body}");
    }

    fn check(body: &str, expect: Result<&str, Code>) {
        check_with(&http(), body, expect);
    }

    /// `framing: query|id|name|variables|extensions; …`
    fn summary(requests: &Requests<'_>) -> String {
        let one = |it: &Request<'_>| {
            let extensions: Vec<_> = it
                .extensions
                .iter()
                .map(|(key, value)| format!("{key}={}", value.text()))
                .collect();
            format!(
                "{}|{}|{}|{}|{}",
                it.query.as_ref().map_or("-".into(), Literal::text),
                it.document_id.as_deref().unwrap_or("-"),
                it.operation_name.as_deref().unwrap_or("-"),
                it.variables.map_or("-", Value::text),
                extensions.join(","),
            )
        };
        let all: Vec<_> = requests.iter().map(one).collect();
        format!("{:?}: {}", requests.framing, all.join("; "))
    }

    #[test]
    fn the_log_says_how_an_id_is_sent() {
        let detail = |body: &str| {
            let tree = json::read(body.as_bytes(), json::Limits::default()).unwrap();
            decode(&tree, &http()).unwrap_err().detail
        };
        let hint = "no `query`; `doc_id` is not read: an id is sent as `documentId`";
        assert_eq!(&*detail(r#"{"doc_id":"a","variables":{}}"#), hint);
        assert!(!detail(r#"{"documentID":"a"}"#).contains("documentId"));
    }

    #[test]
    fn one_object_is_read() {
        check(r#"{"query":"{a}"}"#, Ok("Single: {a}|-|-|-|"));
        check(
            r#"{"operationName":"A","variables":{"x":1.0},"query":"\u007ba}"}"#,
            Ok(r#"Single: {a}|-|A|{"x":1.0}|"#),
        );
        check(
            r#"{"query":"{a}","operationName":null,"variables":null,"extensions":null,"documentId":null}"#,
            Ok("Single: {a}|-|-|-|"),
        );
        check(r#"{"qu\u0065ry":"{a}"}"#, Ok("Single: {a}|-|-|-|"));
    }

    #[test]
    fn types_are_strict() {
        for body in [
            "1",
            "null",
            "\"{a}\"",
            "{}",
            r#"{"query":null}"#,
            r#"{"query":1}"#,
            r#"{"query":["{a}"]}"#,
            r#"{"query":"{a}","variables":[]}"#,
            r#"{"query":"{a}","variables":"{}"}"#,
            r#"{"query":"{a}","operationName":1}"#,
            r#"{"query":"{a}","extensions":[]}"#,
            r#"{"query":"{a}","documentId":1}"#,
        ] {
            check(body, Err(Code::INVALID_REQUEST));
        }
        check(r#"{"query":"{a}","query":"{b}"}"#, Err(Code::INVALID_JSON));
        check(r#"{"query":"{a}"} x"#, Err(Code::INVALID_JSON));
    }

    #[test]
    fn a_batch_has_a_limit_and_no_nesting() {
        check(r#"[{"query":"{a}"}]"#, Ok("Array: {a}|-|-|-|"));
        check(r#"[{"query":"{a}"},{"query":"{b}"}]"#, Ok("Array: {a}|-|-|-|; {b}|-|-|-|"));
        check(r#"[{"query":"{a}"},{"query":"{a}"},{}]"#, Err(Code::BATCH_TOO_LARGE));
        check("[]", Err(Code::INVALID_REQUEST));
        check(r#"[[{"query":"{a}"}]]"#, Err(Code::INVALID_REQUEST));
        check(r#"[{"query":"{a}"},null]"#, Err(Code::INVALID_REQUEST));
    }

    #[test]
    fn unknown_keys_are_dropped_or_refused() {
        let strict = Http { unknown_keys: UnknownKeys::Reject, ..http() };
        for body in
            [r#"{"query":"{a}","Query":"{b}"}"#, r#"{"query":"{a}","extensions":{"other":1}}"#]
        {
            check(body, Ok("Single: {a}|-|-|-|"));
            check_with(&strict, body, Err(Code::INVALID_REQUEST));
        }
        // As Apollo Client 4.3 sends it.
        let apollo = r#"{"operationName":null,"variables":{},"extensions":{"clientLibrary":{"name":"@apollo/client","version":"4.3.0"}},"query":"{a}"}"#;
        check_with(&strict, apollo, Ok("Single: {a}|-|-|{}|"));
        check_with(&strict, r#"{"query":"{a}","clientLibrary":{}}"#, Err(Code::INVALID_REQUEST));
        let none = Http { extensions: Vec::new(), ..strict.clone() };
        check_with(&none, apollo, Ok("Single: {a}|-|-|{}|"));
        let listed = r#"{"query":"{a}","extensions":{"trace":[1]}}"#;
        check_with(&strict, listed, Ok("Single: {a}|-|-|-|trace=[1]"));
    }

    #[test]
    fn a_key_that_is_not_known_is_named_in_the_detail_alone() {
        let strict = Http { unknown_keys: UnknownKeys::Reject, ..http() };
        let check = |body: &str, name: &str| {
            let tree = json::read(body.as_bytes(), json::Limits::default()).unwrap();
            let refused = decode(&tree, &strict).unwrap_err();
            let expect = format!("`{name}`: `http.unknown_keys` is `reject`");
            assert_eq!((&*refused.detail, refused.public.contains(name)), (&*expect, false));
        };
        check(r#"{"query":"{a}","Query":"{b}"}"#, "Query");
        check(r#"{"query":"{a}","extensions":{"other":1}}"#, "extensions.other");
    }

    #[test]
    fn ids_come_from_two_places_and_must_agree() {
        let body = |id: &str, persisted: &str| {
            format!(r#"{{"documentId":{id},"extensions":{{"persistedQuery":{persisted}}}}}"#)
        };
        let hash = r#"{"version":1,"sha256Hash":"ab"}"#;
        check(&body("\"ab\"", hash), Ok("Single: -|ab|-|-|"));
        check(&body("null", hash), Ok("Single: -|ab|-|-|"));
        check(&body("\"sha256:ab\"", hash), Ok("Single: -|sha256:ab|-|-|"));
        check(&body("\"cd\"", hash), Err(Code::INVALID_REQUEST));
        check(&body("null", r#"{"version":2,"sha256Hash":"ab"}"#), Err(Code::INVALID_REQUEST));
        check(&body("null", r#"{"version":1}"#), Err(Code::INVALID_REQUEST));
        check(&body("null", "null"), Err(Code::INVALID_REQUEST));
        let unread = Http { extensions: Vec::new(), ..http() };
        check_with(&unread, &body("null", hash), Err(Code::INVALID_REQUEST));
    }
}
