//! Writes every error that a client can see, and nothing else.
//!
//! A client learns a code, a public text and a request id; rule and detail only when the policy
//! explains refusals. Of faults that are not the client's it learns the code alone.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE,
        X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::{
    json::push_escaped,
    policy::{ExplainRefusals, Get, Http},
    quota::Exceeded,
    telemetry::RequestId,
    transport::{
        Media, events, limited, origin,
        problem::is_below_graphql,
        status::{challenge, is_about_operation, status},
    },
    verdict::{Code, Fault, Framing, Rejected, Violation, ids},
};

/// Why a request is not served.
#[derive(Debug)]
pub enum Refusal {
    /// Something failed.
    Fault(Fault),
    /// A rate is exceeded.
    Limited(Box<Exceeded>),
    /// The judge said no.
    Rejected(Rejected),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::Rejected(Rejected::whole(violation))
    }
}

/// Answers to one request: what they have in common.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'p> {
    /// The request.
    pub id: RequestId,
    /// The type that the client prefers.
    pub media: Media,
    /// How the policy wants refusals to look.
    pub http: &'p Http,
    /// The origin of the page that asks, when it may.
    pub origin: Option<&'p HeaderValue>,
}

/// Our own id of a request, on every answer.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Reply<'_> {
    /// The answer to a request that is not served.
    #[must_use]
    pub fn refuse(&self, refusal: &Refusal) -> Response<Bytes> {
        match refusal {
            Refusal::Limited(exceeded) => {
                let only = std::slice::from_ref(&exceeded.violation);
                limited::told(exceeded, self.reject(Framing::Single, only))
            }
            Refusal::Rejected(rejected) => self.reject(rejected.framing, &rejected.items),
            Refusal::Fault(Fault::Busy { code, retry, detail: _ }) => {
                limited::busy(*retry, self.fail(*code))
            }
            Refusal::Fault(Fault::Client(violation)) => {
                self.reject(Framing::Single, std::slice::from_ref(violation))
            }
            Refusal::Fault(Fault::Later { code, retry, detail: _ }) => {
                limited::later(retry, self.fail(*code))
            }
            Refusal::Fault(fault) => self.fail(fault.code()),
        }
    }

    /// The same as a list of errors, for transports without a status.
    #[must_use]
    pub fn errors(&self, refusal: &Refusal) -> String {
        let mut errors = String::new();
        let mut tell =
            |it: &Violation| self.push_errors(&mut errors, &it.public, it.code, self.explained(it));
        match refusal {
            Refusal::Rejected(Rejected { items, .. }) => {
                // A batch of one item: no other comes over such a transport.
                items.first().into_iter().for_each(tell);
            }
            Refusal::Limited(exceeded) => tell(&exceeded.violation),
            Refusal::Fault(Fault::Client(it)) => tell(it),
            Refusal::Fault(fault) => {
                self.push_errors(&mut errors, NOT_SERVED, fault.code(), None);
            }
        }
        errors
    }

    /// An answer that needed no upstream.
    #[must_use]
    pub fn answer(&self, body: Vec<u8>) -> Response<Bytes> {
        let body = match self.media {
            Media::EventStream => events::only(&String::from_utf8_lossy(&body)).into_bytes(),
            Media::GraphqlResponse | Media::Json => body,
        };
        let mut response = Response::new(Bytes::from(body));
        self.dress(&mut response, self.media.content_type());
        response
    }

    /// The answer to a browser's question whether a page may ask.
    #[must_use]
    pub fn preflight(&self, asked: &HeaderMap) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        self.sign(&mut response);
        origin::grant_preflight(response.headers_mut(), asked);
        response
    }

    /// Puts on any answer our id, and what the browser is to know.
    pub fn sign<B>(&self, response: &mut Response<B>) {
        // Hexadecimal digits are always a header value.
        if let Ok(id) = HeaderValue::from_bytes(&self.id.digits()) {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        origin::grant(response.headers_mut(), self.http, self.origin);
    }

    fn reject(&self, framing: Framing, items: &[Violation]) -> Response<Bytes> {
        let decides = |it: &&Violation| it.code != Code::BATCH_REFUSED;
        let deciding = items.iter().find(decides);
        let code = deciding.map_or(Code::INTERNAL_SERVER_ERROR, |it| it.code);
        if is_below_graphql(code) {
            return self.problem(code, deciding.and_then(|it| self.explained(it)));
        }
        let mut body = String::new();
        match (framing, items) {
            (Framing::Single, [only]) => self.push_refusal(&mut body, only),
            (Framing::Array | Framing::Single, items) => self.push_all(&mut body, items),
        }
        if self.media == Media::EventStream && is_about_operation(code) {
            // Clients of event streams take any other status for a broken connection, and ask again.
            return self.response(StatusCode::OK, self.media.content_type(), events::only(&body));
        }
        let status = status(code, self.http.status, self.media);
        let mut response = self.response(status, self.json(), body);
        if code == Code::METHOD_NOT_ALLOWED {
            // A mutation by GET is told what it may come by; another method, what there is.
            let is_other =
                self.http.get != Get::Off && items.iter().any(|it| it.rule == ids::METHOD);
            let allow = if is_other { "GET, POST" } else { "POST" };
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        if code == Code::UNAUTHENTICATED {
            let is_bad = items.iter().any(|it| it.rule == ids::IDENTITY);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge(is_bad));
        }
        response
    }

    /// A fault that is not the client's: the code, and nothing that happened.
    fn fail(&self, code: Code) -> Response<Bytes> {
        let mut body = String::new();
        self.push_error(&mut body, NOT_SERVED, code, None);
        let status = status(code, self.http.status, self.media);
        let mut response = self.response(status, self.json(), body);
        if code == Code::UNAUTHENTICATED {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge(false));
        }
        response
    }

    /// The type of what is JSON, whatever else was asked for.
    const fn json(&self) -> HeaderValue {
        match self.media {
            Media::EventStream => Media::Json.content_type(),
            Media::GraphqlResponse | Media::Json => self.media.content_type(),
        }
    }

    fn push_all(&self, body: &mut String, items: &[Violation]) {
        body.push('[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                body.push(',');
            }
            self.push_refusal(body, item);
        }
        body.push(']');
    }

    fn push_refusal(&self, body: &mut String, violation: &Violation) {
        self.push_error(body, &violation.public, violation.code, self.explained(violation));
    }

    const fn explained<'v>(&self, violation: &'v Violation) -> Option<&'v Violation> {
        match self.http.explain_refusals {
            ExplainRefusals::On => Some(violation),
            ExplainRefusals::Off => None,
        }
    }

    fn push_error(&self, body: &mut String, text: &str, code: Code, explained: Option<&Violation>) {
        body.push_str(r#"{"errors":"#);
        self.push_errors(body, text, code, explained);
        body.push('}');
    }

    fn push_errors(
        &self,
        body: &mut String,
        text: &str,
        code: Code,
        explained: Option<&Violation>,
    ) {
        body.push_str(r#"[{"message":"#);
        push_escaped(body, text);
        body.push_str(r#","extensions":{"code":"#);
        push_escaped(body, code.as_str());
        if let Some(violation) = explained {
            body.push_str(r#","rule":"#);
            push_escaped(body, violation.rule);
            body.push_str(r#","detail":"#);
            push_escaped(body, &violation.detail);
        }
        body.push_str(r#","requestId":"#);
        push_escaped(body, &self.id.to_string());
        body.push_str("}}]");
    }

    pub(super) fn response(
        &self,
        status: StatusCode,
        media: HeaderValue,
        body: String,
    ) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        self.dress(&mut response, media);
        response
    }

    fn dress(&self, response: &mut Response<Bytes>, media: HeaderValue) {
        response.headers_mut().insert(CONTENT_TYPE, media);
        for (name, value) in &GUARDED {
            response.headers_mut().insert(name, value.clone());
        }
        self.sign(response);
    }
}

/// All that a client learns of a fault that is not its own.
const NOT_SERVED: &str = "the request could not be served";
/// On every refusal: not to be kept, guessed at, or shown as a page.
static GUARDED: [(HeaderName, HeaderValue); 3] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{telemetry::RequestIds, transport::tests::http};

    fn violation(code: Code) -> Violation {
        let detail = "depth 9 of 5";
        Violation {
            rule: "depth",
            code,
            at: None,
            public: "too \"deep\"".into(),
            detail: detail.into(),
        }
    }

    /// `status content-type body`, the id replaced.
    fn check(http: &Http, refusal: Refusal, expect: &str) {
        let id = RequestIds::random().next();
        let response = Reply { id, media: Media::Json, http, origin: None }.refuse(&refusal);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-request-id"], id.to_string());
        let got = format!(
            "{} {} {}",
            response.status().as_u16(),
            response.headers()["content-type"].to_str().unwrap(),
            std::str::from_utf8(response.body()).unwrap().replace(&id.to_string(), "ID"),
        );
        assert_eq!(got, expect);
        assert!(serde_json::from_slice::<serde_json::Value>(response.body()).is_ok());
    }

    const JSON: &str = "application/json; charset=utf-8";

    #[test]
    fn a_refusal_masks_and_explains_as_the_policy_says() {
        let refused = || violation(Code::MAX_DEPTH_LIMIT).into();
        let masked = r#"{"errors":[{"message":"too \"deep\"","extensions":{"code":"MAX_DEPTH_LIMIT","requestId":"ID"}}]}"#;
        check(&http(), refused(), &format!("422 {JSON} {masked}"));
        let open = Http { explain_refusals: ExplainRefusals::On, ..http() };
        let explained = masked.replace(
            r#""MAX_DEPTH_LIMIT","#,
            r#""MAX_DEPTH_LIMIT","rule":"depth","detail":"depth 9 of 5","#,
        );
        check(&open, refused(), &format!("422 {JSON} {explained}"));
    }

    #[test]
    fn a_batch_is_answered_as_an_array_with_the_status_of_the_guilty_item() {
        let items = vec![violation(Code::BATCH_REFUSED), violation(Code::INTROSPECTION_DISABLED)];
        let rejected =
            Rejected { framing: Framing::Array, items, found: Vec::new(), subjects: Vec::new() };
        let item = |code| {
            format!(
                r#"{{"errors":[{{"message":"too \"deep\"","extensions":{{"code":"{code}","requestId":"ID"}}}}]}}"#
            )
        };
        let expect =
            format!("403 {JSON} [{},{}]", item("BATCH_REFUSED"), item("INTROSPECTION_DISABLED"));
        check(&http(), Refusal::Rejected(rejected), &expect);
    }

    #[test]
    fn faults_that_are_not_the_clients_tell_nothing() {
        let body = |code| {
            format!(
                r#"{{"errors":[{{"message":"the request could not be served","extensions":{{"code":"{code}","requestId":"ID"}}}}]}}"#
            )
        };
        let internal = Fault::Internal { detail: "secret".into() };
        check(&http(), internal.into(), &format!("500 {JSON} {}", body("INTERNAL_SERVER_ERROR")));
        let upstream = Fault::Upstream { code: Code::GATEWAY_TIMEOUT, detail: "secret".into() };
        check(&http(), upstream.into(), &format!("504 {JSON} {}", body("GATEWAY_TIMEOUT")));
    }

    #[test]
    fn faults_below_graphql_are_problems() {
        check(
            &http(),
            violation(Code::MAX_BODY_LIMIT).into(),
            r#"413 application/problem+json {"type":"about:blank","title":"Payload Too Large","status":413,"code":"MAX_BODY_LIMIT","requestId":"ID"}"#,
        );
        check(
            &Http { explain_refusals: ExplainRefusals::On, ..http() },
            violation(Code::URI_TOO_LONG).into(),
            r#"414 application/problem+json {"type":"about:blank","title":"URI Too Long","status":414,"code":"URI_TOO_LONG","detail":"depth 9 of 5","requestId":"ID"}"#,
        );
    }

    #[test]
    fn a_refused_operation_is_an_event() {
        let (id, http) = (RequestIds::random().next(), http());
        let check = |code, expect: &str| {
            let reply = Reply { id, media: Media::EventStream, http: &http, origin: None };
            let response = reply.refuse(&violation(code).into());
            let media = response.headers()["content-type"].to_str().unwrap();
            let text = std::str::from_utf8(response.body()).unwrap();
            let start = text.get(..21).unwrap();
            assert_eq!(format!("{} {media} {start}", response.status().as_u16()), expect);
            assert!(media == JSON || text.ends_with("}\n\nevent: complete\ndata: \n\n"));
        };
        check(Code::FORBIDDEN, "200 text/event-stream event: next\ndata: {\"e");
        check(Code::MAX_DEPTH_LIMIT, "200 text/event-stream event: next\ndata: {\"e");
        check(Code::UNAUTHENTICATED, &format!("401 {JSON} {{\"errors\":[{{\"message\""));
        check(Code::INVALID_JSON, &format!("400 {JSON} {{\"errors\":[{{\"message\""));
    }

    #[test]
    fn a_wrong_method_is_told_the_right_one() {
        let (id, http) = (RequestIds::random().next(), http());
        let reply = Reply { id, media: Media::Json, http: &http, origin: None };
        let response = reply.refuse(&violation(Code::METHOD_NOT_ALLOWED).into());
        assert_eq!(
            (response.status().as_u16(), response.headers()["allow"].as_bytes()),
            (405, &b"POST"[..])
        );
    }
}
