//! Header fields: those that may not go on, and what an answer says that it is.

use http::{HeaderMap, header::CONTENT_TYPE};

/// Takes away the headers of these names, in lower case. Few messages have any, and looking at
/// those that are there is cheaper than asking for each name.
pub fn take_away<N: AsRef<str>>(headers: &mut HeaderMap, names: &[N]) {
    for name in names.iter().map(AsRef::as_ref) {
        if headers.keys().any(|it| it.as_str() == name) {
            headers.remove(name);
        }
    }
}

/// The media type of a message without its parameters, as it is written; nothing said is no text.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> &str {
    let text = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim()
}

/// `application/json`, `application/graphql-response+json`, and their kin.
#[must_use]
pub fn is_json(media_type: &str) -> bool {
    let (_, subtype) = media_type.split_once('/').unwrap_or_default();
    subtype.rsplit('+').next().unwrap_or_default().eq_ignore_ascii_case("json")
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, header::VIA};

    use super::*;

    #[test]
    fn json_has_many_names() {
        let of = |text: &'static str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]);
            is_json(media_type(&headers))
        };
        for it in ["application/json", "Application/JSON ; charset=x", "a/b+json", "text/json"] {
            assert!(of(it), "{it}");
        }
        for it in ["", "json", "application/jsonp", "application/x-json", "text/html;a/json"] {
            assert!(!of(it), "{it}");
        }
        assert!(!is_json(media_type(&HeaderMap::new())));
    }

    #[test]
    fn all_values_of_a_name_go_and_all_other_names_stay() {
        let names = ["via", "x-a", "x-ab", "via"].map(HeaderName::from_static);
        let mut headers = HeaderMap::new();
        for name in &names {
            headers.append(name, HeaderValue::from_static("1"));
        }
        take_away(&mut headers, &[VIA, HeaderName::from_static("x-a")]);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["x-ab"]);
        take_away(&mut headers, &["x-abc", "x-ab"]);
        assert!(headers.is_empty());
    }
}
