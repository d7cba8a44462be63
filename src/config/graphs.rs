//! Several graphs in one process, as the configuration file lists them.

use crate::{
    config::UpstreamUrl,
    diagnostic::Diagnostics,
    yaml::{Fields, Node, Value, scalar, shape::list},
};

/// A graph: for which hosts, under which policy, in front of what. Its path is the policy's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphSettings {
    /// What it is called in metrics and logs; none: its host and path.
    pub name: Option<Box<str>>,
    /// In lower case, without a port; none: any host that no other graph has.
    pub hosts: Vec<Box<str>>,
    /// As it is written: relative to the file.
    pub policy: String,
    /// At least one; they differ in host and port alone.
    pub upstreams: Vec<UpstreamUrl>,
}

/// Reads `graphs` of a configuration file.
pub(super) fn read_graphs(node: &Node, found: &mut Diagnostics) -> Vec<GraphSettings> {
    let items = list(node, found);
    if items.is_empty() {
        found.push(node.error("no-graph", "`graphs` lists no graph"));
    }
    let mut graphs: Vec<GraphSettings> = Vec::new();
    for node in items {
        let Some(it) = graph(node, found) else { continue };
        let is_same = |other: &GraphSettings| other.name == it.name;
        if let Some(name) = it.name.as_ref().filter(|_| graphs.iter().any(is_same)) {
            let message = format!("two graphs are called `{name}`");
            found.push(node.error("same-name", message).help("give each a name of its own"));
        }
        graphs.push(it);
    }
    graphs
}

fn graph(node: &Node, found: &mut Diagnostics) -> Option<GraphSettings> {
    let mut fields = Fields::of(node, "graphs", found);
    let name = fields.take("name", found);
    let hosts = fields.take("host", found);
    let policy = fields.require("policy", found).and_then(|it| scalar::text(it, found));
    let upstreams = fields.require("upstream", found);
    fields.finish(found);
    let hosts = hosts.map_or(&[][..], |it| one_or_more(it, found));
    let hosts = hosts.iter().filter_map(|it| host(it, found)).collect();
    let upstreams = upstreams.map_or(&[][..], |it| one_or_more(it, found));
    let upstreams: Vec<_> = upstreams.iter().filter_map(|it| upstream(it, found)).collect();
    let alike = |it: &&UpstreamUrl| upstreams.first().is_some_and(|first| !it.is_alike(first));
    if let Some(other) = upstreams.iter().find(alike) {
        let message = format!("`{other}` is another upstream, not another address of it");
        let help = "the URLs of one graph have the same scheme and path";
        found.push(node.error("another-upstream", message).help(help));
    }
    let name = name.and_then(|it| named(it, found));
    let policy = policy?.to_owned();
    (!upstreams.is_empty()).then_some(GraphSettings { name, hosts, policy, upstreams })
}

/// Nobody is not anybody: an empty list says nothing that could be meant.
fn one_or_more<'n>(node: &'n Node, found: &mut Diagnostics) -> &'n [Node] {
    match &node.value {
        Value::Sequence(items) => {
            if items.is_empty() {
                found.push(node.error("empty-list", "the list is empty"));
            }
            items
        }
        Value::Mapping(_) | Value::Scalar { .. } => std::slice::from_ref(node),
    }
}

fn named(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let text = scalar::text(node, found)?;
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b".-_".contains(&it);
    if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(is_plain) {
        let error = node.error("not-a-name", format!("`{text}` is not a name of a graph"));
        found.push(error.help("write up to 64 letters, digits, `.`, `-` and `_`"));
        return None;
    }
    Some(text.into())
}

fn host(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let text = scalar::text(node, found)?;
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b".-_[]:".contains(&it);
    let is_address = text.starts_with('[') && text.ends_with(']');
    if text.is_empty() || !text.bytes().all(is_plain) || (text.contains(':') && !is_address) {
        let error = node.error("not-a-host", format!("`{text}` is not a host"));
        found.push(error.help("write a name such as `shop.example`, without a port"));
        return None;
    }
    Some(text.to_ascii_lowercase().into())
}

fn upstream(node: &Node, found: &mut Diagnostics) -> Option<UpstreamUrl> {
    let text = scalar::text(node, found)?;
    let url = UpstreamUrl::parse(text);
    url.map_err(|why| found.push(node.error("not-an-upstream", why.to_string()))).ok()
}

/// 64 bytes: a label that is read on a dashboard.
const MAX_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{diagnostic::Source, yaml};

    fn check(text: &str, expect: Result<&str, &str>) {
        let source = Arc::new(Source { name: "c".into(), text: text.into() });
        let (root, mut found) = yaml::read(&source);
        let graphs = read_graphs(&root.unwrap(), &mut found);
        let shown = |it: &GraphSettings| {
            let upstreams: Vec<_> = it.upstreams.iter().map(ToString::to_string).collect();
            let name = it.name.as_deref().unwrap_or("-");
            format!("{name} {} {} {}", it.hosts.join(","), it.policy, upstreams.join(","))
        };
        let got = match found.iter().next() {
            Some(first) => Err(first.message.clone()),
            None => Ok(graphs.iter().map(shown).collect::<Vec<_>>().join("; ")),
        };
        assert_eq!(got.as_deref().map_err(|it| &**it), expect, "{text}");
    }

    #[test]
    fn graphs_are_read_and_mistakes_told() {
        check(
            "- { name: shop, host: Shop.example, policy: a.yaml, upstream: http://a/ }\n\
             - { policy: b.yaml, upstream: [http://b/, http://c/] }\n",
            Ok("shop shop.example a.yaml http://a/; -  b.yaml http://b/,http://c/"),
        );
        check("[]", Err("`graphs` lists no graph"));
        let graph = "{ name: a, policy: a.yaml, upstream: http://a/ }";
        check(&format!("[{graph}, {graph}]"), Err("two graphs are called `a`"));
        let named =
            |name: &str| format!("[{}]", graph.replace("name: a", &format!("name: {name}")));
        let (longest, long) = ("n".repeat(64), "n".repeat(65));
        check(&named(&longest), Ok(&format!("{longest}  a.yaml http://a/")));
        check(&named(&long), Err(&format!("`{long}` is not a name of a graph")));
        check(&named("a/b"), Err("`a/b` is not a name of a graph"));
        check("- { policy: a.yaml }", Err("key `upstream` is missing in `graphs`"));
        check("- { upstream: http://a/ }", Err("key `policy` is missing in `graphs`"));
        check("- { host: a:80, policy: a, upstream: http://a/ }", Err("`a:80` is not a host"));
        check(
            "- { policy: a, upstream: [http://a/x, http://b/y] }",
            Err("`http://b/y` is another upstream, not another address of it"),
        );
        check(
            "- { policy: a, upstream: ftp://a }",
            Err("the upstream must start with `http://` or `https://`"),
        );
        check("- { policy: a, upstream: [] }", Err("the list is empty"));
        check("- { host: [], policy: a, upstream: http://a/ }", Err("the list is empty"));
    }
}
