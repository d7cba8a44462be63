//! `schema`: the upstream's types, from the file that the policy names.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostics, Source},
    policy::{load::Resolve, not_built},
    schema::Schema,
    yaml::{Fields, Node, scalar},
};

/// What a resolver is asked for instead of a file, when the schema comes by introspection.
pub const INTROSPECTION: &str = "introspection:";

/// The schema and its text.
pub(super) fn read(
    node: &Node,
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Option<(Schema, Arc<Source>)> {
    if let Some(file) = node.as_text() {
        let error = node.error("wrong-shape", "expected a mapping, found a text");
        found.push(error.help(format!("write `{{ file: {file} }}`")));
        return None;
    }
    let mut fields = Fields::of(node, "schema", found);
    not_built::refuse("schema", &mut fields, found);
    let introspect = fields.take_key("introspect");
    if let Some(key) = introspect {
        let message = "a schema by introspection is not part of this version";
        let help = "write `file`, with the schema that `portcullis schema fetch` saves";
        found.push(key.error("not-available-yet", message).help(help));
    }
    let file = match introspect {
        None => fields.require("file", found),
        Some(_) => fields.take("file", found),
    };
    fields.finish(found);
    let node = file?;
    let file = scalar::text(node, found)?;
    let source = match resolve(file) {
        Ok(source) => source,
        Err(why) => {
            found.push(node.error("unreadable-file", format!("cannot read `{file}`: {why}")));
            return None;
        }
    };
    match Schema::load(Arc::clone(&source)) {
        Ok((schema, warnings)) => {
            found.extend(warnings);
            Some((schema, source))
        }
        Err(errors) => {
            found.extend(errors);
            None
        }
    }
}
