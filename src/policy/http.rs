//! `http`: how requests are framed, and what of them goes on to the upstream.
//!
//! Does not say where to listen or whom to ask: that is config.

use std::num::NonZeroU32;

use crate::{
    diagnostic::Diagnostics,
    policy::{Uploads, WebSocket, csrf_header, forward_headers, origins, uploads, websocket},
    yaml::{Fields, Node, scalar, shape},
};

/// How requests are framed, and what of them goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The path of the endpoint; `/graphql`.
    pub path: Box<str>,
    /// Items of a batch; 1, which is one object or an array of one.
    pub batch: NonZeroU32,
    /// `limits.body`: bytes of a request's body; 100 KiB.
    pub body: u64,
    /// What becomes of members of the request object that GraphQL over HTTP does not name.
    pub unknown_keys: UnknownKeys,
    /// The members of `extensions` that are read; `persistedQuery`.
    pub extensions: Vec<Box<str>>,
    /// The members of `extensions` that go on; none.
    pub forward_extensions: Vec<Box<str>>,
    /// The headers that go on, lower case.
    pub forward_headers: Vec<Box<str>>,
    /// The origins whose web pages may ask; `None`: what browsers hold back, and no other.
    pub origins: Option<Vec<Box<str>>>,
    /// Which operations may come by GET: queries at the most.
    pub get: Get,
    /// The headers of which a request needs one when a page of another site could have sent it
    /// without asking; lower case.
    pub csrf_header: Vec<Box<str>>,
    /// What may come with files; `None`: nothing.
    pub uploads: Option<Uploads>,
    /// What may come over WebSocket; `None`: nothing.
    pub websocket: Option<WebSocket>,
    /// Which HTTP status a refusal has.
    pub status: Status,
    /// Whether a refusal names rule and figures.
    pub explain_refusals: ExplainRefusals,
}

/// What becomes of members of the request object that GraphQL over HTTP does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownKeys {
    /// They do not go on. The default, since clients of the wild send such members.
    #[default]
    Drop,
    /// The request is refused.
    Reject,
}

/// Which operations may come by GET.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Get {
    /// None.
    Off,
    /// Queries.
    On,
    /// Queries that are asked for by the id of a trusted document.
    #[default]
    Trusted,
}

impl Get {
    /// Where no document is trusted.
    pub(super) const fn without_manifests(self) -> Self {
        match self {
            Self::On => Self::On,
            Self::Off | Self::Trusted => Self::Off,
        }
    }
}

/// Which HTTP status a refusal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// 200, as servers before GraphQL over HTTP.
    Always200,
    /// 400 for every refusal, as the audit suite of GraphQL over HTTP likes it.
    Audit400,
    /// As the draft of 2026 has it: 400, 401, 403, 413, 415, 422, 429.
    #[default]
    Draft2026,
}

/// Whether a refusal names rule and figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplainRefusals {
    /// Only the code: figures tell an attacker how far he may go.
    #[default]
    Off,
    /// Rule and figures; for internal clients and development.
    On,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            path: "/graphql".into(),
            batch: NonZeroU32::MIN,
            body: BODY,
            unknown_keys: UnknownKeys::default(),
            extensions: vec!["persistedQuery".into()],
            forward_extensions: Vec::new(),
            forward_headers: forward_headers::DEFAULT.iter().map(|it| (*it).into()).collect(),
            origins: None,
            get: Get::default(),
            csrf_header: csrf_header::DEFAULT.iter().map(|it| (*it).into()).collect(),
            uploads: None,
            websocket: None,
            status: Status::default(),
            explain_refusals: ExplainRefusals::default(),
        }
    }
}

/// Reads the block; what is not written or wrong has its default.
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Http {
    let mut http = Http::default();
    let mut fields = Fields::of(node, "http", found);
    // Compressed bodies are refused, whatever it says: that is what it says.
    if let Some(node) = fields.take("request_encoding", found) {
        let _refused = scalar::word(node, &[("refuse", ())], found);
    }
    if let Some(path) = fields.take("path", found).and_then(|it| path(it, found)) {
        http.path = path;
    }
    if let Some(batch) = fields.take("batch", found).and_then(|it| batch(it, found)) {
        http.batch = batch;
    }
    if let Some(node) = fields.take("unknown_keys", found) {
        let words = [("drop", UnknownKeys::Drop), ("reject", UnknownKeys::Reject)];
        http.unknown_keys = scalar::word(node, &words, found).unwrap_or_default();
    }
    extensions(&mut http, &mut fields, found);
    let forward_headers = fields.take("forward_headers", found);
    if let Some(node) = forward_headers {
        http.forward_headers = forward_headers::read(node, found);
    }
    if let Some(node) = fields.take("origins", found) {
        http.origins = Some(origins::read(node, found));
    }
    if let Some(node) = fields.take("get", found) {
        http.get = scalar::word(node, &GET_WORDS, found).unwrap_or_default();
    }
    if let Some(node) = fields.take("csrf_header", found) {
        http.csrf_header = csrf_header::read(node, found);
    }
    http.uploads = fields.take("uploads", found).and_then(|it| uploads::read(it, found));
    http.websocket = fields.take("websocket", found).map(|it| websocket::read(it, found));
    if let Some(node) = forward_headers.filter(|_| http.shows_cookies_to_pages()) {
        let message = "pages of every origin can open a socket with a visitor's cookie";
        let warning = node.warning("cookie-without-origins", message);
        found.push(warning.help("set `http.origins`, too; until then only pages of our own may"));
    }
    refusals(&mut http, &mut fields, found);
    fields.finish(found);
    http
}

/// How refusals look.
fn refusals(http: &mut Http, fields: &mut Fields<'_>, found: &mut Diagnostics) {
    if let Some(node) = fields.take("status", found) {
        http.status = scalar::word(node, &STATUS_WORDS, found).unwrap_or_default();
    }
    if let Some(node) = fields.take("explain_refusals", found) {
        let is_on = scalar::boolean(node, found) == Some(true);
        http.explain_refusals = if is_on { ExplainRefusals::On } else { ExplainRefusals::Off };
    }
}

impl Http {
    /// Whether a header of the client goes on.
    #[must_use]
    pub fn forwards(&self, name: &str) -> bool {
        self.forward_headers.iter().any(|it| **it == *name)
    }

    /// Whether a page that nobody lists could open a socket with a visitor's cookie.
    fn shows_cookies_to_pages(&self) -> bool {
        self.websocket.is_some() && self.origins.is_none() && self.forwards("cookie")
    }
}

/// Reads `limits.body`. There is no `off`: something must bound what is read.
pub(super) fn read_body(node: &Node, found: &mut Diagnostics) -> Option<u64> {
    if node.as_text() == Some("off") {
        let error = node.error("cannot-be-off", "`limits.body` cannot be off");
        found.push(error.help("every body is held in memory; the most is `16MiB`"));
        return None;
    }
    scalar::bytes(node, 1..=MAX_BODY, found)
}

fn path(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let path = scalar::text(node, found)?;
    let error = if !path.starts_with('/') {
        node.error("bad-path", "a path begins with `/`").help(format!("write `/{path}`"))
    } else if !path.bytes().all(|it| it.is_ascii_graphic()) || path.contains(['?', '#', '%']) {
        node.error("bad-path", "a path has no spaces, `?`, `#` or `%`")
    } else {
        return Some(path.into());
    };
    found.push(error);
    None
}

fn batch(node: &Node, found: &mut Diagnostics) -> Option<NonZeroU32> {
    let number = scalar::number(node, 1..=MAX_BATCH, found)?;
    NonZeroU32::new(u32::try_from(number).ok()?)
}

fn extensions(http: &mut Http, fields: &mut Fields<'_>, found: &mut Diagnostics) {
    if let Some(node) = fields.take("extensions", found) {
        http.extensions = shape::names(node, found).into_iter().map(Into::into).collect();
    }
    let Some(node) = fields.take("forward_extensions", found) else { return };
    for (name, node) in shape::placed_names(node, found) {
        if !http.extensions.iter().any(|it| &**it == name) {
            let message = format!("`{name}` is not read, so it cannot be forwarded");
            let error = node.error("unread-extension", message);
            found.push(error.help("list it in `http.extensions`, too"));
        }
        http.forward_extensions.push(name.into());
    }
}

/// The words of `get`.
pub(super) const GET_WORDS: [(&str, Get); 3] =
    [("off", Get::Off), ("trusted", Get::Trusted), ("on", Get::On)];

pub(super) const STATUS_WORDS: [(&str, Status); 3] = [
    ("draft-2026", Status::Draft2026),
    ("audit-400", Status::Audit400),
    ("always-200", Status::Always200),
];
pub(super) const MAX_BATCH: u64 = 100;
/// Three times the default document, with as many variables.
const BODY: u64 = 100 * 1024;
const MAX_BODY: u64 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        diagnostic::{Diagnostics, Source},
        policy::http::{ExplainRefusals, Get, Http, Status, UnknownKeys, read, read_body},
        yaml,
    };

    #[track_caller]
    fn check(text: &str, expect: &[&str]) -> Http {
        let (node, _) = yaml::read(&Arc::new(Source { name: "t".into(), text: text.into() }));
        let mut found = Diagnostics::default();
        let http = read(&node.unwrap(), &mut found);
        let found: Vec<_> = found.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
        assert_eq!(found, expect);
        http
    }

    #[test]
    fn defaults() {
        let http = check("{}", &[]);
        assert_eq!(http, Http::default());
        assert_eq!((&*http.path, http.batch.get(), http.body), ("/graphql", 1, 102_400));
        assert_eq!(http.status, Status::Draft2026);
        assert_eq!(http.unknown_keys, UnknownKeys::Drop);
        assert_eq!(http.explain_refusals, ExplainRefusals::Off);
        assert_eq!(http.extensions, [Box::<str>::from("persistedQuery")]);
        assert!(http.forward_extensions.is_empty());
    }

    #[test]
    fn every_key_is_read() {
        let http = check(
            "{path: /api, batch: 5, unknown_keys: reject, extensions: [a, b],
              forward_extensions: [b], forward_headers: [X-Tenant],
              origins: ['https://shop.example'], status: always-200,
              explain_refusals: true}",
            &[],
        );
        let expect = Http {
            path: "/api".into(),
            batch: 5.try_into().unwrap(),
            unknown_keys: UnknownKeys::Reject,
            extensions: vec!["a".into(), "b".into()],
            forward_extensions: vec!["b".into()],
            forward_headers: vec!["x-tenant".into()],
            origins: Some(vec!["https://shop.example".into()]),
            status: Status::Always200,
            explain_refusals: ExplainRefusals::On,
            ..Http::default()
        };
        assert_eq!(http, expect);
    }

    #[test]
    fn batches_have_both_ends() {
        assert_eq!(check("{batch: 100}", &[]).batch.get(), 100);
        check("{batch: 101}", &["out-of-range: `101` is too large: the most is 100"]);
        check("{batch: 0}", &["out-of-range: `0` is too small: the least is 1"]);
    }

    #[test]
    fn paths() {
        check("{path: graphql}", &["bad-path: a path begins with `/`"]);
        check("{path: /a?b}", &["bad-path: a path has no spaces, `?`, `#` or `%`"]);
    }

    #[test]
    fn a_forwarded_extension_must_be_read() {
        let expect = "unread-extension: `x` is not read, so it cannot be forwarded";
        check("{forward_extensions: [x]}", &[expect]);
    }

    #[test]
    fn compressed_bodies_can_only_be_refused() {
        check("{request_encoding: refuse}", &[]);
        check("{request_encoding: gzip}", &["unknown-word: expected `refuse`, found `gzip`"]);
    }

    #[test]
    fn get_and_its_header() {
        let http = check("{get: on, csrf_header: [X-Shop-Preflight]}", &[]);
        assert_eq!((http.get, &*http.csrf_header), (Get::On, &["x-shop-preflight".into()][..]));
        assert_eq!(check("{get: off}", &[]).get, Get::Off);
        check("{get: all}", &["unknown-word: expected `off`, `trusted` or `on`, found `all`"]);
    }

    #[test]
    fn a_body_is_bounded() {
        let check = |text: &str, expect: Option<u64>| {
            let text = format!("a: {text}").into();
            let (node, _) = yaml::read(&Arc::new(Source { name: "t".into(), text }));
            let yaml::Value::Mapping(entries) = node.unwrap().value else { panic!() };
            let mut found = Diagnostics::default();
            assert_eq!(read_body(&entries[0].1, &mut found), expect);
            assert_eq!(found.has_errors(), expect.is_none());
        };
        check("1B", Some(1));
        check("0B", None);
        check("16MiB", Some(16 << 20));
        check("17MiB", None);
        check("off", None);
    }
}
