//! The way of one client connection to the upstream: the only road, and only for what was judged.

use std::{cell::RefCell, net::IpAddr, rc::Rc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    response::Parts,
};
use tokio::time::Instant;

use crate::{
    faults::{Stage, point},
    sources::{now, signed_link},
    transport::{is_json, media_type},
    upstream::{
        Head, Relayed, Upstream,
        breaker::Outcome,
        fault::Failure,
        files::{Body, Files, Sending},
        headers::{add_proofs, clean_answer, written_address},
        hearing::Hearing,
        link::{Broken, Link, Parcel},
        pool::Attempt,
        replica::{Idle, Load, Replica},
        single::Single,
        target::Target,
        turnstile::Permit,
    },
    verdict::{Admitted, Fault},
};

/// Whether a client connection keeps an upstream connection for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinning {
    /// Requests come one after the other (HTTP/1.1): keep the connection between them.
    Pinned,
    /// Many requests at a time (HTTP/2): every one takes a connection from the pool.
    Pooled,
}

/// The way of one client connection to the upstream.
#[derive(Debug)]
pub struct Lane {
    upstream: Rc<Upstream>,
    pinning: Pinning,
    /// Counted by [`Replica::pin`] while it is there.
    own: RefCell<Option<(Rc<Replica>, Idle)>>,
    /// The address of its last request, as it is written: seldom another one than before.
    written: RefCell<Option<(IpAddr, HeaderValue)>>,
}

/// What is sent of a request that was judged.
struct Outgoing {
    body: Body,
    /// What a signature is made over.
    signed: Bytes,
    /// Instead of that of JSON.
    content_type: Option<HeaderValue>,
    /// Headers of the client that go on with files.
    proofs: Vec<(HeaderName, HeaderValue)>,
}

/// The connection of one request, and the address at its other end.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) link: Link,
    /// What of the request is still on its way.
    files: Option<Sending>,
    /// Until its words have told whether the upstream has answered.
    unclear: Option<Hearing>,
    replica: Rc<Replica>,
    _load: Load,
}

impl Leg {
    fn note(&mut self, mut attempt: Attempt, answer: &Response<()>) {
        let outcome = outcome_of(answer.status());
        let can_be_read = is_json(media_type(answer.headers()))
            && !answer.headers().contains_key(CONTENT_ENCODING)
            && !self.link.is_end_stream();
        if outcome == Outcome::Failed && can_be_read {
            self.unclear = Some(Hearing::new(attempt));
        } else {
            attempt.note(outcome);
        }
    }

    /// Hears the next piece of the answer.
    pub(super) fn hear(&mut self, piece: &[u8]) {
        if let Some(mut it) = self.unclear.take_if(|it| it.is_graphql(piece)) {
            it.attempt.note(Outcome::Answered);
        }
    }

    /// Hears that nothing more comes.
    pub(super) fn heard(&mut self) {
        if let Some(mut it) = self.unclear.take() {
            it.attempt.note(Outcome::Failed);
        }
    }
}

impl Lane {
    pub(super) const fn new(upstream: Rc<Upstream>, pinning: Pinning) -> Self {
        Self { upstream, pinning, own: RefCell::new(None), written: RefCell::new(None) }
    }

    /// Forwards what was judged, and returns the answer as it comes in, which begins at `until`
    /// or sooner when somebody waits no longer than that.
    ///
    /// # Errors
    /// When the upstream cannot be reached, is too slow or breaks off before it answers. Only a
    /// request of which not a byte was sent, or which the upstream says that it did not process, is
    /// tried again, on a fresh connection and then at other
    /// addresses: one whose connection died after that may have been executed, and a mutation must
    /// not run twice.
    pub async fn forward(
        self: &Rc<Self>,
        admitted: Admitted,
        head: Head<'_>,
        until: Option<Instant>,
    ) -> Result<Response<Relayed>, Fault> {
        point(Stage::Place).await?;
        let permit = self.upstream.permit().await?;
        // Nobody blames the upstream for what a request has waited for us.
        let until = until.and_then(|it| it.checked_add(permit.waited()));
        let body = Bytes::from(admitted.into_body());
        let outgoing = Outgoing {
            signed: body.clone(),
            content_type: None,
            proofs: Vec::new(),
            body: Body::Whole(body),
        };
        let ours = Instant::now().checked_add(self.upstream.response);
        let deadline = [ours, until].into_iter().flatten().min();
        self.answer(permit, (outgoing, head), deadline).await
    }

    /// The same with files, which may take until `until`; the time for the answer begins then.
    ///
    /// # Errors
    /// As [`Lane::forward`], and when what is read of the files breaks it off.
    pub async fn forward_files(
        self: &Rc<Self>,
        admitted: Admitted,
        files: Files,
        head: Head<'_>,
        until: Instant,
    ) -> Result<Response<Relayed>, Fault> {
        let _upload = self.upstream.uploads.take()?;
        let permit = self.upstream.permit().await?;
        let operations = admitted.into_body();
        let outgoing = Outgoing {
            signed: [&operations, files.map.as_bytes()].concat().into(),
            content_type: Some(files.content_type),
            proofs: files.proofs,
            body: Body::Files((files.body)(operations)),
        };
        let deadline = until.checked_add(self.upstream.response);
        self.answer(permit, (outgoing, head), deadline).await
    }

    async fn answer(
        self: &Rc<Self>,
        permit: Permit,
        (outgoing, head): (Outgoing, Head<'_>),
        deadline: Option<Instant>,
    ) -> Result<Response<Relayed>, Fault> {
        point(Stage::Address).await?;
        let deadline = deadline.ok_or(Failure::ResponseTimeout)?;
        let (answer, leg) = self.exchange((outgoing, head), deadline).await?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::Switching.into());
        }
        if is_coded(answer.headers()) {
            return Err(Failure::Coded.into());
        }
        let (mut head, ()) = answer.into_parts();
        let is_open_ended = is_open_ended(&head);
        // RFC 9110 §6.2: what the upstream speaks is between it and us.
        head.version = Version::HTTP_11;
        clean_answer(&mut head.headers);
        head.extensions.clear();
        let limit = self.upstream.response_idle;
        let body = Relayed::new(leg, Rc::clone(self), permit, limit);
        let body = body.open_ended(is_open_ended);
        Ok(Response::from_parts(head, body))
    }

    pub(super) const fn upstream(&self) -> &Rc<Upstream> {
        &self.upstream
    }

    /// Takes back a connection whose answer was read to its end.
    pub(super) fn put(&self, leg: Leg) {
        // A request that the upstream did not want to have whole keeps its connection busy.
        if leg.files.as_ref().is_some_and(|it| !it.is_over()) {
            return;
        }
        let replica = leg.replica;
        let idle = match leg.link {
            // The pool has it, as long as it lasts.
            Link::Shared(_) => return,
            Link::Single(single) => Idle::new(single),
        };
        let mut own = self.own.borrow_mut();
        match self.pinning {
            Pinning::Pinned if own.is_none() && replica.pin() => *own = Some((replica, idle)),
            Pinning::Pinned | Pinning::Pooled => replica.put(idle),
        }
    }

    fn request(&self, outgoing: Outgoing, head: Head<'_>, target: &Target) -> Parcel {
        let client = head.client;
        let mut headers = head.write(target.host(), self.written(head.address));
        // Whatever the policy lets pass: nobody but us signs.
        headers.remove(&signed_link::HEADER);
        if let Some(signer) = &self.upstream.signer {
            let signature = signer.sign(&Method::POST, target.path(), &outgoing.signed, now());
            headers.insert(&signed_link::HEADER, signature);
        }
        if let Some(content_type) = outgoing.content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        add_proofs(&mut headers, client, outgoing.proofs);
        let mut request = Box::new(Request::new(outgoing.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target.origin();
        *request.headers_mut() = headers;
        request
    }

    /// An address as a header has it.
    fn written(&self, address: IpAddr) -> Option<HeaderValue> {
        let mut written = self.written.borrow_mut();
        if written.as_ref().is_none_or(|(it, _)| *it != address) {
            *written = Some((address, written_address(address)?));
        }
        written.as_ref().map(|(_, value)| value.clone())
    }

    /// Asks one address after the other until one has taken the request. Of those, it is the only
    /// one that has seen any of it.
    async fn exchange(
        &self,
        (outgoing, head): (Outgoing, Head<'_>),
        deadline: Instant,
    ) -> Result<(Response<()>, Leg), Failure> {
        let upstream = &self.upstream;
        // Files that broke off may be the client's doing: no client shuts an address to the others.
        let (when_sent, mut files) = match &outgoing.body {
            Body::Files(files) => (Outcome::Unknown, Some(files.sending())),
            Body::Whole(_) => (Outcome::Failed, None),
        };
        let mut own = self.take_own();
        let mut attempt = upstream.choose(own.as_ref().map(|(it, _)| it), &[])?;
        let mut request = self.request(outgoing, head, &attempt.replica.target);
        let mut tried = Vec::new();
        // Budget: the addresses, of which every turn tries another.
        loop {
            let replica = Rc::clone(&attempt.replica);
            let single = own.take().and_then(|it| Self::reuse(it, &replica));
            let load = replica.begin();
            let broken = match replica.exchange(single, request, deadline).await {
                Ok((answer, link)) => {
                    let mut leg =
                        Leg { link, files: files.take(), unclear: None, replica, _load: load };
                    leg.note(attempt, &answer);
                    return Ok((answer, leg));
                }
                Err(broken) => broken,
            };
            attempt.note(broken.outcome(when_sent));
            let Broken { failure, unsent } = broken;
            request = match unsent {
                Some(unsent) => unsent,
                None => return Err(failure),
            };
            tried.push(replica);
            // Another address would be blamed for the time that this one took.
            if deadline <= Instant::now() {
                return Err(failure);
            }
            attempt = upstream.choose_after(&tried, failure)?;
            attempt.replica.target.to_http1(&mut request);
        }
    }

    fn take_own(&self) -> Option<(Rc<Replica>, Idle)> {
        let (replica, idle) = self.own.borrow_mut().take()?;
        replica.unpin();
        Some((replica, idle))
    }

    /// A connection to this address, if it is still good; one to another goes where others find it.
    fn reuse((own, idle): (Rc<Replica>, Idle), replica: &Rc<Replica>) -> Option<Single> {
        if Rc::ptr_eq(&own, replica) {
            return own.revive(idle);
        }
        own.put(idle);
        None
    }
}

/// RFC 9112 §6.3: without a length, an answer over HTTP/1 ends with its connection.
fn is_open_ended(head: &Parts) -> bool {
    let has = |name| head.headers.contains_key(name);
    head.version <= Version::HTTP_11 && !has(CONTENT_LENGTH) && !has(TRANSFER_ENCODING)
}

/// Whether its transfer has a coding besides `chunked`, which is all that is taken off.
fn is_coded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    codings.any(|it| !it.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// What the upstream says of itself: these three come from what stands in front of a server that
/// is not there, unless a server of GraphQL lets its resolvers choose the status.
pub(super) fn outcome_of(status: StatusCode) -> Outcome {
    match status {
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Outcome::Failed
        }
        _ => Outcome::Answered,
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some((replica, idle)) = self.take_own() {
            replica.put(idle);
        }
    }
}
