//! Requests with files, by the GraphQL multipart request specification: what the parts say, and how
//! they are written anew.
//!
//! Nothing of the client's framing goes on: boundary, part names and part headers are ours. The
//! parts themselves are read, and the files passed on, by `server::upload`.

mod boundary;
mod head;
mod map;
mod path;
mod write;

pub use boundary::{boundary_of, with_files};
pub use head::PartHead;
pub use map::{MAX_MAP, UploadMap};
pub use write::{file_head, prologue, upload_end};

use std::borrow::Cow;

use crate::verdict::{Code, Violation, ids};

/// Parts that are not those of the specification.
#[must_use]
pub fn invalid_upload(public: impl Into<Cow<'static, str>>) -> Violation {
    Violation::new(ids::UPLOAD, Code::INVALID_UPLOAD, public)
}

/// Files that are larger than `http.uploads.bytes` allows.
#[must_use]
pub fn too_many_bytes(limit: u64) -> Violation {
    let detail = format!("more than {limit} bytes");
    let public = "the files are too large";
    Violation::new(ids::UPLOAD, Code::MAX_UPLOAD_BYTES_LIMIT, public).detailed(detail)
}
