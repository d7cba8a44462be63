//! Which resource a request is for, and on which server.

use http::{
    Method, Version,
    header::{HOST, HeaderMap, ORIGIN, UPGRADE},
    request::Parts,
};

use crate::{
    identity,
    policy::{Get, Http},
    transport::{get, origin, percent, shown},
    verdict::{Code, Violation, ids},
};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// An operation, in the parameters of the URL.
    Get,
    /// An operation, in the body.
    Operation,
    /// A browser's question whether a page may ask.
    Preflight,
    /// A handshake, as far as the policy knows WebSocket.
    WebSocket,
}

/// Checks that a request is for the GraphQL endpoint, by path, origin, method and query string.
///
/// # Errors
/// `INVALID_HTTP`, `NOT_FOUND`, `ORIGIN_NOT_ALLOWED`, `METHOD_NOT_ALLOWED`, `INVALID_REQUEST`,
/// `CSRF_HEADER_REQUIRED`.
pub fn route(head: &Parts, http: &Http) -> Result<Route, Violation> {
    one_server(head)?;
    if head.uri.path() != &*http.path {
        // Which other path is not told: what clients write into one may be a secret.
        let detail = format!("not `{}`, which is `http.path`", http.path);
        let nothing = Violation::new(ids::PATH, Code::NOT_FOUND, "there is nothing here");
        return Err(nothing.detailed(detail));
    }
    origin::check(&head.headers, http)?;
    if origin::is_preflight(head, http) {
        return Ok(Route::Preflight);
    }
    let wants_websocket = wants_websocket(head) && http.websocket.is_some();
    let takes_get = || by_method(identity::Method::Get, http).is_ok();
    if head.method == Method::GET && !wants_websocket && takes_get() {
        get::asked_for_by_get(&head.headers, http)?;
        return Ok(Route::Get);
    }
    if head.method != Method::POST && !wants_websocket {
        return Err(not_allowed(why_not_allowed(head)));
    }
    if head.uri.query().is_some_and(holds_graphql) {
        let public = "the parameters of a request belong in its body";
        return Err(Violation::new(ids::URL, Code::INVALID_REQUEST, public));
    }
    Ok(if wants_websocket { Route::WebSocket } else { Route::Operation })
}

/// Checks that operations may come by a method at all.
///
/// # Errors
/// `METHOD_NOT_ALLOWED`.
pub fn by_method(method: identity::Method, http: &Http) -> Result<(), Violation> {
    match (method, http.get) {
        (identity::Method::Get, Get::Off) => Err(not_allowed(GET_IS_OFF.into())),
        (identity::Method::Get, Get::On | Get::Trusted) | (identity::Method::Post, _) => Ok(()),
    }
}

fn not_allowed(why: String) -> Violation {
    let (rule, code) = (ids::METHOD, Code::METHOD_NOT_ALLOWED);
    Violation::new(rule, code, "this method is not allowed here").detailed(why)
}

/// What a policy would have to say.
fn why_not_allowed(head: &Parts) -> String {
    match &head.method {
        &Method::GET if wants_websocket(head) => "WebSocket: `http.websocket` is not set".into(),
        &Method::GET => GET_IS_OFF.into(),
        &Method::OPTIONS if head.headers.contains_key(ORIGIN) => {
            format!(
                "OPTIONS of a page of {}: not in `http.origins`",
                origin::of_page(&head.headers)
            )
        }
        method => format!("{}: never", shown(method.as_str())),
    }
}

/// Whether a request asks for WebSocket; whether it does so rightly is looked at later on.
fn wants_websocket(head: &Parts) -> bool {
    head.method == Method::GET
        && head.version == Version::HTTP_11
        && head.headers.contains_key(UPGRADE)
}

/// One server is meant. HTTP/1 heads were checked as bytes; this is for HTTP/2, where `:authority`
/// may stand beside a `Host`, RFC 9113 §8.3.1.
fn one_server(head: &Parts) -> Result<(), Violation> {
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    let is_one = match (authority, hosts(&head.headers)) {
        (_, Hosts::Many) => false,
        (Some(authority), Hosts::One(host)) => {
            authority.as_bytes().eq_ignore_ascii_case(host) && !authority.contains('@')
        }
        (Some(authority), Hosts::None) => !authority.contains('@'),
        (None, Hosts::One(_)) => true,
        (None, Hosts::None) => head.version < Version::HTTP_11,
    };
    if is_one {
        return Ok(());
    }
    Err(Violation::new(ids::HTTP, Code::INVALID_HTTP, "the request does not name one server"))
}

enum Hosts<'h> {
    Many,
    None,
    One(&'h [u8]),
}

fn hosts(headers: &HeaderMap) -> Hosts<'_> {
    let mut all = headers.get_all(HOST).iter();
    match (all.next(), all.next()) {
        (None, _) => Hosts::None,
        (Some(one), None) => Hosts::One(one.as_bytes()),
        (Some(_), Some(_)) => Hosts::Many,
    }
}

/// True when a query string has a parameter of GraphQL over HTTP. It would not go on; but who sends
/// two requests in one means at least one of them for somebody who reads otherwise than we do.
pub(super) fn holds_graphql(query: &str) -> bool {
    // Budget: the length of a target.
    query.split(['&', ';']).any(|it| {
        let name = it.split(['=', '[']).next().unwrap_or_default();
        let name = percent::decode(name).bytes;
        // Some frameworks cut a name where a bracket begins, encoded or not.
        let name = name.split(|it| *it == b'[').next().unwrap_or_default().trim_ascii();
        PARAMETERS.iter().any(|it| it.as_bytes().eq_ignore_ascii_case(name))
    })
}

const GET_IS_OFF: &str = "GET: `http.get` is `off`";

/// GraphQL over HTTP, and the id of a trusted document.
const PARAMETERS: [&str; 5] = ["query", "variables", "operationName", "extensions", "documentId"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::tests::http;

    fn check(request: http::request::Builder, expect: Result<Route, u16>) {
        let head = request.body(()).unwrap().into_parts().0;
        let got = route(&head, &http()).map_err(|it| it.code.status());
        assert_eq!(got, expect, "{head:?}");
    }

    fn check_target(method: &str, uri: &str, expect: Option<u16>) {
        let request = http::Request::builder().method(method).uri(uri).header("host", "host");
        check(request, expect.map_or(Ok(Route::Operation), Err));
    }

    #[test]
    fn one_path_and_one_method_are_served() {
        check_target("POST", "/graphql", None);
        check_target("POST", "/graphql?op=Cart&x", None);
        check_target("POST", "http://host/graphql", None);
        check_target("GET", "/graphql", Some(405));
        check_target("get", "/graphql", Some(405));
        check_target("OPTIONS", "/graphql", Some(405));
        check_target("POST", "/graphql/", Some(404));
        check_target("POST", "/Graphql", Some(404));
        check_target("POST", "/graphql%00", Some(404));
        check_target("GET", "/", Some(404));
    }

    #[test]
    fn a_get_needs_its_header() {
        let check_get = |header: (&str, &str), expect| {
            let http = Http { get: Get::On, ..http() };
            let request = http::Request::get("/graphql?query={a}").header("host", "host");
            let head = request.header(header.0, header.1).body(()).unwrap().into_parts().0;
            assert_eq!(route(&head, &http).map_err(|it| it.code.status()), expect, "{header:?}");
        };
        check_get(("x-preflight", "1"), Ok(Route::Get));
        check_get(("X-Preflight", "0"), Ok(Route::Get));
        check_get(("x-preflight", ""), Err(403));
        check_get(("content-type", "application/json"), Ok(Route::Get));
        check_get(("content-type", "application/json;charset=utf-8"), Ok(Route::Get));
        for it in ["text/plain", "text/plain;a=application/json", "multipart/form-data", ""] {
            check_get(("content-type", it), Err(403));
        }
    }

    #[test]
    fn a_handshake_has_a_way_when_the_policy_knows_websocket() {
        let check = |websocket, method: &str, version, expect: Result<Route, u16>| {
            let http = Http { websocket, ..http() };
            let request = http::Request::builder().method(method).uri("/graphql").version(version);
            let request = request.header("host", "host").header("upgrade", "websocket");
            let head = request.body(()).unwrap().into_parts().0;
            assert_eq!(route(&head, &http).map_err(|it| it.code.status()), expect, "{head:?}");
        };
        let known = Some(crate::policy::WebSocket::default());
        check(None, "GET", Version::HTTP_11, Err(405));
        check(known.clone(), "GET", Version::HTTP_11, Ok(Route::WebSocket));
        check(known.clone(), "GET", Version::HTTP_10, Err(405));
        check(known.clone(), "PUT", Version::HTTP_11, Err(405));
        check(known, "POST", Version::HTTP_11, Ok(Route::Operation));
    }

    #[test]
    fn graphql_in_the_url_of_a_post_is_refused() {
        for query in [
            "query={a}",
            "a=b&variables={}",
            "operationName=A",
            "extensions",
            "QUERY=1",
            "%71uery=1",
            "a;query=1",
            "variables[c]=1",
            "variables%5Bc%5D=1",
            "+query=1",
            "documentId=1",
        ] {
            check_target("POST", &format!("/graphql?{query}"), Some(400));
        }
        for query in ["", "q=query", "queryId=1", "%2571uery=1", "%7=1", "%zz", "a%"] {
            check_target("POST", &format!("/graphql?{query}"), None);
        }
    }

    #[test]
    fn one_server_is_meant() {
        let post = |uri: &str| http::Request::post(uri).version(Version::HTTP_2);
        check(post("http://a/graphql"), Ok(Route::Operation));
        check(post("http://a/graphql").header("host", "A"), Ok(Route::Operation));
        check(post("http://a/graphql").header("host", "b"), Err(400));
        check(post("http://a/graphql").header("host", "a").header("host", "a"), Err(400));
        check(post("http://me@a/graphql"), Err(400));
        check(post("/graphql"), Err(400));
        check(post("/graphql").version(Version::HTTP_10), Ok(Route::Operation));
    }
}
