//! The payload of `connection_init`: of what a client writes there, one key is read, and those go on
//! that the policy lists.
//!
//! Browsers cannot send headers with a handshake, so that clients put their token here.

use http::HeaderValue;

use crate::{
    json::{Kind, Value},
    policy::UnknownKeys,
    websocket::Close,
};

/// What a client says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// What stands under `authorization`, and how the client spells the key: `Authorization` is
    /// common, and servers look for the one or the other.
    pub authorization: Option<(Box<str>, HeaderValue)>,
    /// What the policy lists, as JSON, each by its key.
    pub listed: Vec<(Box<str>, Box<str>)>,
}

/// Reads the payload; keys that are not `listed` are dropped, or refused as those of a request.
///
/// # Errors
/// When it is no object, or what is read is not as it must be.
pub fn read_init(
    payload: Option<Value<'_>>,
    keys: UnknownKeys,
    listed: &[Box<str>],
) -> Result<Init, Close> {
    let mut init = Init::default();
    let Some(payload) = payload else { return Ok(init) };
    match payload.kind() {
        Kind::Null => return Ok(init),
        Kind::Object => {}
        Kind::Array | Kind::Boolean(_) | Kind::File | Kind::Number | Kind::String => {
            return Err(Close::BadMessage);
        }
    }
    for member in payload.children() {
        let key = member.key().unwrap_or_default();
        if listed.iter().any(|it| **it == *key) {
            init.listed.push((key.into(), member.text().into()));
            continue;
        }
        if !key.eq_ignore_ascii_case("authorization") {
            match keys {
                UnknownKeys::Drop => continue,
                UnknownKeys::Reject => return Err(Close::BadMessage),
            }
        }
        // Both are what clients write while nobody is signed in.
        if member.kind() == Kind::Null || member.string().is_some_and(|it| it.is_empty()) {
            continue;
        }
        // Two spellings: two readers could take one each.
        let text = member.string().filter(|_| init.authorization.is_none());
        let value = text.and_then(|it| HeaderValue::from_str(&it).ok());
        let mut value = value.ok_or(Close::BadMessage)?;
        value.set_sensitive(true);
        init.authorization = Some((key.into(), value));
    }
    Ok(init)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[track_caller]
    fn check(payload: &str, expect: Result<Option<&str>, Close>) {
        let tree = json::read(payload.as_bytes(), json::Limits::default()).unwrap();
        let got = read_init(Some(tree.root()), UnknownKeys::Drop, &[]);
        let got = got.map(|it| it.authorization.map(|(key, value)| format!("{key}={value:?}")));
        let expect = expect.map(|it| it.map(|it| format!("{it}=Sensitive")));
        assert_eq!(got, expect, "{payload}");
    }

    #[test]
    fn one_key_is_read() {
        assert_eq!(read_init(None, UnknownKeys::Drop, &[]), Ok(Init::default()));
        check("null", Ok(None));
        check("{}", Ok(None));
        check(r#"{"authorization":null,"other":{"a":1}}"#, Ok(None));
        check(r#"{"authorization":""}"#, Ok(None));
        check(r#"{"authorization":"Bearer t"}"#, Ok(Some("authorization")));
        check(r#"{"Authorization":"Bearer t","x":1}"#, Ok(Some("Authorization")));
        check(r#"{"a\u0075thorization":"Bearer t"}"#, Ok(Some("authorization")));
    }

    #[test]
    fn everything_else_is_refused() {
        for it in [
            "[]",
            "1",
            "\"Bearer t\"",
            r#"{"authorization":1}"#,
            r#"{"authorization":["Bearer t"]}"#,
            r#"{"authorization":"a\r\nb: c"}"#,
            r#"{"authorization":"Bearer t","Authorization":"Bearer t"}"#,
        ] {
            check(it, Err(Close::BadMessage));
        }
        let tree = json::read(br#"{"x":1}"#, json::Limits::default()).unwrap();
        let got = read_init(Some(tree.root()), UnknownKeys::Reject, &[]);
        assert_eq!(got, Err(Close::BadMessage));
    }

    #[test]
    fn what_is_listed_goes_on_as_it_is() {
        let payload = br#"{"tenant":"a","x":1,"headers": {"a":[1.0, "\u0041"]} }"#;
        let tree = json::read(payload, json::Limits::default()).unwrap();
        let listed = ["headers".into(), "tenant".into(), "absent".into()];
        let of = |keys| read_init(Some(tree.root()), keys, &listed);
        let init = of(UnknownKeys::Drop).unwrap();
        let got: Vec<_> = init.listed.iter().map(|(key, it)| (&**key, &**it)).collect();
        assert_eq!(got, [("tenant", "\"a\""), ("headers", r#"{"a":[1.0, "\u0041"]}"#)]);
        assert_eq!(of(UnknownKeys::Reject), Err(Close::BadMessage));
    }
}
