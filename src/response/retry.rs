//! When the upstream wants a client to come again, by RFC 9110 §10.2.3.
//!
//! What passes is written as it came: a date is the upstream's, and is compared with our clock only
//! to see that it is near. Takes nobody's word for longer than [`MAX`].

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

use crate::{admission::UnixSeconds, calendar::parse_http_date, policy::ResponseRules};

/// What an upstream says that has too much to do; nothing, when it has not, when it says nothing
/// that can be read, or when the policy keeps it from clients.
#[must_use]
pub fn retry_after(
    status: StatusCode,
    headers: &HeaderMap,
    rules: &ResponseRules,
    now: UnixSeconds,
) -> Option<Box<str>> {
    let is_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if !is_busy || rules.remove_headers.iter().any(|it| **it == *RETRY_AFTER.as_str()) {
        return None;
    }
    let mut values = headers.get_all(RETRY_AFTER).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let text = value.to_str().ok()?.trim_ascii();
    let wait =
        seconds(text).or_else(|| parse_http_date(text).map(|it| it.saturating_sub(now.0)))?;
    (wait <= MAX).then(|| text.into())
}

fn seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// 31 days: the longest that quotas run. Whoever says more would keep clients away for good.
const MAX: u64 = 31 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// 2026-11-23T06:39:55Z.
    const NOW: UnixSeconds = UnixSeconds(1_795_415_995);

    fn of(status: u16, values: &[&str], rules: &ResponseRules) -> Option<Box<str>> {
        let mut headers = HeaderMap::new();
        for it in values {
            headers.append(RETRY_AFTER, HeaderValue::from_str(it).unwrap());
        }
        retry_after(StatusCode::from_u16(status).unwrap(), &headers, rules, NOW)
    }

    #[track_caller]
    fn check(text: &str, passes: bool) {
        let got = of(429, &[text], &ResponseRules::default());
        assert_eq!(got.as_deref(), passes.then_some(text), "{text}");
    }

    #[test]
    fn seconds_and_dates_within_the_bound() {
        check("0", true);
        check("2678400", true);
        check("2678401", false);
        check("99999999999999999999999999", false);
        check("Mon, 23 Nov 2026 07:00:00 GMT", true);
        check("Thu, 24 Dec 2026 06:39:55 GMT", true);
        check("Thu, 24 Dec 2026 06:39:56 GMT", false);
        // What is past says: now.
        check("Sun, 06 Nov 1994 08:49:37 GMT", true);
        for it in [
            "",
            "-1",
            "1.5",
            "soon",
            "1 2",
            "Mon, 23 Nov 2026 07:00:00 UTC",
            "Mon, 23 Nov 2026 7:00:00 GMT",
            "Monday, 23-Nov-26 07:00:00 GMT",
            "Mon, 23 November 2026 07:00:00 GMT",
            "Mon, 23 Nov 2026 07:00:00 x GMT",
        ] {
            check(it, false);
        }
    }

    #[test]
    fn only_what_is_busy_says_so_once_and_may() {
        let rules = ResponseRules::default();
        assert!(of(429, &["1"], &rules).is_some() && of(503, &["1"], &rules).is_some());
        assert!(of(500, &["1"], &rules).is_none() && of(200, &["1"], &rules).is_none());
        assert!(of(503, &["1", "2"], &rules).is_none() && of(503, &[], &rules).is_none());
        let remove_headers = vec!["retry-after".into()];
        assert!(of(503, &["1"], &ResponseRules { remove_headers, ..rules }).is_none());
    }
}
