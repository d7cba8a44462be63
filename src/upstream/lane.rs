//! The way of one client connection to the upstream: the only road, and only for what was judged.

use std::{cell::RefCell, rc::Rc};

use bytes::Bytes;
use http::{
    Method, Request, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
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
        headers::clean_answer,
        link::{Body, Broken, Link},
        pool::Idle,
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
        let request = self.request(admitted, head);
        let (answer, link) = self.exchange(request).await?;
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

    fn request(&self, admitted: Admitted, head: Head<'_>) -> Request<Body> {
        let body = admitted.into_body();
        let target = &self.upstream.target;
        let mut headers = head.write(target.host());
        // Whatever the policy lets pass: nobody but us signs.
        headers.remove(&signed_link::HEADER);
        if let Some(signer) = &self.upstream.signer {
            let signature = signer.sign(&Method::POST, target.path(), &body, now());
            headers.insert(&signed_link::HEADER, signature);
        }
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target.origin();
        *request.headers_mut() = headers;
        request
    }

    async fn exchange(
        &self,
        request: Request<Body>,
    ) -> Result<(Response<Incoming>, Link), Failure> {
        let mut request = request;
        let (upstream, target) = (&self.upstream, &self.upstream.target);
        let deadline = Instant::now().checked_add(upstream.response);
        let deadline = deadline.ok_or(Failure::ResponseTimeout)?;
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
