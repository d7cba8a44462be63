//! What stands in `Host`.

/// A host without its port. The colons of an address in brackets are its own.
pub(super) fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
        _ => text,
    }
}
