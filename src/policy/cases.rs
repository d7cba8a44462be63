//! Cases: requests with the verdicts that a policy must give them, in a file beside the policy.
//!
//! Only reads them; the verb `test` runs them.

use std::{net::IpAddr, sync::Arc};

use serde_json::{Map, Value as Json, json};

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Source},
    identity::Method,
    verdict::Code,
    yaml::{self, Fields, Node, scalar, shape},
};

/// A file of cases that a policy lists under `tests`.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// Its name, relative to the policy.
    pub name: Box<str>,
    place: Node,
}

impl CaseFile {
    /// A complaint about the file, where the policy names it.
    #[must_use]
    pub fn complaint(&self, code: &'static str, message: String) -> Diagnostic {
        self.place.error(code, message)
    }
}

/// Reads the list `tests` of a policy; the files themselves are not looked at.
pub(super) fn case_files(node: &Node, found: &mut Diagnostics) -> Vec<CaseFile> {
    let names = shape::placed_names(node, found).into_iter();
    names.map(|(name, it)| CaseFile { name: name.into(), place: it.clone() }).collect()
}

/// The files of cases that a policy lists, whatever else is wrong with it.
#[must_use]
pub fn listed_cases(policy: &Arc<Source>) -> Vec<CaseFile> {
    let mut ignored = Diagnostics::default();
    let (Some(root), _) = yaml::read(policy) else { return Vec::new() };
    let yaml::Value::Mapping(entries) = &root.value else { return Vec::new() };
    let listed = entries.iter().find(|(key, _)| key.as_text() == Some("tests"));
    listed.map(|(_, it)| case_files(it, &mut ignored)).unwrap_or_default()
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: Box<str>,
    /// The body of the request, as a client would send it.
    pub body: Json,
    /// Who sends it.
    pub who: Who,
    /// How it comes; POST when the case does not say.
    pub method: Method,
    /// The address of the client.
    pub ip: Option<IpAddr>,
    /// What must come of it.
    pub expect: Expected,
    place: Node,
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody in particular.
    Anonymous,
    /// Someone with these verified claims.
    Claims(Map<String, Json>),
    /// Whoever this token is of.
    Token(Box<str>),
}

/// What must come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The verdict.
    pub verdict: Expect,
    /// Codes that the client must be told; other ones may be there, too.
    pub codes: Vec<Code>,
    /// The cost, when it matters.
    pub cost: Option<u64>,
}

/// The verdict of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It is forwarded, or answered.
    Admit,
    /// It is refused.
    Refuse,
}

impl Case {
    /// A complaint about the case, at its place in the file.
    #[must_use]
    pub fn complaint(&self, message: String) -> Diagnostic {
        self.place.error("failed-case", message)
    }
}

/// Reads the cases of a file; adds every mistake.
pub fn cases(source: &Arc<Source>, found: &mut Diagnostics) -> Vec<Case> {
    let (root, mistakes) = yaml::read(source);
    found.extend(mistakes);
    let Some(root) = root else { return Vec::new() };
    let mut fields = Fields::of(&root, "", found);
    let items = fields.require("cases", found);
    fields.finish(found);
    let items = items.map(|it| shape::list(it, found)).unwrap_or_default();
    let mut cases: Vec<Case> = Vec::new();
    for item in items {
        let Some(case) = case(item, found) else { continue };
        if cases.iter().any(|it| it.name == case.name) {
            let message = format!("there is a case `{}` already", case.name);
            found.push(item.error("duplicate-case", message));
        }
        cases.push(case);
    }
    cases
}

fn case(node: &Node, found: &mut Diagnostics) -> Option<Case> {
    let mut fields = Fields::of(node, "cases", found);
    let name_node = fields.require("name", found);
    let name = name_node.and_then(|it| scalar::text(it, found));
    let body = body(&mut fields, found);
    let who = who(&mut fields, found);
    let method = fields.take("method", found).and_then(|it| scalar::word(it, &METHODS, found));
    let ip = fields.take("ip", found).and_then(|it| address(it, found));
    let expect = fields.require("expect", found).and_then(|it| expected(it, found));
    fields.finish(found);
    Some(Case {
        name: name?.into(),
        body: body?,
        who,
        method: method.unwrap_or_default(),
        ip,
        expect: expect?,
        place: name_node?.clone(),
    })
}

/// Either one request in the case itself, or a `batch` of them.
fn body(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Json> {
    let Some(batch) = fields.take("batch", found) else { return request(fields, found) };
    for key in ["document", "id", "operation", "variables"] {
        if let Some(node) = fields.take_key(key) {
            let error = node.error("wrong-place", format!("`{key}` stands beside `batch`"));
            found.push(error.help("put it into one of the items of `batch`"));
        }
    }
    let mut items = Vec::new();
    for item in shape::list(batch, found) {
        let mut fields = Fields::of(item, "batch", found);
        items.extend(request(&mut fields, found));
        fields.finish(found);
    }
    Some(Json::Array(items))
}

fn request(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Option<Json> {
    let is_told = called_otherwise(fields, found);
    let id = fields.take("id", found).and_then(|it| scalar::text(it, found));
    let document = match id {
        None if !is_told => fields.require("document", found),
        None | Some(_) => fields.take("document", found),
    };
    let document = document.and_then(|it| scalar::text(it, found));
    let variables = fields.take("variables", found).map(Node::to_json);
    let operation = fields.take("operation", found).and_then(|it| scalar::text(it, found));
    id.or(document)?;
    let mut body = json!({});
    if let Json::Object(members) = &mut body {
        members.extend(document.map(|it| ("query".to_owned(), it.into())));
        members.extend(id.map(|it| ("documentId".to_owned(), it.into())));
        members.extend(variables.map(|it| ("variables".to_owned(), it)));
        members.extend(operation.map(|it| ("operationName".to_owned(), it.into())));
    }
    Some(body)
}

/// Adds what a request over the wire, and others' files of cases, call otherwise; true when
/// something was added.
fn called_otherwise(fields: &mut Fields<'_>, found: &mut Diagnostics) -> bool {
    let mut is_one_told = false;
    for (key, help) in OTHER_NAMES {
        if let Some(node) = fields.take_key(key) {
            found.push(node.error("unknown-key", format!("unknown key `{key}`")).help(*help));
            is_one_told = true;
        }
    }
    is_one_told
}

const OTHER_NAMES: &[(&str, &str)] = &[
    ("documentId", "a trusted document is asked for by `id`"),
    ("file", "write the document itself under `document`; one that is listed is asked for by `id`"),
    ("operationName", "write `operation`"),
    ("query", "write `document`"),
];

fn who(fields: &mut Fields<'_>, found: &mut Diagnostics) -> Who {
    let claims = fields.take("claims", found);
    let token = fields.take_with_key("token", found);
    match (claims, token) {
        (None, None) => Who::Anonymous,
        (Some(claims), None) => match claims.to_json() {
            Json::Object(claims) => Who::Claims(claims),
            _ => {
                let message = format!("expected a mapping, found {}", claims.describe());
                found.push(claims.error("wrong-shape", message));
                Who::Anonymous
            }
        },
        (None, Some((_, token))) => {
            scalar::text(token, found).map_or(Who::Anonymous, |it| Who::Token(it.into()))
        }
        (Some(_), Some((key, _))) => {
            found.push(key.error("two-identities", "a case has claims or a token, not both"));
            Who::Anonymous
        }
    }
}

fn address(node: &Node, found: &mut Diagnostics) -> Option<IpAddr> {
    let address = scalar::text(node, found)?.parse().ok();
    if address.is_none() {
        found.push(node.error("not-an-address", format!("{} is no IP address", node.describe())));
    }
    address
}

/// `admit`, `refuse`, or `{ refuse: [FORBIDDEN] }`, or `{ admit: { cost: 12 } }`.
fn expected(node: &Node, found: &mut Diagnostics) -> Option<Expected> {
    const WORDS: &[(&str, Expect)] = &[("admit", Expect::Admit), ("refuse", Expect::Refuse)];
    if !matches!(node.value, yaml::Value::Mapping(_)) {
        let verdict = scalar::word(node, WORDS, found)?;
        return Some(Expected { verdict, codes: Vec::new(), cost: None });
    }
    let mut fields = Fields::of(node, "expect", found);
    let refuse = fields.take("refuse", found);
    let admit = fields.take("admit", found);
    fields.finish(found);
    match (refuse, admit) {
        (Some(codes), None) => {
            let codes = codes_of(codes, found);
            Some(Expected { verdict: Expect::Refuse, codes, cost: None })
        }
        (None, Some(admit)) => {
            let mut fields = Fields::of(admit, "admit", found);
            let cost = fields.require("cost", found);
            fields.finish(found);
            let cost = cost.and_then(|it| scalar::number(it, 0..=u64::MAX, found));
            Some(Expected { verdict: Expect::Admit, codes: Vec::new(), cost })
        }
        (None, None) | (Some(_), Some(_)) => {
            found.push(node.error("wrong-shape", "expected either `admit` or `refuse`"));
            None
        }
    }
}

fn codes_of(node: &Node, found: &mut Diagnostics) -> Vec<Code> {
    let texts = match &node.value {
        yaml::Value::Sequence(_) => shape::placed_names(node, found),
        yaml::Value::Mapping(_) | yaml::Value::Scalar { .. } => {
            scalar::text(node, found).map(|it| (it, node)).into_iter().collect()
        }
    };
    let mut codes = Vec::new();
    for (text, node) in texts {
        match Code::ALL.iter().find(|it| it.as_str() == text) {
            Some(code) => codes.push(*code),
            None => {
                let error = node.error("unknown-code", format!("there is no code `{text}`"));
                found.push(error.did_you_mean(text, Code::ALL.iter().map(|it| it.as_str())));
            }
        }
    }
    codes
}

const METHODS: [(&str, Method); 2] = [("get", Method::Get), ("post", Method::Post)];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use crate::{
        diagnostic::{Diagnostics, Source},
        identity::Method,
        policy::cases::{Case, Expect, Who, cases},
    };

    fn read(text: &str) -> (Vec<Case>, Vec<&'static str>) {
        let mut found = Diagnostics::default();
        let source = Arc::new(Source { name: "t".into(), text: text.into() });
        let cases = cases(&source, &mut found);
        (cases, found.iter().map(|it| it.code).collect())
    }

    #[test]
    fn a_case_is_a_request_and_a_verdict() {
        let text = "cases:\n  - name: a\n    document: '{ a }'\n    variables: { n: 1 }\n    \
                    claims: { sub: '7' }\n    ip: 10.0.0.1\n    expect: { refuse: FORBIDDEN }\n  \
                    - { name: b, batch: [{ document: '{ b }' }], expect: { admit: { cost: 3 } } }";
        let (cases, found) = read(text);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(cases[0].body, json!({ "query": "{ a }", "variables": { "n": 1 } }));
        assert_eq!(cases[0].who, Who::Claims(json!({ "sub": "7" }).as_object().unwrap().clone()));
        assert_eq!(cases[0].expect.verdict, Expect::Refuse);
        assert_eq!(cases[1].body, json!([{ "query": "{ b }" }]));
        assert_eq!(cases[1].expect.cost, Some(3));
    }

    #[test]
    fn a_document_can_be_asked_for_by_id() {
        let text = "cases: [{ name: a, id: x-1, method: get, expect: admit }]";
        let (cases, found) = read(text);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(cases[0].body, json!({ "documentId": "x-1" }));
        assert_eq!(cases[0].method, Method::Get);
        assert_eq!(
            read("cases: [{ name: a, id: x, method: put, expect: admit }]").1,
            ["unknown-word"]
        );
    }

    #[test]
    fn what_others_call_otherwise_is_told() {
        let help = |rest: &str| {
            let text = format!("cases: [{{ name: a, expect: admit, {rest} }}]");
            let source = Arc::new(Source { name: "t".into(), text: text.into() });
            let mut found = Diagnostics::default();
            cases(&source, &mut found);
            let all = found.iter().map(|it| it.help.clone().unwrap_or_default());
            all.collect::<Vec<_>>().join("; ")
        };
        assert_eq!(help("document: '{ a }', operationName: A"), "write `operation`");
        assert_eq!(help("query: '{ a }'"), "write `document`");
        assert_eq!(help("documentId: x"), "a trusted document is asked for by `id`");
        assert_eq!(help("batch: [{ query: '{ a }' }]"), "write `document`");
        let both = "id: x, batch: [{ document: '{ a }' }]";
        assert_eq!(help(both), "put it into one of the items of `batch`");
        assert!(help("file: a.graphql").contains("under `document`"));
        assert_eq!(help("document: '{ a }', operation: A"), "");
    }

    #[test]
    fn every_mistake_is_told() {
        let one =
            |rest: &str| read(&format!("cases: [{{ name: a, document: '{{ a }}', {rest} }}]")).1;
        assert_eq!(one("expect: pass"), ["unknown-word"]);
        assert_eq!(one("expect: { refuse: FORBIDEN }"), ["unknown-code"]);
        assert_eq!(one("expect: { refuse: FORBIDDEN, admit: { cost: 1 } }"), ["wrong-shape"]);
        assert_eq!(one("expect: admit, claims: 1"), ["wrong-shape"]);
        assert_eq!(one("expect: admit, claims: {}, token: x"), ["two-identities"]);
        assert_eq!(one("expect: admit, ip: here"), ["not-an-address"]);
        assert_eq!(one("expect: admit, polisy: x"), ["unknown-key"]);
        let twice = "{ name: a, document: '{ a }', expect: admit }";
        assert_eq!(read(&format!("cases: [{twice}, {twice}]")).1, ["duplicate-case"]);
        assert_eq!(read("cases: [{ name: a, expect: admit }]").1, ["missing-key"]);
    }
}
