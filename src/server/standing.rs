//! A subscription that is answered over HTTP, as it was let in: judged again when another policy
//! comes into force.
//!
//! It goes on when the same request would be let in, of the same caller, and reach the upstream in
//! the same words. Nothing is charged or written down again.

use std::{rc::Rc, sync::Arc};

use http::{HeaderName, HeaderValue, request::Parts};

use crate::{
    digest::Digest,
    identity::{Caller, Identity},
    json,
    policy::Policy,
    schema::OperationKind,
    server::{
        body::NoBody,
        connection::Client,
        documents,
        exchange::Exchange,
        held::Held,
        identify::{identify, told},
        state::State,
    },
    sources::now,
    transport::{Refusal, Route, UploadMap, body_of_get, client_label, decode, not_json, route},
    verdict::{Admitted, Verdict},
};

/// What was let in.
pub(super) struct Standing {
    client: Rc<Client>,
    head: Parts,
    /// The request as the client wrote it.
    body: Box<[u8]>,
    caller: Caller,
    /// What the upstream was told of the caller.
    told: Vec<(HeaderName, HeaderValue)>,
    /// The request as it went on.
    sent: Digest,
    _held: Held,
}

impl Standing {
    /// Nothing for what ends by itself, or came with files, which are gone.
    ///
    /// # Errors
    /// When the worker keeps too much of such requests already.
    pub(super) fn of(
        exchange: &Exchange<'_>,
        (body, files): (&[u8], Option<&UploadMap>),
        (caller, told): (Caller, &[(HeaderName, HeaderValue)]),
        admitted: &Admitted,
    ) -> Result<Option<Box<Self>>, NoBody> {
        let is_live = admitted.items().iter().any(|it| it.kind == OperationKind::Subscription);
        if !is_live || files.is_some() {
            return Ok(None);
        }
        let held = exchange.client.worker.standing().holding(body.len()).ok_or(NoBody::NoRoom)?;
        Ok(Some(Box::new(Self {
            client: Rc::clone(exchange.client),
            head: exchange.head.clone(),
            body: body.into(),
            caller,
            told: told.into(),
            sent: Digest::of(admitted.body()),
            _held: held,
        })))
    }

    /// Whether it goes on as it is under the latest policy.
    pub(super) async fn goes_on(&self, before: &State, latest: &State) -> bool {
        let passed_on = (&before.http().forward_headers, &latest.http().forward_headers);
        passed_on.0 == passed_on.1
            && are_read_alike(before, latest)
            && self.is_let_in(latest).await.unwrap_or(false)
    }

    async fn is_let_in(&self, latest: &State) -> Result<bool, Refusal> {
        let (http, headers) = (latest.http(), &self.head.headers);
        let is_as_said = match route(&self.head, http)? {
            Route::Get => *body_of_get(&self.head, http)? == *self.body,
            Route::Operation => u64::try_from(self.body.len()).is_ok_and(|it| it <= http.body),
            Route::Preflight | Route::WebSocket => false,
        };
        latest.refuse_drift()?;
        let tree = json::read(&self.body, latest.gate.policy().body).map_err(not_json)?;
        let requests = decode(&tree, http)?;
        let credentials = latest.credentials();
        let Ok(identity) = identify((credentials, &latest.keys), headers, now()).await else {
            return Ok(false);
        };
        let Ok(told) = told(&latest.told, identity.as_deref()) else { return Ok(false) };
        let is_same = are_same(identity.as_ref(), self.caller.identity.as_ref());
        if !is_as_said || !is_same || told != self.told {
            return Ok(false);
        }
        let mut caller = Caller { identity, ..self.caller.clone() };
        caller.client.label = client_label(headers, credentials);
        documents::ask(&latest.gate, self.client.worker.link(), &requests).await;
        let (verdict, _follow) = latest.gate.admit_and_follow(&requests, &caller, now());
        Ok(match verdict {
            Verdict::Admit(admitted) => Digest::of(admitted.body()) == self.sent,
            Verdict::Answer(_) | Verdict::Reject(_) => false,
        })
    }
}

/// Whether two policies read answers alike: what reads one that goes on cannot be changed halfway.
fn are_read_alike(before: &State, latest: &State) -> bool {
    let (before, latest) = (before.gate.policy(), latest.gate.policy());
    let has_same_types = || said(before, "types") == said(latest, "types");
    before.response == latest.response && (!latest.response.reads() || has_same_types())
}

/// What a policy says in a block.
fn said<'p>(policy: &'p Policy, block: &str) -> Option<&'p Digest> {
    policy.blocks.iter().find(|(key, _)| **key == *block).map(|(_, said)| said)
}

/// Whether a credential still tells of the same, for as long.
fn are_same(one: Option<&Arc<Identity>>, other: Option<&Arc<Identity>>) -> bool {
    let known_by = |it: &Arc<Identity>| (it.subject().map(Box::<str>::from), it.expires());
    one.map(known_by) == other.map(known_by)
}
