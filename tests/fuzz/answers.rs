//! Answers of an upstream: what passes the guard is JSON, and the same however it is split.

use std::sync::Arc;

use portcullis::{
    diagnostic::Source,
    document::{OperationId, ReadLimits, read},
    json,
    operation::{AnswerShape, Expected, Skipped, Variables, spread},
    policy::{self, Policy},
    response::{About, Course, Guard, MustBe},
    telemetry::RequestIds,
    verdict::Framing,
};
use serde_json::Value;

use crate::mutate::Target;

fn policy(response: &str) -> Arc<Policy> {
    let text =
        format!("version: 1\nname: t\nschema: {{ file: t.graphql }}\nresponse: {response}\n");
    let source = |text: &str| Arc::new(Source { name: "t".into(), text: text.into() });
    let schema = "type Query { a: Int b: Query }";
    let (policy, found) = policy::load(source(&text), &mut |_| Ok(source(schema)));
    Arc::new(policy.unwrap_or_else(|| panic!("{found:?}")))
}

/// What passes, or nothing when the answer is refused.
fn pass(rules: &Rules, input: &[u8], step: usize) -> Option<Vec<u8>> {
    let id = RequestIds::random().next();
    let (framing, course, must_be) = (Framing::Single, Course::Once, MustBe::Json);
    let expected = rules.expected.clone().map(|it| vec![it]);
    let about = About { id, framing, expected, course, must_be };
    let mut guard = Guard::new(&rules.policy, about);
    let mut out = Vec::new();
    for piece in input.chunks(step) {
        guard.push(piece, &mut out).ok()?;
    }
    guard.finish().ok()?;
    let shown = String::from_utf8(out).expect("UTF-8").replace(&id.to_string(), "ID");
    Some(shown.into_bytes())
}

/// What an answer has to be.
struct Rules {
    policy: Arc<Policy>,
    expected: Option<Expected>,
}

impl Rules {
    fn new(response: &str) -> Self {
        Self { policy: policy(response), expected: None }
    }

    /// Answers to `{ a b { a c: b { a } } }` and no others.
    fn strict() -> Self {
        let policy = policy("{ contract: enforce }");
        let document = read("{ a b { a c: b { a } } }", &ReadLimits::CEILINGS).expect("a document");
        let (schema, id) = (&policy.schema, OperationId(0));
        let operation = spread(schema, &document.document, id, Skipped::Ignore).expect("its types");
        let shape = Arc::new(AnswerShape::new(&Arc::new(operation), &[]));
        Self { expected: Some(Expected::new(&shape, &Variables::default())), policy }
    }
}

#[test]
fn answers() {
    target().fuzz(5000);
}

pub(crate) fn target() -> Target {
    let untouched = Rules::new("{ errors: pass }");
    let strict = Rules::strict();
    let changing = [
        "{ errors: mask, suggestions: strip, extensions: [cost], depth: 10, list: 50 }",
        "{ errors: pass, suggestions: strip, extensions: [] }",
    ]
    .map(Rules::new);
    let seeds = [
        r#"{"data":{"a":1,"b":{"a":null,"c":[1,2.5e3,"t\u0065xt"]}}}"#,
        r#"{"errors":[{"message":"no field \"x\". Did you mean \"a\"?","path":["a",0],"locations":[{"line":1,"column":2}],"extensions":{"code":"BAD_USER_INPUT","exception":{"stacktrace":["x"]}}}],"data":null}"#,
        r#"{"data":{"a":true},"extensions":{"cost":{"n":1},"tracing":{"a":[]}}} "#,
        r#"[{"data":{"a":1}},{"data":{"a":[[[[]]]]}}]"#,
        r#"{"data":{"b":{"c":{"a":-1},"a":2},"a":null}}"#,
    ]
    .map(|it| it.as_bytes().to_vec());
    Target::new("answer", seeds.to_vec(), move |input| {
        // As JSON goes: no key counts, no depth, no half pair of surrogates.
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(input).is_ok()
            && std::str::from_utf8(input).is_ok();
        let kept = same_in_pieces(&untouched, input);
        assert_eq!(kept.as_deref(), is_json.then_some(input));
        for rules in &changing {
            if let Some(changed) = same_in_pieces(rules, input) {
                serde_json::from_slice::<serde::de::IgnoredAny>(&changed).expect("JSON");
                assert!(is_json);
            }
        }
        if let Some(kept) = same_in_pieces(&strict, input) {
            assert_eq!(kept, input);
            if json::read(input, json::Limits::default()).is_ok() {
                check_asked(&serde_json::from_slice(input).expect("what we read"));
            }
        }
        is_json
    })
}

/// What passes, however it arrives.
fn same_in_pieces(rules: &Rules, input: &[u8]) -> Option<Vec<u8>> {
    let whole = pass(rules, input, input.len().max(1));
    for step in [1, 3, 7] {
        assert_eq!(pass(rules, input, step), whole, "in pieces of {step}");
    }
    whole
}

/// Nothing is in the data that was not asked for.
fn check_asked(answer: &Value) {
    let asked = [("", &["a", "b"][..]), ("b", &["a", "c"]), ("c", &["a"])];
    let mut open = vec![("", &answer["data"])];
    while let Some((at, value)) = open.pop() {
        let keys = asked.iter().find(|it| it.0 == at).map_or(&[][..], |it| it.1);
        assert!(value.is_null() || value.is_object() || at == "a", "{answer}");
        for (key, value) in value.as_object().into_iter().flatten() {
            assert!(keys.contains(&key.as_str()), "{key} in {answer}");
            assert!(key != "a" || value.is_null() || value.is_number(), "{answer}");
            open.push((key, value));
        }
    }
}
