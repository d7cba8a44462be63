//! GraphQL over HTTP as functions over `http` types and bytes.
//!
//! [`route`] says what a request is for, [`decode`] turns a body into requests, [`media`](Media) says which types we read and write, and
//! [`Reply`] writes every error that a client can see. No sockets, no waiting, no verdicts.

mod client;
mod credentials;
mod decode;
mod events;
mod fields;
mod get;
mod incremental;
mod limited;
mod media;
mod not_json;
mod origin;
mod percent;
mod problem;
mod reply;
mod status;
mod target;
mod upload;

pub use client::{client_address, forwarding_header};
pub use credentials::{Presented, client_label, presented};
pub use decode::{decode, decode_one, variables};
pub use fields::{is_json, media_type, take_away};
pub use get::{body_of_get, get_with_body, proofs};
pub use incremental::Incremental;
pub use media::{JSON, Media, readable};
pub use not_json::not_json;
pub use origin::listed_origin;
pub use reply::{Refusal, Reply};
pub use status::answer_status;
pub use target::{Route, by_method, route};
pub use upload::{
    MAX_MAP, PartHead, UploadMap, boundary_of, file_head, invalid_upload, prologue, too_many_bytes,
    upload_end, with_files,
};

use crate::verdict::{Code, Violation, ids};

/// What a client wrote, as far as a log needs it.
fn shown(text: &str) -> &str {
    text.char_indices().nth(MAX_SHOWN).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// Characters: a method, an origin or a media type in a log.
const MAX_SHOWN: usize = 80;

/// A body that is larger than `limits.body` allows, by its declared or by its counted length.
#[must_use]
pub fn body_too_large(limit: u64) -> Violation {
    let detail = format!("more than {limit} bytes, which is `limits.body`");
    Violation::new(ids::BODY, Code::MAX_BODY_LIMIT, "the body is too large").detailed(detail)
}

/// A body that did not arrive in time, or not at all.
#[must_use]
pub fn body_broke_off(detail: &'static str) -> Violation {
    let public = "the body did not arrive";
    Violation::new(ids::BODY, Code::CLIENT_TIMEOUT, public).detailed(detail)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use crate::policy::{ExplainRefusals, Get, Http, Status, UnknownKeys};

    /// What the tests of this module start from.
    pub(super) fn http() -> Http {
        Http {
            path: "/graphql".into(),
            batch: NonZeroU32::MIN.saturating_add(1),
            unknown_keys: UnknownKeys::Drop,
            extensions: vec!["persistedQuery".into(), "trace".into()],
            forward_extensions: vec!["trace".into()],
            forward_headers: Vec::new(),
            origins: None,
            get: Get::Off,
            csrf_header: vec!["x-preflight".into()],
            uploads: None,
            websocket: None,
            body: 1000,
            status: Status::Draft2026,
            explain_refusals: ExplainRefusals::Off,
        }
    }
}
