//! Manifests: the documents that the clients of an API are known to send.
//!
//! Reads the formats of the tools that write them, and writes them. Does not know the schema and
//! does not judge a document; [`Documents`](crate::policy::Documents) does.

mod diff;
mod folder;
mod id;
mod json;
mod proof;
mod write;

pub use diff::{Change, diff};
pub use folder::build;
pub use id::{DocumentId, NoId};
pub use proof::proof;
pub use write::{Format, write};

use std::{ops::Range, sync::Arc};

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Source},
    policy::load::Resolve,
};

/// The documents of one manifest, in the order written.
#[derive(Debug, Default)]
pub struct Manifest {
    /// All of them.
    pub listed: Vec<Listed>,
}

/// One document as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id, as written.
    pub id: Box<str>,
    /// The same, read.
    pub key: DocumentId,
    /// Its text.
    pub text: Box<str>,
    /// For which client it was listed: told to people, never a reason to admit.
    pub client: Option<Box<str>>,
    /// Where it is listed.
    pub place: (Arc<Source>, Range<usize>),
}

/// Reads a manifest by its name: a JSON file, or a folder of `.graphql` files, which has a `/` at
/// its end. Adds every mistake.
pub fn read(name: &str, resolve: Resolve<'_>, found: &mut Diagnostics) -> Result<Manifest, String> {
    let source = resolve(name)?;
    Ok(if name.ends_with('/') {
        folder::read((name, &source), resolve, found)
    } else {
        read_file(&source, found)
    })
}

/// Reads a manifest in JSON. Adds every mistake.
pub fn read_file(source: &Arc<Source>, found: &mut Diagnostics) -> Manifest {
    let mut complaints = Complaints::new(found);
    let manifest = json::read(source, &mut complaints);
    complaints.finish();
    manifest
}

/// Diagnostics with a limit: who gave us the wrong file need not read ten thousand of them.
#[derive(Debug)]
pub(in crate::policy) struct Complaints<'d> {
    found: &'d mut Diagnostics,
    n: usize,
}

impl<'d> Complaints<'d> {
    pub(in crate::policy) const fn new(found: &'d mut Diagnostics) -> Self {
        Self { found, n: 0 }
    }

    pub(in crate::policy) fn push(&mut self, diagnostic: Diagnostic) {
        self.n = self.n.saturating_add(1);
        if self.n <= MAX_COMPLAINTS {
            self.found.push(diagnostic);
        }
    }

    /// For those who count for themselves.
    pub(in crate::policy) const fn found(&mut self) -> &mut Diagnostics {
        self.found
    }

    /// Says how many were kept back.
    pub(in crate::policy) fn finish(self) {
        let more = self.n.saturating_sub(MAX_COMPLAINTS);
        if more > 0 {
            let message = format!("{more} more mistakes of this kind are not shown");
            self.found.push(Diagnostic::error("too-many-mistakes", message));
        }
    }
}

impl Listed {
    /// Reads the id and holds it to the text, when it claims to be its hash.
    fn new(
        (id, text, client): (&str, &str, Option<&str>),
        place: (&Arc<Source>, Range<usize>),
        found: &mut Complaints<'_>,
    ) -> Option<Self> {
        let (source, range) = place;
        let key = match DocumentId::parse(id) {
            Ok(key) => key,
            Err(why) => {
                let message = format!("`{}` is no id of a document: {why}", shortened(id));
                found.push(Diagnostic::error("bad-id", message).at(source, range));
                return None;
            }
        };
        if let DocumentId::Content(claimed) = key {
            let real = crate::digest::Digest::of(text.as_bytes());
            if claimed != real {
                let message = format!("the SHA-256 of the text is `{real}`, not `{claimed}`");
                let error = Diagnostic::error("hash-mismatch", message).at(source, range);
                found.push(error.help("the text was changed after it was hashed; build it anew"));
                return None;
            }
        }
        let client = client.map(Into::into);
        let place = (Arc::clone(source), range);
        Some(Self { id: id.into(), key, text: text.into(), client, place })
    }
}

/// So much of an id that a person knows it again.
pub(in crate::policy) fn shortened(id: &str) -> String {
    let head: String = id.chars().filter(|it| !it.is_control()).take(SHORT).collect();
    if id.chars().count() > SHORT { format!("{head}…") } else { head }
}

const SHORT: usize = 80;
/// A screen or two.
const MAX_COMPLAINTS: usize = 50;
