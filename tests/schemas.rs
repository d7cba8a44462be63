//! Every schema of the corpus loads without errors.

use std::{fs::read_to_string, sync::Arc, time::Instant};

use portcullis::{
    diagnostic::Source,
    schema::{OperationKind, Schema},
};

fn check(name: &str, n_types: usize, codes: &[&str]) {
    let path = format!("{}/tests/corpus/{name}/schema.graphql", env!("CARGO_MANIFEST_DIR"));
    let text = read_to_string(&path).unwrap().into();
    let source = Arc::new(Source { name: path.into(), text });
    let start = Instant::now();
    let (schema, warnings) = Schema::load(source).unwrap_or_else(|it| panic!("{it:?}"));
    println!("{name}: {:?}", start.elapsed());
    assert_eq!(warnings.iter().map(|it| it.code).collect::<Vec<_>>(), codes, "{warnings:?}");
    assert_eq!(schema.types().count(), n_types);
    assert!(schema.root(OperationKind::Query).is_some());
}

#[test]
fn bazaar_loads() {
    check("bazaar", 0, &[]);
}

#[test]
fn github_loads() {
    check("real/github", 0, &[]);
}

#[test]
fn linear_loads() {
    check("real/linear", 0, &[]);
}

#[test]
fn shopify_storefront_loads() {
    check("real/shopify-storefront", 0, &[]);
}

#[test]
fn swapi_loads() {
    check("real/swapi", 0, &[]);
}
