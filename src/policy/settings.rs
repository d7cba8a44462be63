//! Reads what one layer of the policy says of the rules, through the registry.
//!
//! Does not lay layers over each other and makes no stances.

use crate::{
    diagnostic::Diagnostics,
    policy::{
        stance::{Amount, Written},
        tree::Block,
    },
    rules::{Entry, Rule, RuleIdx, Setting, Switch, Unit},
    verdict::Mode,
    yaml::{Fields, Node, Value, scalar},
};

/// What one layer says.
#[derive(Debug)]
pub(super) struct Layer<'n> {
    /// By rule.
    pub(super) written: Vec<Written>,
    /// The rules that have a shape of their own, as written.
    pub(super) shaped: Vec<Option<Box<dyn Rule>>>,
    /// What is written for rules that are read once the schema is there.
    pub(super) bound: Vec<Option<&'n Node>>,
    /// By rule: for whom it does not count, as written.
    pub(super) excuses: Vec<Option<&'n Node>>,
    /// The blocks that say `mode`, for the lint.
    pub(super) modes: Vec<(&'n Node, Mode)>,
}

/// Which layer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The file itself.
    Base,
    /// A profile: what is the same for everyone is an error here.
    Profile,
}

/// Called for every block that is there, to take what is no rule: `limits.body`.
pub(super) type Others<'o, 'n> = &'o mut dyn FnMut(&str, &mut Fields<'n>, &mut Diagnostics);

/// Reads one layer.
pub(super) struct LayerReader<'o, 'n> {
    registry: &'static [Entry],
    level: Level,
    others: Others<'o, 'n>,
    layer: Layer<'n>,
}

impl<'o, 'n> LayerReader<'o, 'n> {
    pub(super) fn new(registry: &'static [Entry], level: Level, others: Others<'o, 'n>) -> Self {
        let n = registry.len();
        let layer = Layer {
            written: vec![Written::default(); n],
            shaped: std::iter::repeat_with(|| None).take(n).collect(),
            bound: vec![None; n],
            excuses: vec![None; n],
            modes: Vec::new(),
        };
        Self { registry, level, others, layer }
    }

    /// Takes every setting and every block of `fields`, which is the file or a profile.
    pub(super) fn read(mut self, fields: &mut Fields<'n>, found: &mut Diagnostics) -> Layer<'n> {
        let root = Block::root(self.registry);
        self.block(&root, "", None, fields, found);
        self.layer
    }

    // Recursion over the registry, which is two blocks deep; never over the file.
    fn block(
        &mut self,
        block: &Block,
        path: &str,
        mode: Option<Mode>,
        fields: &mut Fields<'n>,
        found: &mut Diagnostics,
    ) {
        for (name, rule) in &block.settings {
            let node = fields.take(name, found);
            self.setting(*rule, node, mode, found);
        }
        for (name, inner) in &block.blocks {
            let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
            let Some(node) = fields.take(name, found) else {
                self.absent(inner, mode);
                continue;
            };
            let mut fields = Fields::of(node, &path, found);
            let mode = self.mode(&mut fields, found).or(mode);
            self.block(inner, &path, mode, &mut fields, found);
            (self.others)(&path, &mut fields, found);
            fields.finish(found);
        }
    }

    /// A block that is not written inherits the mode of the block around it.
    fn absent(&mut self, block: &Block, mode: Option<Mode>) {
        for (_, rule) in &block.settings {
            self.write(*rule, Written { block: mode, ..Written::default() });
        }
        for (_, inner) in &block.blocks {
            self.absent(inner, mode);
        }
    }

    fn write(&mut self, rule: RuleIdx, written: Written) {
        if let Some(slot) = self.layer.written.get_mut(rule.0) {
            *slot = written;
        }
    }

    fn mode(&mut self, fields: &mut Fields<'n>, found: &mut Diagnostics) -> Option<Mode> {
        let (key, node) = fields.take_with_key("mode", found)?;
        let mode = mode(node, found)?;
        self.layer.modes.push((key, mode));
        Some(mode)
    }

    fn setting(
        &mut self,
        rule: RuleIdx,
        node: Option<&'n Node>,
        block: Option<Mode>,
        found: &mut Diagnostics,
    ) {
        let Some(entry) = self.registry.get(rule.0) else { return };
        let written = match (node, &entry.setting) {
            (None, _) => Written::default(),
            (Some(node), Setting::Limit { .. }) => limit(node, entry, found),
            (Some(node), Setting::Switch { .. }) => {
                let (written, excuse) = switch(node, entry, self.level, found);
                if let Some(slot) = self.layer.excuses.get_mut(rule.0) {
                    *slot = excuse;
                }
                written
            }
            (Some(node), Setting::Bound { .. } | Setting::Input { .. } | Setting::Shape { .. })
                if self.level == Level::Profile =>
            {
                let message = format!("`{}` is the same for every profile", entry.meta.setting);
                let error = node.error("not-per-profile", message);
                found.push(error.help("move it out of the profile"));
                Written::default()
            }
            (Some(node), Setting::Bound { .. }) => {
                if let Some(slot) = self.layer.bound.get_mut(rule.0) {
                    *slot = Some(node);
                }
                Written { mode: own_mode(node), ..Written::default() }
            }
            // No setting of a block: `tree` leaves it out.
            (Some(_), Setting::Input { .. }) => Written::default(),
            (Some(node), Setting::Shape { read, .. }) => {
                if let Some(slot) = self.layer.shaped.get_mut(rule.0) {
                    *slot = Some(read(node, found));
                }
                Written::default()
            }
        };
        self.write(rule, Written { block, ..written });
    }
}

/// The mode that a block of one rule says; who reads the block tells what is wrong with it.
fn own_mode(node: &Node) -> Option<Mode> {
    let Value::Mapping(entries) = &node.value else { return None };
    let (_, said) = entries.iter().find(|(key, _)| key.as_text() == Some("mode"))?;
    mode(said, &mut Diagnostics::default())
}

/// `enforce` or `report`.
pub(super) fn mode(node: &Node, found: &mut Diagnostics) -> Option<Mode> {
    scalar::word(node, &[("enforce", Mode::Enforce), ("report", Mode::Report)], found)
}

/// `15`, `off`, or `{ max: 15, mode: report }`.
fn limit(node: &Node, entry: &Entry, found: &mut Diagnostics) -> Written {
    if !matches!(node.value, Value::Mapping(_)) {
        return Written { amount: amount(node, entry, found), ..Written::default() };
    }
    let mut fields = Fields::of(node, entry.meta.setting, found);
    let max = fields.take("max", found);
    let amount = max.and_then(|it| amount(it, entry, found));
    let mode = fields.take("mode", found).and_then(|it| mode(it, found));
    fields.finish(found);
    Written { amount, mode, block: None }
}

fn amount(node: &Node, entry: &Entry, found: &mut Diagnostics) -> Option<Amount> {
    let Setting::Limit { ceiling, unit, .. } = entry.setting else { return None };
    if node.as_text() == Some("off") {
        return Some(Amount::Off);
    }
    if node.as_text().is_some_and(is_meant_as_off) {
        let (code, expected) = match unit {
            Unit::Bytes => ("not-a-size", "a size such as `32KiB`"),
            Unit::Count => ("not-a-number", "a number"),
        };
        let message = format!("expected {expected}, found {}", node.describe());
        found.push(node.error(code, message).help("write `off` for no limit"));
        return None;
    }
    let number = match unit {
        Unit::Bytes => scalar::bytes(node, 0..=ceiling, found),
        Unit::Count => scalar::number(node, 0..=ceiling, found),
    };
    number.map(Amount::UpTo)
}

/// Older YAML has `no` and `False` for `off`; there is one way to say it.
fn is_meant_as_off(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    matches!(&*word, "false" | "n" | "never" | "no" | "none" | "off" | "unlimited")
}

/// `deny`, `allow`, `report`, or `{ mode: enforce }`, which denies whatever the file's mode is, or
/// `{ allow_when: staff }`, which denies to all others.
fn switch<'n>(
    node: &'n Node,
    entry: &Entry,
    level: Level,
    found: &mut Diagnostics,
) -> (Written, Option<&'n Node>) {
    if matches!(node.value, Value::Mapping(_)) {
        let mut fields = Fields::of(node, entry.meta.setting, found);
        let excuse = match level {
            Level::Base => fields.take("allow_when", found),
            Level::Profile => None,
        };
        let mode = match excuse {
            Some(_) => fields.take("mode", found),
            None => fields.require("mode", found),
        };
        let mode = mode.and_then(|it| self::mode(it, found));
        fields.finish(found);
        return (Written { amount: Some(Amount::NO_NUMBER), mode, block: None }, excuse);
    }
    let words = [("deny", Switch::Deny), ("allow", Switch::Allow), ("report", Switch::Report)];
    let (amount, mode) = match scalar::word(node, &words, found) {
        None => (None, None),
        Some(Switch::Allow) => (Some(Amount::Off), None),
        Some(Switch::Deny) => (Some(Amount::NO_NUMBER), None),
        Some(Switch::Report) => (Some(Amount::NO_NUMBER), Some(Mode::Report)),
    };
    (Written { amount, mode, block: None }, None)
}
