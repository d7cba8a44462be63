//! A request that asks for WebSocket: it is answered here, and what follows it is a session.

use std::{net::IpAddr, rc::Rc, sync::Arc};

use http::{
    HeaderMap, HeaderName, HeaderValue, Response,
    header::{COOKIE, HOST, ORIGIN},
};

use crate::{
    identity::{self, BadCredential, Caller, Certificate, Method, Transport, Way},
    server::{
        exchange::Exchange,
        graph::Site,
        identify::{identify, told},
        state::State,
        traced::Handshake,
    },
    sources::{Unidentified, now},
    telemetry::RequestId,
    transport::{Refusal, client_label, route},
    verdict::{Code, Fault, Violation, ids},
    websocket,
};

/// What a session begins with.
#[derive(Debug)]
pub(super) struct Upgrade {
    /// The id of the handshake.
    pub(super) id: RequestId,
    /// The graph that it is for.
    pub(super) site: Rc<Site>,
    /// The handshake.
    pub(super) head: http::request::Parts,
    /// Where it comes from.
    pub(super) address: IpAddr,
    /// Who asks, by the handshake.
    pub(super) caller: Caller,
    /// The place of the handshake in a trace.
    pub(super) trace: Option<Handshake>,
}

impl Exchange<'_> {
    /// Accepts a WebSocket, which begins when the answer is written.
    pub(super) async fn upgrade(&self) -> Result<Response<()>, Refusal> {
        self.state.refuse_drift()?;
        let mut answer = accept((self.head, self.state), self.client.certificate.is_some())?;
        // hyper's record of how the client spells names: Python's gql finds no other spelling.
        answer.extensions_mut().clone_from(&self.head.extensions);
        if !self.client.watch.is_switching(self.n) {
            return Err(has_body().into());
        }
        if self.client.worker.drain().has_begun() {
            let detail = "it cannot switch protocols now".into();
            return Err(Fault::Unavailable { detail }.into());
        }
        let (headers, address) = (&self.head.headers, self.address());
        let mtls = self.client.certificate.clone();
        let asks = caller(self.state, headers, (address, mtls)).await;
        let caller = asks.map_err(|why| self.unidentified(why))?;
        let (id, head, site) = (self.reply.id, self.head.clone(), Rc::clone(self.site));
        let trace = self.traced.as_ref().map(|it| it.handshake());
        let upgrade = Upgrade { id, site, head, address, caller, trace };
        self.client.upgrade.replace(Some(Box::new(upgrade)));
        Ok(answer)
    }
}

/// The answer to a handshake.
///
/// # Errors
/// When it is none of our protocol, or comes from where the policy does not look for it.
pub(super) fn accept(
    (head, state): (&http::request::Parts, &State),
    has_certificate: bool,
) -> Result<Response<()>, Violation> {
    route(head, state.http())?;
    same_site((&head.headers, state), has_certificate)?;
    websocket::accept(&head.headers)
}

/// What follows a handshake is read as frames, so that nothing else may.
fn has_body() -> Violation {
    let public = "a handshake has no body";
    let (rule, code) = (ids::WEBSOCKET, Code::INVALID_HTTP);
    Violation::new(rule, code, public)
}

/// A browser sends cookies and certificates along with the handshake of any page, and no rule of
/// its own stops the page: where these are credentials, ours or the upstream's, and no origins are
/// listed, only our own pages may ask.
fn same_site(
    (headers, state): (&HeaderMap, &State),
    has_certificate: bool,
) -> Result<(), Violation> {
    let by_cookie = state.credentials().jwt.as_ref().is_some_and(|it| it.cookie.is_some());
    let is_forwarded = headers.contains_key(COOKIE) && state.http().forwards("cookie");
    let is_unasked = by_cookie || is_forwarded || has_certificate;
    if !is_unasked || state.http().origins.is_some() {
        return Ok(());
    }
    let text = |name| headers.get(name).and_then(|it: &HeaderValue| it.to_str().ok());
    let (host, origin) = (text(HOST).unwrap_or_default(), text(ORIGIN));
    let is_ours = |it: &str| it.split_once("://").is_some_and(|(_scheme, it)| it == host);
    if origin.is_some_and(is_ours) || !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    let public = "pages of this origin may not ask";
    let detail =
        "a browser sends cookies and certificates for any page, and `http.origins` lists no one"
            .into();
    let (rule, code) = (ids::ORIGIN, Code::ORIGIN_NOT_ALLOWED);
    Err(Violation { rule, code, at: None, public: public.into(), detail })
}

/// Who asks over WebSocket.
pub(super) async fn caller(
    state: &State,
    headers: &HeaderMap,
    (address, mtls): (IpAddr, Option<Arc<Certificate>>),
) -> Result<Caller, Unidentified> {
    let identity = identify((state.credentials(), &state.keys), headers, now()).await?;
    let label = client_label(headers, state.credentials());
    let client = identity::Client { ip: Some(address), label, mtls };
    let way = Way { method: Method::Get, transport: Transport::WebSocket };
    Ok(Caller { identity, client, way })
}

/// What the upstream is told of a caller.
pub(super) fn told_of(
    caller: &Caller,
    state: &State,
) -> Result<Vec<(HeaderName, HeaderValue)>, BadCredential> {
    told(&state.told, caller.identity.as_deref())
}
