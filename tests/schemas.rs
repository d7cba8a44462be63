//! Every schema of the corpus loads without errors.

use std::{fs::read_to_string, sync::Arc};

use portcullis::{
    diagnostic::Source,
    schema::{OperationKind, Schema},
};

#[expect(clippy::panic, clippy::unwrap_used, reason = "only tests call it")]
fn check(name: &str, n_types: usize, codes: &[&str]) {
    let path = format!("{}/tests/corpus/{name}/schema.graphql", env!("CARGO_MANIFEST_DIR"));
    let text = read_to_string(&path).unwrap().into();
    let source = Arc::new(Source { name: path.into(), text });
    let (schema, warnings) = Schema::load(source).unwrap_or_else(|it| panic!("{it:?}"));
    assert_eq!(warnings.iter().map(|it| it.code).collect::<Vec<_>>(), codes, "{warnings:?}");
    assert_eq!(schema.types().count(), n_types);
    assert!(schema.root(OperationKind::Query).is_some());
}

#[test]
fn bazaar_loads() {
    check("bazaar", 82, &[]);
}

#[test]
fn github_loads() {
    check("real/github", 1636, &["repeated-name", "repeated-name"]);
}

#[test]
fn linear_loads() {
    check("real/linear", 1200, &[]);
}

#[test]
fn shopify_storefront_loads() {
    check("real/shopify-storefront", 424, &[]);
}

#[test]
fn swapi_loads() {
    check("real/swapi", 66, &[]);
}
