//! One request, start to end. The only file that shows the order of its steps.

use std::net::IpAddr;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Version,
    header::{CONNECTION, VARY},
    request::Parts,
};
use hyper::{
    Request, Response,
    body::{Body as _, Incoming},
};
use tokio::time::{Instant, timeout};

use crate::{
    admission::Watched,
    identity::{self, Caller, Method, Transport, Way},
    json,
    server::{
        answer::Answer,
        body,
        connection::Client,
        identify::{identify, told},
        panics::{Caught, caught},
        rates::Rates,
        state::State,
        watched::{self, Passing},
    },
    sources::{Unidentified, now},
    telemetry::{Failed, NotIdentified, Panicked, Refused, Reported, RequestId, UpstreamFailed},
    transport::{
        Media, Refusal, Reply, Route, body_of_get, client_address, client_label, decode,
        get_with_body, listed_origin, not_json, readable, route,
    },
    upstream::Head,
    verdict::{Admitted, Code, Fault, Item, Verdict, Violation},
};

/// Answers a request, whatever happens.
pub(super) async fn handle(client: &Client, request: Request<Incoming>) -> Response<Answer> {
    let n = client.watch.begin();
    let worker = &client.worker;
    let limit = worker.deadlines().request;
    let until = Instant::now().checked_add(limit);
    let state = worker.in_force();
    let (head, body) = request.into_parts();
    let media = Media::preferred(&head.headers);
    let origin = listed_origin(&head.headers, state.http());
    let reply = Reply { id: worker.ids().next(), media, http: state.http(), origin };
    let exchange = Exchange { client, n, state: &state, head: &head, reply };
    let in_time = async { timeout(limit, exchange.serve(body)).await.unwrap_or_else(too_late) };
    let mut response = match caught(in_time).await {
        Ok(Ok(Served::Operation(Passing::Relayed(mut relayed, counting)))) => {
            reply.sign(&mut relayed);
            relayed.map(|relayed| Answer::Relayed { relayed, until, counting })
        }
        Ok(Ok(Served::Operation(Passing::Told(mut told)))) => {
            reply.sign(&mut told);
            told.map(Answer::from)
        }
        Ok(Ok(Served::Answer(body))) => reply.answer(body).map(Answer::from),
        Ok(Ok(Served::Preflight)) => reply.preflight(&head.headers).map(Answer::from),
        Ok(Err(refusal)) => {
            log(&refusal, reply.id);
            reply.refuse(&refusal).map(Answer::from)
        }
        Err(Caught) => {
            Panicked { id: Some(reply.id) }.emit();
            let refusal = Refusal::Fault(Fault::Internal { detail: "panic".into() });
            reply.refuse(&refusal).map(Answer::from)
        }
    };
    if let Some(vary) = &state.vary {
        response.headers_mut().append(VARY, vary.clone());
    }
    let is_last = worker.drain().has_begun() || client.watch.wrong(n).is_some();
    if is_last && head.version <= Version::HTTP_11 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A request and what it meets.
struct Exchange<'e> {
    client: &'e Client,
    /// Its number on the connection.
    n: u64,
    state: &'e State,
    head: &'e Parts,
    reply: Reply<'e>,
}

/// How a request was served.
#[expect(clippy::large_enum_variant, reason = "it lives for one match, and a box is paid by all")]
enum Served {
    Answer(Vec<u8>),
    Operation(Passing),
    Preflight,
}

impl Exchange<'_> {
    async fn serve(&self, body: Incoming) -> Result<Served, Refusal> {
        self.well_formed()?;
        self.rates().of_address(|| self.address())?;
        let route = route(self.head, self.state.http())?;
        if route != Route::Preflight {
            self.state.refuse_drift()?;
        }
        let body = match route {
            Route::Get => {
                // Some proxies end a request without a body by an empty piece of it.
                if !body.is_end_stream() && !self.read(body).await?.is_empty() {
                    return Err(get_with_body().into());
                }
                body_of_get(self.head, self.state.http())?.into()
            }
            Route::Operation => {
                readable(&self.head.headers)?;
                self.read(body).await?
            }
            Route::Preflight => return Ok(Served::Preflight),
        };
        let (admitted, told, watched) = match self.judge(&body).await? {
            Judged::Answer(body) => return Ok(Served::Answer(body)),
            Judged::Forward(admitted, told, watched) => (admitted, told, watched),
        };
        drop(body);
        let answer = self.client.lane.forward(admitted, self.forwarded_head(&told)).await?;
        let passing = watched::pass(answer, (self.state, self.reply.id), watched).await?;
        Ok(Served::Operation(passing))
    }

    /// What the guard of the connection has found in the bytes of this request.
    fn well_formed(&self) -> Result<(), Violation> {
        self.client.watch.wrong(self.n).map_or(Ok(()), |wrong| Err(wrong.into()))
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Violation> {
        let (deadlines, bounds) = (self.client.worker.deadlines(), self.client.worker.bounds());
        let limits = body::Limits {
            size: self.state.http().body,
            deadline: deadlines.body,
            pace: deadlines.body_pace,
            pace_bytes: bounds.body_pace,
        };
        let read = body::read(body, limits).await;
        // A body that broke off broke off for a reason, when the guard knows one.
        if read.is_err() {
            self.well_formed()?;
        }
        read
    }

    fn forwarded_head<'h>(&'h self, told: &'h [(HeaderName, HeaderValue)]) -> Head<'h> {
        Head {
            client: &self.head.headers,
            rules: &self.state.headers,
            media: self.reply.media,
            address: self.address(),
            told,
            version: self.head.version,
        }
    }

    fn address(&self) -> IpAddr {
        let trusted = &self.client.worker.config().trusted_proxies;
        client_address(self.client.peer, &self.head.headers, trusted)
    }

    /// Who asks. A bad credential is a refusal, never nobody.
    async fn caller(&self) -> Result<Caller, Refusal> {
        let (credentials, headers) = (self.state.credentials(), &self.head.headers);
        let identity = identify((credentials, &self.state.keys), headers, now()).await;
        let identity = identity.map_err(|why| self.unidentified(why))?;
        let label = client_label(headers, credentials);
        let client = identity::Client { ip: Some(self.address()), label, mtls: None };
        let method = if self.head.method == http::Method::GET { Method::Get } else { Method::Post };
        Ok(Caller { identity, client, way: Way { method, transport: Transport::Http } })
    }

    fn unidentified(&self, why: Unidentified) -> Refusal {
        let (reason, refusal) = match why {
            Unidentified::Bad(bad) => (bad.reason(), Violation::from(bad).into()),
            Unidentified::NoKeys => {
                let detail = "there are no keys to verify tokens with".into();
                let fault = Fault::Upstream { code: Code::SERVICE_UNAVAILABLE, detail };
                ("no-keys", fault.into())
            }
        };
        NotIdentified { id: self.reply.id, reason }.emit();
        refusal
    }

    async fn judge(&self, body: &[u8]) -> Result<Judged, Refusal> {
        let limits = self.state.gate.policy().body;
        let tree = json::read(body, limits).map_err(not_json)?;
        let requests = decode(&tree, self.state.http())?;
        let caller = self.caller().await?;
        self.rates().of_caller(&caller)?;
        let told = told(&self.state.told, caller.identity.as_deref())
            .map_err(|bad| self.unidentified(bad.into()))?;
        match self.state.gate.admit(&requests, &caller, now()) {
            Verdict::Admit(admitted) => {
                self.report(admitted.items());
                self.rates().of_items(&caller, admitted.items())?;
                let watched = self.state.gate.watch(&requests, &caller);
                Ok(Judged::Forward(admitted, told, watched))
            }
            Verdict::Answer(answered) => {
                self.report(&answered.items);
                self.rates().of_items(&caller, &answered.items)?;
                Ok(Judged::Answer(answered.body))
            }
            Verdict::Reject(rejected) => Err(Refusal::Rejected(rejected)),
        }
    }

    fn rates(&self) -> Rates<'_> {
        Rates { quotas: &self.state.quotas, id: self.reply.id }
    }

    fn report(&self, items: &[Item]) {
        let reported = items.iter().flat_map(|it| &it.reported);
        reported.for_each(|violation| Reported { id: self.reply.id, violation }.emit());
    }
}

/// What becomes of a request that is not refused.
#[expect(clippy::large_enum_variant, reason = "it lives for one match, and a box is paid by all")]
enum Judged {
    Answer(Vec<u8>),
    Forward(Admitted, Vec<(HeaderName, HeaderValue)>, Option<Watched>),
}

fn too_late(_elapsed: tokio::time::error::Elapsed) -> Result<Served, Refusal> {
    let detail = "the request took too long".into();
    Err(Refusal::Fault(Fault::Upstream { code: Code::GATEWAY_TIMEOUT, detail }))
}

fn log(refusal: &Refusal, id: RequestId) {
    match refusal {
        Refusal::Fault(Fault::Client(violation)) => {
            Refused { id, found: std::slice::from_ref(violation) }.emit();
        }
        Refusal::Fault(Fault::Internal { detail }) => {
            Failed { id, detail }.emit();
        }
        Refusal::Fault(Fault::Upstream { code, detail }) => {
            UpstreamFailed { id, code: *code, detail }.emit();
        }
        Refusal::Limited(exceeded) => {
            Refused { id, found: std::slice::from_ref(&exceeded.violation) }.emit();
        }
        Refusal::Rejected(rejected) => Refused { id, found: &rejected.found }.emit(),
    }
}
