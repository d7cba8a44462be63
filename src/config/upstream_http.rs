//! Which HTTP is spoken with the upstream.

/// The protocol of connections to the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamHttp {
    /// Over `https` what the server chooses of HTTP/2 and HTTP/1.1 (ALPN), else HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/2 by prior knowledge, over `http` only.
    H2c,
    /// HTTP/1.1 alone.
    Http1,
}
