//! The parts of a body, one after the other; the only module that names `multer`.
//!
//! Does not know which parts there must be.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyDataStream;
use multer::{Field, Multipart};
use tokio::time::timeout;

use crate::{
    server::{
        body::NoBody,
        held::Held,
        upload::{
            Bounds,
            source::{Allowance, Problem, Shared, Source},
        },
    },
    transport::{PartHead, invalid_upload},
    verdict::Violation,
};

/// The parts that are still to come.
#[derive(Debug)]
pub(super) struct Parts {
    multipart: Multipart<'static>,
    /// What the parts are read from.
    body: Shared,
    allowance: Allowance,
    /// How long the end may take behind the last part.
    patience: Duration,
}

/// A part that is being read.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) head: PartHead,
    field: Field<'static>,
}

impl Parts {
    pub(super) fn new(body: Shared, bounds: Bounds, boundary: &str) -> Self {
        let allowance = Allowance::new();
        let source = Source::new(body.clone(), allowance.clone(), bounds);
        let multipart = Multipart::new(BodyDataStream::new(source), boundary);
        Self { multipart, body, allowance, patience: bounds.body.pace }
    }

    /// The next part, or nothing once the body has ended; the one before must have been read.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Violation> {
        self.allowance.begin_head();
        let field = self.multipart.next_field().await.map_err(|it| objection(&it))?;
        let Some(field) = field else {
            let end = timeout(self.patience, self.body.end()).await;
            return end.unwrap_or_else(|_late| Err(Problem::TooSlow.into())).map(|()| None);
        };
        self.allowance.begin_content();
        let head = PartHead::read(field.headers(), field.name(), field.file_name())?;
        Ok(Some(Part { head, field }))
    }
}

impl Part {
    /// The next piece of its content.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Violation> {
        self.field.chunk().await.map_err(|it| objection(&it))
    }

    /// The whole content, which is held.
    pub(super) async fn whole(
        mut self,
        limit: u64,
        held: &Held,
        over: impl FnOnce() -> Violation,
    ) -> Result<Bytes, NoBody> {
        let mut whole = BytesMut::new();
        // Budget: the limit, which every piece draws on.
        while let Some(piece) = self.piece().await.map_err(NoBody::Wrong)? {
            if (whole.len() as u64).saturating_add(piece.len() as u64) > limit {
                return Err(NoBody::Wrong(over()));
            }
            if !held.add(piece.len() as u64) {
                return Err(NoBody::NoRoom);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

fn objection(error: &multer::Error) -> Violation {
    if let multer::Error::StreamReadFailed(cause) = error
        && let Some(problem) = cause.downcast_ref::<Problem>()
    {
        return (*problem).into();
    }
    let detail = error.to_string().into();
    Violation { detail, ..invalid_upload("the parts of the body are malformed") }
}
