//! Answers a request, whatever becomes of it. The steps on the way are those of an `Exchange`.

use std::{cell::OnceCell, rc::Rc};

use bytes::Bytes;
use http::{
    HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, VARY},
};
use hyper::{
    Request, Response,
    body::{Body as _, Incoming},
};
use tokio::{
    task,
    time::{Instant, error::Elapsed, timeout},
};

use crate::{
    faults::within,
    server::{
        answer::Answer,
        arriving::Arriving,
        body,
        connection::Client,
        exchange::{Exchange, Served},
        logged,
        panics::{Caught, caught},
        stream,
        waiting::Waiting,
    },
    telemetry::{GraphIndex, Panicked},
    transport::{Media, Refusal, Reply, listed_origin},
    verdict::{Code, Fault},
};

/// What became of a request.
type Ended = Result<Result<Served, Refusal>, Caught>;

/// Answers a request, whatever happens.
pub(super) async fn handle(client: &Rc<Client>, request: Request<Incoming>) -> Response<Answer> {
    let n = client.watch.begin();
    let worker = &client.worker;
    let limit = worker.deadlines().request;
    let until = Instant::now().checked_add(limit);
    let (head, body) = request.into_parts();
    let (site, wrong) = worker.sites().meant(&head);
    let (state, head) = (&site.in_force(), &head);
    let media = Media::preferred(&head.headers);
    let origin = listed_origin(&head.headers, state.http());
    let id = worker.ids().next_of(wrong.as_ref().map_or(site.index(), |_| GraphIndex::NONE));
    let reply = Reply { id, media, http: state.http(), origin };
    let (noted, who) = (OnceCell::new(), OnceCell::new());
    let (traced, waiting) = (None, Waiting::new(id, worker.drain()));
    let mut exchange =
        Exchange { client, n, site, wrong, state, head, reply, noted, who, traced, waiting };
    exchange.trace();
    let mut body = Arriving::new(body, &client.abandoned);
    // Boxed once: what holds a future is copied whole when it is handed on, and hands it on itself.
    let serving = Box::pin(exchange.serve(&mut body));
    let in_time =
        async { timeout(limit, within(&head.headers, serving)).await.unwrap_or_else(too_late) };
    let ended = caught(in_time).await;
    exchange.note(ended.as_ref());
    let code = code(&ended);
    let mut response = exchange.answer(ended, until);
    if let Some(vary) = &state.vary {
        response.headers_mut().append(VARY, vary.clone());
    }
    exchange.noted().inspect(|it| it.told(&response));
    exchange.pass_over(body).await;
    exchange.close_if_last(&mut response);
    if head.method == Method::HEAD && head.version == Version::HTTP_2 {
        // RFC 9110 §9.3.2: the library leaves it away over HTTP/1 alone.
        *response.body_mut() = Answer::from(Bytes::new());
    }
    exchange.traced.inspect(|it| it.end(response.status(), code));
    exchange.waiting.answered();
    response
}

/// With which code it was refused.
fn code(ended: &Ended) -> Option<Code> {
    match ended {
        Ok(Ok(_served)) => None,
        Ok(Err(refusal)) => Some(logged::code(refusal)),
        Err(Caught) => Some(Code::INTERNAL_SERVER_ERROR),
    }
}

impl Exchange<'_> {
    /// What the client is answered; the whole of it must have come by `until`.
    fn answer(&self, ended: Ended, until: Option<Instant>) -> Response<Answer> {
        let reply = &self.reply;
        match ended {
            Ok(Ok(Served::Relayed(mut relayed, counting))) => {
                reply.sign(&mut relayed);
                relayed.map(|relayed| Answer::Relayed { relayed, until, counting })
            }
            Ok(Ok(Served::Told(mut told))) => {
                reply.sign(&mut told);
                told.map(Answer::from)
            }
            Ok(Ok(Served::Stream(mut answer, (expires, lasts), counting))) => {
                reply.sign(&mut answer);
                if self.head.version == Version::HTTP_2 {
                    self.client.going_on.borrow_mut().extend(task::try_id());
                }
                let ends = stream::ends(
                    self.client,
                    (self.site, self.state),
                    (&self.head.headers, expires),
                    lasts,
                );
                answer.map(|relayed| Answer::Streamed { relayed, ends, counting })
            }
            Ok(Ok(Served::Answer(body, room))) => {
                reply.answer(body).map(|bytes| Answer::Held { bytes, _room: room })
            }
            Ok(Ok(Served::Switch(answer))) => answer.map(|()| Answer::from(Bytes::new())),
            Ok(Ok(Served::Preflight)) => reply.preflight(&self.head.headers).map(Answer::from),
            Ok(Err(refusal)) => {
                logged::refusal(&refusal, &self.about());
                reply.refuse(&refusal).map(Answer::from)
            }
            Err(Caught) => {
                Panicked { id: Some(reply.id) }.emit();
                let refusal = Refusal::Fault(Fault::Internal { detail: "panic".into() });
                reply.refuse(&refusal).map(Answer::from)
            }
        }
    }

    /// Reads what was refused unread, so that the connection can be kept; not what a client only
    /// sends when it is asked to, nor what it takes its time for.
    async fn pass_over(&self, mut body: Arriving) {
        if body.is_end_stream() || self.head.version > Version::HTTP_11 {
            return;
        }
        let limits = body::Limits { deadline: body::UNREAD, ..self.limits() };
        if !limits.is_asked_for {
            body::discard_in_time(&mut body, limits).await;
        }
    }

    /// Says that the connection is closed, where it is.
    fn close_if_last(&self, response: &mut Response<Answer>) {
        let watch = &self.client.watch;
        let is_last = self.client.worker.drain().has_begun()
            || self.client.abandoned.is_noted()
            || watch.wrong(self.n).is_some()
            || watch.is_switching(self.n);
        if is_last
            && response.status() != StatusCode::SWITCHING_PROTOCOLS
            && self.head.version <= Version::HTTP_11
        {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

fn too_late(_elapsed: Elapsed) -> Result<Served, Refusal> {
    let detail = "the request took too long".into();
    Err(Refusal::Fault(Fault::Upstream { code: Code::GATEWAY_TIMEOUT, detail }))
}
