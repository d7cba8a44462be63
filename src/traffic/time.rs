//! Reads times as the log has them: RFC 3339 in UTC, to the millisecond, and no other form.

use crate::telemetry::rfc3339;

/// The milliseconds since 1970 that [`rfc3339`] has written. A day or an hour that there is not is
/// none, and neither is any other form.
#[must_use]
pub fn parse_time(text: &str) -> Option<u64> {
    let mut parts = text.split(|it: char| !it.is_ascii_digit()).map(|it| it.parse::<u64>().ok());
    let mut next = || parts.next().flatten();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second, millis) = (next()?, next()?, next()?, next()?);
    let seconds = days(year, month, day)?.checked_mul(DAY)?;
    let seconds = seconds.checked_add(hour.checked_mul(3600)?)?;
    let seconds = seconds.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    let millis = seconds.checked_mul(1000)?.checked_add(millis)?;
    (rfc3339(millis) == text).then_some(millis)
}

/// Days since 1970. A year begins in March here, so that a leap day is the last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    (era * 146_097 + of_era).checked_sub(719_468)
}

const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(millis: u64, expect: &str) {
        assert_eq!(rfc3339(millis), expect);
        assert_eq!(parse_time(expect), Some(millis));
    }

    #[test]
    fn times_are_written_and_read() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_399_999, "2000-02-28T23:59:59.999Z");
        check(951_868_800_000, "2000-03-01T00:00:00.000Z");
        check(1_795_415_995_123, "2026-11-23T06:39:55.123Z");
        check(1_709_164_800_001, "2024-02-29T00:00:00.001Z");
        for text in [
            "",
            "x",
            "2026",
            "2026-13-01T00:00:00.000Z",
            "2026-02-31T00:00:00.000Z",
            "2026-04-31T00:00:00.000Z",
            "2100-02-29T00:00:00.000Z",
            "2026-11-23T24:00:00.000Z",
            "2026-11-23T00:60:00.000Z",
            "2026-11-23T00:00:00.1000Z",
            "2026-11-23T00:00:00.000+02:00",
            "2026-11-23 00:00:00.000Z",
            "2026-11-23T00:00:00.000Zx",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
