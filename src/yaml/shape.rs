//! Collections: node → the fields of a mapping, the items of a list. Reading goes on after every
//! mistake.

use crate::{
    diagnostic::Diagnostics,
    yaml::{Node, Value, scalar},
};

/// The fields of a mapping, taken one by one; what nobody took is an unknown key.
#[derive(Debug)]
pub struct Fields<'n> {
    block: Box<str>,
    node: &'n Node,
    entries: Vec<(&'n Node, &'n Node)>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The fields of `node`, which messages call `block`: `limits.variables`, or the empty text
    /// for the whole file. Anything but a mapping is a diagnostic and counts as an empty one.
    pub fn of(node: &'n Node, block: &str, found: &mut Diagnostics) -> Self {
        let entries = match &node.value {
            Value::Mapping(entries) => entries.iter().map(|(key, value)| (key, value)).collect(),
            Value::Scalar { .. } | Value::Sequence(_) => {
                let message = format!("expected a mapping, found {}", node.describe());
                let error = node.error("wrong-shape", message);
                found.push(match node.as_text().and_then(scalar::switch) {
                    Some("on") => error.help("write `{}`: what is not written has its default"),
                    Some(_) => error.help(NO_SWITCH),
                    None => error,
                });
                Vec::new()
            }
        };
        Self { block: block.into(), node, entries, known: Vec::new() }
    }

    /// Takes the value of a key. A key without a value is a diagnostic and counts as absent.
    pub fn take(&mut self, key: &'static str, found: &mut Diagnostics) -> Option<&'n Node> {
        self.take_with_key(key, found).map(|(_, value)| value)
    }

    /// Takes a key with its value, for diagnostics that are about the key.
    pub fn take_with_key(
        &mut self,
        key: &'static str,
        found: &mut Diagnostics,
    ) -> Option<(&'n Node, &'n Node)> {
        self.known.push(key);
        let place = self.entries.iter().position(|(it, _)| it.as_text() == Some(key))?;
        let (key_node, value) = self.entries.remove(place);
        if value.is_null() {
            let error = key_node.error("empty-value", format!("`{key}` has no value"));
            found.push(
                error.help("delete the line to have the default; `off` switches a limit off"),
            );
            return None;
        }
        Some((key_node, value))
    }

    /// Takes a key whatever its value, without making it a key to suggest.
    pub fn take_key(&mut self, key: &str) -> Option<&'n Node> {
        let place = self.entries.iter().position(|(it, _)| it.as_text() == Some(key))?;
        Some(self.entries.remove(place).0)
    }

    /// Takes the value of a key that must be there.
    pub fn require(&mut self, key: &'static str, found: &mut Diagnostics) -> Option<&'n Node> {
        let is_written = self.entries.iter().any(|(it, _)| it.as_text() == Some(key));
        let value = self.take(key, found);
        if !is_written && matches!(self.node.value, Value::Mapping(_)) {
            let message = format!("key `{key}` is missing{}", self.place());
            found.push(self.node.error("missing-key", message));
        }
        value
    }

    /// The mapping itself.
    #[must_use]
    pub const fn node(&self) -> &'n Node {
        self.node
    }

    /// Every key that is left is unknown.
    pub fn finish(self, found: &mut Diagnostics) {
        let place = self.place();
        for (key, _) in self.entries {
            let text = key.as_text().unwrap_or_default();
            let error = key.error("unknown-key", format!("unknown key {}{place}", key.describe()));
            found.push(error.did_you_mean(text, self.known.iter().copied()));
        }
    }

    fn place(&self) -> String {
        if self.block.is_empty() { String::new() } else { format!(" in `{}`", self.block) }
    }
}

/// The items of a list; anything else is a diagnostic and counts as an empty one.
pub fn list<'n>(node: &'n Node, found: &mut Diagnostics) -> &'n [Node] {
    match &node.value {
        Value::Sequence(items) => items,
        Value::Mapping(_) | Value::Scalar { .. } => {
            let error =
                node.error("wrong-shape", format!("expected a list, found {}", node.describe()));
            found.push(match node.as_text() {
                Some(text) => error.help(format!("write `[{text}]`")),
                None => error,
            });
            &[]
        }
    }
}

/// The items of a list of texts; one that is there twice is a diagnostic.
pub fn names(node: &Node, found: &mut Diagnostics) -> Vec<String> {
    placed_names(node, found).into_iter().map(|(it, _)| it.to_owned()).collect()
}

/// [`names`], each with its node, for diagnostics that are about one of them.
pub fn placed_names<'n>(node: &'n Node, found: &mut Diagnostics) -> Vec<(&'n str, &'n Node)> {
    let mut names: Vec<(&str, &Node)> = Vec::new();
    for item in list(node, found) {
        let Some(name) = scalar::text(item, found) else { continue };
        if names.iter().any(|(it, _)| *it == name) {
            found.push(item.warning("duplicate-item", format!("`{name}` is there twice")));
        } else if names.len() < MAX_NAMES {
            names.push((name, item));
        } else {
            let message = format!("more than {MAX_NAMES} items");
            found.push(item.error("too-many-items", message));
            break;
        }
    }
    names
}

/// [`placed_names`], at least one.
pub fn some_names<'n>(node: &'n Node, found: &mut Diagnostics) -> Vec<(&'n str, &'n Node)> {
    if matches!(&node.value, Value::Sequence(items) if items.is_empty()) {
        found.push(node.error("empty-list", "the list is empty"));
    }
    placed_names(node, found)
}

/// The items of a list of known words, at least one.
pub fn words(node: &Node, words: &[&'static str], found: &mut Diagnostics) -> Vec<&'static str> {
    let known: Vec<_> = words.iter().map(|it| (*it, *it)).collect();
    let items = list(node, found);
    if items.is_empty() && matches!(node.value, Value::Sequence(_)) {
        found.push(node.error("empty-list", "the list is empty"));
    }
    items.iter().filter_map(|it| scalar::word(it, &known, found)).collect()
}

/// Far more than any list of names in a policy; keeps the look for duplicates cheap.
const MAX_NAMES: usize = 1000;

const NO_SWITCH: &str = "a block has no switch: delete it, or write `off` at what is in it, as in \
                         `cost: { max: off }`";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        diagnostic::{Diagnostics, Source},
        yaml::{
            Fields, read,
            scalar::number,
            shape::{self, NO_SWITCH},
        },
    };

    /// Reads `depth`, `tokens` (required) and `names`, and says what is wrong.
    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let source = Arc::new(Source { name: "t".into(), text: text.into() });
        let root = read(&source).0.unwrap();
        let mut found = Diagnostics::default();
        let mut fields = Fields::of(&root, "limits", &mut found);
        for value in [fields.take("depth", &mut found), fields.require("tokens", &mut found)] {
            value.and_then(|it| number(it, 0..=9, &mut found));
        }
        fields.take("names", &mut found).map(|it| shape::names(it, &mut found));
        fields.finish(&mut found);
        let found: Vec<_> = found
            .iter()
            .map(|it| match &it.help {
                Some(help) => format!("{}: {} ({help})", it.code, it.message),
                None => format!("{}: {}", it.code, it.message),
            })
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn known_fields_are_read() {
        check("{depth: 1, tokens: 2, names: [a, b]}", &[]);
        check("{tokens: 2}", &[]);
    }

    #[test]
    fn every_mistake_is_named() {
        check(
            "{dept: 1, tokens: x, other: 3}",
            &[
                "not-a-number: expected a number, found `x`",
                "unknown-key: unknown key `dept` in `limits` (did you mean `depth`?)",
                "unknown-key: unknown key `other` in `limits`",
            ],
        );
    }

    #[test]
    fn a_required_key_is_missed() {
        check("{depth: 1}", &["missing-key: key `tokens` is missing in `limits`"]);
    }

    #[test]
    fn nothing_is_no_value() {
        let help = "delete the line to have the default; `off` switches a limit off";
        check("depth:\ntokens: 1", &[&format!("empty-value: `depth` has no value ({help})")]);
        check("tokens: ~", &[&format!("empty-value: `tokens` has no value ({help})")]);
    }

    #[test]
    fn a_mapping_is_due() {
        check("[depth]", &["wrong-shape: expected a mapping, found a list"]);
        let on = "wrong-shape: expected a mapping, found `on` (write `{}`: what is not written has \
                  its default)";
        check("on", &[on]);
        let off = format!("wrong-shape: expected a mapping, found `off` ({NO_SWITCH})");
        check("off", &[&off]);
    }

    #[test]
    fn lists_are_not_guessed() {
        check("{tokens: 1, names: a}", &["wrong-shape: expected a list, found `a` (write `[a]`)"]);
        check("{tokens: 1, names: [a, a]}", &["duplicate-item: `a` is there twice"]);
        check("{tokens: 1, names: [[a], b]}", &["wrong-shape: expected a text, found a list"]);
    }
}
