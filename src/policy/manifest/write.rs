//! Writes a manifest in one of the formats that others read.

use ahash::HashSet;

use crate::{
    document::{self, Document, ReadLimits},
    json::push_escaped,
    policy::manifest::Manifest,
};

/// How a manifest is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apollo's version 1.
    Apollo,
    /// An object of texts by id, as Relay and graphql-codegen write it.
    Flat,
}

/// The manifest as JSON, a document a line; every id has one text, as [`proof`](super::proof) says.
#[must_use]
pub fn write(manifest: &Manifest, format: Format) -> String {
    let mut out = String::from(match format {
        Format::Apollo => {
            "{\"format\":\"apollo-persisted-query-manifest\",\"version\":1,\"operations\":["
        }
        Format::Flat => "{",
    });
    // An object has a key once; a list may have an id for every client.
    let mut keys = HashSet::default();
    let listed = manifest.listed.iter();
    let due = listed.filter(|it| format == Format::Apollo || keys.insert(&*it.id));
    for (n, listed) in due.enumerate() {
        out.push_str(if n > 0 { ",\n" } else { "\n" });
        match format {
            Format::Apollo => {
                push_member(&mut out, "{\"id\":", &listed.id);
                push_operation(&mut out, &listed.text);
                if let Some(client) = &listed.client {
                    push_member(&mut out, ",\"clientName\":", client);
                }
                push_member(&mut out, ",\"body\":", &listed.text);
                out.push('}');
            }
            Format::Flat => {
                push_escaped(&mut out, &listed.id);
                push_member(&mut out, ":", &listed.text);
            }
        }
    }
    out.push_str(match format {
        Format::Apollo => "\n]}\n",
        Format::Flat => "\n}\n",
    });
    out
}

/// Name and kind of the first operation; what cannot be read has none.
fn push_operation(out: &mut String, text: &str) {
    let document = document::read(text, &ReadLimits::CEILINGS).map(|it| it.document);
    let Ok(document) = document else { return };
    let Some(operation) = document.operations().first() else { return };
    push_member(out, ",\"name\":", first_name(&document));
    push_member(out, ",\"type\":", operation.kind.keyword());
}

/// The name of the first operation, or nothing.
pub(super) fn first_name(document: &Document) -> &str {
    let name = document.operations().first().and_then(|it| it.name);
    name.map_or("", |it| document.str(it))
}

fn push_member(out: &mut String, key: &str, text: &str) {
    out.push_str(key);
    push_escaped(out, text);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        diagnostic::{Diagnostics, Source},
        policy::manifest::read_file,
    };

    fn read(text: &str) -> Manifest {
        let source = Arc::new(Source { name: "m".into(), text: text.into() });
        let mut found = Diagnostics::default();
        let manifest = read_file(&source, &mut found);
        assert!(found.is_empty(), "{found:?}");
        manifest
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = r#"{"operations":[{"id":"1","body":"query A{a(b:\"\\n\")}","clientName":"w"},
                       {"id":"2","body":"mutation{b}"}]}"#;
        let manifest = read(text);
        let apollo = write(&manifest, Format::Apollo);
        assert!(apollo.contains(r#"{"id":"1","name":"A","type":"query","clientName":"w","body":"#));
        assert!(apollo.contains(r#"{"id":"2","name":"","type":"mutation","body":"mutation{b}"}"#));
        for format in [Format::Apollo, Format::Flat] {
            let again = read(&write(&manifest, format));
            let texts = |it: &Manifest| -> Vec<_> {
                it.listed.iter().map(|it| (it.id.clone(), it.text.clone())).collect()
            };
            assert_eq!(texts(&again), texts(&manifest));
        }
    }

    #[test]
    fn what_clients_share_is_one_key() {
        let text = r#"{"operations":[{"id":"1","body":"{a}","clientName":"w"},
                       {"id":"1","body":"{a}"},{"id":"2","body":"{a}"}]}"#;
        let manifest = read(text);
        assert_eq!(write(&manifest, Format::Flat), "{\n\"1\":\"{a}\",\n\"2\":\"{a}\"\n}\n");
        assert_eq!(read(&write(&manifest, Format::Apollo)).listed.len(), 3);
    }
}
