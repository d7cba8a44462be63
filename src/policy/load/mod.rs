//! File → policy: reads block after block, collects every mistake, and makes a policy only when
//! none was an error.
//!
//! Does no I/O: the caller hands over the contents of files that the policy names.

mod sketch;

use std::sync::Arc;

use crate::{
    cost::Model,
    diagnostic::{Diagnostics, Severity, Source},
    digest::Digest,
    expression::{Conditions, Scope, When},
    policy::{
        Exceptions, Policy, SchemaOrigin, cost,
        documents::Documents,
        identity::Credentials,
        inputs::{self, Inputs},
        load::sketch::{Frame, Sketch},
        profiles::Profile,
        rates::{self, Rate},
        reading,
        response::{self, ResponseRules},
        settings::Layer,
        stance::Written,
        subgraph, uncounted,
    },
    rules::{Entry, Ground, REGISTRY, Rule, RuleIdx, Setting},
    schema::Schema,
    yaml::{self, Node},
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
    let mut sketch = Sketch::read(registry, root, &mut *resolve, found);
    sketch.lint(registry, now, found);
    let n_before = found.n_of(Severity::Error);
    let tuned = sketch.frame.tuned.as_ref();
    let tuned = tuned.and_then(|it| cost::tuned(it, &mut sketch.frame.cost, &mut *resolve, found));
    let Some((schema, text, origin)) = sketch.schema.take() else {
        unbound(registry, sketch, found);
        return None;
    };
    let schema = Arc::new(schema);
    subgraph::warn(root, &schema, found);
    // INVARIANT: beside a mistake it is only for finding the others; `load_with` makes no policy.
    let cost = Arc::new(cost::model(&schema, &sketch.frame.cost, found));
    // Beside a mistake, a list may be uncounted only because of it.
    if found.n_of(Severity::Error) == n_before {
        uncounted::warn(registry, (root, &sketch.profiles.0), &cost, found);
    }
    let name = sketch.name;
    let (frame, parts) = bind(registry, sketch, (&schema, &cost), resolve, found);
    let digest = digest((root, &text, tuned.as_deref()), &parts.documents);
    let blocks = blocks(root, &text, tuned.as_deref());
    Some(frame.policy(Named { name: name?, schema, cost, origin, digest, blocks }, parts))
}

/// Reads what names fields and types, now that they are known.
fn bind(
    registry: &'static [Entry],
    sketch: Sketch<'_>,
    (schema, cost): (&Arc<Schema>, &Arc<Model>),
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> (Frame, Parts) {
    let Sketch { frame, layer, conditions, credentials, documents, .. } = sketch;
    let (mut profiles, placed) = sketch.profiles;
    let (exceptions, _placed) = sketch.exceptions;
    let ground = Ground { schema, cost, conditions: &conditions };
    let against = rates::Ground {
        schema,
        credentials: &credentials,
        mode: frame.mode,
        lists_documents: documents.requires(),
    };
    let rates = sketch.rates.map(|it| rates::read(it, against, found)).unwrap_or_default();
    let response = sketch.response.map(|it| response::read(it, schema, found)).unwrap_or_default();
    for (profile, placed) in profiles.iter_mut().skip(1).zip(&placed) {
        profile.rates = placed.rates.map(|it| rates::lay_over(it, &rates, found));
    }
    let inputs = inputs::read(registry, Some(schema), sketch.inputs, found);
    let excuses = excuses(&layer, &conditions, found);
    let said = said(&layer, &inputs);
    let rules = rules(registry, layer, (&inputs, &ground), found);
    let sizes = (
        reading::limits(registry, &profiles, &exceptions),
        reading::ceilings(registry, &profiles, &exceptions),
    );
    let documents = documents.load((schema, sizes), (&profiles, &conditions), resolve, found);
    let parts = Parts {
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
    };
    (frame, parts)
}

/// Tells what is wrong with what names fields and types whatever they are, when they are not known:
/// conditions above all.
fn unbound(registry: &'static [Entry], sketch: Sketch<'_>, found: &mut Diagnostics) {
    let Sketch { layer, conditions, documents, inputs, profiles: (profiles, _), .. } = sketch;
    let _excuses = excuses(&layer, &conditions, found);
    inputs::read(registry, None, inputs, found).unbound(registry, &conditions, found);
    documents.unbound((&profiles, &conditions), found);
    for (entry, node) in registry.iter().zip(layer.bound) {
        if let (Setting::Bound { unbound, .. }, Some(node)) = (&entry.setting, node) {
            unbound(node, &conditions, found);
        }
    }
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
    fn policy(self, named: Named<'_>, parts: Parts) -> Policy {
        Policy {
            name: named.name.into(),
            schema: named.schema,
            cost: named.cost,
            origin: named.origin,
            http: self.http,
            credentials: parts.credentials,
            rates: parts.rates,
            response: parts.response,
            unselected: self.unselected,
            tests: self.tests,
            skipped: self.skipped,
            absent: self.absent,
            second_reader: self.second_reader,
            documents: parts.documents,
            body: reading::body(parts.registry, &parts.profiles, &parts.exceptions),
            reading: reading::limits(parts.registry, &parts.profiles, &parts.exceptions),
            ceilings: reading::ceilings(parts.registry, &parts.profiles, &parts.exceptions),
            digest: named.digest,
            blocks: named.blocks,
            conditions: parts.conditions,
            registry: parts.registry,
            rules: parts.rules,
            said: parts.said,
            excuses: parts.excuses,
            profiles: parts.profiles,
            exceptions: parts.exceptions,
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
