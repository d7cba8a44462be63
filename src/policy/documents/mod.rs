//! `documents`: which documents may be sent at all, and what is special about some of them.
//!
//! Does not look at requests; `admission` does.

mod library;
mod settings;

pub use library::{DocumentIdx, Library, ListedIdx, TrustedDocument};
pub use settings::DocumentSettings;

use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    document::{Ceilings, ReadLimits},
    expression::Conditions,
    policy::{Profile, SecondReader, load::Resolve, manifest},
    rules::Trusted,
    schema::Schema,
    verdict::Mode,
    yaml::{Fields, Node, Value, scalar, shape},
};

/// Which documents may be sent.
#[derive(Debug, Default)]
pub struct Documents {
    /// Whether only trusted documents may be sent; `None`: any may.
    pub require: Option<Mode>,
    /// Whether clients may have documents remembered under their hash.
    pub apq: Apq,
    /// The trusted documents.
    pub library: Library,
}

impl Documents {
    /// Whether a document is listed, by the canonical text of its selected operation.
    #[must_use]
    pub fn trusted(&self, canonical: &str) -> (Trusted, Option<DocumentIdx>) {
        match self.library.with_canonical(canonical) {
            Some(idx) => (Trusted::Yes, self.library.first(idx)),
            None => (Trusted::No, None),
        }
    }
}

/// Automatic persisted queries: a client sends hash and text once, and then the hash alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Apq {
    /// Nothing is remembered for clients.
    #[default]
    Off,
    /// What was judged and admitted is remembered for a while.
    On,
    /// The same, and replicas know of it by way of Redis.
    Shared,
}

impl Apq {
    /// Whether anything is remembered.
    #[must_use]
    pub const fn is_on(self) -> bool {
        match self {
            Self::Off => false,
            Self::On | Self::Shared => true,
        }
    }
}

/// The block as it is written; files are not read yet.
#[derive(Debug, Default)]
pub(super) struct Written<'n> {
    require: Option<Mode>,
    apq: Apq,
    pub(super) second_reader: SecondReader,
    manifests: Vec<(&'n str, &'n Node)>,
    settings: Option<&'n Node>,
}

/// Reads the block.
pub(super) fn read<'n>(node: &'n Node, file: Mode, found: &mut Diagnostics) -> Written<'n> {
    let mut fields = Fields::of(node, "documents", found);
    let required = fields.take("require", found).and_then(|it| require(it, file, found));
    let apq = fields.take("apq", found);
    let reader = fields.take("second_reader", found);
    let manifests = fields.take("manifests", found).map(|it| shape::placed_names(it, found));
    let settings = fields.take("settings", found);
    fields.finish(found);
    let words = [("off", SecondReader::Off), ("on", SecondReader::On)];
    let written = Written {
        require: required,
        apq: apq.and_then(|it| scalar::word(it, &APQ_WORDS, found)).unwrap_or_default(),
        second_reader: reader.and_then(|it| scalar::word(it, &words, found)).unwrap_or_default(),
        manifests: manifests.unwrap_or_default(),
        settings,
    };
    written.lint((node, apq), found);
    written
}

/// `true`, `false`, or `{ mode: report }`.
fn require(node: &Node, file: Mode, found: &mut Diagnostics) -> Option<Mode> {
    if !matches!(node.value, Value::Mapping(_)) {
        return scalar::boolean(node, found)?.then_some(file);
    }
    let mut fields = Fields::of(node, "documents.require", found);
    let mode = fields.require("mode", found);
    fields.finish(found);
    crate::policy::settings::mode(mode?, found)
}

impl Written<'_> {
    /// True when some documents are trusted.
    pub(super) fn has_manifests(&self) -> bool {
        !self.manifests.is_empty()
    }

    /// True when only listed documents pass.
    pub(super) fn requires(&self) -> bool {
        self.require == Some(Mode::Enforce)
    }

    /// What is wrong with the settings when no manifest can be read, because there is no schema.
    pub(super) fn unbound(self, ground: (&[Profile], &Conditions), found: &mut Diagnostics) {
        if let Some(node) = self.settings {
            settings::unbound(node, ground, found);
        }
    }

    fn lint(&self, (block, apq): (&Node, Option<&Node>), found: &mut Diagnostics) {
        if self.require.is_some() && self.manifests.is_empty() {
            let message = "`documents.require` without `manifests` refuses everything";
            let warning = block.warning("no-manifests", message);
            found.push(warning.help("name a manifest: `manifests: [web.json]`"));
        }
        if let (true, Some(Mode::Enforce), Some(apq)) = (self.apq.is_on(), self.require, apq) {
            let message = "`documents.apq` has no effect: only listed documents are admitted";
            found.push(apq.warning("no-effect", message));
        }
    }

    /// Reads the manifests, and everything in them as it will be read when it is sent.
    pub(super) fn load(
        self,
        (schema, limits): (&Schema, (ReadLimits, Ceilings)),
        (profiles, conditions): (&[Profile], &Conditions),
        resolve: Resolve<'_>,
        found: &mut Diagnostics,
    ) -> Documents {
        let mut library = Library::default();
        let mut complaints = manifest::Complaints::new(found);
        for (name, node) in &self.manifests {
            match manifest::read(name, &mut *resolve, complaints.found()) {
                Ok(manifest) => {
                    let listed = manifest.listed.into_iter();
                    listed.for_each(|it| library.add(it, (schema, &limits), &mut complaints));
                }
                Err(why) => complaints.push(unreadable(name, node, &why)),
            }
        }
        complaints.finish();
        if let Some(node) = self.settings {
            settings::read(node, (profiles, conditions), &mut library, found);
        }
        Documents { require: self.require, apq: self.apq, library }
    }
}

fn unreadable(name: &str, node: &Node, why: &str) -> Diagnostic {
    let error = node.error("unreadable-file", format!("cannot read `{name}`: {why}"));
    // What has an ending was surely meant to be a file.
    let is_file = name.rsplit('/').next().is_some_and(|it| it.contains('.'));
    if name.ends_with('/') {
        error
    } else if is_file {
        error.help("files are named from the folder of the policy")
    } else {
        error.help("a folder is written with a `/` at its end")
    }
}

/// The words of `apq`.
pub(super) const APQ_WORDS: [(&str, Apq); 3] =
    [("off", Apq::Off), ("on", Apq::On), ("shared", Apq::Shared)];

#[cfg(test)]
mod tests;
