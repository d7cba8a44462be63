//! Which headers go to the upstream, and which of its headers come back.
//!
//! Requests: an allow-list. Responses: everything that is meant for the far end.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{
        ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
    },
};

use crate::{
    policy::why_not_forwarded,
    transport::{Incremental, Media, take_away},
};

/// The headers that a policy lets pass, in a form that is cheap to use.
#[derive(Debug)]
pub struct HeaderRules {
    allowed: Vec<HeaderName>,
}

/// What a request is forwarded with, besides its body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'h> {
    /// The client's headers.
    pub client: &'h HeaderMap,
    /// Which of them pass.
    pub rules: &'h HeaderRules,
    /// The type of answer to ask for.
    pub media: Media,
    /// In which parts it may come besides.
    pub incremental: Option<Incremental>,
    /// Where the request comes from.
    pub address: IpAddr,
    /// What the upstream is told of the caller, instead of the client's own word.
    pub told: &'h [(HeaderName, HeaderValue)],
    /// What the client speaks.
    pub version: Version,
    /// Our place in a trace; none: the client's, where the policy lets it pass.
    pub trace: Option<&'h Trace>,
}

/// The place in a trace that the upstream is told.
#[derive(Clone, Debug)]
pub struct Trace {
    /// `traceparent`.
    pub parent: HeaderValue,
    /// Whether the trace is the client's, so that its `tracestate` belongs to it.
    pub is_theirs: bool,
}

impl HeaderRules {
    /// From `http.forward_headers`. Names that never pass are left out, whoever listed them.
    #[must_use]
    pub fn new(names: &[Box<str>]) -> Self {
        let names = names.iter().filter_map(|it| HeaderName::from_bytes(it.as_bytes()).ok());
        Self { allowed: names.filter(|it| why_not_forwarded(it.as_str()).is_none()).collect() }
    }
}

impl Head<'_> {
    /// The headers of the request to the upstream, with the address as it is written there;
    /// `Content-Length` is added with the body.
    pub(super) fn write(&self, host: HeaderValue, address: Option<HeaderValue>) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(HOST, host);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let accept = self.incremental.map_or(self.media.accept(), |it| it.accept(self.media));
        headers.insert(ACCEPT, accept);
        // RFC 9110 §12.5.3: without it, any coding may come, and we read none.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(address) = address {
            headers.insert(X_FORWARDED_FOR, address);
        }
        headers.insert(VIA, via(self.version));
        let dropped = nominated(self.client);
        for (name, value) in self.client {
            if self.rules.allowed.contains(name) && !dropped.contains(name) {
                headers.append(name, value.clone());
            }
        }
        if let Some(whole) = whole_cookie(&headers) {
            headers.insert(COOKIE, whole);
        }
        for (name, value) in self.told {
            headers.insert(name, value.clone());
        }
        if let Some(trace) = self.trace {
            headers.insert(TRACEPARENT, trace.parent.clone());
            if !trace.is_theirs {
                headers.remove(TRACESTATE);
            }
        }
        headers
    }
}

/// RFC 9113 §8.2.3: a cookie that a client has split over HTTP/2 is one for whoever does not speak
/// that. Nothing when it is in one piece.
fn whole_cookie(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get_all(COOKIE).iter().nth(1)?;
    let pieces: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    HeaderValue::from_bytes(&pieces.join(&b"; "[..])).ok()
}

/// Adds what the client has shown with files; what stands there already is ours, and what never
/// passes does not pass as a proof, nor what `Connection` names.
pub(super) fn add_proofs(
    headers: &mut HeaderMap,
    client: &HeaderMap,
    proofs: Vec<(HeaderName, HeaderValue)>,
) {
    if proofs.is_empty() {
        return;
    }
    let dropped = nominated(client);
    for (name, value) in proofs.into_iter().filter(|(name, _)| !dropped.contains(name)) {
        if !headers.contains_key(&name) && why_not_forwarded(name.as_str()).is_none() {
            headers.insert(name, value);
        }
    }
}

/// An address as `X-Forwarded-For` has it; there is none that it could not have.
pub(super) fn written_address(address: IpAddr) -> Option<HeaderValue> {
    HeaderValue::try_from(address.to_string()).ok()
}

/// RFC 9110 §7.6.3: what the client spoke, and a name for us that is no address.
const fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 portcullis",
        Version::HTTP_2 => "2 portcullis",
        _ => "1.1 portcullis",
    })
}

/// Takes out of an answer what was meant for the connection to us.
pub(super) fn clean_answer(headers: &mut HeaderMap) {
    // RFC 9112 §6.3: chunks tell the length, whatever is said beside them.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    take_away(headers, &nominated(headers));
    take_away(headers, &HOP_BY_HOP);
}

/// What `Connection` names: RFC 9110 §7.6.1, not to be forwarded.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|it| it.to_str().ok());
    values
        .flat_map(|it| it.split(','))
        .map(str::trim)
        .filter(|it| !it.eq_ignore_ascii_case("close") && !it.eq_ignore_ascii_case("keep-alive"))
        .filter_map(|it| HeaderName::from_bytes(it.as_bytes()).ok())
        .collect()
}

/// Meant for one connection only.
static HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The client's address, as we know it.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn list(headers: &HeaderMap) -> Vec<String> {
        headers.iter().map(|(name, it)| format!("{name}: {}", it.to_str().unwrap())).collect()
    }

    fn address() -> Option<HeaderValue> {
        Some(HeaderValue::from_static("192.0.2.1"))
    }

    fn check_request(allowed: &[&str], client: &[(&str, &str)], expect: &[&str]) {
        let names: Vec<Box<str>> = allowed.iter().map(|it| (*it).into()).collect();
        let rules = HeaderRules::new(&names);
        let head = Head {
            client: &map(client),
            rules: &rules,
            media: Media::Json,
            incremental: None,
            address: [192, 0, 2, 1].into(),
            told: &[],
            version: Version::HTTP_11,
            trace: None,
        };
        let got = list(&head.write(HeaderValue::from_static("up"), address()));
        let ours = [
            "host: up",
            "content-type: application/json",
            "accept: application/json",
            "accept-encoding: identity",
            "x-forwarded-for: 192.0.2.1",
            "via: 1.1 portcullis",
        ];
        assert_eq!(got, [&ours, expect].concat());
    }

    #[test]
    fn only_listed_headers_pass() {
        check_request(
            &["authorization", "x-a"],
            &[("Authorization", "t"), ("cookie", "c"), ("x-a", "1"), ("x-a", "2")],
            &["authorization: t", "x-a: 1", "x-a: 2"],
        );
    }

    #[test]
    fn a_cookie_in_pieces_is_put_together() {
        let pieces = [("cookie", "a=1"), ("cookie", "b=2"), ("x-a", "1")];
        check_request(&["cookie", "x-a"], &pieces, &["cookie: a=1; b=2", "x-a: 1"]);
        check_request(&["cookie"], &pieces[..1], &["cookie: a=1"]);
        check_request(&["x-a"], &pieces, &["x-a: 1"]);
    }

    #[test]
    fn some_headers_never_pass() {
        let never = [
            "host",
            "content-length",
            "transfer-encoding",
            "x_a",
            "te",
            "accept",
            "bad name",
            "x-user-id",
            "x-forwarded-for",
            "via",
        ];
        let client = [
            ("host", "evil"),
            ("content-length", "1"),
            ("transfer-encoding", "chunked"),
            ("x_a", "1"),
            ("te", "trailers"),
            ("accept", "text/html"),
            ("x-user-id", "u-1"),
            ("x-forwarded-for", "6.6.6.6"),
            ("via", "1.1 elsewhere"),
        ];
        check_request(&never, &client, &[]);
    }

    #[test]
    fn connection_drops_the_clients_own_headers_but_none_of_ours() {
        check_request(
            &["authorization", "x-a"],
            &[
                ("connection", "Keep-Alive, X-A, host, content-type, x-forwarded-for, via"),
                ("x-a", "1"),
                ("authorization", "t"),
            ],
            &["authorization: t"],
        );
    }

    #[test]
    fn a_proof_stands_in_for_nothing_of_ours() {
        let mut headers = map(&[("via", "1.1 portcullis"), ("x-tenant", "ours")]);
        let client = map(&[
            ("via", "1.1 evil"),
            ("x-tenant", "theirs"),
            ("x-user-id", "u-1"),
            ("content-length", "1"),
            ("x-portcullis-signature", "s"),
            ("x-shop-preflight", "1"),
        ]);
        let proofs = client.iter().map(|(name, it)| (name.clone(), it.clone()));
        let named = map(&[("connection", "x-b"), ("x-b", "1")]);
        let proofs = proofs.chain([("x-b".parse().unwrap(), HeaderValue::from_static("1"))]);
        add_proofs(&mut headers, &named, proofs.collect());
        let expect = ["via: 1.1 portcullis", "x-tenant: ours", "x-shop-preflight: 1"];
        assert_eq!(list(&headers), expect);
    }

    fn check_trace(is_theirs: bool, expect: &[&str]) {
        let rules = HeaderRules::new(&["traceparent".into(), "tracestate".into()]);
        let trace = Trace { parent: HeaderValue::from_static("ours"), is_theirs };
        let head = Head {
            client: &map(&[("traceparent", "theirs"), ("tracestate", "a=1")]),
            rules: &rules,
            media: Media::Json,
            incremental: None,
            address: [192, 0, 2, 1].into(),
            told: &[],
            version: Version::HTTP_11,
            trace: Some(&trace),
        };
        let got = list(&head.write(HeaderValue::from_static("up"), address()));
        let got: Vec<_> = got.into_iter().filter(|it| it.starts_with("trace")).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn our_place_in_a_trace_stands_in_for_the_clients() {
        check_trace(true, &["traceparent: ours", "tracestate: a=1"]);
        check_trace(false, &["traceparent: ours"]);
    }

    #[test]
    fn an_answer_keeps_what_is_meant_for_the_client() {
        let mut headers = map(&[
            ("connection", "x-b"),
            ("x-b", "1"),
            ("keep-alive", "timeout=5"),
            ("server", "s"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/json"),
            ("set-cookie", "a"),
            ("set-cookie", "b"),
        ]);
        clean_answer(&mut headers);
        let expect =
            ["server: s", "content-type: application/json", "set-cookie: a", "set-cookie: b"];
        let mut got = list(&headers);
        got.sort();
        let mut expect = expect.map(String::from);
        expect.sort();
        assert_eq!(got, expect);
    }
}
