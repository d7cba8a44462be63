//! `identity`: which credentials count, and what the upstream is told of them.
//!
//! Fetches nothing: keys from a file are read with the policy, keys from a URL are named only.

use crate::{
    diagnostic::Diagnostics,
    identity::{ApiKeys, Told},
    policy::{
        Http, api_keys, claim,
        csrf_header::SENT_BY_ANYONE,
        forward_headers::why_not_told,
        jwt::{self, Jwt},
        load::Resolve,
    },
    yaml::{Fields, Node, Value, scalar},
};

/// Which credentials count. Without a block nothing is read, and every caller is anonymous.
#[derive(Debug, Default)]
pub struct Credentials {
    /// Tokens; none: `Authorization` is not looked at.
    pub jwt: Option<Jwt>,
    /// API keys; none: there are none.
    pub api_keys: Option<ApiKeyHeader>,
    /// The header by which clients call themselves, lower case.
    pub client_label: Option<Box<str>>,
    /// What the upstream is told.
    pub forward: Vec<Told>,
}

/// API keys, and the header they come in.
#[derive(Debug)]
pub struct ApiKeyHeader {
    /// The header, lower case.
    pub header: Box<str>,
    /// The keys.
    pub keys: ApiKeys,
}

/// Reads the block.
pub(super) fn read(
    node: &Node,
    http: &Http,
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Credentials {
    let mut fields = Fields::of(node, "identity", found);
    let (jwt, api_keys) = (fields.take("jwt", found), fields.take("api_keys", found));
    let (label, forward) = (fields.take("client_label", found), fields.take("forward", found));
    fields.finish(found);
    if let (None, None, Some(node)) = (jwt, api_keys, forward) {
        let message = "nothing is told: there is neither `jwt` nor `api_keys`";
        found.push(node.warning("idle-setting", message));
    }
    Credentials {
        jwt: jwt.and_then(|it| jwt::read(it, http, &mut *resolve, found)),
        api_keys: api_keys.and_then(|it| api_key_header(it, resolve, found)),
        client_label: label.and_then(|it| label_header(it, found)),
        forward: forward.map(|it| told(it, http, found)).unwrap_or_default(),
    }
}

/// What clients call themselves is written down, and a credential must not be.
fn label_header(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let name = header_name(node, found)?;
    if matches!(&*name, "authorization" | "cookie" | "proxy-authorization" | "x-api-key") {
        let message = format!("`{name}` holds a credential, which would stand in the traffic log");
        found.push(node.error("contradiction", message));
        return None;
    }
    Some(name)
}

fn api_key_header(
    node: &Node,
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Option<ApiKeyHeader> {
    let mut fields = Fields::of(node, "identity.api_keys", found);
    let header = fields.require("header", found).and_then(|it| header_name(it, found));
    let keys = fields.require("file", found).and_then(|it| api_keys::read(it, resolve, found));
    fields.finish(found);
    if let Some(why) = header.as_deref().and_then(taken) {
        let error = node.error("contradiction", why);
        found.push(error.help("give keys a header of their own, as `x-api-key`"));
    }
    let (header, keys) = (header?, keys?);
    Some(ApiKeyHeader { header, keys })
}

/// Why no key can stand in a header.
fn taken(header: &str) -> Option<String> {
    match header {
        "authorization" | "cookie" => Some(format!("`{header}` is where tokens come from")),
        it if SENT_BY_ANYONE.contains(&it) => Some(format!("clients write `{header}` anyway")),
        _ => None,
    }
}

/// A header of a client's that we read.
fn header_name(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let name = scalar::text(node, found)?.to_ascii_lowercase();
    let is_token = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^`|~".contains(&it);
    if !name.bytes().all(is_token) {
        let error = node.error("not-a-header", format!("`{name}` is no header name"));
        found.push(error.help("letters, digits and `-`: servers confuse `_` with `-`"));
        return None;
    }
    Some(name.into())
}

fn told(node: &Node, http: &Http, found: &mut Diagnostics) -> Vec<Told> {
    let Value::Mapping(entries) = &node.value else {
        let message = format!("expected a mapping, found {}", node.describe());
        let help = "write `{ x-user-id: claims.sub }`";
        found.push(node.error("wrong-shape", message).help(help));
        return Vec::new();
    };
    let mut all: Vec<Told> = Vec::new();
    for (key, value) in entries {
        let Some(header) = header_name(key, found) else { continue };
        let why = why_not_told(&header).or_else(|| {
            if http.forward_headers.contains(&header) {
                return Some("`http.forward_headers` lets clients write it");
            }
            let is_proof = http.csrf_header.contains(&header);
            is_proof.then_some("`http.csrf_header` lets clients write it")
        });
        if let Some(why) = why {
            let message = format!("header `{header}` cannot tell anything: {why}");
            found.push(key.error("header-not-forwardable", message));
        } else if all.iter().any(|it| it.header == header) {
            found.push(key.error("duplicate-key", format!("key `{header}` is there twice")));
        } else if let Some(claim) = read_claim(value, found) {
            all.push(Told { header, claim });
        }
    }
    all
}

fn read_claim(node: &Node, found: &mut Diagnostics) -> Option<Vec<Box<str>>> {
    let text = scalar::text(node, found)?;
    let path = claim::parse(text);
    if path.is_none() {
        let message = format!("expected a claim such as `claims.sub`, found `{text}`");
        let help =
            "a name that is no word stands in brackets: `claims[\"https://shop.example/id\"]`";
        found.push(node.error("not-a-claim", message).help(help));
    }
    path
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{codes, compile};

    const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n";
    const JWT: &str =
        "issuer: https://id.example, audience: a, keys: { url: 'https://id.example/k' }";

    #[track_caller]
    fn check(identity: &str, expect: &[&str]) {
        assert_eq!(codes(&format!("{HEAD}identity: {identity}\n")), expect, "{identity}");
    }

    #[test]
    fn the_block_of_the_design_is_read() {
        let text = format!(
            "{HEAD}identity:\n  jwt: {{ {JWT}, max_age: 24h }}\n  client_label: Client-Name\n  \
             forward: {{ X-User-Id: claims.sub, x-user-roles: claims.realm_access.roles }}\n"
        );
        let (policy, found) = compile(&text, None);
        let credentials = policy.unwrap_or_else(|| panic!("{found:?}")).credentials;
        assert_eq!(credentials.client_label.as_deref(), Some("client-name"));
        let told: Vec<_> =
            credentials.forward.iter().map(|it| (&*it.header, it.claim.join("/"))).collect();
        let expect =
            [("x-user-id", "sub".to_owned()), ("x-user-roles", "realm_access/roles".to_owned())];
        assert_eq!(told, expect);
        assert!(found.is_empty());
    }

    #[test]
    fn what_the_upstream_is_told_is_written_by_nobody_else() {
        let forward = |name: &str, claim: &str| {
            format!("{{ jwt: {{ {JWT} }}, forward: {{ {name}: {claim} }} }}")
        };
        check(&forward("x-user", "claims.sub"), &[]);
        check(&forward("x-user", "'claims[\"https://shop.example/id\"]'"), &[]);
        for name in ["authorization", "host", "connection", "x-forwarded-for", "content-length"] {
            check(&forward(name, "claims.sub"), &["header-not-forwardable"]);
        }
        check(&forward("x_user", "claims.sub"), &["not-a-header"]);
        for claim in ["sub", "claims", "claims.", "claims.a b", "claims..a", "args.a"] {
            check(&forward("x-user", claim), &["not-a-claim"]);
        }
        check(&format!("{{ jwt: {{ {JWT} }}, forward: x }}"), &["wrong-shape"]);
        check("{ forward: { x-user: claims.sub } }", &["idle-setting"]);
    }

    #[test]
    fn what_clients_write_tells_nothing() {
        let identity =
            format!("identity: {{ jwt: {{ {JWT} }}, forward: {{ x-a: claims.sub }} }}\n");
        for list in ["forward_headers: [x-a]", "csrf_header: [x-b, X-A]"] {
            let text = format!("{HEAD}http: {{ {list} }}\n{identity}");
            assert_eq!(codes(&text), ["header-not-forwardable"], "{list}");
        }
    }

    #[test]
    fn other_mistakes() {
        check("{ jwks: a }", &["unknown-key"]);
        check("{ api_keys: { header: x-api-key } }", &["missing-key"]);
        check(
            "{ api_keys: { header: 'a b', file: missing.graphql } }",
            &["not-a-header", "unreadable-file"],
        );
        for header in ["Authorization", "cookie", "Content-Type", "host", "user-agent"] {
            let text = format!("{{ api_keys: {{ header: {header}, file: missing.graphql }} }}");
            check(&text, &["contradiction", "unreadable-file"]);
        }
        check("{ client_label: a_b }", &["not-a-header"]);
        check("{ client_label: Authorization }", &["contradiction"]);
    }
}
