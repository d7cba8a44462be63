//! Of what the suites share, the part that the laws are made of.

#[path = "../../support/documents.rs"]
pub(crate) mod documents;
#[path = "../../support/tape.rs"]
pub(crate) mod tape;
#[path = "../../support/values.rs"]
pub(crate) mod values;
