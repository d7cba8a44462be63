//! What is measured: operations with their variables, from a manifest, a folder or a traffic log.
//!
//! Knows no policy; which of them can be sent is for `plan`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Map, Value};

use crate::{
    admission::Hidden,
    cli::{past::of_one_graph, terminal},
    diagnostic::{Diagnostics, Source},
    digest::Digest,
    policy::manifest,
    sources::{read_file, read_folder},
    traffic::{Replay, Replayed},
};

/// An operation and one set of variables for it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The document.
    pub(super) text: Arc<str>,
    /// The operation to select.
    pub(super) operation: Option<Box<str>>,
    /// A JSON object.
    pub(super) variables: Box<str>,
    /// How often it was asked for; nothing: it is only listed.
    pub(super) times: Option<u64>,
    /// Whether it stands here as it was sent, so that it can be sent again.
    pub(super) is_whole: bool,
}

/// Variables by the name of an operation, or the id of a document.
type Variables = Map<String, Value>;

/// Reads all of it.
pub(super) fn read(
    paths: &[PathBuf],
    variables: Option<&Path>,
    graph: Option<&str>,
) -> Result<Vec<Asked>, String> {
    let variables = variables.map(read_variables).transpose()?.unwrap_or_default();
    let mut asked = Vec::new();
    let mut replay = Replay::new([]);
    replay.want(graph);
    for path in paths {
        let wrong = |it: std::io::Error| format!("`{}`: {it}", path.display());
        if path.is_dir() {
            asked.extend(folder(path, &variables)?);
        } else if is_log(path).map_err(wrong)? {
            asked.extend(log(path, &mut replay).map_err(wrong)?);
        } else {
            asked.extend(listed(path, &variables)?);
        }
    }
    of_one_graph(&replay, graph)?;
    Ok(asked)
}

fn read_variables(path: &Path) -> Result<Variables, String> {
    let text = fs::read_to_string(path).map_err(|it| format!("`{}`: {it}", path.display()))?;
    serde_json::from_str(&text).map_err(|it| format!("`{}`: {it}", path.display()))
}

/// Every line of a log says what kind it is.
fn is_log(path: &Path) -> std::io::Result<bool> {
    let mut line = String::new();
    let _n = BufReader::new(File::open(path)?).read_line(&mut line)?;
    let first: Option<Value> = serde_json::from_str(&line).ok();
    Ok(first.is_some_and(|it| it.get("kind").is_some_and(Value::is_string)))
}

/// What was admitted then: what was refused is no example of what is legitimate.
fn log(path: &Path, replay: &mut Replay) -> std::io::Result<Vec<Asked>> {
    let mut asked: BTreeMap<Key, Asked> = BTreeMap::new();
    let mut texts: BTreeMap<Digest, Arc<str>> = BTreeMap::new();
    let note = |it: &Replayed<'_>| {
        let Some(document) = it.document.filter(|_| it.was_admitted()) else { return };
        let Some(text) = document.text.as_deref() else { return };
        let text = texts.entry(document.hash).or_insert_with(|| text.into());
        let variables = it.logged.variables().map_or("{}", |it| it.text());
        let name = it.logged.name().filter(|it| !it.is_empty());
        let key = (document.hash, name.as_deref().map(Into::into), variables.into());
        let one = asked.entry(key).or_insert_with(|| Asked {
            text: Arc::clone(text),
            operation: name.as_deref().map(Into::into),
            variables: variables.into(),
            times: Some(0),
            is_whole: !document.is_hidden && it.logged.hidden() == Hidden::Nothing,
        });
        one.times = one.times.map(|it| it.saturating_add(1));
    };
    replay.run(BufReader::new(File::open(path)?), |_| {}, note)?;
    Ok(asked.into_values().collect())
}

/// What makes two lines one.
type Key = (Digest, Option<Box<str>>, Box<str>);

/// A manifest in JSON.
fn listed(path: &Path, variables: &Variables) -> Result<Vec<Asked>, String> {
    let mut found = Diagnostics::default();
    let mut resolve = |name: &str| read_file(Path::new(name)).map_err(|it| it.to_string());
    let manifest = manifest::read(&path.to_string_lossy(), &mut resolve, &mut found);
    let manifest = manifest.map_err(|it| format!("`{}`: {it}", path.display()))?;
    terminal::complain(&found);
    if found.has_errors() {
        return Err(format!("`{}` cannot be used", path.display()));
    }
    Ok(asked(manifest.listed, variables, |_| None))
}

/// Every `.graphql` file, with the variables of `NAME.variables.json` beside it.
fn folder(path: &Path, variables: &Variables) -> Result<Vec<Asked>, String> {
    let (mut files, mut beside) = (Vec::new(), BTreeMap::new());
    let mut open = vec![path.to_owned()];
    // Budget: the folders, of which a listing follows no link in a circle.
    while let Some(path) = open.pop() {
        let wrong = |it: std::io::Error| format!("`{}`: {it}", path.display());
        if path.is_dir() {
            let listing = read_folder(&path).map_err(wrong)?;
            open.extend(listing.text.lines().rev().map(|it| path.join(it)));
        } else if path.extension().is_some_and(|it| it == "graphql" || it == "gql") {
            let source = read_file(&path).map_err(wrong)?;
            if let Some(given) = variables_beside(&path)? {
                beside.insert(Arc::clone(&source).name.to_string(), given);
            }
            files.push(source);
        }
    }
    let mut found = Diagnostics::default();
    let manifest = manifest::build(&files, &mut found);
    terminal::complain(&found);
    if found.has_errors() {
        return Err(format!("`{}` cannot be used", path.display()));
    }
    Ok(asked(manifest.listed, variables, |from| beside.get(&*from.name)))
}

fn variables_beside(path: &Path) -> Result<Option<Value>, String> {
    let beside = path.with_extension("variables.json");
    if !beside.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&beside).map_err(|it| format!("`{}`: {it}", beside.display()))?;
    serde_json::from_str(&text).map(Some).map_err(|it| format!("`{}`: {it}", beside.display()))
}

/// One for every set of variables; without any, one for each document.
fn asked<'v>(
    listed: Vec<manifest::Listed>,
    named: &'v Variables,
    beside: impl Fn(&Source) -> Option<&'v Value>,
) -> Vec<Asked> {
    let mut all = Vec::new();
    for it in listed {
        let name = operation_name(&it.text);
        let by_name = name.as_deref().and_then(|it| named.get(it));
        let given = by_name.or_else(|| named.get(&*it.id)).or_else(|| beside(&it.place.0));
        let none = Value::Object(Map::new());
        let sets = match given.unwrap_or(&none) {
            Value::Array(sets) => sets.as_slice(),
            one => std::slice::from_ref(one),
        };
        let text: Arc<str> = it.text.into();
        all.extend(sets.iter().map(|variables| Asked {
            text: Arc::clone(&text),
            operation: name.clone(),
            variables: variables.to_string().into(),
            times: None,
            is_whole: true,
        }));
    }
    all
}

/// The name of the first operation.
fn operation_name(text: &str) -> Option<Box<str>> {
    let read = crate::document::read(text, &crate::document::ReadLimits::CEILINGS).ok()?;
    let first = read.document.operation(crate::document::OperationId(0))?;
    Some(read.document.str(first.name?).into())
}
