//! Which web pages may ask, and what their browsers are told (CORS).
//!
//! Not a matter of who the caller is: what is no browser sends no `Origin` and is judged by its
//! token alone.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
        ORIGIN, VARY,
    },
    request::Parts,
};

use crate::{
    policy::Http,
    transport::{shown, take_away},
    verdict::{Code, Violation, ids},
};

/// The origin of the page that asks, when the policy lists it.
#[must_use]
pub fn listed_origin<'h>(headers: &'h HeaderMap, http: &Http) -> Option<&'h HeaderValue> {
    let mut all = headers.get_all(ORIGIN).iter();
    let listed = http.origins.as_deref()?;
    let origin = all.next()?;
    let is_listed = listed.iter().any(|it| it.as_bytes() == origin.as_bytes());
    (is_listed && all.next().is_none()).then_some(origin)
}

/// Refuses the pages of other origins, when the policy lists any.
pub(super) fn check(headers: &HeaderMap, http: &Http) -> Result<(), Violation> {
    let is_judged = http.origins.is_some() && headers.contains_key(ORIGIN);
    if !is_judged || listed_origin(headers, http).is_some() {
        return Ok(());
    }
    let detail = format!("{}: not in `http.origins`", of_page(headers));
    let (rule, code) = (ids::ORIGIN, Code::ORIGIN_NOT_ALLOWED);
    Err(Violation::new(rule, code, "pages of this origin may not ask").detailed(detail))
}

/// The origin of a request, for the log.
pub(super) fn of_page(headers: &HeaderMap) -> String {
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes).unwrap_or_default();
    format!("`{}`", shown(&String::from_utf8_lossy(origin)))
}

/// True for the question of a browser whether a page of another site may ask.
pub(super) fn is_preflight(head: &Parts, http: &Http) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && listed_origin(&head.headers, http).is_some()
}

/// Tells a browser whether the page may read an answer. Only ours counts, not the upstream's word.
pub(super) fn grant(headers: &mut HeaderMap, http: &Http, origin: Option<&HeaderValue>) {
    if http.origins.is_none() {
        return;
    }
    take_away(headers, &OURS);
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let yes = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        let exposed =
            HeaderValue::from_static("x-request-id, retry-after, ratelimit, ratelimit-policy");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

/// What a preflight is told besides: what it asks for, since the origin is listed and headers that
/// do not go on do no harm.
pub(super) fn grant_preflight(headers: &mut HeaderMap, asked: &HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    let by = "Access-Control-Request-Method, Access-Control-Request-Headers";
    headers.append(VARY, HeaderValue::from_static(by));
}

static OURS: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check_origins(origins: Option<&[&str]>, sent: &[&'static str], expect: bool) {
        let origins = origins.map(|it| it.iter().map(|it| (*it).into()).collect());
        let http = Http { origins, ..crate::transport::tests::http() };
        let mut headers = HeaderMap::new();
        for it in sent {
            headers.append(ORIGIN, HeaderValue::from_static(it));
        }
        assert_eq!(check(&headers, &http).is_ok(), expect, "{sent:?}");
        let mut answer = HeaderMap::new();
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        grant(&mut answer, &http, listed_origin(&headers, &http));
        let told = answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|it| it.to_str().unwrap());
        let listed = sent.first().copied().filter(|_| expect);
        assert_eq!(told, if http.origins.is_some() { listed } else { Some("*") });
        assert_eq!(answer.contains_key(VARY), http.origins.is_some());
    }

    #[test]
    fn only_listed_origins_ask() {
        let listed: Option<&[&str]> = Some(&["https://a.example", "http://localhost:3000"]);
        check_origins(listed, &["https://a.example"], true);
        check_origins(listed, &["http://localhost:3000"], true);
        check_origins(listed, &[], true);
        for it in ["null", "http://a.example", "https://A.example", "https://a.example.evil", ""] {
            check_origins(listed, &[it], false);
        }
        check_origins(listed, &["https://a.example", "https://a.example"], false);
        check_origins(Some(&[]), &["https://a.example"], false);
        check_origins(None, &["https://b.example"], true);
    }
}
