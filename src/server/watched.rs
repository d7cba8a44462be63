//! Answers that the policy wants counted, told their cost, or that settle what was spent: off by
//! default, and then not here.
//!
//! Counting holds nothing back. Only an answer that is told its cost is read whole first.

use std::{rc::Rc, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::{
    admission::{Gate, Watched},
    cost::{Counter, ListSeen, Price},
    quota::Outcomes,
    server::{
        charges::{Charges, Known},
        guarded::Guarded,
        noted::Noted,
        parted::{MESSAGE, Parted, is_whole},
        state::State,
    },
    telemetry::{AboveStatic, RequestId},
    transport::media_type,
    verdict::Fault,
};

/// Looks at an answer while it passes: says so when it is above the static cost, and settles what
/// was spent.
#[derive(Debug)]
pub(super) struct Counting {
    id: RequestId,
    gate: Arc<Gate>,
    counter: Option<Counter>,
    /// Lists above their bounds are told.
    is_sampled: bool,
    charges: Charges,
    is_settled: bool,
    /// The answer so far, when it is to say what has failed; nothing once it is too long.
    kept: Option<Vec<u8>>,
    /// How the answer comes, when it comes in parts: it is read at its end.
    parted: Option<Parted>,
    /// What is written down of the request.
    noted: Option<Rc<Noted>>,
}

impl Counting {
    /// Nothing, when there is nothing to look for.
    pub(super) fn of(
        (state, id): (&State, RequestId),
        watched: Option<&mut Watched>,
        charges: Charges,
    ) -> Option<Box<Self>> {
        let is_sampled = watched.as_ref().is_some_and(|it| it.is_sampled);
        let counter = watched.and_then(|it| it.counter.take());
        let kept = charges.want_outcomes().then(Vec::new);
        let gate = Arc::clone(&state.gate);
        let is_of_use = counter.is_some() || charges.wait();
        let (is_settled, parted, noted) = (false, None, None);
        is_of_use.then(|| {
            let it =
                Self { id, gate, counter, is_sampled, charges, is_settled, kept, parted, noted };
            Box::new(it)
        })
    }

    /// The same for an answer in parts. A subscription has none that says all.
    pub(super) fn in_parts(
        about: (&State, RequestId),
        watched: Option<Watched>,
        mut charges: Charges,
        parted: Option<Parted>,
    ) -> Option<Box<Self>> {
        if parted.is_none() {
            charges.keep();
        }
        let mut watched = watched.filter(|_| parted.is_some());
        let mut counting = Self::of(about, watched.as_mut(), charges)?;
        let is_read = counting.counter.is_some() || counting.charges.want_outcomes();
        counting.kept = is_read.then(Vec::new);
        counting.parted = parted;
        Some(counting)
    }

    /// Takes an answer over a socket. One that is whole settles what was spent; any other is part
    /// of an answer that ends with the operation, and so does the counting.
    pub(super) fn message(&mut self, answer: &[u8]) {
        if self.is_settled {
            return;
        }
        if self.parted.is_none() && is_whole(answer) {
            self.push(answer);
            return self.settle();
        }
        self.parted = Some(Parted::Messages);
        for piece in [MESSAGE, answer] {
            self.push(piece);
        }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        if let (Some(counter), None) = (&mut self.counter, &self.parted) {
            counter.push(piece);
        }
        let room = self.kept.as_ref().map_or(0, |it| MAX_KEPT.saturating_sub(it.len()));
        match &mut self.kept {
            Some(kept) if piece.len() <= room => kept.extend_from_slice(piece),
            Some(_) => self.kept = None,
            None => {}
        }
    }

    /// Nothing is given back: there will be no answer that says all.
    pub(super) fn keep(&mut self) {
        self.charges.keep();
    }

    /// Gives back what was not spent after all; once.
    pub(super) fn settle(&mut self) {
        self.is_settled = true;
        let parts = self.parted.take().map(|it| it.answers(&self.kept.take().unwrap_or_default()));
        if let (Some([only]), Some(counter)) = (parts.as_deref(), &mut self.counter)
            && is_whole(only)
        {
            counter.push(only);
        }
        let prices: Vec<Option<Price>> =
            self.counter.iter().flat_map(|it| it.settled().collect::<Vec<_>>()).collect();
        let kept = self.kept.take();
        let outcomes = match &parts {
            Some(parts) => Some(Outcomes::of_parts(parts)),
            None => kept.as_deref().and_then(Outcomes::read),
        };
        let measure = self.gate.policy().cost.measure();
        self.charges.settle(Known { prices: &prices, measure, outcomes: outcomes.as_ref() });
    }
}

impl Drop for Counting {
    /// However it ended: what came has come.
    fn drop(&mut self) {
        self.settle();
        let Some(counter) = &self.counter else { return };
        let counted = counter.finish();
        let (price, lists) = (counted.price, counted.lists);
        self.noted.as_ref().inspect(|it| it.cost(price.types, price.fields));
        if !self.is_sampled {
            return;
        }
        let over = || lists.iter().filter(|it| it.is_over());
        let excess = |it: &&ListSeen| it.longest.saturating_sub(it.bound);
        if let Some(worst) = over().max_by_key(excess) {
            let at = &self.gate.policy().schema.coordinate(worst.field);
            let (bound, length, n_places) = (worst.bound, worst.longest, over().count());
            AboveStatic { id: self.id, at, bound, length, n_places }.emit();
        }
    }
}

/// What the policy wants of an answer.
pub(super) enum Pass {
    /// It passes as it comes.
    AsItComes(Response<Guarded>, Option<Box<Counting>>),
    /// It is told its cost.
    Tell(Tell),
}

/// An answer that is to be told its cost.
pub(super) struct Tell {
    answer: Response<Guarded>,
    watched: Watched,
    counting: Option<Box<Counting>>,
}

/// Finds what the policy wants of an answer.
pub(super) fn pass(
    answer: Response<Guarded>,
    (state, id, noted): (&State, RequestId, Option<&Rc<Noted>>),
    mut watched: Option<Watched>,
    charges: Charges,
) -> Pass {
    let mut counting = Counting::of((state, id), watched.as_mut(), charges);
    counting.iter_mut().for_each(|it| it.noted = noted.cloned());
    match watched.filter(|it| it.is_told() && can_be_told(&answer)) {
        Some(watched) => Pass::Tell(Tell { answer, watched, counting }),
        None => Pass::AsItComes(answer.map(Guarded::sent), counting),
    }
}

impl Tell {
    /// Reads the answer, and tells it.
    pub(super) async fn told(self) -> Result<Response<Bytes>, Fault> {
        let (mut head, body) = self.answer.into_parts();
        let body = body.collect().await.map_err(|it| it.fault(head.status))?.to_bytes();
        if let Some(mut counting) = self.counting {
            counting.push(&body);
        }
        let told = std::str::from_utf8(&body).ok().and_then(|it| self.watched.tell(it));
        let body = told.map_or(body, Bytes::from);
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        Ok(Response::from_parts(head, body))
    }
}

/// JSON as it is, of a known size, and nobody has signed it.
fn can_be_told(answer: &Response<Guarded>) -> bool {
    let headers = answer.headers();
    let is_small = answer.body().size_hint().exact().is_some_and(|it| it <= MAX_TOLD);
    is_small && is_json(headers) && !AS_IT_IS.iter().any(|it| headers.contains_key(it))
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = media_type(headers);
    JSON.iter().any(|it| media.eq_ignore_ascii_case(it))
}

/// 1 MiB: far above what answers to a login have.
const MAX_KEPT: usize = 1024 * 1024;
/// 1 MiB: far above what answers to interactive clients have.
const MAX_TOLD: u64 = 1024 * 1024;

const JSON: [&str; 2] = ["application/json", "application/graphql-response+json"];

/// With one of these the bytes mean something else, or somebody has vouched for them.
const AS_IT_IS: [HeaderName; 5] = [
    CONTENT_ENCODING,
    TRANSFER_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("etag"),
];
