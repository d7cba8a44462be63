//! The bill of materials names every crate that is linked, and none that is not.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "support/required.rs"]
mod required;

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// `name version` of everything that `cargo tree` knows to be needed for a release.
fn needed() -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--prefix", "none", "--edges", "no-dev", "--format", "{p}", "--locked"]);
    tree.args(["--no-default-features", "--features", "otel"]);
    let output = tree.args(["--target", "x86_64-unknown-linux-gnu"]).current_dir(ROOT).output();
    let text = String::from_utf8(output.expect("cargo runs").stdout).expect("UTF-8");
    let names = text.lines().filter_map(|it| it.split_once(" v"));
    let names = names.map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()));
    names.filter(|it| it.0 != "portcullis").map(|it| format!("{} {}", it.0, it.1)).collect()
}

#[test]
fn the_bill_of_materials_is_what_is_linked() {
    let tools = ["cargo-cyclonedx", "jq"].into_iter().all(required::on_path);
    if !required::can_run("sbom", "cargo-cyclonedx and jq", tools) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bom.json");
    let written = Command::new("deploy/sbom").arg(&path).current_dir(ROOT).status();
    assert!(written.expect("it runs").success());
    let text = fs::read_to_string(&path).expect("it is written");
    let bom: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(bom["metadata"]["component"]["name"], "portcullis");
    let components = bom["components"].as_array().expect("components");
    let word = |it: &Value, key: &str| it[key].as_str().map(str::to_owned).unwrap_or_default();
    let named = components.iter().map(|it| word(it, "name") + " " + &word(it, "version"));
    let (named, needed) = (named.collect::<BTreeSet<_>>(), needed());
    assert!(needed.len() > 100, "{needed:?}");
    let missing: Vec<_> = needed.difference(&named).collect();
    let idle: Vec<_> = named.difference(&needed).collect();
    assert!(missing.is_empty() && idle.is_empty(), "missing {missing:?}, not linked {idle:?}");
    for it in components {
        assert!(word(it, "purl").starts_with("pkg:cargo/"), "{it}");
        assert!(it["licenses"].is_array() && it["hashes"].is_array(), "{it}");
    }
}
