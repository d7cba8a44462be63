//! Days and times in UTC as logs, policies and HTTP write them, the only file that names its crate.
//!
//! Each has one form, and nothing else is read: what is written again is what was read.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, date},
};

/// Milliseconds since 1970 in RFC 3339: `2026-11-23T06:39:55.123Z`. Nothing is later than the
/// year 9999.
#[must_use]
pub fn rfc3339(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(|it| Timestamp::from_millisecond(it).ok());
    format!("{:.3}", time.unwrap_or(Timestamp::MAX))
}

/// The milliseconds since 1970 that [`rfc3339`] has written.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    let millis = u64::try_from(time.as_millisecond()).ok()?;
    (rfc3339(millis) == text).then_some(millis)
}

/// The seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). The two older forms
/// are not written any more.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<u64> {
    const FORM: &str = "%a, %d %b %Y %H:%M:%S GMT";
    let time = DateTime::strptime(FORM, text).ok()?;
    let is_of_form = time.strftime(FORM).to_string() == text;
    is_of_form.then(|| seconds(time)).flatten()
}

/// The end of the day `2027-03-01`, exclusive, in seconds since 1970.
#[must_use]
pub fn end_of_day(text: &str) -> Option<u64> {
    let day: Date = text.parse().ok()?;
    let is_of_form = day.to_string() == text;
    let begins = is_of_form.then(|| seconds(day.at(0, 0, 0, 0))).flatten()?;
    Some(begins.saturating_add(86_400))
}

/// None before 1970.
fn seconds(time: DateTime) -> Option<u64> {
    let since = time.duration_since(date(1970, 1, 1).at(0, 0, 0, 0));
    u64::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(millis: u64, expect: &str) {
        assert_eq!(rfc3339(millis), expect);
        assert_eq!(parse_rfc3339(expect), Some(millis));
    }

    #[test]
    fn times_are_written_and_read() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_399_999, "2000-02-28T23:59:59.999Z");
        check(951_868_800_000, "2000-03-01T00:00:00.000Z");
        check(1_709_164_800_001, "2024-02-29T00:00:00.001Z");
        check(1_795_391_999_001, "2026-11-22T23:59:59.001Z");
        check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
        assert!(rfc3339(u64::MAX).starts_with("9999"));
        for text in [
            "",
            "x",
            "2026",
            "1969-12-31T23:59:59.999Z",
            "2026-13-01T00:00:00.000Z",
            "2026-02-31T00:00:00.000Z",
            "2100-02-29T00:00:00.000Z",
            "2026-11-23T24:00:00.000Z",
            "2026-11-23T00:60:00.000Z",
            "2026-11-23T23:59:60.000Z",
            "2026-11-23T00:00:00.1000Z",
            "2026-11-23T00:00:00Z",
            "2026-11-23T00:00:00.000+02:00",
            "2026-11-23T00:00:00.000Z[UTC]",
            "2026-11-23 00:00:00.000Z",
            "2026-11-23T00:00:00.000z",
            "2026-11-23T00:00:00.000Zx",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn dates_of_headers_are_read() {
        assert_eq!(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse_http_date("Thu, 24 Dec 2026 06:39:55 GMT"), Some(1_798_094_395));
        for text in [
            "",
            "Mon, 23 Nov 2026 07:00:00 UTC",
            "Mon, 23 Nov 2026 7:00:00 GMT",
            "Mon, 23 Nov 2026 07:00:00 GMT ",
            "Mon, 3 Nov 2026 07:00:00 GMT",
            "Monday, 23-Nov-26 07:00:00 GMT",
            "Mon, 23 November 2026 07:00:00 GMT",
            "mon, 23 nov 2026 07:00:00 GMT",
            "Mon, 23 Nov 2026 07:00:00 x GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
        ] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn days_end_at_midnight() {
        const DAY: u64 = 86_400;
        assert_eq!(end_of_day("1970-01-01"), Some(DAY));
        assert_eq!(end_of_day("1972-02-29"), Some(790 * DAY));
        assert_eq!(end_of_day("2027-03-01"), Some(20_879 * DAY));
        assert_eq!(end_of_day("2100-03-01"), Some(47_542 * DAY));
        assert_eq!(end_of_day("9999-12-31"), Some(2_932_897 * DAY));
        for text in [
            "",
            "2027-02-29",
            "2100-02-29",
            "2027-04-31",
            "2027-13-01",
            "2027-01-00",
            "2027-1-1",
            "20270101",
            "1969-12-31",
            "2027-03-01T00:00",
            "2027-03",
            "2027-03-01-",
            "+027-03-01",
            "+002027-03-01",
        ] {
            assert_eq!(end_of_day(text), None, "{text}");
        }
    }
}
