//! File → policy: reads block after block, collects every mistake, and makes a policy only when
//! none was an error.
//!
//! Does no I/O: the caller hands over the contents of files that the policy names.

use std::sync::Arc;

use crate::{
    cost::{Model, Settings},
    diagnostic::{Diagnostics, Source},
    digest::Digest,
    expression::{Conditions, Scope, When},
    operation::Skipped,
    policy::{
        Exceptions, Policy, SchemaOrigin, SecondReader, Unselected, conditions,
        cost::{self, TunedFile},
        documents::{self, Documents},
        exceptions,
        http::{self, Http},
        identity::{self, Credentials},
        inputs::{self, Inputs},
        lint::{self, Draft},
        not_built,
        profiles::{self, Profile},
        rates::{self, Rate},
        reading,
        response::{self, ResponseRules},
        schema_file,
        settings::{self, Layer, LayerReader, Level},
        stance::Written,
    },
    rules::{Entry, Ground, REGISTRY, Rule, RuleIdx, Setting},
    schema::Schema,
    verdict::Mode,
    yaml::{self, Fields, Node, scalar, shape},
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
    if let Some(node) = fields.require("version", found) {
        version(node, found);
    }
    let name = fields.require("name", found).and_then(|it| scalar::text(it, found));
    let schema =
        fields.require("schema", found).and_then(|it| schema_file::read(it, &mut *resolve, found));
    let mut frame = Frame::read(&mut fields, found);
    let documents = fields.take("documents", found);
    let documents = documents.map(|it| documents::read(it, frame.mode, found)).unwrap_or_default();
    frame.second_reader = documents.second_reader;
    if !documents.has_manifests() {
        frame.http.get = frame.http.get.without_manifests();
        lint::trusted_get(root, found);
    }
    let conditions = fields.take("conditions", found).map(|it| conditions::read(it, found));
    let conditions = conditions.unwrap_or_default();
    let (inputs, rates) = (fields.take("inputs", found), fields.take("rates", found));
    let response = fields.take("response", found);
    let mut others = |block: &str, fields: &mut Fields<'_>, found: &mut Diagnostics| {
        frame.others(block, fields, found);
    };
    let layer = LayerReader::new(registry, Level::Base, &mut others).read(&mut fields, found);
    let credentials = fields
        .take("identity", found)
        .map(|it| identity::read(it, &frame.http, &mut *resolve, found))
        .unwrap_or_default();
    let mut all = vec![Profile::base(registry, frame.mode, &layer)];
    let (laid_over, placed_profiles) = fields
        .take("profiles", found)
        .map(|it| profiles::read(registry, (frame.mode, &layer, &conditions), it, found))
        .unwrap_or_default();
    all.extend(laid_over);
    let (exceptions, placed_exceptions) = fields
        .take("exceptions", found)
        .map(|it| exceptions::read(registry, it, found))
        .unwrap_or_default();
    not_built::refuse("", &mut fields, found);
    fields.finish(found);
    // Beside an error, a setting seems to be without effect only because it could not be read.
    if !found.has_errors() {
        let modes = (frame.mode, &*layer.modes);
        let profiles = (&*all, &*placed_profiles);
        let draft =
            Draft { root, modes, profiles, exceptions: &placed_exceptions, body: frame.http.body };
        lint::lint(registry, &draft, now, found);
    }
    let tuned = frame.tuned.as_ref();
    let tuned = tuned.and_then(|it| cost::tuned(it, &mut frame.cost, &mut *resolve, found));
    let (schema, text, origin) = schema?;
    let schema = Arc::new(schema);
    let model = Arc::new(cost::model(&schema, &frame.cost, found)?);
    let ground = Ground { schema: &schema, cost: &model, conditions: &conditions };
    let against = rates::Ground {
        schema: &schema,
        credentials: &credentials,
        mode: frame.mode,
        lists_documents: documents.requires(),
    };
    let rates = rates.map(|it| rates::read(it, against, found)).unwrap_or_default();
    let response = response.map(|it| response::read(it, &schema, found)).unwrap_or_default();
    for (profile, placed) in all.iter_mut().skip(1).zip(&placed_profiles) {
        profile.rates = placed.rates.map(|it| rates::lay_over(it, &rates, found));
    }
    let inputs = inputs::read(registry, &schema, inputs, found);
    let excuses = excuses(&layer, &conditions, found);
    let said = said(&layer, &inputs);
    let rules = rules(registry, layer, (&inputs, &ground), found);
    let sizes = (
        reading::limits(registry, &all, &exceptions),
        reading::ceilings(registry, &all, &exceptions),
    );
    let documents = documents.load((&schema, sizes), (&all, &conditions), resolve, found);
    let digest = digest((root, &text, tuned.as_deref()), &documents);
    let parts = Parts {
        registry,
        rules,
        said,
        excuses,
        conditions,
        profiles: all,
        exceptions,
        credentials,
        rates,
        response,
        documents,
    };
    let blocks = blocks(root, &text, tuned.as_deref());
    Some(frame.policy(Named { name: name?, schema, cost: model, origin, digest, blocks }, parts))
}

/// What is settled before there is a rule or a caller.
struct Frame {
    mode: Mode,
    cost: Settings,
    tuned: Option<TunedFile>,
    http: Http,
    second_reader: SecondReader,
    skipped: Skipped,
    unselected: Unselected,
    tests: Vec<Box<str>>,
}

/// What was compiled through the registry.
struct Parts {
    registry: &'static [Entry],
    rules: Vec<Box<dyn Rule>>,
    said: Vec<RuleIdx>,
    excuses: Vec<Option<When>>,
    conditions: Conditions,
    profiles: Vec<Profile>,
    exceptions: Exceptions,
    credentials: Credentials,
    rates: Vec<Arc<Rate>>,
    response: ResponseRules,
    documents: Documents,
}

impl Frame {
    fn read(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Self {
        let mode = fields.take("mode", found).and_then(|it| settings::mode(it, found));
        let http = fields.take("http", found).map(|it| http::read(it, found));
        let tests = fields.take("tests", found).map(|it| shape::names(it, found));
        let skipped = fields.take("skipped_selections", found).and_then(|it| skipped(it, found));
        Self {
            mode: mode.unwrap_or_default(),
            cost: Settings::default(),
            tuned: None,
            http: http.unwrap_or_default(),
            second_reader: SecondReader::default(),
            skipped: skipped.unwrap_or_default(),
            unselected: Unselected::default(),
            tests: tests.unwrap_or_default().into_iter().map(Into::into).collect(),
        }
    }

    /// What stands in a block of rules and is none.
    fn others(&mut self, block: &str, fields: &mut Fields<'_>, found: &mut Diagnostics) {
        match block {
            "cost" => (self.cost, self.tuned) = cost::read(fields, found),
            "limits" => {
                let body = fields.take("body", found).and_then(|it| http::read_body(it, found));
                self.http.body = body.unwrap_or(self.http.body);
            }
            "operations" => {
                let words = [("judge", Unselected::Judge), ("ignore", Unselected::Ignore)];
                let node = fields.take("unselected", found);
                let unselected = node.and_then(|it| scalar::word(it, &words, found));
                self.unselected = unselected.unwrap_or_default();
            }
            _ => {}
        }
    }

    fn policy(self, named: Named<'_>, parts: Parts) -> Policy {
        let Parts {
            registry,
            rules,
            said,
            excuses,
            conditions,
            profiles,
            exceptions,
            credentials,
            rates,
            response,
            documents,
        } = parts;
        Policy {
            name: named.name.into(),
            schema: named.schema,
            cost: named.cost,
            origin: named.origin,
            http: self.http,
            credentials,
            rates,
            response,
            unselected: self.unselected,
            tests: self.tests,
            skipped: self.skipped,
            second_reader: self.second_reader,
            documents,
            body: reading::body(registry, &profiles, &exceptions),
            reading: reading::limits(registry, &profiles, &exceptions),
            ceilings: reading::ceilings(registry, &profiles, &exceptions),
            digest: named.digest,
            blocks: named.blocks,
            conditions,
            registry,
            rules,
            said,
            excuses,
            profiles,
            exceptions,
        }
    }
}

/// What the policy is called and what is made from its texts.
struct Named<'n> {
    name: &'n str,
    schema: Arc<Schema>,
    cost: Arc<Model>,
    origin: SchemaOrigin,
    digest: Digest,
    blocks: Vec<(Box<str>, Digest)>,
}

fn version(node: &Node, found: &mut Diagnostics) {
    if node.as_plain() != Some("1") {
        let message = format!("version {} is not known", node.describe());
        found.push(node.error("unknown-version", message).help("this program reads version 1"));
    }
}

/// Of everything that a request can be judged by.
fn digest(
    (root, schema, tuned): (&Node, &Source, Option<&Source>),
    documents: &Documents,
) -> Digest {
    let mut texts = vec![root.source.text.as_bytes(), schema.text.as_bytes()];
    texts.extend(tuned.map(|it| it.text.as_bytes()));
    for (_, document) in documents.library.iter() {
        texts.extend([document.id.as_bytes(), document.text.as_bytes()]);
    }
    Digest::of_all(&texts)
}

/// Of each block, as written; of `cost` with the file that it names.
fn blocks(root: &Node, schema: &Source, tuned: Option<&Source>) -> Vec<(Box<str>, Digest)> {
    let entries = match &root.value {
        yaml::Value::Mapping(entries) => entries.as_slice(),
        yaml::Value::Scalar { .. } | yaml::Value::Sequence(_) => &[],
    };
    let named = entries.iter().filter_map(|(key, node)| {
        let (key, written) = (key.as_text()?, node.as_written().trim_end().as_bytes());
        let digest = match tuned.filter(|_| key == "cost") {
            Some(tuned) => Digest::of_all(&[written, tuned.text.as_bytes()]),
            None => Digest::of(written),
        };
        Some((key.into(), digest))
    });
    named.chain([("types".into(), Digest::of(schema.text.as_bytes()))]).collect()
}

fn skipped(node: &Node, found: &mut Diagnostics) -> Option<Skipped> {
    scalar::word(node, &[("ignore", Skipped::Ignore), ("judge", Skipped::Judge)], found)
}

fn rules(
    registry: &'static [Entry],
    layer: Layer<'_>,
    (inputs, ground): (&Inputs<'_>, &Ground<'_>),
    found: &mut Diagnostics,
) -> Vec<Box<dyn Rule>> {
    let written = layer.shaped.into_iter().zip(layer.bound);
    let entries = (0..).map(RuleIdx).zip(registry).zip(written);
    let mut make = |((idx, entry), (shaped, bound)): ((RuleIdx, &Entry), _)| {
        let bound: Option<&Node> = bound;
        let shaped: Option<Box<dyn Rule>> = shaped;
        match entry.setting {
            Setting::Bound { default, read, .. } => match bound {
                Some(node) => Some(read(node, ground, found)),
                None => Some(default(ground)),
            },
            Setting::Input { .. } => inputs.rule((idx, entry), ground, found),
            Setting::Limit { rule, .. } => Some(rule(ground)),
            Setting::Switch { rule, .. } => Some(rule()),
            Setting::Shape { default, .. } => Some(shaped.unwrap_or_else(default)),
        }
    };
    entries.filter_map(&mut make).collect()
}

/// The rules of which the file itself says something.
fn said(layer: &Layer<'_>, inputs: &Inputs<'_>) -> Vec<RuleIdx> {
    let is_said = |idx: &RuleIdx| {
        let written = layer.written.get(idx.0).is_some_and(|it| *it != Written::default());
        let shaped = layer.shaped.get(idx.0).is_some_and(Option::is_some);
        let bound = layer.bound.get(idx.0).is_some_and(Option::is_some);
        written || shaped || bound || inputs.demands(*idx)
    };
    (0..layer.written.len()).map(RuleIdx).filter(is_said).collect()
}

/// For whom a switch does not count.
fn excuses(
    layer: &Layer<'_>,
    conditions: &Conditions,
    found: &mut Diagnostics,
) -> Vec<Option<When>> {
    let mut read = |it: &Option<&Node>| When::read((*it)?, Scope::Request, conditions, found);
    layer.excuses.iter().map(&mut read).collect()
}

#[cfg(test)]
mod tests;
