//! What a policy means, read once more from its text: who may see which field, which values an
//! input takes, what else is written.
//!
//! Not the compiler of `policy`: it reads the tree of the file, so a mistake there is not repeated.
//! The file itself has been compiled before, so nothing here is malformed.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostics, Source},
    expression::{Conditions, Scope, When},
    policy::Policy,
    yaml::{self, Node, Value},
};

/// What a policy means.
#[derive(Debug)]
pub struct Intent {
    /// Who may see what; `None`: everyone everything.
    pub(super) access: Option<AccessRules>,
    /// Whether `authorization` takes out what is denied, and lets the rest pass.
    pub(super) takes_out: bool,
    /// Demands on inputs.
    pub(super) inputs: Vec<InputItem>,
    /// Coordinates under `once_per_request`.
    pub(super) once: Vec<String>,
    /// The directives that may be used; `None`: those that the schema defines.
    pub(super) directives: Option<Vec<String>>,
    /// The kinds of operation that may run.
    pub(super) kinds: Vec<String>,
}

/// The block `authorization`.
#[derive(Debug)]
pub(super) struct AccessRules {
    pub(super) is_denied_by_default: bool,
    /// Coordinate and condition, in the order written.
    pub(super) rules: Vec<(String, When)>,
}

/// A demand on inputs.
#[derive(Clone, Debug)]
pub(super) struct InputItem {
    pub(super) at: Vec<String>,
    /// The id of the rule that holds it.
    pub(super) rule: &'static str,
    /// What stands under the key.
    pub(super) node: Node,
    pub(super) is_required: bool,
}

impl Intent {
    /// Reads it; `None` when the file is no YAML.
    #[must_use]
    pub fn read(source: &Arc<Source>, policy: &Policy) -> Option<Self> {
        let (root, _) = yaml::read(source);
        let root = root?;
        let operations = get(&root, "operations");
        let authorization = get(&root, "authorization");
        Some(Self {
            access: authorization.and_then(|it| access(it, &policy.conditions)),
            takes_out: authorization.is_some_and(is_remove),
            inputs: get(&root, "inputs").map(inputs).unwrap_or_default(),
            once: get(&root, "once_per_request").map(texts).unwrap_or_default(),
            directives: get(&root, "directives").map(texts),
            kinds: operations.and_then(|it| get(it, "kinds")).map_or_else(
                || ["query", "mutation", "subscription"].map(String::from).to_vec(),
                texts,
            ),
        })
    }
}

fn access(block: &Node, conditions: &Conditions) -> Option<AccessRules> {
    // What is only reported reaches the upstream by intent.
    if is_reported(block) {
        return None;
    }
    let mut rules = Vec::new();
    for rule in get(block, "rules").map(items).unwrap_or_default() {
        let mut ignored = Diagnostics::default();
        let allow = get(rule, "allow")?;
        let when = When::read(allow, Scope::Field, conditions, &mut ignored)?;
        let on = get(rule, "on").map(texts).unwrap_or_default();
        rules.extend(on.into_iter().map(|it| (it, when.clone())));
    }
    let default = get(block, "default").and_then(Node::as_text);
    Some(AccessRules { is_denied_by_default: default != Some("allow"), rules })
}

fn inputs(list: &Node) -> Vec<InputItem> {
    let mut all = Vec::new();
    for item in items(list).iter().filter(|it| !is_reported(it)) {
        let at = get(item, "at").map(texts).unwrap_or_default();
        let is_required = get(item, "required").and_then(Node::as_text) == Some("true");
        for (key, rule) in INPUT_RULES {
            if let Some(node) = get(item, key) {
                let (at, node) = (at.clone(), node.clone());
                all.push(InputItem { at, rule, node, is_required });
            }
        }
    }
    all
}

const INPUT_RULES: [(&str, &str); 8] = [
    ("range", "input-range"),
    ("length", "input-length"),
    ("pattern", "input-pattern"),
    ("one_of", "input-one-of"),
    ("json", "input-json"),
    ("url", "input-url"),
    ("require", "input-require"),
    ("allow", "input-allow"),
];

fn is_reported(node: &Node) -> bool {
    get(node, "mode").and_then(Node::as_text) == Some("report")
}

fn is_remove(block: &Node) -> bool {
    get(block, "on_deny").and_then(Node::as_text) == Some("remove")
}

/// A member of a mapping.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Mapping(entries) => {
            entries.iter().find(|(it, _)| it.as_text() == Some(key)).map(|(_, value)| value)
        }
        Value::Scalar { .. } | Value::Sequence(_) => None,
    }
}

/// The items of a list.
pub(super) fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::Sequence(items) => items,
        Value::Mapping(_) | Value::Scalar { .. } => &[],
    }
}

/// A list of texts, or one.
pub(super) fn texts(node: &Node) -> Vec<String> {
    match node.as_text() {
        Some(one) => vec![one.to_owned()],
        None => items(node).iter().filter_map(Node::as_text).map(String::from).collect(),
    }
}
