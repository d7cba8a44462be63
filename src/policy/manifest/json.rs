//! Manifests in JSON: Apollo's version 1, and maps from id to text (Relay, graphql-codegen).
//!
//! The text of a file decides which it is, not its name.

use std::{ops::Range, sync::Arc};

use crate::{
    diagnostic::{Diagnostic, Source},
    json::{self, Kind, Limits, Value},
    policy::manifest::{Complaints, Listed, Manifest},
};

/// Reads whichever it is.
pub(super) fn read(source: &Arc<Source>, found: &mut Complaints<'_>) -> Manifest {
    let tree = match json::read(source.text.as_bytes(), LIMITS) {
        Ok(tree) => tree,
        Err(error) => {
            let message = format!("the manifest is not strict JSON: {}", error.problem);
            found.push(Diagnostic::error("bad-json", message).at(source, error.at..error.at));
            return Manifest::default();
        }
    };
    let root = tree.root();
    if root.kind() != Kind::Object {
        found.push(wrong_shape(source, root, "a manifest is an object"));
        return Manifest::default();
    }
    let mut reader = Reader { source, found, listed: Vec::new() };
    match root.member("operations").filter(|it| it.kind() != Kind::String) {
        Some(operations) => reader.apollo(root, operations),
        None => reader.map(unboxed(root)),
    }
    if reader.listed.is_empty() && reader.found.n == 0 {
        let warning = Diagnostic::warning("empty-manifest", "the manifest lists no document");
        reader.found.push(warning.at(source, root.range()));
    }
    Manifest { listed: reader.listed }
}

/// Some tools put the map into a member of its own.
fn unboxed(root: Value<'_>) -> Value<'_> {
    let only = root.children().next().filter(|_| root.n_children() == 1);
    only.filter(|it| it.kind() == Kind::Object).unwrap_or(root)
}

struct Reader<'r, 'd> {
    source: &'r Arc<Source>,
    found: &'r mut Complaints<'d>,
    listed: Vec<Listed>,
}

impl Reader<'_, '_> {
    fn apollo(&mut self, root: Value<'_>, operations: Value<'_>) {
        if let Some(format) = root.member("format")
            && format.string().as_deref() != Some("apollo-persisted-query-manifest")
        {
            let what = "expected `apollo-persisted-query-manifest`";
            self.found.push(wrong_shape(self.source, format, what));
        }
        if let Some(version) = root.member("version")
            && version.text() != "1"
        {
            self.found.push(wrong_shape(self.source, version, "only version 1 is known"));
        }
        match operations.kind() {
            Kind::Array => operations.children().for_each(|it| self.operation(it, None)),
            Kind::Object => operations.children().for_each(|it| match it.kind() {
                Kind::String => self.text(it),
                _ => self.operation(it, it.key().as_deref()),
            }),
            Kind::Boolean(_) | Kind::File | Kind::Null | Kind::Number | Kind::String => {
                let what = "`operations` is a list or an object";
                self.found.push(wrong_shape(self.source, operations, what));
            }
        }
    }

    /// `{ "id", "body", "name", "type", "clientName" }`
    fn operation(&mut self, operation: Value<'_>, key: Option<&str>) {
        let text = |name: &str| operation.member(name).and_then(Value::string);
        let (id, client) = (text("id"), text("clientName"));
        let (Some(id), Some(body)) = (id.as_deref().or(key), text("body")) else {
            let what = "an operation has strings `id` and `body`";
            return self.found.push(wrong_shape(self.source, operation, what));
        };
        if key.is_some_and(|it| it != id) {
            let what = "`id` is not the key of the operation";
            return self.found.push(wrong_shape(self.source, operation, what));
        }
        self.list((id, &body, client.as_deref()), operation.range());
    }

    fn map(&mut self, map: Value<'_>) {
        map.children().for_each(|it| self.text(it));
    }

    fn text(&mut self, member: Value<'_>) {
        match (member.key(), member.string()) {
            (Some(id), Some(text)) => self.list((&id, &text, None), member.range()),
            _ => self.found.push(wrong_shape(self.source, member, "the text of a document is due")),
        }
    }

    fn list(&mut self, listed: (&str, &str, Option<&str>), range: Range<usize>) {
        self.listed.extend(Listed::new(listed, (self.source, range), self.found));
    }
}

fn wrong_shape(source: &Arc<Source>, value: Value<'_>, what: &str) -> Diagnostic {
    Diagnostic::error("bad-manifest", what).at(source, value.range())
}

/// A file of 64 MiB is no deeper than this and has no more.
const LIMITS: Limits = Limits { depth: 16, values: 4_000_000, lists: None };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;

    /// `id=text` of what is listed, then the codes of what is wrong.
    fn check(text: &str, expect: &[&str]) {
        let source = Arc::new(Source { name: "m.json".into(), text: text.into() });
        let mut found = Diagnostics::default();
        let manifest = crate::policy::manifest::read_file(&source, &mut found);
        let listed = manifest.listed.iter().map(|it| format!("{}={}", it.id, it.text));
        let found = found.iter().map(|it| it.code.to_owned());
        assert_eq!(listed.chain(found).collect::<Vec<_>>(), expect, "{text}");
    }

    const HASH: &str = "9a24e95e2c8eb7eb1d3a49fbc11ccaf6ba43f1df11cb1b6a1e1bd1e8f2ce3c9f";

    #[test]
    fn apollo_lists_and_objects() {
        check(
            r#"{"format":"apollo-persisted-query-manifest","version":1,"operations":[
                {"id":"x-1","name":"A","type":"query","body":"query A{a}"},
                {"id":"x-2","body":"{\u0062}","clientName":"web","more":1}]}"#,
            &["x-1=query A{a}", "x-2={b}"],
        );
        check(
            r#"{"operations":{"1":{"body":"{a}"},"2":{"id":"2","body":"{b}"},"3":"{c}"}}"#,
            &["1={a}", "2={b}", "3={c}"],
        );
        check(r#"{"format":"other","operations":[]}"#, &["bad-manifest"]);
        check(r#"{"version":2,"operations":[]}"#, &["bad-manifest"]);
        check(r#"{"operations":[{"id":"1"},{"body":"{a}"},7]}"#, &["bad-manifest"; 3]);
        check(r#"{"operations":{"1":{"id":"2","body":"{a}"}}}"#, &["bad-manifest"]);
        check(r#"{"operations":7}"#, &["bad-manifest"]);
    }

    #[test]
    fn maps() {
        check(r#"{"1":"{a}","x-2:b":"{b}"}"#, &["1={a}", "x-2:b={b}"]);
        check(r#"{"hashes":{"1":"{a}"}}"#, &["1={a}"]);
        check(r#"{"operations":"{a}"}"#, &["operations={a}"]);
        check(r#"{"1":"{a}","2":2}"#, &["1={a}", "bad-manifest"]);
        check("{}", &["empty-manifest"]);
        check("[]", &["bad-manifest"]);
        check(r#"{"1":"{a}","1":"{b}"}"#, &["bad-json"]);
        check("{", &["bad-json"]);
    }

    #[test]
    fn a_hash_must_be_the_hash_of_its_text() {
        let real = crate::digest::Digest::of(b"{a}").to_string();
        check(&format!(r#"{{"{real}":"{{a}}"}}"#), &[&format!("{real}={{a}}")]);
        check(&format!(r#"{{"sha256:{real}":"{{a}}"}}"#), &[&format!("sha256:{real}={{a}}")]);
        check(&format!(r#"{{"{real}":"{{a }}"}}"#), &["hash-mismatch"]);
        check(&format!(r#"{{"{HASH}":"{{a}}"}}"#), &["hash-mismatch"]);
        check(&format!(r#"{{"{}":"{{a}}"}}"#, real.to_uppercase()), &["bad-id"]);
        // An MD5 is a name: nothing is proven by it, and nothing is refused.
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        check(&format!(r#"{{"{md5}":"{{a}}"}}"#), &[&format!("{md5}={{a}}")]);
    }

    #[test]
    fn mistakes_are_bounded() {
        let operations = vec!["7"; 1000].join(",");
        let text = format!(r#"{{"operations":[{operations}]}}"#);
        let mut expect = vec!["bad-manifest"; 50];
        expect.push("too-many-mistakes");
        check(&text, &expect);
    }
}
