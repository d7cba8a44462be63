//! The JSON envelope: what we read, `serde_json` reads as the same value.

use portcullis::{json, policy::Http, transport::decode};

use crate::mutate::{Target, lines};

#[test]
fn envelope() {
    target().fuzz(20_000);
}

pub(crate) fn target() -> Target {
    let mut seeds = lines("tests/corpus/bazaar/attacks-public.jsonl");
    seeds.truncate(200);
    seeds.extend(lines("tests/rules/variables_bytes.jsonl"));
    seeds.push(br#"[{"query":"{a}","variables":{"a":[1,-0.5e+3,"\ud83d\ude00\u0000"]}}]"#.to_vec());
    Target::new("json", seeds, |input| {
        let limits = json::Limits { ..json::Limits::default() };
        let Ok(tree) = json::read(input, limits) else { return false };
        let theirs: serde_json::Value = serde_json::from_slice(input).expect("what we read");
        assert!(is_same(tree.root(), &theirs));
        if let Ok(requests) = decode(&tree, &Http::default()) {
            assert!(requests.iter().count() >= 1);
        }
        true
    })
}

fn is_same(ours: json::Value<'_>, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    let n = ours.n_children() as usize;
    match (ours.kind(), theirs) {
        (json::Kind::Array, Json::Array(items)) => {
            n == items.len() && ours.children().zip(items).all(|(a, b)| is_same(a, b))
        }
        (json::Kind::Boolean(a), Json::Bool(b)) => a == *b,
        (json::Kind::Null, Json::Null) => true,
        (json::Kind::Number, Json::Number(it)) => {
            serde_json::from_str::<serde_json::Number>(ours.text()).is_ok_and(|text| text == *it)
        }
        (json::Kind::Object, Json::Object(members)) => {
            let same = |(a, (key, b)): (json::Value<'_>, (&String, &Json))| {
                a.key().as_deref() == Some(key) && is_same(a, b)
            };
            n == members.len() && ours.children().zip(members).all(same)
        }
        (json::Kind::String, Json::String(it)) => ours.string().as_deref() == Some(it),
        _ => false,
    }
}
