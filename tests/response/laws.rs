//! What holds for any answer, however its bytes are split: against `serde_json` as the reference.

use std::sync::Arc;

use portcullis::{
    diagnostic::Source,
    policy::{self, Policy},
    response::{About, Course, Guard, MustBe, Wrong},
    telemetry::RequestIds,
    verdict::Framing,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::SCHEMA;

fn policy(response: &str) -> Arc<Policy> {
    let text = crate::policy(response);
    let source = |text: &str| Arc::new(Source { name: "t".into(), text: text.into() });
    let (policy, found) = policy::load(source(&text), &mut |_| Ok(source(SCHEMA)));
    Arc::new(policy.unwrap_or_else(|| panic!("{found:?}")))
}

/// What passes of a text in these pieces; ids replaced.
fn pass(policy: &Arc<Policy>, text: &[u8], cuts: &[usize]) -> Result<String, Wrong> {
    let id = RequestIds::random().next();
    let (framing, course, must_be) = (Framing::Single, Course::Once, MustBe::Json);
    let about = About { id, framing, expected: None, course, must_be };
    let mut guard = Guard::new(policy, about);
    let (mut out, mut rest) = (Vec::new(), text);
    for cut in cuts {
        let (piece, behind) = rest.split_at(cut % (rest.len() + 1));
        guard.push(piece, &mut out)?;
        rest = behind;
    }
    guard.push(rest, &mut out)?;
    guard.finish()?;
    Ok(String::from_utf8(out).unwrap().replace(&id.to_string(), "ID"))
}

/// The text of any value, with numbers and white space as somebody may write them.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|it| it.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?",
        text(),
    ];
    scalar.prop_recursive(6, 40, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5);
        let object = prop::collection::vec((text(), inner), 0..5);
        prop_oneof![
            (list, space())
                .prop_map(|(all, it)| format!("[{it}{}{it}]", all.join(&format!("{it},")))),
            (object, space()).prop_map(|(all, it)| {
                let all: Vec<_> =
                    all.iter().map(|(key, value)| format!("{key}{it}:{it}{value}")).collect();
                format!("{{{it}{}{it}}}", all.join(&format!(",{it}")))
            }),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    let plain = any::<String>().prop_map(|it| serde_json::to_string(&it).unwrap());
    let names = prop::sample::select(vec!["errors", "data", "message", "extensions", "a"]);
    prop_oneof![
        plain,
        names.prop_map(|it| format!("\"{it}\"")),
        Just(r#""\u0065\/\ud83d\ude00""#.into())
    ]
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", "\n\t", "\r\n"])
}

/// An answer with its parts.
fn answer() -> impl Strategy<Value = (String, String)> {
    let members = prop::collection::vec((text(), json()), 0..3);
    let errors = prop::collection::vec(json(), 0..3).prop_map(|it| format!("[{}]", it.join(" ,")));
    let extensions = (json(), json(), space())
        .prop_map(|(a, b, it)| format!("{{{it}\"cost\"{it}:{a}{it},\"x\":{b}{it}}}"));
    (json(), errors, extensions, members, space()).prop_map(
        |(data, errors, extensions, all, it)| {
            let mut answer = format!("{{{it}\"errors\":{errors}{it},{it}\"data\"{it}:{data}");
            for (key, value) in all.iter().filter(|it| !KNOWN.contains(&&*it.0)) {
                answer.push_str(&format!(",{key}:{value}{it}"));
            }
            (format!("{answer},\"extensions\":{extensions}}}{it}"), data)
        },
    )
}

const KNOWN: [&str; 3] = ["\"errors\"", "\"data\"", "\"extensions\""];

/// What masking leaves, in the words of `serde_json`.
fn reference(answer: &str) -> Value {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let mut masked = serde_json::Map::new();
    for (key, value) in answer.as_object().unwrap() {
        let value = match key.as_str() {
            "data" => value.clone(),
            "errors" => value.as_array().unwrap().iter().map(|_| Value::from("masked")).collect(),
            "extensions" => value
                .as_object()
                .unwrap()
                .iter()
                .filter(|it| it.0 == "cost")
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            _ => continue,
        };
        masked.insert(key.clone(), value);
    }
    Value::Object(masked)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..200, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_nobody_changes_is_the_same_to_the_byte((answer, _) in answer(), cuts in cuts()) {
        for rules in ["depth: 1000", "list: 1000", "contract: report", "extensions: [cost, x]"] {
            let passed = pass(&policy(rules), answer.as_bytes(), &cuts);
            prop_assert_eq!(passed, Ok(answer.clone()), "{}", rules);
        }
    }

    #[test]
    fn masking_is_what_the_reference_says((answer, data) in answer(), cuts in cuts()) {
        let policy = policy("errors: mask, extensions: [cost]");
        let got = pass(&policy, answer.as_bytes(), &cuts).unwrap();
        prop_assert_eq!(&got, &pass(&policy, answer.as_bytes(), &[]).unwrap());
        prop_assert!(got.contains(&data), "the text of data is kept");
        let mut read: Value = serde_json::from_str(&got).unwrap();
        for error in read["errors"].as_array_mut().unwrap() {
            prop_assert_eq!(&error["message"], "the request could not be served");
            prop_assert_eq!(&error["extensions"]["requestId"], "ID");
            *error = Value::from("masked");
        }
        prop_assert_eq!(read.to_string(), reference(&answer).to_string());
    }

    #[test]
    fn what_is_no_json_never_passes_whole(
        (answer, _) in answer(),
        cuts in cuts(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let policy = policy("depth: 1000");
        let mut bytes = answer.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let is_json = serde_json::from_slice::<Value>(&bytes).is_ok();
        let passes = pass(&policy, &bytes, &cuts).is_ok();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // What makes no answer of it, such as a key that is another now, is no matter of JSON.
        prop_assert!(passes || !is_json, "a good text does not pass: {}", text);
        // Half a pair of surrogates, and numbers beyond a double, are nothing to the reference.
        let is_odd = text.contains("\\u") || text.contains(['e', 'E']);
        prop_assert!(is_json || !passes || is_odd, "a bad text passes: {}", text);
        let cut = bytes.len() / 2;
        prop_assert!(pass(&policy, &bytes[..cut], &cuts).is_err());
    }
}
