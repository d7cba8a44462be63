//! One request, start to end. The only file that shows the order of its steps.

use std::rc::Rc;

use http::{HeaderValue, Version, header::CONNECTION, request::Parts};
use hyper::{Request, Response, body::Incoming};

use crate::{
    identity::Caller,
    json,
    server::{
        answer::Answer,
        body,
        panics::{Caught, caught},
        state::State,
        worker::Worker,
    },
    sources::now,
    telemetry::{Failed, Panicked, Refused, Reported, RequestId, UpstreamFailed},
    transport::{Media, Refusal, Reply, decode, not_json, readable, route},
    upstream::{Head, Lane},
    verdict::{Admitted, Fault, Item, Verdict},
};

/// Answers a request, whatever happens.
pub(super) async fn handle(
    worker: &Worker,
    lane: &Rc<Lane>,
    request: Request<Incoming>,
) -> Response<Answer> {
    let state = worker.in_force();
    let (head, body) = request.into_parts();
    let media = Media::preferred(&head.headers);
    let reply = Reply { id: worker.ids().next(), media, http: state.http() };
    let exchange = Exchange { worker, lane, state: &state, head: &head, reply };
    let mut response = match caught(exchange.serve(body)).await {
        Ok(Ok(mut answer)) => {
            reply.sign(&mut answer);
            answer
        }
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
    if worker.drain().has_begun() && head.version <= Version::HTTP_11 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A request and what it meets.
struct Exchange<'e> {
    worker: &'e Worker,
    lane: &'e Rc<Lane>,
    state: &'e State,
    head: &'e Parts,
    reply: Reply<'e>,
}

impl Exchange<'_> {
    async fn serve(&self, body: Incoming) -> Result<Response<Answer>, Refusal> {
        let http = self.state.http();
        route(self.head, http)?;
        self.state.refuse_drift()?;
        readable(&self.head.headers)?;
        let body = body::read(body, http.body, self.worker.deadlines().body).await?;
        let admitted = match self.judge(&body)? {
            Judged::Answer(body) => return Ok(self.reply.answer(body).map(Answer::from)),
            Judged::Forward(admitted) => admitted,
        };
        drop(body);
        let rules = &self.state.headers;
        let head = Head { client: &self.head.headers, rules, media: self.reply.media };
        Ok(self.lane.forward(admitted, head).await?.map(Answer::Relayed))
    }

    fn judge(&self, body: &[u8]) -> Result<Judged, Refusal> {
        let tree = json::read(body, json::Limits::default()).map_err(not_json)?;
        let requests = decode(&tree, self.state.http())?;
        let caller = Caller::Anonymous;
        match self.state.gate.admit(&requests, &caller, now()) {
            Verdict::Admit(admitted) => {
                self.report(admitted.items());
                Ok(Judged::Forward(admitted))
            }
            Verdict::Answer(answered) => {
                self.report(&answered.items);
                Ok(Judged::Answer(answered.body))
            }
            Verdict::Reject(rejected) => Err(Refusal::Rejected(rejected)),
        }
    }

    fn report(&self, items: &[Item]) {
        let reported = items.iter().flat_map(|it| &it.reported);
        reported.for_each(|violation| Reported { id: self.reply.id, violation }.emit());
    }
}

/// What becomes of a request that is not refused.
enum Judged {
    Answer(Vec<u8>),
    Forward(Admitted),
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
        Refusal::Rejected(rejected) => Refused { id, found: &rejected.found }.emit(),
    }
}
