//! Changes one value of a YAML text and leaves every other byte: comments and order stay.

use std::{ops::Range, sync::Arc};

use crate::{
    diagnostic::Source,
    verdict::Mode,
    yaml::{self, Node, Value},
};

/// The text with another value at a path of keys, where an item of a list is found by its `name`;
/// nothing, when there is no place for it.
pub(in crate::cli) fn amend(text: &str, path: &[&str], value: &str) -> Option<String> {
    let (root, _found) = yaml::read(&source(text));
    let mut node = root?;
    let mut rest = path;
    // The budget of this loop is the path.
    while let Some((key, behind)) = rest.split_first() {
        if let Value::Scalar { .. } = &node.value {
            break;
        }
        let Some(next) = entry(&node, key).cloned() else {
            return insert(text, &node, rest, value);
        };
        (node, rest) = (next, behind);
    }
    match &node.value {
        Value::Scalar { .. } if rest.is_empty() => replace(text, node.span.clone(), value),
        // `{ max: 9, mode: report }`
        Value::Mapping(_) if rest.is_empty() => amend_max(text, &node, value),
        Value::Mapping(_) | Value::Scalar { .. } | Value::Sequence(_) => None,
    }
}

/// The same for a limit that only reports: it does so with its new number, too.
pub(in crate::cli) fn amend_reporting(text: &str, path: &[&str], value: &str) -> Option<String> {
    let amended = amend(text, path, value)?;
    if Said::of(&amended, path).mode() == Some(Mode::Report) {
        return Some(amended);
    }
    if let Some(beside) = amend(&amended, &[path, &["mode"]].concat(), "report") {
        return Some(beside);
    }
    match path {
        // The one limit of its block says its mode there.
        [around @ .., "cost", "max"] => {
            amend(&amended, &[around, &["cost", "mode"]].concat(), "report")
        }
        _ => amend(text, path, &format!("{{ max: {value}, mode: report }}")),
    }
}

/// Whether a number, or `off`, is written at a path.
pub(super) fn says(text: &str, path: &[&str]) -> bool {
    let (Some(root), _found) = yaml::read(&source(text)) else { return false };
    let node = path.iter().try_fold(&root, |node, key| entry(node, key));
    node.is_some_and(|it| it.as_text().is_some() || entry(it, "max").is_some())
}

/// The modes that are written for a limit.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Said {
    /// Of the file.
    pub(in crate::cli) file: Option<Mode>,
    /// Of the nearest block around it.
    pub(in crate::cli) block: Option<Mode>,
    /// At the limit itself.
    pub(in crate::cli) rule: Option<Mode>,
}

impl Said {
    pub(in crate::cli) fn of(text: &str, path: &[&str]) -> Self {
        let (Some(root), _found) = yaml::read(&source(text)) else { return Self::default() };
        let ["profiles", name, path @ ..] = path else { return Self::below(&root, path) };
        let base = Self::below(&root, path);
        let profile = entry(&root, "profiles").and_then(|it| entry(it, name));
        profile.map_or(base, |it| Self::below(it, path).over(base))
    }

    /// In the file, or in a profile.
    fn below(root: &Node, path: &[&str]) -> Self {
        let mut said = Self { file: mode(root), ..Self::default() };
        let mut node = root;
        // The budget of this loop is the path.
        for (n, key) in path.iter().enumerate() {
            said.block = mode(node).filter(|_| n > 0).or(said.block);
            let Some(next) = entry(node, key) else { return said };
            node = next;
        }
        Self { rule: mode(node), ..said }
    }

    /// Of a profile, laid over the base.
    fn over(self, base: Self) -> Self {
        Self {
            file: self.file.or(base.file),
            block: self.block.or(base.block),
            rule: self.rule.or(base.rule),
        }
    }

    /// The one that counts; `enforce` of the file says no more than its absence does.
    pub(in crate::cli) fn mode(self) -> Option<Mode> {
        let around = if self.file == Some(Mode::Report) { self.file } else { self.block };
        self.rule.or(around)
    }
}

fn mode(node: &Node) -> Option<Mode> {
    match entry(node, "mode")?.as_text()? {
        "enforce" => Some(Mode::Enforce),
        "report" => Some(Mode::Report),
        _ => None,
    }
}

/// What stands at a key, or in a list under a name.
fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Mapping(entries) => {
            entries.iter().find(|(it, _)| it.as_text() == Some(key)).map(|(_, it)| it)
        }
        Value::Scalar { .. } => None,
        Value::Sequence(items) => items.iter().find(|item| match &item.value {
            Value::Mapping(_) => entry(item, "name").and_then(Node::as_text) == Some(key),
            Value::Scalar { .. } | Value::Sequence(_) => false,
        }),
    }
}

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "".into(), text: text.into() })
}

fn amend_max(text: &str, node: &Node, value: &str) -> Option<String> {
    let Value::Mapping(entries) = &node.value else { return None };
    match entries.iter().find(|(key, _)| key.as_text() == Some("max")) {
        Some((_, max)) => replace(text, max.span.clone(), value),
        None => insert(text, node, &["max"], value),
    }
}

fn replace(text: &str, span: Range<usize>, value: &str) -> Option<String> {
    let old = text.get(span.clone())?;
    let end = span.start.saturating_add(old.trim_end().len());
    Some(format!("{}{value}{}", text.get(..span.start)?, text.get(end..)?))
}

/// Adds a key that is not there yet.
fn insert(text: &str, node: &Node, path: &[&str], value: &str) -> Option<String> {
    let Value::Mapping(entries) = &node.value else { return None };
    let is_flow = text.get(node.span.start..)?.starts_with('{');
    let Some((key, last)) = entries.last() else {
        // `{}`
        let end = node.span.start.saturating_add(text.get(node.span.start..)?.find('}')?);
        let before = text.get(..node.span.start.saturating_add(1))?;
        return Some(format!("{before} {} {}", flow(path, value), text.get(end..)?));
    };
    // A value without braces of its own ends where its last line does.
    if is_flow {
        let end = trimmed_end(text, last)?;
        let inside = flow(path, value);
        return Some(format!("{}, {inside}{}", text.get(..end)?, text.get(end..)?));
    }
    let line = text.get(..key.span.start)?.rfind('\n').map_or(0, |it| it.saturating_add(1));
    let indent = text.get(line..key.span.start)?;
    if !indent.bytes().all(|it| it == b' ') {
        return None;
    }
    let end = trimmed_end(text, last)?;
    let end = text.get(end..)?.find('\n').map_or(text.len(), |it| end.saturating_add(it));
    let (first, behind) = path.split_first()?;
    let value =
        if behind.is_empty() { value.to_owned() } else { format!("{{ {} }}", flow(behind, value)) };
    let before = text.get(..end)?;
    let carriage = if before.ends_with('\r') { "\r" } else { "" };
    Some(format!("{before}\n{indent}{first}: {value}{carriage}{}", text.get(end..)?))
}

/// Where the text of a node ends, without what a reader of blocks takes with it.
fn trimmed_end(text: &str, node: &Node) -> Option<usize> {
    let written = text.get(node.span.clone())?;
    let lines = written.lines().rev().skip_while(|it| {
        let line = it.trim();
        line.is_empty() || line.starts_with('#')
    });
    let last: &str = lines.into_iter().next().unwrap_or(written);
    let from = last.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    Some(from.saturating_add(last.trim_end().len()))
}

/// `a: { b: value }`
fn flow(path: &[&str], value: &str) -> String {
    let Some((last, around)) = path.split_last() else { return value.to_owned() };
    let innermost = format!("{last}: {value}");
    around.iter().rev().fold(innermost, |inner, key| format!("{key}: {{ {inner} }}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, path: &str, value: &str, expect: &str) {
        let path: Vec<_> = path.split('.').collect();
        assert_eq!(amend(text, &path, value).as_deref(), Some(expect));
    }

    #[test]
    fn values_change_where_they_stand() {
        let text = "a: 1 # one\nlimits: # all\n  depth: 9   # deep\n  # more\n  tokens: 5\nz: 2\n";
        check(text, "limits.depth", "7", &text.replace("depth: 9", "depth: 7"));
        check(text, "limits.tokens", "77", &text.replace("tokens: 5", "tokens: 77"));
        let flow = "limits: { depth: 9, variables: { count: 3 } } # so\n";
        check(flow, "limits.depth", "7", &flow.replace('9', "7"));
        check(flow, "limits.variables.count", "44", &flow.replace('3', "44"));
        let mode = "cost:\n  max: { max: 9, mode: report }\n";
        check(mode, "cost.max", "7", &mode.replace('9', "7"));
    }

    #[test]
    fn what_is_not_there_is_added_behind_the_others() {
        let text = "a: 1\nlimits:\n  depth: 9   # deep\n\n# about z\nz: 2\n";
        let expect = "a: 1\nlimits:\n  depth: 9   # deep\n  tokens: 5\n\n# about z\nz: 2\n";
        check(text, "limits.tokens", "5", expect);
        let flow = "limits: { depth: 9 } # so\n";
        check(flow, "limits.tokens", "5", "limits: { depth: 9, tokens: 5 } # so\n");
        check(
            flow,
            "limits.variables.count",
            "5",
            "limits: { depth: 9, variables: { count: 5 } } # so\n",
        );
        check("a: 1\n", "limits.depth", "5", "a: 1\nlimits: { depth: 5 }\n");
        check(
            "a: 1\n",
            "limits.variables.count",
            "5",
            "a: 1\nlimits: { variables: { count: 5 } }\n",
        );
    }

    #[test]
    fn ends_of_lines_are_those_of_the_file() {
        let text = "a: 1\r\nlimits:\r\n  depth: 9 # deep\r\nz: 2\r\n";
        let depth = "  depth: 9 # deep\r\n";
        let expect = text.replace(depth, &format!("{depth}  tokens: 5\r\n"));
        check(text, "limits.tokens", "5", &expect);
        check(text, "limits.depth", "7", &text.replace('9', "7"));
        check("a: 1", "limits.depth", "5", "a: 1\nlimits: { depth: 5 }");
    }

    #[test]
    fn what_is_empty_is_filled() {
        check("limits: {}\n", "limits.depth", "5", "limits: { depth: 5 }\n");
        check("limits: { } # so\n", "limits.depth", "5", "limits: { depth: 5 } # so\n");
        let nested = "limits: { variables: { count: 5 } }\n";
        check("limits: {}\n", "limits.variables.count", "5", nested);
    }

    #[test]
    fn a_profile_is_amended_where_it_stands() {
        let block = "profiles:\n  - name: a\n    when: b\n    limits:\n      depth: 9 # deep\n\n  \
                     - { name: c, when: d, cost: { max: 4 } }\ncost: { max: 7 }\n";
        let (depth, cost) = ("profiles.a.limits.depth", "profiles.c.cost.max");
        check(block, depth, "5", &block.replace("depth: 9", "depth: 5"));
        check(block, cost, "5", &block.replace("max: 4", "max: 5"));
        let both = block.replace("depth: 9 # deep", "depth: 9 # deep\n      tokens: 5");
        check(block, "profiles.a.limits.tokens", "5", &both);
        let both = block.replace("# deep", "# deep\n    cost: { max: 5 }");
        check(block, "profiles.a.cost.max", "5", &both);
        let both = block.replace("max: 4 }", "max: 4 }, limits: { depth: 5 }");
        check(block, "profiles.c.limits.depth", "5", &both);
        assert_eq!(amend(block, &["profiles", "e", "cost", "max"], "5"), None);
        let said = |path: &str| says(block, &path.split('.').collect::<Vec<_>>());
        assert!(said(depth) && said(cost) && !said("profiles.a.cost.max"));
    }

    #[test]
    fn a_profile_reports_as_the_file_does() {
        let (own, flow) = ("profiles.a.cost.max", "profiles: [{ name: a, when: b }]\n");
        let amended = |more: &str| flow.replace(" }]", &format!(", cost: {{ max: 5{more} }} }}]"));
        check_reporting(flow, own, &amended(", mode: report"));
        for base in
            ["mode: report\n", "cost: { max: { mode: report } }\n", "cost: { mode: report }\n"]
        {
            check_reporting(&format!("{base}{flow}"), own, &format!("{base}{}", amended("")));
        }
        let (file, own_file) = ("mode: report\n", flow.replace("b }", "b, mode: enforce }"));
        let expect = own_file.replace(" }]", ", cost: { max: 5, mode: report } }]");
        check_reporting(&format!("{file}{own_file}"), own, &format!("{file}{expect}"));
    }

    #[track_caller]
    fn check_reporting(text: &str, path: &str, expect: &str) {
        let path: Vec<_> = path.split('.').collect();
        assert_eq!(amend_reporting(text, &path, "5").as_deref(), Some(expect));
    }

    #[test]
    fn what_reports_goes_on_reporting() {
        let (cost, depth) = ("cost.max", "limits.depth");
        check_reporting("a: 1\n", cost, "a: 1\ncost: { max: 5, mode: report }\n");
        check_reporting(
            "cost:\n  exact: true\n",
            cost,
            "cost:\n  exact: true\n  max: 5\n  mode: report\n",
        );
        check_reporting(
            "limits: { depth: off }\n",
            depth,
            "limits: { depth: { max: 5, mode: report } }\n",
        );
        check_reporting(
            "limits: { depth: { max: off } }\n",
            depth,
            "limits: { depth: { max: 5, mode: report } }\n",
        );
        let file = "mode: enforce\nlimits: { mode: enforce }\n";
        let expect = "mode: enforce\nlimits: { mode: enforce, depth: { max: 5, mode: report } }\n";
        check_reporting(file, depth, expect);
    }

    #[test]
    fn a_mode_that_is_said_is_not_said_again() {
        let (cost, depth) = ("cost.max", "limits.depth");
        check_reporting("mode: report\n", cost, "mode: report\ncost: { max: 5 }\n");
        check_reporting("cost: { mode: report }\n", cost, "cost: { mode: report, max: 5 }\n");
        check_reporting(
            "cost: { max: 9, mode: report }\n",
            cost,
            "cost: { max: 5, mode: report }\n",
        );
        check_reporting(
            "limits: { mode: report }\n",
            depth,
            "limits: { mode: report, depth: 5 }\n",
        );
    }
}
