//! Base64 with padding (RFC 4648 §4), for credentials of browsers and hashes on pages.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Bytes as base64.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that a text stands for; nothing when it is not base64.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
