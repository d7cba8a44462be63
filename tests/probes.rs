//! The reader against graphql-js on small documents that readers are known to disagree about.
//!
//! It never accepts what graphql-js 17 refuses; what it refuses beyond that stands in a table.

use portcullis::document::{ReadLimits, read};
use serde_json::Value;

/// What graphql-js 17 accepts and we refuse, and why.
const REFUSED: &[(&str, &str)] = &[
    ("bom_in_name", "byte order mark"),
    ("comment_bom", "byte order mark"),
    ("str_bom_raw", "byte order mark"),
    ("typecond_bom", "byte order mark"),
    ("blk_nul", "control character"),
    ("str_bell_raw", "control character"),
    ("str_nul_raw", "control character"),
    // `{ }`: legal in graphql-js 17 only.
    ("empty_sel", "syntax error"),
    ("directive_def", "a definition that is neither operation nor fragment"),
    ("only_type_def", "a definition that is neither operation nor fragment"),
    ("scalar_and_query", "a definition that is neither operation nor fragment"),
    ("schema", "a definition that is neither operation nor fragment"),
];

#[test]
fn nothing_is_read_that_graphql_js_refuses() {
    let probes = include_str!("corpus/reader/probes.jsonl");
    let mut refused = Vec::new();
    for probe in probes.lines() {
        let probe: Value = serde_json::from_str(probe).unwrap();
        let (id, text) = (probe["id"].as_str().unwrap(), probe["document"].as_str().unwrap());
        let found = read(text, &ReadLimits::CEILINGS).map(|_| ()).map_err(|it| it.to_string());
        match (probe["graphql_js_17"].as_bool().unwrap(), found) {
            (true, Ok(())) | (false, Err(_)) => {}
            (false, Ok(())) => panic!("{id} is read: {text}"),
            (true, Err(why)) => {
                let expect = REFUSED.iter().find(|it| it.0 == id);
                let (_, reason) =
                    expect.unwrap_or_else(|| panic!("{id} is refused: {why}: {text}"));
                assert!(why.starts_with(reason), "{id}: {why}");
                refused.push(id.to_owned());
            }
        }
    }
    assert_eq!(refused.len(), REFUSED.len(), "{refused:?}");
}
