//! The way of one client connection to the upstream: the only road, and only for what was judged.

use std::{cell::RefCell, rc::Rc};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    response::Parts,
};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::{
    sources::now,
    upstream::{
        Head, Relayed, Upstream,
        fault::Failure,
        files::{Body, Files},
        headers::clean_answer,
        link::{Broken, Link},
        pool::{Idle, Permit},
        signed_link,
        single::Single,
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
    /// Counted by [`Upstream::pin`] while it is there.
    own: RefCell<Option<Idle>>,
}

impl Lane {
    pub(super) const fn new(upstream: Rc<Upstream>, pinning: Pinning) -> Self {
        Self { upstream, pinning, own: RefCell::new(None) }
    }

    /// Forwards what was judged, and returns the answer as it comes in.
    ///
    /// # Errors
    /// When the upstream cannot be reached, is too slow or breaks off before it answers. Only a
    /// request of which not a byte was sent is tried again, once, on a fresh connection: one whose
    /// connection died after that may have been executed, and a mutation must not run twice.
    pub async fn forward(
        self: &Rc<Self>,
        admitted: Admitted,
        head: Head<'_>,
    ) -> Result<Response<Relayed>, Fault> {
        let permit = self.upstream.permit()?;
        let body = admitted.into_body();
        let headers = self.headers(&body, head);
        let body = Body::Whole(Full::new(Bytes::from(body)));
        let deadline = Instant::now().checked_add(self.upstream.response);
        self.answer(permit, self.request(headers, body), deadline).await
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
        let permit = self.upstream.permit()?;
        let operations = admitted.into_body();
        let signed = [&operations, files.map.as_bytes()].concat();
        let mut headers = self.headers(&signed, head);
        headers.insert(CONTENT_TYPE, files.content_type);
        let body = Body::Files((files.body)(operations));
        let deadline = until.checked_add(self.upstream.response);
        self.answer(permit, self.request(headers, body), deadline).await
    }

    async fn answer(
        self: &Rc<Self>,
        permit: Permit,
        request: Request<Body>,
        deadline: Option<Instant>,
    ) -> Result<Response<Relayed>, Fault> {
        let deadline = deadline.ok_or(Failure::ResponseTimeout)?;
        let (answer, link) = self.exchange(request, deadline).await?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::Switching.into());
        }
        let (mut head, body) = answer.into_parts();
        let is_open_ended = is_open_ended(&head);
        clean_answer(&mut head.headers);
        head.extensions.clear();
        let limit = self.upstream.response_idle;
        let body = Relayed::new(body, link, Rc::clone(self), permit, limit);
        let body = body.open_ended(is_open_ended);
        Ok(Response::from_parts(head, body))
    }

    pub(super) const fn upstream(&self) -> &Rc<Upstream> {
        &self.upstream
    }

    /// Takes back a connection whose answer was read to its end.
    pub(super) fn put(&self, link: Link) {
        let idle = match link {
            // The pool has it, as long as it lasts.
            Link::Shared(_) => return,
            Link::Single(single) => Idle::new(single),
        };
        let mut own = self.own.borrow_mut();
        match self.pinning {
            Pinning::Pinned if own.is_none() && self.upstream.pin() => *own = Some(idle),
            Pinning::Pinned | Pinning::Pooled => self.upstream.put(idle),
        }
    }

    /// The headers of a request; `body` is what is signed of it.
    fn headers(&self, body: &[u8], head: Head<'_>) -> HeaderMap {
        let target = &self.upstream.target;
        let mut headers = head.write(target.host());
        // Whatever the policy lets pass: nobody but us signs.
        headers.remove(&signed_link::HEADER);
        if let Some(signer) = &self.upstream.signer {
            let signature = signer.sign(&Method::POST, target.path(), body, now());
            headers.insert(&signed_link::HEADER, signature);
        }
        headers
    }

    fn request(&self, headers: HeaderMap, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.upstream.target.origin();
        *request.headers_mut() = headers;
        request
    }

    async fn exchange(
        &self,
        request: Request<Body>,
        deadline: Instant,
    ) -> Result<(Response<Incoming>, Link), Failure> {
        let mut request = request;
        let (upstream, target) = (&self.upstream, &self.upstream.target);
        let own = self.take_own().map(Link::Single);
        if let Some(mut link) = own.or_else(|| upstream.take()) {
            match link.exchange(target, request, deadline).await {
                Ok(answer) => return Ok((answer, link)),
                Err(Broken { unsent: Some(unsent), failure: _ }) => request = unsent,
                Err(Broken { unsent: None, failure }) => return Err(failure),
            }
        }
        let mut link = upstream.open(deadline).await?;
        let answer = link.exchange(target, request, deadline).await.map_err(|it| it.failure)?;
        Ok((answer, link))
    }

    fn take_own(&self) -> Option<Single> {
        let idle = self.own.borrow_mut().take()?;
        self.upstream.unpin();
        self.upstream.revive(idle)
    }
}

/// RFC 9112 §6.3: without a length, an answer over HTTP/1 ends with its connection.
fn is_open_ended(head: &Parts) -> bool {
    let has = |name| head.headers.contains_key(name);
    head.version <= Version::HTTP_11 && !has(CONTENT_LENGTH) && !has(TRANSFER_ENCODING)
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(idle) = self.own.borrow_mut().take() {
            self.upstream.unpin();
            self.upstream.put(idle);
        }
    }
}
