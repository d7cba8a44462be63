//! `schema`: the upstream's types, from a file or from the upstream itself.
//!
//! Asks nobody: what introspection told is handed over like a file.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use crate::{
    diagnostic::{Diagnostics, Source},
    policy::load::Resolve,
    schema::Schema,
    yaml::{Fields, Node, scalar},
};

/// What a resolver is asked for instead of a file, when the schema comes by introspection.
pub const INTROSPECTION: &str = "introspection:";

/// Where the upstream's types come from, and how they are kept current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOrigin {
    /// From a file; the upstream may be compared with it.
    File(Option<Drift>),
    /// From the upstream itself, which is asked again after this long.
    Introspection(Duration),
}

impl SchemaOrigin {
    /// How the upstream's schema is compared, if it is.
    #[must_use]
    pub const fn drift(&self) -> Option<Drift> {
        match self {
            Self::File(drift) => *drift,
            Self::Introspection(_) => None,
        }
    }
}

/// How the upstream's schema is compared with the one of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    /// After how long it is compared again.
    pub every: Duration,
    /// What becomes of requests while they differ.
    pub on: OnDrift,
}

/// What becomes of requests while the upstream's schema is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDrift {
    /// They are refused when what the file has means something else to the upstream.
    Refuse,
    /// They are judged as ever, and the operator is told.
    Warn,
}

/// The words of `drift.on`.
pub(super) const ON_DRIFT: [(&str, OnDrift); 2] =
    [("warn", OnDrift::Warn), ("refuse", OnDrift::Refuse)];

/// The schema, its text, and where it comes from.
pub(super) type Read = (Schema, Arc<Source>, SchemaOrigin);

/// Reads the block.
pub(super) fn read(node: &Node, resolve: Resolve<'_>, found: &mut Diagnostics) -> Option<Read> {
    if let Some(file) = node.as_text() {
        let error = node.error("wrong-shape", "expected a mapping, found a text");
        found.push(error.help(format!("write `{{ file: {file} }}`")));
        return None;
    }
    let mut fields = Fields::of(node, "schema", found);
    let introspect = fields.take_with_key("introspect", found);
    let drift = fields.take_with_key("drift", found);
    let file = match introspect {
        None => fields.require("file", found),
        // The key: it is what is wrong.
        Some(_) => fields.take_with_key("file", found).map(|(key, _)| key),
    };
    fields.finish(found);
    if let Some((_, node)) = introspect {
        for key in [file, drift.map(|(key, _)| key)].into_iter().flatten() {
            let message = "has no effect beside `introspect`: there is one schema only";
            let name = key.as_text().unwrap_or_default();
            found.push(key.error("contradiction", format!("`{name}` {message}")));
        }
        let every = scalar::duration(node, EVERY, found)?;
        let (schema, source) = load((node, INTROSPECTION), resolve, found)?;
        return Some((schema, source, SchemaOrigin::Introspection(every)));
    }
    let drift = drift.and_then(|(_, node)| self::drift(node, found));
    let node = file?;
    let name = scalar::text(node, found)?;
    let (schema, source) = load((node, name), resolve, found)?;
    Some((schema, source, SchemaOrigin::File(drift)))
}

fn drift(node: &Node, found: &mut Diagnostics) -> Option<Drift> {
    let mut fields = Fields::of(node, "schema.drift", found);
    let every = fields.take("every", found);
    let on = fields.require("on", found);
    fields.finish(found);
    let every = every.map_or(Some(DEFAULT_EVERY), |node| scalar::duration(node, EVERY, found));
    let on = on.and_then(|node| scalar::word(node, &ON_DRIFT, found));
    Some(Drift { every: every?, on: on? })
}

fn load(
    (node, name): (&Node, &str),
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Option<(Schema, Arc<Source>)> {
    let source = match resolve(name) {
        Ok(source) => source,
        Err(why) if name == INTROSPECTION => {
            let message = format!("the schema comes from the upstream: {why}");
            found.push(node.error("no-introspection", message));
            return None;
        }
        Err(why) => {
            found.push(node.error("unreadable-file", format!("cannot read `{name}`: {why}")));
            return None;
        }
    };
    match Schema::load(Arc::clone(&source)) {
        Ok((schema, warnings)) => {
            found.extend(warnings);
            Some((schema, source))
        }
        Err(_) if is_introspection(&source.text) => {
            let message = format!("`{name}` is what introspection tells, not SDL");
            let help = "`portcullis schema fetch URL` writes SDL";
            found.push(node.error("not-sdl", message).help(help));
            None
        }
        Err(errors) => {
            found.extend(errors);
            None
        }
    }
}

/// Whether a text is JSON with a schema in it, as other tools keep one.
fn is_introspection(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"__schema\"")
}

/// More often than every second is a load on the upstream, less often than every day is never.
const EVERY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
/// 5 min: a deployment of the upstream takes about as long.
const DEFAULT_EVERY: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::policy::{
        Drift, OnDrift, SchemaOrigin,
        testing::{codes, compile},
    };

    #[track_caller]
    fn check(schema: &str, expect: SchemaOrigin) {
        let (policy, found) = compile(&format!("version: 1\nname: t\nschema: {schema}\n"), None);
        assert_eq!(policy.map(|it| it.origin), Some(expect), "{found:?}");
    }

    #[track_caller]
    fn check_codes(schema: &str, expect: &[&str]) {
        assert_eq!(codes(&format!("version: 1\nname: t\nschema: {schema}\n")), expect);
    }

    #[test]
    fn where_the_schema_comes_from() {
        check("{ file: a }", SchemaOrigin::File(None));
        check("{ introspect: 5m }", SchemaOrigin::Introspection(Duration::from_secs(300)));
        let drift = |every, on| SchemaOrigin::File(Some(Drift { every, on }));
        check("{ file: a, drift: { on: warn } }", drift(Duration::from_secs(300), OnDrift::Warn));
        let refuse = drift(Duration::from_secs(1), OnDrift::Refuse);
        check("{ file: a, drift: { every: 1s, on: refuse } }", refuse);
    }

    #[test]
    fn mistakes() {
        check_codes("a", &["wrong-shape"]);
        check_codes("{}", &["missing-key"]);
        check_codes("{ introspect: 999ms }", &["out-of-range"]);
        check_codes("{ introspect: 5m, file: a }", &["contradiction"]);
        check_codes("{ introspect: 5m, drift: { on: warn } }", &["contradiction"]);
        check_codes("{ file: a, drift: { every: 5m } }", &["missing-key"]);
        check_codes("{ file: a, drift: { on: fail } }", &["unknown-word"]);
        let both = ["out-of-range", "unknown-word"];
        check_codes("{ file: a, drift: { every: 1ms, on: fail } }", &both);
        check_codes("{ file: missing.graphql }", &["unreadable-file"]);
        check_codes("{ file: told.json }", &["not-sdl"]);
    }
}
