//! One request, start to end. The only file that shows the order of its steps.

use std::{net::IpAddr, rc::Rc};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, StatusCode, Version,
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
        charges::{Charges, note_unsent},
        connection::Client,
        documents,
        identify::{identify, told},
        logged,
        panics::{Caught, caught},
        rates::{Rates, Spender},
        state::State,
        stream,
        upgrade::{self, Upgrade},
        watched::{self, Passing},
    },
    sources::{Unidentified, now},
    telemetry::{NotIdentified, Panicked, ProxyNotTrusted, Reported},
    transport::{
        Incremental, Media, Refusal, Reply, Route, body_of_get, client_address, client_label,
        decode, forwarding_header, get_with_body, listed_origin, not_json, readable, route,
    },
    upstream::{Head, Relayed},
    verdict::{Admitted, Code, Fault, Item, Verdict, Violation},
};

/// Answers a request, whatever happens.
pub(super) async fn handle(client: &Rc<Client>, request: Request<Incoming>) -> Response<Answer> {
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
        Ok(Ok(Served::Stream(mut answer, expires, charges))) => {
            reply.sign(&mut answer);
            client.streams.set(true);
            let ends = stream::ends(client, Rc::clone(&state), expires);
            answer.map(|relayed| Answer::Streamed { relayed, ends, _runs: charges })
        }
        Ok(Ok(Served::Answer(body))) => reply.answer(body).map(Answer::from),
        Ok(Ok(Served::Switch(answer))) => answer.map(|()| Answer::from(Bytes::new())),
        Ok(Ok(Served::Preflight)) => reply.preflight(&head.headers).map(Answer::from),
        Ok(Err(refusal)) => {
            logged::refusal(&refusal, reply.id);
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
    let is_last = worker.drain().has_begun()
        || client.watch.wrong(n).is_some()
        || client.watch.is_switching(n);
    if is_last
        && response.status() != StatusCode::SWITCHING_PROTOCOLS
        && head.version <= Version::HTTP_11
    {
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
enum Served {
    Answer(Vec<u8>),
    Operation(Passing),
    Preflight,
    Stream(Response<Relayed>, Option<Instant>, Charges),
    Switch(Response<()>),
}

impl Exchange<'_> {
    async fn serve(&self, body: Incoming) -> Result<Served, Refusal> {
        self.well_formed()?;
        self.look_for_proxy();
        let mut charges = Charges::default();
        self.rates().of_address(|| self.address(), &mut charges).await?;
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
            Route::WebSocket => return self.upgrade().await.map(Served::Switch),
        };
        let (admitted, told, watched, expires) = match self.judge(&body, &mut charges).await? {
            Judged::Answer(body) => return Ok(Served::Answer(body)),
            Judged::Forward(admitted, told, watched, expires) => (admitted, told, watched, expires),
        };
        drop(body);
        charges.sent();
        let answer = self.client.lane.forward(admitted, self.forwarded_head(&told)).await;
        let answer = answer.inspect_err(|fault| note_unsent(fault, &mut charges))?;
        if stream::is_stream(answer.headers(), self.reply.media, self.incremental()) {
            return self.stream(answer, expires, charges);
        }
        let passing = watched::pass(answer, (self.state, self.reply.id), watched, charges).await?;
        Ok(Served::Operation(passing))
    }

    /// What the guard of the connection has found in the bytes of this request.
    fn well_formed(&self) -> Result<(), Violation> {
        self.client.watch.wrong(self.n).map_or(Ok(()), |wrong| Err(wrong.into()))
    }

    /// Accepts a WebSocket, which begins when the answer is written.
    async fn upgrade(&self) -> Result<Response<()>, Refusal> {
        self.state.refuse_drift()?;
        let answer = upgrade::accept(self.head, self.state)?;
        if !self.client.watch.is_switching(self.n) {
            return Err(upgrade::has_body().into());
        }
        if self.client.worker.drain().has_begun() {
            let detail = "it cannot switch protocols now".into();
            return Err(Fault::Upstream { code: Code::SERVICE_UNAVAILABLE, detail }.into());
        }
        let (headers, address) = (&self.head.headers, self.address());
        let caller = upgrade::caller(self.state, headers, address).await;
        let caller = caller.map_err(|why| self.unidentified(why))?;
        let (id, head) = (self.reply.id, self.head.clone());
        self.client.upgrade.replace(Some(Box::new(Upgrade { id, head, address, caller })));
        Ok(answer)
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
            incremental: self.incremental(),
            address: self.address(),
            told,
            version: self.head.version,
        }
    }

    /// In which parts the client reads an answer; never events and parts at a time.
    fn incremental(&self) -> Option<Incremental> {
        let is_for_parts = self.reply.media != Media::EventStream;
        Incremental::accepted(&self.head.headers).filter(|_| is_for_parts)
    }

    /// An answer that goes on.
    fn stream(
        &self,
        answer: Response<Relayed>,
        expires: Option<Instant>,
        mut charges: Charges,
    ) -> Result<Served, Refusal> {
        let (head, relayed) = answer.into_parts();
        let relayed = relayed.going_on()?;
        charges.keep();
        Ok(Served::Stream(Response::from_parts(head, relayed), expires, charges))
    }

    fn address(&self) -> IpAddr {
        let trusted = &self.client.worker.config().trusted_proxies;
        client_address(self.client.peer, &self.head.headers, trusted)
    }

    /// A proxy that is not trusted makes all of its clients one address: whoever runs us wants to
    /// know, and once is enough.
    fn look_for_proxy(&self) {
        let worker = &self.client.worker;
        if self.state.quotas.are_none() || !worker.config().trusted_proxies.is_empty() {
            return;
        }
        let header = forwarding_header(&self.head.headers);
        if let Some(header) = header.filter(|_| worker.tells_of_proxy()) {
            ProxyNotTrusted { header }.emit();
        }
    }

    /// Who asks. A bad credential is a refusal, never nobody.
    async fn caller(&self) -> Result<Caller, Refusal> {
        let (credentials, headers) = (self.state.credentials(), &self.head.headers);
        let identity = identify((credentials, &self.state.keys), headers, now()).await;
        let identity = identity.map_err(|why| self.unidentified(why))?;
        let label = client_label(headers, credentials);
        let client = identity::Client { ip: Some(self.address()), label, mtls: None };
        Ok(Caller { identity, client, way: self.way() })
    }

    fn way(&self) -> Way {
        let transport = match self.reply.media {
            Media::EventStream => Transport::Sse,
            Media::GraphqlResponse | Media::Json => Transport::Http,
        };
        let is_get = self.head.method == http::Method::GET;
        Way { transport, method: if is_get { Method::Get } else { Method::Post } }
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

    async fn judge(&self, body: &[u8], charges: &mut Charges) -> Result<Judged, Refusal> {
        let limits = self.state.gate.policy().body;
        let tree = json::read(body, limits).map_err(not_json)?;
        let requests = decode(&tree, self.state.http())?;
        stream::is_possible(&requests, self.reply.media)?;
        let caller = self.caller().await?;
        let spender = Spender { caller: &caller, headers: &self.head.headers };
        self.rates().of_caller(spender, charges).await?;
        let told = told(&self.state.told, caller.identity.as_deref())
            .map_err(|bad| self.unidentified(bad.into()))?;
        documents::ask(&self.state.gate, self.client.worker.link(), &requests).await;
        match self.state.gate.admit(&requests, &caller, now()) {
            Verdict::Admit(admitted) => {
                documents::leave(&self.state.gate, self.client.worker.link(), &requests);
                self.report(admitted.items());
                self.rates().of_items(spender, admitted.items(), charges).await?;
                let watched = self.state.gate.watch(&requests, &caller);
                let expires = stream::expires(&caller);
                Ok(Judged::Forward(admitted, told, watched, expires))
            }
            Verdict::Answer(answered) => {
                self.report(&answered.items);
                self.rates().of_items(spender, &answered.items, charges).await?;
                Ok(Judged::Answer(answered.body))
            }
            Verdict::Reject(rejected) => Err(Refusal::Rejected(rejected)),
        }
    }

    fn rates(&self) -> Rates<'_> {
        Rates { state: self.state, link: self.client.worker.link(), id: self.reply.id }
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
    Forward(Admitted, Vec<(HeaderName, HeaderValue)>, Option<Watched>, Option<Instant>),
}

fn too_late(_elapsed: tokio::time::error::Elapsed) -> Result<Served, Refusal> {
    let detail = "the request took too long".into();
    Err(Refusal::Fault(Fault::Upstream { code: Code::GATEWAY_TIMEOUT, detail }))
}
