//! The body that the upstream gets: what was judged, and then the client's files, each under a head
//! of ours, read as they are asked for.

use std::{
    cell::{Cell, RefCell},
    error::Error,
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Instant;

use crate::{
    policy::Uploads,
    server::upload::parts::{Part, Parts},
    transport::{
        PartHead, UploadMap, file_head, invalid_upload, prologue, too_many_bytes, upload_end,
    },
    upstream::FilesBody,
    verdict::Violation,
};

/// What has become of the files.
#[derive(Debug, Default)]
pub(super) struct Fate {
    /// What is wrong with them.
    pub(super) found: RefCell<Option<Violation>>,
    /// When the last byte was asked for.
    pub(super) over: Cell<Option<Instant>>,
}

/// The files on their way.
#[derive(Debug)]
pub(super) struct Passing {
    parts: Parts,
    map: UploadMap,
    boundary: Box<str>,
    uploads: Uploads,
    /// Which files have come.
    came: Vec<bool>,
    n_bytes: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A part is due, or the end.
    Between,
    /// The content of a file is due.
    Inside(Box<Part>),
    Over,
}

impl Passing {
    pub(super) fn new(parts: Parts, map: UploadMap, boundary: Box<str>, uploads: Uploads) -> Self {
        let came = vec![false; map.len()];
        Self { parts, map, boundary, uploads, came, n_bytes: 0, stage: Stage::Between }
    }

    /// The whole body, around the operations.
    pub(super) fn body(self, operations: &[u8], map: &str, fate: Rc<Fate>) -> FilesBody {
        let first = prologue(&self.boundary, operations, map).into();
        FilesBody::new(Sending { turn: Turn::First(first, Box::new(self)), fate })
    }

    /// The next piece of it; nothing at its end.
    async fn next(&mut self) -> Result<Option<Bytes>, Violation> {
        // Budget: the body; every turn takes a piece or a part of it.
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Between => return self.begin().await,
                Stage::Inside(mut part) => {
                    let Some(piece) = part.piece().await? else {
                        self.stage = Stage::Between;
                        continue;
                    };
                    self.stage = Stage::Inside(part);
                    self.count(&piece)?;
                    if !piece.is_empty() {
                        return Ok(Some(piece));
                    }
                }
                Stage::Over => return Ok(None),
            }
        }
    }

    async fn begin(&mut self) -> Result<Option<Bytes>, Violation> {
        let Some(part) = self.parts.next().await? else {
            if self.came.contains(&false) {
                return Err(invalid_upload("a file that the map names did not come"));
            }
            return Ok(Some(upload_end(&self.boundary).into()));
        };
        let n = self.claim(&part.head)?;
        let head = file_head(&self.boundary, n, &part.head);
        self.stage = Stage::Inside(Box::new(part));
        Ok(Some(head.into()))
    }

    /// The number of a file, which comes once.
    fn claim(&mut self, head: &PartHead) -> Result<usize, Violation> {
        if head.filename.is_none() {
            return Err(invalid_upload("a part behind the map is no file"));
        }
        let n = self.map.position(&head.name);
        let n = n.ok_or_else(|| invalid_upload("a part is there that the map does not name"))?;
        match self.came.get_mut(n) {
            Some(came) if !*came => {
                *came = true;
                Ok(n)
            }
            _ => Err(invalid_upload("a file came twice")),
        }
    }

    fn count(&mut self, piece: &Bytes) -> Result<(), Violation> {
        self.n_bytes = self.n_bytes.saturating_add(piece.len() as u64);
        let limit = self.uploads.bytes;
        if self.n_bytes > limit { Err(too_many_bytes(limit)) } else { Ok(()) }
    }
}

/// What drives it.
struct Sending {
    turn: Turn,
    fate: Rc<Fate>,
}

type Reading = Pin<Box<dyn Future<Output = (Box<Passing>, Result<Option<Bytes>, Violation>)>>>;

enum Turn {
    First(Bytes, Box<Passing>),
    Idle(Box<Passing>),
    Over,
    Reading(Reading),
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let mut reading = match std::mem::replace(&mut this.turn, Turn::Over) {
            Turn::First(first, passing) => {
                this.turn = Turn::Idle(passing);
                return Poll::Ready(Some(Ok(Frame::data(first))));
            }
            Turn::Idle(mut passing) => Box::pin(async move {
                let piece = passing.next().await;
                (passing, piece)
            }),
            Turn::Over => return Poll::Ready(None),
            Turn::Reading(reading) => reading,
        };
        let Poll::Ready((passing, piece)) = reading.as_mut().poll(ctx) else {
            this.turn = Turn::Reading(reading);
            return Poll::Pending;
        };
        match piece {
            Ok(Some(piece)) => {
                this.turn = Turn::Idle(passing);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Ok(None) => {
                this.fate.over.set(Some(Instant::now()));
                Poll::Ready(None)
            }
            Err(violation) => {
                *this.fate.found.borrow_mut() = Some(violation);
                Poll::Ready(Some(Err(Box::new(Refused))))
            }
        }
    }
}

/// What the connection to the upstream is told; the client is told more.
#[derive(Clone, Copy, Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the files were refused")
    }
}

impl Error for Refused {}
