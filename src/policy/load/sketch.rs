//! What a policy file says by itself: what names fields and types is kept as it is written, until
//! the schema is there.

use crate::{
    cost::Settings,
    diagnostic::Diagnostics,
    expression::Conditions,
    operation::{AbsentVariables, Skipped},
    policy::{
        CaseFile, Exceptions, SecondReader, Unselected, cases, conditions,
        cost::{self, TunedFile},
        documents, exceptions,
        http::{self, Http},
        identity::{self, Credentials},
        lint::{self, Draft},
        load::Resolve,
        profiles::{self, Profile},
        schema_file,
        settings::{self, Layer, LayerReader, Level},
    },
    rules::Entry,
    verdict::Mode,
    yaml::{Fields, Node, scalar},
};

/// A policy file before its schema has a say.
pub(super) struct Sketch<'n> {
    root: &'n Node,
    pub(super) name: Option<&'n str>,
    pub(super) schema: Option<schema_file::Read>,
    pub(super) frame: Frame,
    pub(super) documents: documents::Written<'n>,
    pub(super) conditions: Conditions,
    pub(super) inputs: Option<&'n Node>,
    pub(super) rates: Option<&'n Node>,
    pub(super) response: Option<&'n Node>,
    pub(super) layer: Layer<'n>,
    pub(super) credentials: Credentials,
    /// The base first, so one more than places.
    pub(super) profiles: (Vec<Profile>, Vec<profiles::Placed<'n>>),
    pub(super) exceptions: (Exceptions, Vec<exceptions::Placed<'n>>),
}

impl<'n> Sketch<'n> {
    pub(super) fn read(
        registry: &'static [Entry],
        root: &'n Node,
        resolve: Resolve<'_>,
        found: &mut Diagnostics,
    ) -> Self {
        let mut fields = Fields::of(root, "", found);
        fields.require("version", found).into_iter().for_each(|it| version(it, found));
        let name = fields.require("name", found).and_then(|it| scalar::text(it, found));
        let schema = fields.require("schema", found);
        let schema = schema.and_then(|it| schema_file::read(it, &mut *resolve, found));
        let mut frame = Frame::read(&mut fields, found);
        let documents = frame.documents(&mut fields, found);
        let conditions = fields.take("conditions", found).map(|it| conditions::read(it, found));
        let conditions = conditions.unwrap_or_default();
        let (inputs, rates) = (fields.take("inputs", found), fields.take("rates", found));
        let response = fields.take("response", found);
        let mut others = |block: &str, fields: &mut Fields<'_>, found: &mut Diagnostics| {
            frame.others(block, fields, found);
        };
        let layer = LayerReader::new(registry, Level::Base, &mut others).read(&mut fields, found);
        let credentials = fields.take("identity", found);
        let credentials = credentials
            .map(|it| identity::read(it, &frame.http, resolve, found))
            .unwrap_or_default();
        let base = (frame.mode, &layer, &conditions);
        let profiles = laid_over(registry, base, fields.take("profiles", found), found);
        let exceptions = fields.take("exceptions", found);
        let exceptions =
            exceptions.map(|it| exceptions::read(registry, it, found)).unwrap_or_default();
        fields.finish(found);
        Self {
            root,
            name,
            schema,
            frame,
            documents,
            conditions,
            inputs,
            rates,
            response,
            layer,
            credentials,
            profiles,
            exceptions,
        }
    }

    /// Warns of what is suspicious. Beside an error, a setting seems to be without effect only
    /// because it could not be read.
    pub(super) fn lint(
        &self,
        registry: &'static [Entry],
        now: Option<u64>,
        found: &mut Diagnostics,
    ) {
        if !self.documents.has_manifests() {
            lint::trusted_get(self.root, found);
        }
        if found.has_errors() {
            return;
        }
        let draft = Draft {
            root: self.root,
            modes: (self.frame.mode, &self.layer.modes),
            profiles: (&self.profiles.0, &self.profiles.1),
            exceptions: &self.exceptions.1,
            body: self.frame.http.body,
        };
        lint::lint(registry, &draft, now, found);
    }
}

/// The base, and the profiles that are laid over it.
fn laid_over<'n>(
    registry: &'static [Entry],
    base: (Mode, &Layer<'_>, &Conditions),
    node: Option<&'n Node>,
    found: &mut Diagnostics,
) -> (Vec<Profile>, Vec<profiles::Placed<'n>>) {
    let first = Profile::base(registry, base.0, base.1);
    let (rest, placed) =
        node.map(|it| profiles::read(registry, base, it, found)).unwrap_or_default();
    ([first].into_iter().chain(rest).collect(), placed)
}

/// What is settled before there is a rule or a caller.
pub(super) struct Frame {
    pub(super) mode: Mode,
    pub(super) cost: Settings,
    pub(super) tuned: Option<TunedFile>,
    pub(super) http: Http,
    pub(super) second_reader: SecondReader,
    pub(super) skipped: Skipped,
    pub(super) absent: AbsentVariables,
    pub(super) unselected: Unselected,
    pub(super) tests: Vec<CaseFile>,
}

impl Frame {
    fn read(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Self {
        let mode = fields.take("mode", found).and_then(|it| settings::mode(it, found));
        let http = fields.take("http", found).map(|it| http::read(it, found));
        let tests = fields.take("tests", found).map(|it| cases::case_files(it, found));
        let skipped = fields.take("skipped_selections", found).and_then(|it| skipped(it, found));
        let absent = fields.take("absent_variables", found).and_then(|it| absent(it, found));
        Self {
            mode: mode.unwrap_or_default(),
            cost: Settings::default(),
            tuned: None,
            http: http.unwrap_or_default(),
            second_reader: SecondReader::default(),
            skipped: skipped.unwrap_or_default(),
            absent: absent.unwrap_or_default(),
            unselected: Unselected::default(),
            tests: tests.unwrap_or_default(),
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

    /// The block `documents`, and what else follows from it.
    fn documents<'n>(
        &mut self,
        fields: &mut Fields<'n>,
        found: &mut Diagnostics,
    ) -> documents::Written<'n> {
        let node = fields.take("documents", found);
        let documents = node.map(|it| documents::read(it, self.mode, found)).unwrap_or_default();
        self.second_reader = documents.second_reader;
        if !documents.has_manifests() {
            self.http.get = self.http.get.without_manifests();
        }
        documents
    }
}

fn version(node: &Node, found: &mut Diagnostics) {
    match (node.as_plain(), node.as_text()) {
        (Some("1"), _) => {}
        (None, Some("1")) => {
            let error = node.error("unknown-version", "the version is a number, found a text");
            found.push(error.help("write 1 without quotes"));
        }
        _ => {
            let message = format!("version {} is not known", node.describe());
            found.push(node.error("unknown-version", message).help("this program reads version 1"));
        }
    }
}

fn absent(node: &Node, found: &mut Diagnostics) -> Option<AbsentVariables> {
    let words = [("as_null", AbsentVariables::AsNull), ("omit", AbsentVariables::Omit)];
    scalar::word(node, &words, found)
}

fn skipped(node: &Node, found: &mut Diagnostics) -> Option<Skipped> {
    scalar::word(node, &[("ignore", Skipped::Ignore), ("judge", Skipped::Judge)], found)
}
