//! What is bounded of a head over HTTP/2, which the protocol library has read.

use http::{Version, header::COOKIE, request::Parts, uri::PathAndQuery};

use crate::{config::Bounds, server::head::Wrong};

/// What of it is more than allowed; over HTTP/1 that was found before it was read.
pub(in crate::server) fn over_bounds(head: &Parts, bounds: &Bounds) -> Option<Wrong> {
    if head.version != Version::HTTP_2 {
        return None;
    }
    let target = head.uri.path_and_query().map_or("", PathAndQuery::as_str);
    if target.len() > bounds.target {
        return Some(Wrong::TargetTooLong);
    }
    // RFC 9113 §8.2.3: pieces of a cookie are one field.
    let n_pieces = head.headers.get_all(COOKIE).iter().count();
    let n_fields = head.headers.len().saturating_sub(n_pieces.saturating_sub(1));
    (n_fields > bounds.fields).then_some(Wrong::TooManyFields)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn both_sides_of_both_bounds() {
        let bounds = Bounds { fields: 2, target: 10, ..Bounds::default() };
        let head = |version, target: &str, n_fields: usize| {
            let request = (0..n_fields).fold(Request::builder(), |it, _| it.header("x-a", "1"));
            let request = request.version(version).uri(format!("http://a{target}")).body(());
            over_bounds(&request.unwrap().into_parts().0, &bounds)
        };
        assert_eq!(head(Version::HTTP_2, "/123456789", 2), None);
        assert_eq!(head(Version::HTTP_2, "/1234567890", 2), Some(Wrong::TargetTooLong));
        assert_eq!(head(Version::HTTP_2, "/12345678?", 3), Some(Wrong::TooManyFields));
        assert_eq!(head(Version::HTTP_11, "/1234567890", 3), None);
        let pieces = (0..9).fold(Request::builder(), |it, _| it.header("cookie", "a=1"));
        let pieces = pieces.version(Version::HTTP_2).uri("http://a/").body(()).unwrap();
        assert_eq!(over_bounds(&pieces.into_parts().0, &bounds), None);
    }
}
