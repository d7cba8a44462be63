//! `portcullis inventory`: who asks for what, from a traffic log.

mod told;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use ahash::HashMap;
use clap::{Args, ValueEnum};

use crate::{
    admission::{Hidden, Past, Recalled, Request},
    cli::{
        Exit,
        inventory::told::{as_csv, as_json, as_text},
        past::{Asking, Log, excerpt, no_operation},
        terminal,
    },
    digest::Digest,
    document::{self, ReadLimits},
    json::Literal,
    operation::{Operation, coerce},
    policy::{ListedIdx, Policy, manifest::DocumentId},
    rules::{Used, deprecated_values},
    schema::{FieldId, InputOwner, Schema},
    traffic::{Replay, Replayed},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    log: Log,
    /// The policy with the schema and the manifests
    #[arg(long, env = "PORTCULLIS_POLICY")]
    policy: PathBuf,
    #[command(flatten)]
    asking: Asking,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for everything that was asked for and each client
    Csv,
    /// One JSON object
    Json,
    /// For a person
    Text,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    match try_run(arguments) {
        Ok(()) => Exit::Fine,
        Err(message) => {
            terminal::say(&format!("error: {message}\n"));
            Exit::Misuse
        }
    }
}

fn try_run(arguments: &Arguments) -> Result<(), String> {
    let policy = arguments.asking.policy(&arguments.policy)?;
    let mut seen = Seen { past: Past::new(Arc::clone(&policy)), ..Seen::of(&policy) };
    // Nothing is judged: the log is only read.
    let mut replay = Replay::new([]);
    arguments.log.replay(&mut replay, |it| seen.note(it))?;
    if seen.uses.is_empty() {
        return Err(no_operation(&replay));
    }
    let rows = seen.rows();
    let unused = seen.unused();
    terminal::data(&match arguments.format {
        Format::Csv => as_csv(&rows),
        Format::Json => format!("{:#}\n", as_json(&rows, &unused)),
        Format::Text => as_text(&rows, &unused),
    });
    Ok(())
}

/// What is asked for: sorted as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Operation,
    Field,
    Argument,
    /// An input field or enum value; listed when it is deprecated.
    Input,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Argument => "argument",
            Self::Field => "field",
            Self::Input => "input",
            Self::Operation => "operation",
        }
    }
}

/// How often, and when.
#[derive(Clone, Debug, Default)]
struct Use {
    count: u64,
    refused: u64,
    first: Box<str>,
    last: Box<str>,
}

impl Use {
    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.refused = self.refused.saturating_add(other.refused);
        if self.first.is_empty() || other.first < self.first {
            self.first.clone_from(&other.first);
        }
        if other.last > self.last {
            self.last.clone_from(&other.last);
        }
    }
}

/// Something that a client asked for.
#[derive(Debug)]
struct Row {
    kind: Kind,
    name: Box<str>,
    client: Box<str>,
    used: Use,
    /// Why it is deprecated.
    deprecated: Option<Box<str>>,
    /// Of an operation, whether a manifest lists its document.
    is_trusted: bool,
    hash: Box<str>,
}

/// A document by its hash, the operation of it, and the client.
type Asked = (Option<Digest>, Option<Box<str>>, Box<str>);

struct Seen {
    policy: Arc<Policy>,
    past: Past,
    uses: HashMap<Asked, Use>,
    /// What is deprecated of what was given, with the reason and the client.
    given: BTreeMap<(Used, Box<str>), Use>,
    texts: HashMap<Digest, (Option<Box<str>>, bool)>,
}

impl Seen {
    fn of(policy: &Arc<Policy>) -> Self {
        Self {
            policy: Arc::clone(policy),
            past: Past::new(Arc::clone(policy)),
            uses: HashMap::default(),
            given: BTreeMap::new(),
            texts: HashMap::default(),
        }
    }

    fn note(&mut self, it: &Replayed<'_>) {
        let logged = it.logged;
        let client: Box<str> = logged.client().unwrap_or_default().into();
        let asked = (logged.document(), logged.name().map(Into::into), client.clone());
        let at: Box<str> = logged.at().into();
        let refused = u64::from(!it.was_admitted());
        let used = Use { count: 1, refused, first: at.clone(), last: at };
        for it in self.given(it) {
            self.given.entry((it, client.clone())).or_default().add(&used);
        }
        self.uses.entry(asked).or_default().add(&used);
        if let Some(document) = it.document
            && !self.texts.contains_key(&document.hash)
        {
            self.texts.insert(document.hash, (document.text.clone(), document.is_trusted));
        }
    }

    /// What is deprecated of what an operation came with.
    fn given(&mut self, it: &Replayed<'_>) -> BTreeSet<Used> {
        let document = it.document.filter(|_| self.policy.schema.has_deprecated_inputs());
        let Some((text, hash)) = document.and_then(|it| Some((it.text.as_deref()?, it.hash)))
        else {
            return BTreeSet::new();
        };
        let Some(operation) = operation(&mut self.past, text, hash, it.logged.name().as_deref())
        else {
            return BTreeSet::new();
        };
        let variables = coerce(operation.schema(), operation.variables(), it.logged.variables());
        deprecated_values(&operation, variables.ok().as_ref())
    }

    fn rows(&mut self) -> Vec<Row> {
        let mut rows: BTreeMap<(Kind, Box<str>, Box<str>), Row> = BTreeMap::new();
        let uses: Vec<_> =
            self.uses.iter().map(|(asked, it)| (asked.clone(), it.clone())).collect();
        for ((hash, name, client), used) in uses {
            let known = hash.and_then(|it| self.texts.get(&it)).cloned();
            let (text, is_trusted) = known.unwrap_or_default();
            let is_trusted = is_trusted || hash.is_some_and(|it| !self.says(it).is_empty());
            let written = hash.map(|it| it.to_string()).unwrap_or_default();
            let label = label(name.as_deref(), text.as_deref(), &written);
            let mut add = |kind, name: Box<str>, deprecated: Option<Box<str>>| {
                let key = (kind, name.clone(), client.clone());
                let row = rows.entry(key).or_insert_with(|| Row {
                    kind,
                    name,
                    client: client.clone(),
                    used: Use::default(),
                    deprecated,
                    is_trusted,
                    hash: if kind == Kind::Operation { written.as_str().into() } else { "".into() },
                });
                row.used.add(&used);
            };
            add(Kind::Operation, label.into(), None);
            let Some((text, hash)) = text.zip(hash) else { continue };
            for (kind, name, deprecated) in parts(&mut self.past, &text, hash, name.as_deref()) {
                add(kind, name, deprecated);
            }
        }
        let given = self.given.iter().map(|((it, client), used)| Row {
            kind: Kind::Input,
            name: it.at.as_str().into(),
            client: client.clone(),
            used: used.clone(),
            deprecated: Some(it.reason.clone()),
            is_trusted: false,
            hash: "".into(),
        });
        rows.into_values().chain(given).collect()
    }

    /// What the operations of a document say, as far as trusted documents say it.
    fn says(&self, hash: Digest) -> Vec<ListedIdx> {
        let library = &self.policy.documents.library;
        if let Some(it) = library.with_id(&DocumentId::Content(hash)) {
            return library.document(it).map(|it| it.says.clone()).unwrap_or_default();
        }
        let text = self.texts.get(&hash).and_then(|(text, _)| text.as_deref());
        let read = text.and_then(|it| document::read(it, &ReadLimits::CEILINGS).ok());
        let says = read.map(|it| library.says(&it.document)).unwrap_or_default();
        says.into_iter().collect::<Option<_>>().unwrap_or_default()
    }

    /// Trusted documents that nobody has asked for, in whatever layout; each once.
    fn unused(&self) -> Vec<Box<str>> {
        let asked = self.uses.keys().filter_map(|(it, ..)| *it);
        let mut met: BTreeSet<ListedIdx> = asked.flat_map(|it| self.says(it)).collect();
        let listed = self.policy.documents.library.iter().map(|(_, it)| it);
        let unused = listed.filter(|it| {
            let n_new = it.says.iter().filter(|it| met.insert(**it)).count();
            n_new == it.says.len()
        });
        unused.map(|it| it.id.clone()).collect()
    }
}

/// How an operation is called: by its name or its text, and by the beginning of its hash.
fn label(name: Option<&str>, text: Option<&str>, hash: &str) -> String {
    let title = match (name, text) {
        (Some(name), _) => name.to_owned(),
        (None, Some(text)) => excerpt(text),
        // It was refused before there was a document to read.
        (None, None) if hash.is_empty() => return "(no document)".to_owned(),
        (None, None) => "(unknown document)".to_owned(),
    };
    match hash.get(..12) {
        Some(beginning) => format!("{title} sha256:{beginning}"),
        None => title,
    }
}

type Part = (Kind, Box<str>, Option<Box<str>>);

/// The fields and arguments of an operation, each once.
fn parts(past: &mut Past, text: &str, hash: Digest, name: Option<&str>) -> BTreeSet<Part> {
    let schema = Arc::clone(&past.policy().schema);
    let Some(operation) = operation(past, text, hash, name) else { return BTreeSet::new() };
    let mut parts = BTreeSet::new();
    for node in operation.nodes() {
        // Of an interface's field, that of the type does not tell.
        if let Some(reason) = &schema.field(node.field).deprecated {
            parts.insert((Kind::Field, operation.coordinate(node).into(), Some(reason.clone())));
        }
        if node.field == FieldId::TYPENAME {
            parts.insert((Kind::Field, operation.coordinate(node).into(), None));
            continue;
        }
        for field in operation.answering(node) {
            let deprecated = schema.field(field).deprecated.clone();
            parts.insert((Kind::Field, schema.coordinate(field).into(), deprecated));
        }
        for argument in operation.arguments(node) {
            let input = schema.input(argument.input);
            let at = owner(&schema, input.owner);
            let at = format!("{at}({}:)", input.name);
            parts.insert((Kind::Argument, at.into(), input.deprecated.clone()));
        }
    }
    parts
}

fn operation(
    past: &mut Past,
    text: &str,
    hash: Digest,
    name: Option<&str>,
) -> Option<Arc<Operation>> {
    past.operation(&Recalled {
        request: Request {
            query: Some(Literal::of(text)),
            operation_name: name.map(Into::into),
            ..Request::default()
        },
        has_text: true,
        document: Some(hash),
        bytes: 0,
        variables_bytes: None,
        hidden: Hidden::Nothing,
        found: Vec::new(),
        refused: None,
    })
}

fn owner(schema: &Schema, owner: InputOwner) -> String {
    match owner {
        InputOwner::Directive(_) => "@".to_owned(),
        InputOwner::Field(field) => schema.coordinate(field),
        InputOwner::InputObject(ty) => schema.ty(ty).name.to_string(),
    }
}
