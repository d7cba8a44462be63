//! What of a manifest no policy would take, whatever its schema: told before it is written anew.
//!
//! Does not know the schema; [`Documents`](crate::policy::Documents) says what does not fit it.

use ahash::HashMap;

use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    document::{self, ReadLimits},
    policy::manifest::{Complaints, Manifest, shortened},
};

/// Adds an error for every id of two texts, and a warning for every text that is no document.
pub fn proof(manifest: &Manifest, found: &mut Diagnostics) {
    let mut complaints = Complaints::new(found);
    let mut texts = HashMap::default();
    for listed in &manifest.listed {
        let (source, range) = (&listed.place.0, listed.place.1.clone());
        let id = shortened(&listed.id);
        if *texts.entry(&listed.key).or_insert(&listed.text) != &listed.text {
            let message = format!("`{id}` is the id of another text already");
            complaints.push(Diagnostic::error("duplicate-id", message).at(source, range));
        } else if let Err(refusal) = document::read(&listed.text, &ReadLimits::CEILINGS) {
            let message = format!("document `{id}`: {}", refusal.detail());
            complaints.push(Diagnostic::warning("bad-document", message).at(source, range));
        }
    }
    complaints.finish();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{diagnostic::Source, policy::manifest::read_file};

    /// `severity code: message` of what is wrong.
    #[track_caller]
    fn check(operations: &str, expect: &[&str]) {
        let text = format!("{{\"operations\":[{operations}]}}").into();
        let mut found = Diagnostics::default();
        let manifest = read_file(&Arc::new(Source { name: "m".into(), text }), &mut found);
        proof(&manifest, &mut found);
        let found =
            found.iter().map(|it| format!("{} {}: {}", it.severity.word(), it.code, it.message));
        assert_eq!(found.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn one_id_has_one_text() {
        let twice = ["error duplicate-id: `1` is the id of another text already"];
        check(r#"{"id":"1","body":"{a}"},{"id":"1","body":"{b}"}"#, &twice);
        check(r#"{"id":"1","body":"{a}"},{"id":"2","body":"{a}"}"#, &[]);
        let clients = r#"{"id":"1","body":"{a}","clientName":"x"},{"id":"1","body":"{a}"}"#;
        check(clients, &[]);
    }

    #[test]
    fn what_is_no_document_is_told() {
        let told = ["warning bad-document: document `1`: the document is empty"];
        check(r#"{"id":"1","body":" "},{"id":"2","body":"{a}"}"#, &told);
    }
}
