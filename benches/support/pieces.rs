//! Policies joined from the pieces in `benches/documents/features`, each in a folder of its own.

use std::{fs, io, path::Path};

use tempfile::TempDir;

/// A policy file; it is gone when it is dropped.
pub(crate) struct Joined {
    folder: TempDir,
}

impl Joined {
    pub(crate) fn new(pieces: &[&str]) -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let from = root.join("benches/documents/features");
        let folder = tempfile::tempdir()?;
        let texts: Result<Vec<_>, _> =
            pieces.iter().map(|it| fs::read_to_string(from.join(format!("{it}.yaml")))).collect();
        fs::write(folder.path().join(POLICY), texts?.join("\n"))?;
        fs::copy(from.join("keys.yaml"), folder.path().join("keys.yaml"))?;
        fs::copy(root.join(SCHEMA), folder.path().join("schema.graphql"))?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> String {
        self.folder.path().join(POLICY).display().to_string()
    }
}

/// The head that the piece for authorization asks for.
pub(crate) const API_KEY: &str = "X-Api-Key: bench\r\n";

pub(crate) const SCHEMA: &str = "tests/corpus/bazaar/schema.graphql";
const POLICY: &str = "policy.yaml";
