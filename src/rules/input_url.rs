//! Demand `inputs.url`: where a URL may lead, so that the upstream does not fetch what it must not.

use crate::{
    diagnostic::Diagnostics,
    rules::{
        Entry, Meta, Setting,
        inputs::{
            Content, Fits, Grain, HostPattern, Look, Test, Value, content, default_port, is_public,
            is_read_the_same, parts,
        },
    },
    verdict::Code,
    yaml::{self, Fields, Node, scalar, shape},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Input {
        read: |demands, ground, found| content(RULE, demands, ground, found),
        unbound: |node, _, found| drop((RULE.read)(node, found)),
        schema: SCHEMA,
    },
};

static META: Meta = Meta {
    id: "input-url",
    code: Code::URL_NOT_ALLOWED,
    title: "URLs that lead where they must not",
    owasp: "API7",
    setting: "inputs.url",
    page: include_str!("input_url.md"),
};

const RULE: Content<Leads> = Content {
    meta: &META,
    public: "a URL is not one that is allowed here",
    fits: Fits::Text,
    read,
};

const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "schemes": {
            "type": "array", "items": { "enum": ["https", "http", "wss", "ws"] },
            "minItems": 1, "default": ["https"]
        },
        "hosts": {
            "description": "`public`, or a list of names; `*.example.org` stands for all below it.",
            "anyOf": [
                { "enum": ["public"] },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 }
            ],
            "default": "public"
        },
        "ports": {
            "description": "Ports beside the one of the scheme.",
            "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 65535 },
            "minItems": 1
        },
        "fragment": {
            "description": "Whether something may stand behind `#`.",
            "enum": ["refuse", "allow"], "default": "refuse"
        }
    },
    "additionalProperties": false
}"#;

#[derive(Debug)]
struct Leads {
    schemes: Vec<&'static str>,
    hosts: Hosts,
    ports: Vec<u16>,
    fragment: Fragment,
}

#[derive(Debug)]
enum Hosts {
    Listed(Vec<HostPattern>),
    Public,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fragment {
    Allow,
    Refuse,
}

fn read(node: &Node, found: &mut Diagnostics) -> Option<Leads> {
    let mut fields = Fields::of(node, "url", found);
    let schemes = fields.take("schemes", found);
    let schemes = schemes.map(|it| shape::words(it, &["https", "http", "wss", "ws"], found));
    let hosts = fields.take("hosts", found).map(|it| hosts(it, found));
    let ports = fields.take("ports", found).map(|it| shape::list(it, found));
    let ports = ports.unwrap_or_default().iter();
    let ports: Vec<_> = ports.filter_map(|it| scalar::number(it, 1..=65_535, found)).collect();
    let words = [("refuse", Fragment::Refuse), ("allow", Fragment::Allow)];
    let fragment = fields.take("fragment", found).and_then(|it| scalar::word(it, &words, found));
    fields.finish(found);
    Some(Leads {
        schemes: schemes.unwrap_or_else(|| vec!["https"]),
        hosts: hosts.unwrap_or(Hosts::Public),
        ports: ports.into_iter().filter_map(|it| u16::try_from(it).ok()).collect(),
        fragment: fragment.unwrap_or(Fragment::Refuse),
    })
}

fn hosts(node: &Node, found: &mut Diagnostics) -> Hosts {
    if matches!(node.value, yaml::Value::Scalar { .. }) {
        scalar::word(node, &[("public", ())], found);
        return Hosts::Public;
    }
    let names = shape::some_names(node, found);
    let mut listed = Vec::new();
    for (name, node) in names {
        match HostPattern::parse(name) {
            Some(pattern) => listed.push(pattern),
            None => {
                let error = node.error("not-a-host", format!("`{name}` is no host name"));
                found.push(error.help("write `feeds.example.com` or `\"*.feeds.example.com\"`"));
            }
        }
    }
    Hosts::Listed(listed)
}

impl Test for Leads {
    const GRAIN: Grain = Grain::Items;

    fn objection(&self, value: &Value<'_, '_>) -> Option<String> {
        let Look::Text(text) = value.look() else { return Some("not a text".into()) };
        self.judge(&text).err().map(Into::into)
    }
}

impl Leads {
    fn judge(&self, text: &str) -> Result<(), &'static str> {
        let parts = parts(text)?;
        if !self.schemes.iter().any(|it| it.eq_ignore_ascii_case(parts.scheme)) {
            return Err("a scheme that is not listed");
        }
        match &self.hosts {
            Hosts::Listed(all) if all.iter().any(|it| it.matches(parts.host)) => {}
            Hosts::Listed(_) => return Err("a host that is not listed"),
            Hosts::Public => is_public(parts.host)?,
        }
        let is_usual = |it: &u16| default_port(parts.scheme) == Some(*it);
        if parts.port.is_some_and(|it| !is_usual(&it) && !self.ports.contains(&it)) {
            return Err("a port that is not listed");
        }
        if parts.fragment.is_some() && self.fragment == Fragment::Refuse {
            return Err("a fragment");
        }
        if !is_read_the_same(text, &parts) {
            return Err("parsers read it differently");
        }
        Ok(())
    }
}
