//! `documents.settings`: what is special about some trusted documents, by their hash.
//!
//! Never by operation name: a client chooses that. What lifts limits is an exception.

use crate::{
    diagnostic::Diagnostics,
    digest::Digest,
    expression::{Conditions, Scope, When},
    policy::{Profile, ProfileIdx, documents::Library},
    yaml::{Fields, Node, scalar, shape},
};

/// What is special about a trusted document.
#[derive(Debug)]
pub struct DocumentSettings {
    /// Who may send it.
    pub when: When,
    /// The profile it is judged under, whoever sends it.
    pub profile: Option<ProfileIdx>,
    /// What it may cost, instead of the profile's `cost.max`.
    pub cost: Option<u64>,
}

/// Reads the list.
pub(super) fn read(
    node: &Node,
    ground: (&[Profile], &Conditions),
    library: &mut Library,
    found: &mut Diagnostics,
) {
    for item in shape::list(node, found) {
        let Some((digest, settings)) = read_one(item, ground, found) else { continue };
        if library.is_set(digest) {
            let message = "there are settings for this document, or an operation of it, already";
            found.push(item.error("duplicate-settings", message));
        } else if library.set(digest, settings).is_none() {
            let error = item.error("unlisted-document", "no manifest lists this document");
            found.push(error.help("only trusted documents can have settings"));
        }
    }
}

/// What is wrong with the list whatever the manifests are.
pub(super) fn unbound(node: &Node, ground: (&[Profile], &Conditions), found: &mut Diagnostics) {
    for item in shape::list(node, found) {
        let _of_no_document_yet = read_one(item, ground, found);
    }
}

fn read_one(
    node: &Node,
    (profiles, conditions): (&[Profile], &Conditions),
    found: &mut Diagnostics,
) -> Option<(Digest, DocumentSettings)> {
    let mut fields = Fields::of(node, "documents.settings", found);
    let document = fields.require("document", found);
    let digest = document.and_then(|it| crate::policy::exceptions::digest(it, found));
    let when = fields.take("when", found);
    let profile = fields.take("profile", found);
    let cost = fields.take("cost", found);
    fields.finish(found);
    if when.or(profile).or(cost).is_none() {
        found.push(node.warning("no-effect", "nothing is said about this document"));
    }
    let settings = DocumentSettings {
        when: match when {
            // A mistake is an error, so the policy is not made; nobody is the safe reading.
            Some(it) => When::read(it, Scope::Request, conditions, found).unwrap_or(When::Never),
            None => When::Always,
        },
        profile: profile.and_then(|it| named(it, profiles, found)),
        cost: cost.and_then(|it| scalar::number(it, 0..=MAX_COST, found)),
    };
    Some((digest?, settings))
}

fn named(node: &Node, profiles: &[Profile], found: &mut Diagnostics) -> Option<ProfileIdx> {
    let name = scalar::text(node, found)?;
    let place = profiles.iter().position(|it| &*it.name == name);
    if place.is_none() {
        let error = node.error("unknown-profile", format!("there is no profile `{name}`"));
        found.push(error.did_you_mean(name, profiles.iter().map(|it| &*it.name)));
    }
    place.map(ProfileIdx)
}

/// As large as `cost.max` can be written.
pub(in crate::policy) const MAX_COST: u64 = 1_000_000_000_000;
