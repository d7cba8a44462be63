//! `2027-03-01` → seconds. No time zones, no times of day, no calendar but the Gregorian.

use crate::{
    diagnostic::Diagnostics,
    yaml::{Node, scalar},
};

/// The end of a day in UTC, exclusive, as seconds since 1970.
pub(super) fn end_of_day(node: &Node, found: &mut Diagnostics) -> Option<u64> {
    let text = scalar::text(node, found)?;
    let day = days_since_1970(text);
    if day.is_none() {
        let message = format!("expected a date such as `2027-03-01`, found {}", node.describe());
        found.push(node.error("not-a-date", message));
    }
    Some(day?.saturating_add(1).saturating_mul(86_400))
}

fn days_since_1970(text: &str) -> Option<u64> {
    let mut parts = text.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if leap { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month.checked_sub(1)?).ok()?;
    let length = *months.get(month)?;
    if parts.next().is_some() || year < 1970 || day < 1 || day > length {
        return None;
    }
    let before: u64 = months.iter().take(month).sum();
    // Every fourth year, but of the centuries only every fourth.
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let past = year.saturating_sub(1);
    let leap_days = leaps(past).saturating_sub(leaps(1969));
    Some((year.saturating_sub(1970)) * 365 + leap_days + before + day - 1)
}

fn digits(text: &str, n: usize) -> Option<u64> {
    let is_number = text.len() == n && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::days_since_1970;

    #[track_caller]
    fn check(text: &str, expect: Option<u64>) {
        assert_eq!(days_since_1970(text), expect);
    }

    #[test]
    fn days_are_counted() {
        check("1970-01-01", Some(0));
        check("1970-12-31", Some(364));
        check("1972-02-29", Some(789));
        check("1972-03-01", Some(790));
        check("2000-03-01", Some(11_017));
        check("2026-11-22", Some(20_779));
        check("2027-03-01", Some(20_878));
        check("2100-03-01", Some(47_541));
        check("9999-12-31", Some(2_932_896));
    }

    #[test]
    fn only_days_that_exist() {
        for it in [
            "2027-02-29",
            "2100-02-29",
            "2027-04-31",
            "2027-13-01",
            "2027-00-01",
            "2027-01-00",
            "2027-1-1",
            "1969-12-31",
            "2027-03-01T00:00",
            "2027-03",
            "2027-03-01-",
            "",
            "+027-03-01",
        ] {
            check(it, None);
        }
    }
}
