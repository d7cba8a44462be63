//! Answers that go on: server-sent events and multipart. They have no end that could be waited
//! for, so that other bounds hold than for answers.
//!
//! A stream breaks off with its lifetime, and with the caller's credential or its key: without an
//! end, which clients would take for that of the upstream. One of a subscription also does when the
//! process stops, and when another policy comes into force under which it would not be what it is.
//! The answer to a query or a mutation is finished as any other is.

use std::{future::pending, pin::Pin, rc::Rc, sync::Arc, time::Duration};

use http::{HeaderMap, Response};
use tokio::time::{Instant, interval, sleep_until};

use crate::{
    admission::Requests,
    identity::Caller,
    response::Lasts,
    server::{
        connection::Client,
        graph::{InForce, Site},
        guarded::CutOff,
        identify::{are_other, identify},
        standing::Standing,
    },
    sources::now,
    transport::{Incremental, Media, media_type},
    upstream::Relayed,
    verdict::{Code, Fault, Framing, Violation, ids},
};

/// Resolves when a stream has to break off.
pub(super) type Ends = Pin<Box<dyn Future<Output = CutOff>>>;

/// How long an answer goes on by itself; and of a subscription what it was let in as, unless it
/// cannot be judged again, since it came with files.
pub(super) type Following = (Lasts, Option<Box<Standing>>);

/// Events have no place for a batch.
pub(super) fn is_possible(requests: &Requests<'_>, media: Media) -> Result<(), Violation> {
    if media != Media::EventStream || requests.framing == Framing::Single {
        return Ok(());
    }
    let public = "a batch is not answered as events";
    let (rule, code) = (ids::BATCH, Code::INVALID_REQUEST);
    Err(Violation::new(rule, code, public))
}

/// An answer that goes on.
pub(super) fn going_on(answer: Response<Relayed>) -> Result<Response<Relayed>, Fault> {
    let (head, relayed) = answer.into_parts();
    Ok(Response::from_parts(head, relayed.going_on()?))
}

/// Whether an answer is one that the client wants to follow.
pub(super) fn is_stream(
    headers: &HeaderMap,
    media: Media,
    incremental: Option<Incremental>,
) -> bool {
    let is = |name| media_type(headers).eq_ignore_ascii_case(name);
    (media == Media::EventStream && is("text/event-stream"))
        || (incremental.is_some() && is("multipart/mixed"))
}

/// When a caller's credential ends.
pub(super) fn expires(caller: &Caller) -> Option<Instant> {
    let left = caller.identity.as_ref()?.expires().saturating_sub(now().0);
    Instant::now().checked_add(Duration::from_secs(left))
}

/// What a stream waits for besides its pieces; `headers` have the caller's credential, which ends
/// when it `expires`.
pub(super) fn ends(
    client: &Rc<Client>,
    (site, state): (&Rc<Site>, &Rc<InForce>),
    (headers, expires): (&HeaderMap, Option<Instant>),
    (lasts, standing): Following,
) -> Ends {
    let (client, site, state) = (Rc::clone(client), Rc::clone(site), Rc::clone(state));
    let headers = headers.clone();
    let now = Instant::now();
    let until = now.checked_add(client.worker.deadlines().stream).unwrap_or(now);
    let expired = async move {
        match expires {
            Some(it) => sleep_until(it).await,
            None => pending().await,
        }
    };
    Box::pin(async move {
        match lasts {
            Lasts::ToItsEnd => tokio::select! {
                () = sleep_until(until) => CutOff::Late,
                () = expired => CutOff::Outlived,
                cut = replaced(&site, None, &headers) => cut,
            },
            Lasts::UntilEnded => tokio::select! {
                () = client.worker.drain().begun() => CutOff::Due("the process stops"),
                () = sleep_until(until) => CutOff::Due("its lifetime is over"),
                () = expired => CutOff::Due("the caller's credential has ended"),
                cut = replaced(&site, Some((state, standing)), &headers) => cut,
            },
        }
    })
}

/// Resolves when another policy is in force that does not let it go on, or with other keys the
/// caller's credential is bad.
async fn replaced(
    site: &Site,
    mut let_in: Option<(Rc<InForce>, Option<Box<Standing>>)>,
    headers: &HeaderMap,
) -> CutOff {
    let (mut look, mut verified_with) = (interval(LOOK), None);
    // Budget: the lifetime of the stream.
    loop {
        look.tick().await;
        let latest = site.in_force();
        if let Some((state, standing)) = &mut let_in
            && !Arc::ptr_eq(&latest.gate, &state.gate)
        {
            let goes_on = match standing {
                Some(standing) => standing.goes_on(state, &latest).await,
                None => false,
            };
            if !goes_on {
                return CutOff::Replaced;
            }
            *state = Rc::clone(&latest);
        }
        let keyring = latest.keys.keyring();
        if are_other(keyring.as_ref(), verified_with.as_ref()) {
            let credentials = (latest.credentials(), &latest.keys);
            if identify(credentials, headers, now()).await.is_err() {
                return CutOff::Outlived;
            }
            verified_with = keyring;
        }
    }
}

/// 1 s, as for WebSocket.
const LOOK: Duration = Duration::from_secs(1);
