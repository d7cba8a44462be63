//! File → policy: reads block after block, collects every mistake, and makes a policy only when
//! none was an error.
//!
//! Does no I/O: the caller hands over the contents of files that the policy names.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostics, Source},
    operation::Skipped,
    policy::{
        Digest, Policy, SecondReader, Unselected, exceptions,
        http::{self, Http},
        lint::{self, Draft},
        not_built,
        profiles::{self, Profile},
        reading,
        settings::{self, Layer, LayerReader, Level},
    },
    rules::{Entry, REGISTRY, Rule, Setting},
    schema::Schema,
    yaml::{self, Fields, Node, scalar},
};

/// Hands over the text of a file by its name in the policy, relative to the policy.
pub(super) type Resolve<'r> = &'r mut dyn FnMut(&str) -> Result<Arc<Source>, String>;

/// Compiles a policy, or says everything that is wrong with it. Warnings come with a policy, too.
pub fn load(
    source: Arc<Source>,
    resolve: &mut dyn FnMut(&str) -> Result<Arc<Source>, String>,
) -> (Option<Policy>, Diagnostics) {
    load_with(REGISTRY, &source, resolve, None)
}

/// [`load`], and warns of exceptions that have ended; `now` in seconds since 1970.
pub fn load_at(
    source: Arc<Source>,
    resolve: &mut dyn FnMut(&str) -> Result<Arc<Source>, String>,
    now: u64,
) -> (Option<Policy>, Diagnostics) {
    load_with(REGISTRY, &source, resolve, Some(now))
}

/// [`load`] with a registry of the caller's.
pub(super) fn load_with(
    registry: &'static [Entry],
    source: &Arc<Source>,
    resolve: Resolve<'_>,
    now: Option<u64>,
) -> (Option<Policy>, Diagnostics) {
    let (root, mut found) = yaml::read(source);
    let policy = root.and_then(|root| compile(registry, &root, (resolve, now), &mut found));
    found.sort();
    let policy = policy.filter(|_| !found.has_errors());
    (policy, found)
}

fn compile(
    registry: &'static [Entry],
    root: &Node,
    (resolve, now): (Resolve<'_>, Option<u64>),
    found: &mut Diagnostics,
) -> Option<Policy> {
    let mut fields = Fields::of(root, "", found);
    fields.require("version", found).map(|it| version(it, found));
    let name = fields.require("name", found).and_then(|it| scalar::text(it, found));
    let mode = fields.take("mode", found).and_then(|it| settings::mode(it, found));
    let mode = mode.unwrap_or_default();
    let schema = fields.require("schema", found).and_then(|it| schema(it, resolve, found));
    let mut http = fields.take("http", found).map_or_else(Http::default, |it| http::read(it, found));
    let second_reader = fields.take("documents", found).and_then(|it| second_reader(it, found));
    let skipped = fields.take("skipped_selections", found).and_then(|it| skipped(it, found));
    let mut unselected = None;
    let mut others = |block: &str, fields: &mut Fields<'_>, found: &mut Diagnostics| match block {
        "limits" => {
            let body = fields.take("body", found).and_then(|it| http::read_body(it, found));
            http.body = body.unwrap_or(http.body);
        }
        "operations" => {
            let words = [("judge", Unselected::Judge), ("ignore", Unselected::Ignore)];
            let node = fields.take("unselected", found);
            unselected = node.and_then(|it| scalar::word(it, &words, found));
        }
        _ => {}
    };
    let layer = LayerReader::new(registry, Level::Base, &mut others).read(&mut fields, found);
    let mut all = vec![Profile::base(registry, mode, &layer)];
    let (laid_over, placed_profiles) = fields
        .take("profiles", found)
        .map(|it| profiles::read(registry, (mode, &layer), it, found))
        .unwrap_or_default();
    all.extend(laid_over);
    let (exceptions, placed_exceptions) = fields
        .take("exceptions", found)
        .map(|it| exceptions::read(registry, it, found))
        .unwrap_or_default();
    not_built::refuse("", &mut fields, found);
    fields.finish(found);
    let draft = Draft {
        root,
        mode,
        modes: &layer.modes,
        profiles: (&all, &placed_profiles),
        exceptions: &placed_exceptions,
        body: http.body,
    };
    lint::lint(registry, &draft, now, found);
    let (schema, schema_text) = schema?;
    let texts = [root.source.text.as_bytes(), schema_text.text.as_bytes()];
    Some(Policy {
        name: name?.into(),
        schema: Arc::new(schema),
        http,
        unselected: unselected.unwrap_or_default(),
        skipped: skipped.unwrap_or_default(),
        second_reader: second_reader.unwrap_or_default(),
        reading: reading::limits(registry, &all, &exceptions),
        ceilings: reading::ceilings(registry, &all, &exceptions),
        digest: Digest::of_all(&texts),
        rules: rules(registry, layer),
        profiles: all,
        exceptions,
    })
}

fn version(node: &Node, found: &mut Diagnostics) {
    if node.as_plain() != Some("1") {
        let message = format!("version {} is not known", node.describe());
        found.push(node.error("unknown-version", message).help("this program reads version 1"));
    }
}

fn schema(
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

fn second_reader(node: &Node, found: &mut Diagnostics) -> Option<SecondReader> {
    let mut fields = Fields::of(node, "documents", found);
    not_built::refuse("documents", &mut fields, found);
    let node = fields.take("second_reader", found);
    fields.finish(found);
    scalar::word(node?, &[("off", SecondReader::Off), ("on", SecondReader::On)], found)
}

fn skipped(node: &Node, found: &mut Diagnostics) -> Option<Skipped> {
    scalar::word(node, &[("ignore", Skipped::Ignore), ("judge", Skipped::Judge)], found)
}

fn rules(registry: &'static [Entry], layer: Layer<'_>) -> Vec<Box<dyn Rule>> {
    let make = |(entry, shaped): (&Entry, Option<Box<dyn Rule>>)| match entry.setting {
        Setting::Limit { rule, .. } | Setting::Switch { rule, .. } => rule(),
        Setting::Shape { default, .. } => shaped.unwrap_or_else(default),
    };
    registry.iter().zip(layer.shaped).map(make).collect()
}
