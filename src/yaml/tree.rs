//! Builds the tree from events with an explicit stack, within bounds on depth and size.
//!
//! Knows nothing of the parser.

use std::{ops::Range, sync::Arc};

use ahash::{HashMap, HashSet};

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Source},
    yaml::{Node, Value},
};

/// The parser's number of an anchor; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct AnchorId(pub usize);

/// A node with what the bounds need to know of it.
#[derive(Clone)]
struct Built {
    node: Node,
    /// Collections inside collections, itself counted; 0 for a scalar.
    height: usize,
    /// Nodes in it, itself counted; a long text counts as several.
    size: usize,
}

/// A collection that is not closed yet.
struct Open {
    built: Built,
    anchor: AnchorId,
    /// Of a mapping: the key that waits for its value.
    key: Option<Node>,
    /// Of a mapping: the keys so far.
    keys: HashSet<String>,
}

/// Takes the nodes in the order of the text. Each step is `None` when reading cannot go on.
pub(super) struct Builder {
    source: Arc<Source>,
    open: Vec<Open>,
    anchors: HashMap<AnchorId, Built>,
    root: Option<Node>,
    size: usize,
}

impl Builder {
    pub(super) fn new(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            open: Vec::new(),
            anchors: HashMap::default(),
            root: None,
            size: 0,
        }
    }

    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }

    pub(super) fn error(
        &self,
        code: &'static str,
        message: impl Into<String>,
        at: Range<usize>,
    ) -> Diagnostic {
        Diagnostic::error(code, message).at(&self.source, at)
    }

    pub(super) fn text(&self, at: Range<usize>) -> &str {
        self.source.text.get(at).unwrap_or_default()
    }

    pub(super) fn scalar(
        &mut self,
        value: Value,
        anchor: AnchorId,
        at: Range<usize>,
        found: &mut Diagnostics,
    ) -> Option<()> {
        let size = match &value {
            Value::Scalar { text, .. } => (text.len() / BYTES_PER_NODE).saturating_add(1),
            Value::Mapping(_) | Value::Sequence(_) => 1,
        };
        self.spend(size, &at, found)?;
        let node = Node { value, source: Arc::clone(&self.source), span: at };
        let built = Built { node, height: 0, size };
        self.remember(anchor, &built);
        self.place(built, found);
        Some(())
    }

    pub(super) fn open(
        &mut self,
        value: Value,
        anchor: AnchorId,
        at: Range<usize>,
        found: &mut Diagnostics,
    ) -> Option<()> {
        self.check_depth(1, &at, found)?;
        self.spend(1, &at, found)?;
        let node = Node { value, source: Arc::clone(&self.source), span: at };
        let built = Built { node, height: 1, size: 1 };
        self.open.push(Open { built, anchor, key: None, keys: HashSet::default() });
        Some(())
    }

    pub(super) fn close(&mut self, at: Range<usize>, found: &mut Diagnostics) -> Option<()> {
        let Open { mut built, anchor, key: _, keys: _ } = self.open.pop()?;
        built.node.span.end = match last_child(&built.node) {
            // A collection in block style ends where its last child ends, not before the next key.
            Some(end) if at.is_empty() => end,
            Some(_) | None => at.end,
        };
        self.remember(anchor, &built);
        self.place(built, found);
        Some(())
    }

    pub(super) fn alias(
        &mut self,
        anchor: AnchorId,
        at: Range<usize>,
        found: &mut Diagnostics,
    ) -> Option<()> {
        let Some(built) = self.anchors.get(&anchor) else {
            // The place stays empty, so that a key keeps its value.
            found.push(self.error("alias-loop", "an alias inside of what it stands for", at));
            if let Some(open) = self.open.last_mut() {
                open.key = None;
            }
            return Some(());
        };
        self.check_depth(built.height, &at, found)?;
        let size = built.size;
        self.spend(size, &at, found)?;
        let built = self.anchors.get(&anchor)?.clone();
        self.place(built, found);
        Some(())
    }

    fn remember(&mut self, anchor: AnchorId, built: &Built) {
        if anchor != AnchorId(0) {
            self.anchors.insert(anchor, built.clone());
        }
    }

    /// Counts nodes before they are made; a copy of an alias counts again.
    fn spend(&mut self, size: usize, at: &Range<usize>, found: &mut Diagnostics) -> Option<()> {
        self.size = self.size.saturating_add(size);
        if self.size > MAX_SIZE {
            let message = "too many values, aliases counted as copies";
            found.push(self.error("too-many-values", message, at.clone()));
            return None;
        }
        Some(())
    }

    fn check_depth(&self, height: usize, at: &Range<usize>, found: &mut Diagnostics) -> Option<()> {
        if self.open.len().saturating_add(height) > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            found.push(self.error("too-deep", message, at.clone()));
            return None;
        }
        Some(())
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, built: Built, found: &mut Diagnostics) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(built.node);
            return;
        };
        open.built.height = open.built.height.max(built.height.saturating_add(1));
        open.built.size = open.built.size.saturating_add(built.size);
        match (&mut open.built.node.value, open.key.take()) {
            (Value::Sequence(items), _) => items.push(built.node),
            (Value::Mapping(_), None) => open.key = Some(built.node),
            (Value::Mapping(entries), Some(key)) => match wrong_key(&mut open.keys, &key) {
                Some(problem) => found.push(problem),
                None => {
                    let value = with_place(built.node, &key);
                    entries.push((key, value));
                }
            },
            (Value::Scalar { .. }, _) => {}
        }
    }
}

fn last_child(node: &Node) -> Option<usize> {
    match &node.value {
        Value::Mapping(entries) => entries.last().map(|(_, it)| it.span.end),
        Value::Sequence(items) => items.last().map(|it| it.span.end),
        Value::Scalar { .. } => None,
    }
}

fn wrong_key(keys: &mut HashSet<String>, key: &Node) -> Option<Diagnostic> {
    let Some(text) = key.as_text() else {
        let message = format!("a key must be a text, found {}", key.describe());
        return Some(key.error("key-not-text", message));
    };
    if key.as_plain() == Some("<<") {
        let error = key.error("merge-key", "merge keys are not read");
        return Some(error.help("write the keys out: a policy should show what it says"));
    }
    let is_new = keys.insert(text.to_owned());
    (!is_new).then(|| key.error("duplicate-key", format!("key `{text}` is there twice")))
}

/// A value that is not written stands where its key stands.
fn with_place(mut value: Node, key: &Node) -> Node {
    if value.span.is_empty() {
        value.span = key.span.clone();
    }
    value
}

const MAX_DEPTH: usize = 32;
const MAX_SIZE: usize = 100_000;
/// What keeps an alias of a long text from being copied without bound.
const BYTES_PER_NODE: usize = 16;
