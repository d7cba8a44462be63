//! The file of API keys: a list of hashes, each with the claims of its owner.

use serde_json::Map;

use crate::{
    diagnostic::Diagnostics,
    digest::Digest,
    identity::{ApiKeys, Identity, Validity},
    policy::{load::Resolve, secret},
    yaml::{self, Fields, Node, Value, shape},
};

/// Reads the file that a node names.
pub(super) fn read(node: &Node, resolve: Resolve<'_>, found: &mut Diagnostics) -> Option<ApiKeys> {
    let name = yaml::scalar::text(node, found)?;
    let source = match resolve(name) {
        Ok(source) => source,
        Err(why) => {
            found.push(node.error("unreadable-file", format!("cannot read `{name}`: {why}")));
            return None;
        }
    };
    let (root, mut wrong) = yaml::read(&source);
    let keys = root.map(|it| list(&it, &mut wrong));
    secret::tell(&wrong, &source, found);
    keys
}

fn list(root: &Node, found: &mut Diagnostics) -> ApiKeys {
    let mut keys = ApiKeys::default();
    for item in shape::list(root, found) {
        if keys.n_keys() >= MAX_KEYS {
            found.push(item.error("too-many-items", format!("more than {MAX_KEYS} keys")));
            break;
        }
        add(item, &mut keys, found);
    }
    keys
}

fn add(item: &Node, keys: &mut ApiKeys, found: &mut Diagnostics) {
    let mut fields = Fields::of(item, "keys", found);
    let hash = fields.require("hash", found).and_then(|it| hash(it, found));
    let claims = fields.require("claims", found);
    fields.finish(found);
    let (Some((node, hash)), Some(claims)) = (hash, claims) else { return };
    if keys.holds(&hash.0) {
        return found.push(node.error("duplicate-item", "this hash is there twice"));
    }
    if let Some(identity) = identity(claims, found) {
        keys.add(hash.0, identity);
    }
}

fn identity(node: &Node, found: &mut Diagnostics) -> Option<Identity> {
    unclear(node, found);
    let claims = match to_json(node) {
        serde_json::Value::Object(claims) => claims,
        _ => Map::new(),
    };
    let Some(validity) = Validity::stated(&claims) else {
        let error = node.error("not-a-time", "`exp` and `nbf` are seconds since 1970");
        found.push(error.help("`date -d 2030-01-01 +%s` writes them"));
        return None;
    };
    let identity = Identity::lasting(claims, validity);
    if identity.subject().is_none_or(str::is_empty) {
        found.push(node.error("no-subject", "expected claims with a text `sub`"));
        return None;
    }
    Some(identity)
}

fn hash<'n>(node: &'n Node, found: &mut Diagnostics) -> Option<(&'n Node, Digest)> {
    let text = yaml::scalar::text(node, found)?;
    let digest = text.strip_prefix("sha256:").and_then(Digest::from_hex);
    if digest.is_none() {
        let error = node.error("not-a-hash", "expected `sha256:` and 64 hexadecimal digits");
        found.push(error.help("never write a key itself: `printf %s KEY | sha256sum`"));
    }
    digest.map(|it| (node, it))
}

/// Words that are true or false to some who read YAML, and texts to others.
// Recursion over a file of the operator's, as deep as YAML is read.
fn unclear(node: &Node, found: &mut Diagnostics) {
    match &node.value {
        Value::Mapping(entries) => entries.iter().for_each(|(_, it)| unclear(it, found)),
        Value::Sequence(items) => items.iter().for_each(|it| unclear(it, found)),
        Value::Scalar { quoted: true, .. } => {}
        Value::Scalar { text, quoted: false } => {
            let is_clear = matches!(text.as_str(), "true" | "false");
            if !is_clear && yaml::scalar::switch(text).is_some() {
                let message = "true or false to some who read YAML, a text to others";
                let error = node.error("not-a-boolean", message);
                found.push(error.help("write `true` or `false`, or quotes around the text"));
            }
        }
    }
}

// Recursion over a file of the operator's, as deep as YAML is read.
fn to_json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Mapping(entries) => {
            let entry = |(key, it): &(Node, Node)| Some((key.as_text()?.to_owned(), to_json(it)));
            entries.iter().filter_map(entry).collect::<Map<_, _>>().into()
        }
        Value::Sequence(items) => items.iter().map(to_json).collect(),
        Value::Scalar { text, quoted: true } => text.as_str().into(),
        Value::Scalar { .. } if node.is_null() => serde_json::Value::Null,
        Value::Scalar { text, quoted: false } => match text.as_str() {
            "true" => true.into(),
            "false" => false.into(),
            text => match serde_json::from_str(text) {
                Ok(serde_json::Value::Number(number)) => number.into(),
                Ok(_) | Err(_) => text.into(),
            },
        },
    }
}

/// Every one of them is compared at every request that brings a key.
const MAX_KEYS: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::{Colour, Source, render};

    fn check(text: &str, expect: Result<&str, &[&str]>) {
        let source = |text: &str| Arc::new(Source { name: "t".into(), text: text.into() });
        let (node, mut found) = yaml::read(&source("keys.yaml"));
        let mut resolve = |_: &str| Ok(source(text));
        let keys = read(&node.unwrap(), &mut resolve, &mut found);
        let codes: Vec<_> = found.iter().map(|it| it.code).collect();
        assert_eq!(codes, expect.err().unwrap_or_default(), "{text}");
        if let Ok(claims) = expect {
            let identity = keys.unwrap().identify(&Digest::of(b"key").0, 0).unwrap();
            assert_eq!(serde_json::to_string(identity.claims()).unwrap(), claims);
        }
    }

    #[test]
    fn keys_can_end() {
        let source = |text: &str| Arc::new(Source { name: "t".into(), text: text.into() });
        let (hash, key) = (Digest::of(b"key"), Digest::of(b"key").0);
        let text = format!("- {{ hash: 'sha256:{hash}', claims: {{ sub: a, nbf: 5, exp: 10 }} }}");
        let (node, mut found) = yaml::read(&source("keys.yaml"));
        let keys = read(&node.unwrap(), &mut |_| Ok(source(&text)), &mut found).unwrap();
        let at = |now| keys.identify(&key, now).map_err(|it| it.reason());
        assert_eq!((at(4).unwrap_err(), at(10).unwrap_err()), ("not-yet", "expired"));
        assert_eq!(at(5).unwrap().expires(), 10);
        assert!(at(9).is_ok());
    }

    #[test]
    fn no_word_of_the_file_is_repeated() {
        let keys = |text: &str| Arc::new(Source { name: "k".into(), text: text.into() });
        let policy = Arc::new(Source { name: "p".into(), text: "keys.yaml".into() });
        for text in ["- sk_live", "sk_live", "- { sk_live: a }", "- { hash: sk_live, claims: {} }"]
        {
            let (node, mut found) = yaml::read(&policy);
            let _keys = read(&node.unwrap(), &mut |_| Ok(keys(text)), &mut found);
            let told = render(&found, Colour::Plain);
            assert!(found.has_errors() && !told.contains("sk_live"), "{told}");
        }
    }

    #[test]
    fn keys_have_claims() {
        let hash = Digest::of(b"key");
        let item = |claims: &str| format!("- {{ hash: 'sha256:{hash}', claims: {claims} }}");
        let claims = "{ sub: importer, roles: [SELLER], level: 3, on: true, id: '7', no: ~ }";
        let json =
            r#"{"sub":"importer","roles":["SELLER"],"level":3,"on":true,"id":"7","no":null}"#;
        check(&item(claims), Ok(json));
        check(&item("{ roles: [A] }"), Err(&["no-subject"]));
        check(&item("{ sub: a, exp: 2030-01-01 }"), Err(&["not-a-time"]));
        check(&item("{ sub: 7 }"), Err(&["no-subject"]));
        check(&item("[a]"), Err(&["no-subject"]));
        for unclear in ["True", "FALSE", "yes", "No", "on"] {
            let claims = format!("{{ sub: a, admin: [{unclear}] }}");
            check(&item(&claims), Err(&["not-a-boolean"]));
            check(&item(&format!("{{ sub: {unclear} }}")), Err(&["not-a-boolean"]));
        }
        check(&format!("{}\n{}", item(claims), item(claims)), Err(&["duplicate-item"]));
        check("- { hash: key, claims: { sub: a } }", Err(&["not-a-hash"]));
        check("{ hash: a }", Err(&["wrong-shape"]));
        check(&format!("- {{ hash: 'sha256:{hash}' }}"), Err(&["missing-key"]));
    }
}
