//! How the schema that the policy was compiled with differs from the upstream's, as diagnostics.

use crate::{
    diagnostic::{Diagnostic, Diagnostics},
    policy::{Policy, SchemaOrigin},
    schema::{Difference, Gravity, Schema, drift},
    sources::{Teller, fetch_schema_now},
};

/// Asks the upstream, if the policy has the schema from a file.
pub(super) fn compare(policy: &Policy, upstream: Teller<'_>, found: &mut Diagnostics) {
    match policy.origin {
        SchemaOrigin::File(_) => {}
        // It was asked just now, and is what the policy was compiled with.
        SchemaOrigin::Introspection(_) => return,
    }
    let told = match fetch_schema_now(upstream) {
        Ok(told) => told,
        Err(error) => {
            let message = format!("the upstream's schema cannot be compared: {error}");
            return found.push(Diagnostic::error("no-introspection", message));
        }
    };
    match Schema::load(told) {
        Ok((theirs, _warnings)) => report(&drift(&policy.schema, &theirs), found),
        Err(why) => found.extend(why),
    }
}

fn report(differences: &[Difference], found: &mut Diagnostics) {
    for it in differences.iter().filter(|it| it.gravity == Gravity::Changed) {
        let message = format!("the upstream's schema has drifted: `{}`: {}", it.at, it.detail);
        let help = "fetch the schema again (`portcullis schema fetch`), and look what changed";
        found.push(Diagnostic::warning("schema-drift", message).help(help));
    }
    let mut added = differences.iter().filter(|it| it.gravity == Gravity::Added);
    if let Some(first) = added.next() {
        let n = added.count().saturating_add(1);
        let message = format!("the upstream has more than the schema file: `{}`", first.at);
        let help = format!("no operation can reach it; {n} in all");
        found.push(Diagnostic::warning("schema-behind", message).help(help));
    }
}
