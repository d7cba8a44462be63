//! The parts as they go on.

use crate::transport::upload::PartHead;

/// Everything before the first file: the operations that were judged, and where files stand.
#[must_use]
pub fn prologue(boundary: &str, operations: &[u8], map: &str) -> Vec<u8> {
    let head = |name: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n")
    };
    let (first, second) = (head("operations"), head("map"));
    [first.as_bytes(), operations, b"\r\n", second.as_bytes(), map.as_bytes()].concat()
}

/// What stands between the content before and a file.
#[must_use]
pub fn file_head(boundary: &str, n: usize, head: &PartHead) -> String {
    let filename = head.filename.as_deref().unwrap_or("file");
    let media = &head.media;
    format!(
        "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"{n}\"; \
         filename=\"{filename}\"\r\nContent-Type: {media}\r\n\r\n"
    )
}

/// What stands behind the last file.
#[must_use]
pub fn upload_end(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}
