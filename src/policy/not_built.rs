//! Settings that the design has and this version has not: an honest error, since a setting that is
//! silently ignored is a hole.
//!
//! To build one, delete its line.

use crate::{diagnostic::Diagnostics, yaml::Fields};

/// The path of the setting, and how things are without it.
const NOT_BUILT: &[(&str, &str, &str)] =
    &[("http", "request_encoding", "compressed bodies are refused")];

/// Takes every setting of a block that is not built, each with its error.
pub(super) fn refuse(block: &str, fields: &mut Fields<'_>, found: &mut Diagnostics) {
    for (_, name, instead) in NOT_BUILT.iter().filter(|(it, ..)| *it == block) {
        // A key without a value is told the same, so it is looked for among the keys.
        let Some(key) = fields.take_key(name) else { continue };
        let path = if block.is_empty() { (*name).to_owned() } else { format!("{block}.{name}") };
        let error = key.error("not-built-yet", format!("`{path}` is not part of this version"));
        found.push(error.help(format!("delete it; without it, {instead}")));
    }
}
