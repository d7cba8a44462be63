//! Answers of an upstream: what passes the guard is JSON, and the same however it is split.

use std::sync::Arc;

use portcullis::{
    diagnostic::Source,
    policy::{self, Policy},
    response::{About, Course, Guard, MustBe},
    telemetry::RequestIds,
    verdict::Framing,
};

use crate::mutate::fuzz;

fn policy(response: &str) -> Arc<Policy> {
    let text =
        format!("version: 1\nname: t\nschema: {{ file: t.graphql }}\nresponse: {response}\n");
    let source = |text: &str| Arc::new(Source { name: "t".into(), text: text.into() });
    let schema = "type Query { a: Int b: Query }";
    let (policy, found) = policy::load(source(&text), &mut |_| Ok(source(schema)));
    Arc::new(policy.unwrap_or_else(|| panic!("{found:?}")))
}

/// What passes, or nothing when the answer is refused.
fn pass(policy: &Arc<Policy>, input: &[u8], step: usize) -> Option<Vec<u8>> {
    let id = RequestIds::random().next();
    let (framing, course, must_be) = (Framing::Single, Course::Once, MustBe::Json);
    let about = About { id, framing, expected: None, course, must_be };
    let mut guard = Guard::new(policy, about);
    let mut out = Vec::new();
    for piece in input.chunks(step) {
        guard.push(piece, &mut out).ok()?;
    }
    guard.finish().ok()?;
    let shown = String::from_utf8(out).expect("UTF-8").replace(&id.to_string(), "ID");
    Some(shown.into_bytes())
}

#[test]
fn answers() {
    let policies = [
        policy("{ errors: mask, suggestions: strip, extensions: [cost], depth: 10, list: 50 }"),
        policy("{ errors: pass, suggestions: strip, extensions: [] }"),
    ];
    let seeds = [
        r#"{"data":{"a":1,"b":{"a":null,"c":[1,2.5e3,"t\u0065xt"]}}}"#,
        r#"{"errors":[{"message":"no field \"x\". Did you mean \"a\"?","path":["a",0],"locations":[{"line":1,"column":2}],"extensions":{"code":"BAD_USER_INPUT","exception":{"stacktrace":["x"]}}}],"data":null}"#,
        r#"{"data":{"a":true},"extensions":{"cost":{"n":1},"tracing":{"a":[]}}} "#,
        r#"[{"data":{"a":1}},{"data":{"a":[[[[]]]]}}]"#,
    ]
    .map(|it| it.as_bytes().to_vec());
    fuzz("answer", 5000, &seeds, |input| {
        let mut has_passed = false;
        for policy in &policies {
            let whole = pass(policy, input, input.len().max(1));
            for step in [1, 3, 7] {
                assert_eq!(pass(policy, input, step), whole, "in pieces of {step}");
            }
            if let Some(whole) = whole {
                serde_json::from_slice::<serde::de::IgnoredAny>(&whole).expect("JSON");
                serde_json::from_slice::<serde::de::IgnoredAny>(input).expect("JSON before");
                has_passed = true;
            }
        }
        has_passed
    });
}
