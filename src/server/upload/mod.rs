//! Requests with files: the operations and the map are read first, and judged; only then are the
//! files read, a piece at a time, as fast as the upstream takes them.
//!
//! Files are never held. What is wrong with one is found while it passes: the upstream's request is
//! broken off then, and the client is told why.

mod exchange;
mod parts;
mod passing;
mod source;

use std::{hash::BuildHasher, rc::Rc};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use hyper::body::Body as _;
use tokio::time::{Instant, timeout};

use crate::{
    policy::Uploads,
    server::{
        arriving::Arriving,
        body::{self, NoBody},
        held::Held,
        upload::{
            parts::Parts,
            passing::{Fate, Passing},
            source::Shared,
        },
    },
    transport::{
        MAX_MAP, UploadMap, body_broke_off, body_too_large, boundary_of, invalid_upload,
        too_many_bytes,
    },
    upstream::Files,
    verdict::Violation,
};

/// How much of a request with files is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Of the operations: their size, and how fast everything must come.
    pub(super) body: body::Limits,
    /// Of the files.
    pub(super) uploads: Uploads,
}

impl Bounds {
    /// What everything together can have at the most, framing counted.
    fn whole(&self) -> u64 {
        let parts = u64::from(self.uploads.files.get()).saturating_add(3);
        let framing = parts.saturating_mul(PART);
        let text = self.body.size.saturating_add(MAX_MAP);
        text.saturating_add(self.uploads.bytes).saturating_add(framing)
    }
}

/// A request of which the files are still to come.
#[derive(Debug)]
pub(super) struct Upload {
    /// The content of the part `operations`.
    pub(super) operations: Bytes,
    /// Which file stands where.
    pub(super) map: UploadMap,
    parts: Parts,
    body: Shared,
    bounds: Bounds,
    fate: Rc<Fate>,
}

impl Upload {
    /// Reads the first two parts; all of them, when there are no files.
    pub(super) async fn begin(
        body: Arriving,
        boundary: &str,
        bounds: Bounds,
        held: &Held,
    ) -> Result<Self, NoBody> {
        let declared = body.size_hint().lower();
        let mut body = Shared::new(body);
        let in_time = timeout(bounds.body.deadline, async {
            if declared > bounds.whole() {
                return Err(NoBody::Wrong(too_many_bytes(bounds.uploads.bytes)));
            }
            Self::read(body.clone(), boundary, bounds, held).await
        });
        let late = |_elapsed| Err(NoBody::Wrong(body_broke_off("the deadline has passed")));
        let read = in_time.await.unwrap_or_else(late);
        if read.is_err() {
            body.discard(bounds.body).await;
        }
        read
    }

    async fn read(
        body: Shared,
        boundary: &str,
        bounds: Bounds,
        held: &Held,
    ) -> Result<Self, NoBody> {
        let mut parts = Parts::new(body.clone(), bounds, boundary);
        let limit = bounds.body.size;
        let operations = field(&mut parts, "operations").await.map_err(NoBody::Wrong)?;
        let operations = operations.whole(limit, held, || body_too_large(limit)).await?;
        let map = field(&mut parts, "map").await.map_err(NoBody::Wrong)?;
        let map =
            map.whole(MAX_MAP, held, || invalid_upload("the part `map` is too large")).await?;
        let map = UploadMap::read(&map, bounds.uploads).map_err(NoBody::Wrong)?;
        if map.is_empty() && parts.next().await.map_err(NoBody::Wrong)?.is_some() {
            let wrong = invalid_upload("a part is there that the map does not name");
            return Err(NoBody::Wrong(wrong));
        }
        Ok(Self { operations, map, parts, body, bounds, fate: Rc::default() })
    }

    /// Reads on, so that the client reads why it was refused.
    pub(super) async fn discard(mut self) {
        self.body.discard(self.bounds.body).await;
    }

    /// The files as the upstream gets them; nothing when there are none, and what was found wrong
    /// with them.
    pub(super) fn pass(
        self,
        proofs: impl Iterator<Item = (HeaderName, HeaderValue)>,
    ) -> (Option<Files>, Watch) {
        let watch = Watch { body: self.body, bounds: self.bounds, fate: Rc::clone(&self.fate) };
        if self.map.is_empty() {
            return (None, watch);
        }
        let boundary = fresh_boundary();
        let written = self.map.written();
        let files = Files {
            content_type: boundary_of(&boundary),
            proofs: proofs.collect(),
            map: written.clone().into(),
            body: Box::new(move |operations| {
                let passing = Passing::new(self.parts, self.map, boundary, self.bounds.uploads);
                passing.body(&operations, &written, self.fate)
            }),
        };
        (Some(files), watch)
    }
}

/// What became of files that were passed on.
#[derive(Debug)]
pub(super) struct Watch {
    body: Shared,
    bounds: Bounds,
    fate: Rc<Fate>,
}

impl Watch {
    /// When the upstream had asked for all of them.
    pub(super) fn over(&self) -> Option<Instant> {
        self.fate.over.get()
    }

    /// What is wrong with them, if that is why the upstream did not answer.
    pub(super) async fn objection(mut self) -> Option<Violation> {
        let found = self.fate.found.borrow_mut().take();
        if found.is_some() {
            self.body.discard(self.bounds.body).await;
        }
        found
    }
}

async fn field(parts: &mut Parts, name: &'static str) -> Result<parts::Part, Violation> {
    let wrong = || invalid_upload("the first two parts must be `operations` and `map`");
    let part = parts.next().await?.ok_or_else(wrong)?;
    let is_it = *part.head.name == *name && part.head.filename.is_none();
    if is_it { Ok(part) } else { Err(wrong()) }
}

/// A boundary that no client can have written into a file: the hasher's keys are random, and it is
/// a keyed function that nobody can foretell without them.
fn fresh_boundary() -> Box<str> {
    let [first, second] = [0, 1].map(|it: u8| std::hash::RandomState::new().hash_one(it));
    format!("portcullis-{first:016x}{second:016x}").into()
}

/// 1 KiB of framing for each part: more than any client writes.
const PART: u64 = 1024;
