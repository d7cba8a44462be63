//! Header fields that may not go on.

use http::HeaderMap;

/// Takes away the headers of these names, in lower case. Few messages have any, and looking at
/// those that are there is cheaper than asking for each name.
pub fn take_away<N: AsRef<str>>(headers: &mut HeaderMap, names: &[N]) {
    for name in names.iter().map(AsRef::as_ref) {
        if headers.keys().any(|it| it.as_str() == name) {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, header::VIA};

    use super::*;

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
