//! Our reading of documents against graphql-js, in one process of Node for all of them.

use std::{
    cell::RefCell,
    io::{BufWriter, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use portcullis::document::{ReadLimits, Refusal, print, read};
use serde_json::json;

use crate::{documents::seeds, mutate::fuzz, support::required};

/// What we read, graphql-js reads, and of our print it makes the same as of the text; what is no
/// document for our parser is none for it.
#[test]
fn graphql_js() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/node");
    let installed = folder.join("node_modules/graphql/package.json").is_file();
    let needs = "Node and `npm ci --prefix tests/clients/node`";
    if !required::can_run("fuzz: graphql-js", needs, installed && required::on_path("node")) {
        return;
    }
    let mut node = Command::new("node");
    node.arg(folder.join("same.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().expect("it starts");
    let mut output = node.stdout.take().expect("its output");
    // Read beside the writing, so that neither waits for the other.
    let reader = thread::spawn(move || {
        let mut differences = String::new();
        output.read_to_string(&mut differences).map(|_| differences)
    });
    let input = RefCell::new(BufWriter::new(node.stdin.take().expect("its input")));
    fuzz("document", 10_000, &seeds(), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let line = match read(text, &ReadLimits::CEILINGS) {
            Ok(first) => json!({ "text": text, "printed": print(&first.document) }),
            Err(Refusal::Syntax { .. }) => json!({ "text": text }),
            // Refused whatever it says.
            Err(_) => return false,
        };
        writeln!(input.borrow_mut(), "{line}").expect("Node reads on");
        line.get("printed").is_some()
    });
    drop(input);
    let status = node.wait().expect("it ends");
    let differences = reader.join().unwrap().expect("it writes text");
    assert!(status.success(), "{differences}");
    println!("{differences}");
}
