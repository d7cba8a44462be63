//! Where a request goes, in the forms in which HTTP writes it.

use http::{HeaderValue, Request, Uri, header::HOST, uri::PathAndQuery};

use crate::config::UpstreamUrl;

/// The upstream's address as requests name it.
#[derive(Debug)]
pub(super) struct Target {
    host: HeaderValue,
    path: PathAndQuery,
    absolute: Uri,
}

impl Target {
    pub(super) fn new(url: &UpstreamUrl) -> Self {
        let scheme = if url.is_tls() { "https" } else { "http" };
        let absolute = Uri::builder()
            .scheme(scheme)
            .authority(url.authority())
            .path_and_query(url.path().clone());
        Self {
            // The URL was parsed, so its parts are a header value and make a URL.
            host: HeaderValue::from_str(url.authority())
                .unwrap_or(HeaderValue::from_static("upstream")),
            path: url.path().clone(),
            absolute: absolute.build().unwrap_or_default(),
        }
    }

    /// The value of `Host`.
    pub(super) fn host(&self) -> HeaderValue {
        self.host.clone()
    }

    /// Path and query as a URL, as HTTP/1.1 writes it.
    pub(super) fn origin(&self) -> Uri {
        Uri::from(self.path.clone())
    }

    /// The URL of its WebSocket; TLS is not told by it.
    pub(super) fn websocket(&self) -> Uri {
        let mut parts = self.absolute.clone().into_parts();
        parts.scheme = "ws".parse().ok();
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// Path and query, also as they are signed.
    pub(super) const fn path(&self) -> &PathAndQuery {
        &self.path
    }

    /// As HTTP/1.1 writes it: path in the first line, authority in `Host`.
    pub(super) fn to_http1<B>(&self, request: &mut Request<B>) {
        *request.uri_mut() = self.origin();
        request.headers_mut().insert(HOST, self.host());
    }

    /// As HTTP/2 writes it: all in pseudo-headers (RFC 9113 §8.3.1).
    pub(super) fn to_http2<B>(&self, request: &mut Request<B>) {
        *request.uri_mut() = self.absolute.clone();
        request.headers_mut().remove(HOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expect: [(&str, Option<&str>); 2]) {
        let target = Target::new(&UpstreamUrl::parse(url).unwrap());
        let mut request = Request::new(());
        let shape = |request: &Request<()>| {
            let host = request.headers().get(HOST).map(|it| it.to_str().unwrap().to_owned());
            (request.uri().to_string(), host)
        };
        let expect = expect.map(|(uri, host)| (uri.to_owned(), host.map(str::to_owned)));
        target.to_http2(&mut request);
        assert_eq!(shape(&request), expect[0]);
        target.to_http1(&mut request);
        assert_eq!(shape(&request), expect[1]);
        target.to_http2(&mut request);
        assert_eq!(shape(&request), expect[0]);
    }

    #[test]
    fn forms_go_both_ways() {
        check(
            "https://a.example:8443/up?x=1",
            [("https://a.example:8443/up?x=1", None), ("/up?x=1", Some("a.example:8443"))],
        );
        check("http://[::1]/", [("http://[::1]/", None), ("/", Some("[::1]"))]);
    }
}
