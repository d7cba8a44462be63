//! What `@link` renames: the directives of federation and of costs under other names.
//!
//! Other specifications are nothing that is read here. `@link` itself may have another name too, so
//! that it is known by its `url`.

use ahash::HashMap;

use crate::schema::{Applied, Const, Schema};

/// How a schema names the directives of the specifications that it links.
#[derive(Debug)]
pub(super) struct Links {
    /// Before `__`, of what is not imported.
    prefixes: Vec<Box<str>>,
    /// What a specification calls the directive that has this name here.
    imported: HashMap<Box<str>, Box<str>>,
}

impl Links {
    /// Reads the arguments of each directive that stands on the schema.
    pub(super) fn of<'a>(on_schema: impl Iterator<Item = &'a [(Box<str>, Const)]>) -> Self {
        let mut links = Self { prefixes: vec!["federation".into()], imported: HashMap::default() };
        for arguments in on_schema {
            links.read(arguments);
        }
        links
    }

    fn read(&mut self, arguments: &[(Box<str>, Const)]) {
        let Some(specification) = text(arguments, "url").and_then(specification) else { return };
        let prefix = text(arguments, "as").unwrap_or(specification);
        self.prefixes.push(prefix.into());
        // Of `cost` the directive `@cost` has the name of the whole and needs no import.
        self.imported.insert(prefix.into(), specification.into());
        let Some(Const::List(imports)) = argument(arguments, "import") else { return };
        for import in imports {
            let (own, here) = match import {
                Const::String(name) => (&**name, &**name),
                Const::Object(entries) => {
                    let Some(name) = text(entries, "name") else { continue };
                    (name, text(entries, "as").unwrap_or(name))
                }
                _ => continue,
            };
            // What has no `@` is a type.
            if let (Some(own), Some(here)) = (own.strip_prefix('@'), here.strip_prefix('@')) {
                self.imported.insert(here.into(), own.into());
            }
        }
    }

    /// What its specification calls a directive.
    pub(super) fn own_name<'a>(&'a self, name: &'a str) -> &'a str {
        let mut prefixes = self.prefixes.iter();
        let mut unprefixed =
            || prefixes.find_map(|it| name.strip_prefix(&**it)?.strip_prefix("__"));
        match self.imported.get(name) {
            Some(own) => own,
            None => unprefixed().unwrap_or(name),
        }
    }
}

impl Schema {
    /// Whether a directive stands on any type, field or input, but for those of the language:
    /// introspection tells of no other.
    pub(crate) fn has_applied(&self) -> bool {
        let on_types = self.types.iter().flat_map(|it| &it.directives);
        let on_fields = self.fields.iter().flat_map(|it| &it.directives);
        let on_inputs = self.inputs.iter().flat_map(|it| &it.directives);
        let is_own = |name: &str| matches!(name, "deprecated" | "oneOf" | "specifiedBy");
        on_types.chain(on_fields).chain(on_inputs).any(|it| !is_own(&it.name))
    }

    /// The directives among these that a specification calls so, whatever they are called here.
    pub(crate) fn applied<'a>(
        &'a self,
        directives: &'a [Applied],
        name: &'static str,
    ) -> impl Iterator<Item = &'a Applied> {
        directives.iter().filter(move |it| self.links.own_name(&it.name) == name)
    }
}

/// `federation` of `https://specs.apollo.dev/federation/v2.3`, when it is one that is read here.
fn specification(url: &str) -> Option<&str> {
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let last = parts.next()?;
    let is_version = last.strip_prefix('v').is_some_and(|it| it.starts_with(char::is_numeric));
    let name = if is_version { parts.next()? } else { last };
    matches!(name, "cost" | "federation").then_some(name)
}

fn argument<'a>(arguments: &'a [(Box<str>, Const)], name: &str) -> Option<&'a Const> {
    arguments.iter().find(|(it, _)| &**it == name).map(|(_, value)| value)
}

fn text<'a>(arguments: &'a [(Box<str>, Const)], name: &str) -> Option<&'a str> {
    match argument(arguments, name) {
        Some(Const::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    /// The directives of `Query` that the schema has under this name.
    fn check(link: &str, name: &'static str, expect: &[&str]) {
        let text = format!(
            "extend schema @link(url: \"https://specs.apollo.dev/{link}) \
             type Query @key @primary @federation__key @fed__key @cost @fed__cost @fed {{ a: Int }}"
        );
        let source = Arc::new(Source { name: "s".into(), text: text.into() });
        let (schema, _) = Schema::load(source).unwrap();
        let query = schema.ty(schema.type_named("Query").unwrap());
        let found = schema.applied(&query.directives, name);
        assert_eq!(found.map(|it| &*it.name).collect::<Vec<_>>(), expect, "{link}");
    }

    #[test]
    fn a_renamed_directive_is_the_one_that_it_was() {
        let always = ["key", "federation__key"];
        check("federation/v2.3\"", "key", &always);
        check("federation/v2.3\", import: [\"@key\", \"FieldSet\"]", "key", &always);
        let renamed = "federation/v2.3\", import: [{name: \"@key\", as: \"@primary\"}]";
        check(renamed, "key", &["key", "primary", "federation__key"]);
        check("federation/v2.3\", as: \"fed\"", "key", &["key", "federation__key", "fed__key"]);
        check("federation\", as: \"fed\"", "key", &["key", "federation__key", "fed__key"]);
        check("other/v1.0\", as: \"fed\"", "key", &always);
        let another = "federation/v2.3\", import: [{name: \"@tag\", as: \"@key\"}]";
        check(another, "key", &["federation__key"]);
        check("cost/v0.1\", as: \"fed\"", "cost", &["cost", "fed__cost", "fed"]);
    }

    #[test]
    fn a_renamed_directive_need_not_be_defined() {
        let text = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", as: \"fed\", \
                    import: [{name: \"@key\", as: \"@primary\"}]) \
                    type Query @primary @fed__key @mine { a: Int }";
        let source = Arc::new(Source { name: "s".into(), text: text.into() });
        let (_, found) = Schema::load(source).unwrap();
        let found: Vec<_> = found.iter().map(|it| it.message.to_string()).collect();
        assert_eq!(found, ["directive `@mine` is not defined"]);
    }
}
