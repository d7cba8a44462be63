//! Our reading of documents against graphql-js, in one process of Node for all of them.

use std::{
    cell::RefCell,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use portcullis::document::{ReadLimits, print, read};
use serde_json::json;

use crate::{documents::seeds, mutate::fuzz, support::required};

/// What we read, graphql-js reads; and of our print it makes the same as of the text.
#[test]
fn graphql_js() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/node");
    let installed = folder.join("node_modules/graphql/package.json").is_file();
    let needs = "Node and `npm ci --prefix tests/clients/node`";
    if !required::can_run("fuzz: graphql-js", needs, installed && required::on_path("node")) {
        return;
    }
    let batch = RefCell::new(String::new());
    fuzz("document", 10_000, &seeds(), |input| {
        let Ok(text) = std::str::from_utf8(input) else { return false };
        let Ok(first) = read(text, &ReadLimits::CEILINGS) else { return false };
        let line = json!({ "text": text, "printed": print(&first.document) });
        batch.borrow_mut().push_str(&format!("{line}\n"));
        true
    });
    let mut node = Command::new("node");
    node.arg(folder.join("same.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().expect("it starts");
    let mut input = node.stdin.take().expect("its input");
    let batch = batch.into_inner();
    let writer = thread::spawn(move || input.write_all(batch.as_bytes()));
    let output = node.wait_with_output().expect("it ends");
    writer.join().unwrap().expect("it reads all");
    let differences = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{differences}");
    println!("{differences}");
}
