//! The schema as validation reads it.
//!
//! Holds nothing that `Schema`'s tables do not; its text is written from the same document.

use std::fmt::{Debug, Formatter, Result as FmtResult};

use bluejay_parser::{
    Error,
    ast::{
        Parse,
        definition::{DefinitionDocument, SchemaDefinition},
    },
};
use self_cell::self_cell;

/// A text with the definitions read from it.
pub(crate) struct Definitions(Cell);

impl Definitions {
    /// Reads a text; the messages say what the reader has against it.
    pub(super) fn read(text: String) -> Result<Self, Vec<String>> {
        let parsed = Parsed::try_new(text, |text| DefinitionDocument::parse(text).result);
        let parsed = parsed.map_err(messages)?;
        let cell = Cell::try_new(parsed, |it| {
            SchemaDefinition::try_from(it.borrow_dependent()).map_err(messages)
        });
        cell.map(Self)
    }

    /// The definitions.
    pub(crate) fn schema_definition(&self) -> &SchemaDefinition<'_> {
        self.0.borrow_dependent()
    }
}

impl Debug for Definitions {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str("Definitions")
    }
}

self_cell! {
    struct Parsed {
        owner: String,

        #[covariant]
        dependent: DefinitionDocument,
    }
}

self_cell! {
    struct Cell {
        owner: Parsed,

        #[covariant]
        dependent: SchemaDefinition,
    }
}

fn messages<E: Into<Error>>(errors: Vec<E>) -> Vec<String> {
    errors.into_iter().map(|it| it.into().message().to_owned()).collect()
}
