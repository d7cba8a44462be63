//! The way of one client connection to the upstream: the only road, and only for what was judged.

use std::{cell::RefCell, rc::Rc};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::{
    upstream::{
        Head, Relayed, Upstream,
        fault::Failure,
        headers::clean_answer,
        link::{Broken, Link},
        pool::Idle,
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
    /// request of which not a byte was sent is tried again, once, on a fresh connection.
    pub async fn forward(
        self: &Rc<Self>,
        admitted: Admitted,
        head: Head<'_>,
    ) -> Result<Response<Relayed>, Fault> {
        let permit = self.upstream.permit()?;
        let request = self.request(admitted, head);
        let answering = tokio::time::timeout(self.upstream.response, self.exchange(request));
        let (answer, link) = answering.await.unwrap_or(Err(Failure::ResponseTimeout))?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::Switching.into());
        }
        let (mut head, body) = answer.into_parts();
        clean_answer(&mut head.headers);
        head.extensions.clear();
        let limit = self.upstream.response_idle;
        let body = Relayed::new(body, link, Rc::clone(self), permit, limit);
        Ok(Response::from_parts(head, body))
    }

    /// Takes back a connection whose answer was read to its end.
    pub(super) fn put(&self, link: Link) {
        let mut own = self.own.borrow_mut();
        let idle = Idle::new(link);
        match self.pinning {
            Pinning::Pinned if own.is_none() && self.upstream.pin() => *own = Some(idle),
            Pinning::Pinned | Pinning::Pooled => self.upstream.put(idle),
        }
    }

    fn request(&self, admitted: Admitted, head: Head<'_>) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::from(admitted.into_body())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from(self.upstream.url.path().clone());
        *request.headers_mut() = head.write(self.upstream.host.clone());
        request
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Link), Failure> {
        let mut request = request;
        if let Some(mut link) = self.take_own().or_else(|| self.upstream.take()) {
            match link.exchange(request).await {
                Ok(answer) => return Ok((answer, link)),
                Err(Broken { unsent: Some(unsent), failure: _ }) => request = unsent,
                Err(Broken { unsent: None, failure }) => return Err(failure),
            }
        }
        let mut link = self.upstream.open().await?;
        let answer = link.exchange(request).await.map_err(|it| it.failure)?;
        Ok((answer, link))
    }

    fn take_own(&self) -> Option<Link> {
        let idle = self.own.borrow_mut().take()?;
        self.upstream.unpin();
        self.upstream.revive(idle)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(idle) = self.own.borrow_mut().take() {
            self.upstream.unpin();
            self.upstream.put(idle);
        }
    }
}
