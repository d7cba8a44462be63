//! When something deprecated ends, as far as its reason says so: `sunset: 2026-12-31`, or any date
//! in it that is written like this.

/// The date of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sunset<'r>(&'r str);

impl<'r> Sunset<'r> {
    /// The date behind the word, else the first one.
    pub(super) fn of(reason: &'r str) -> Option<Self> {
        let word = reason.char_indices().find_map(|(n, _)| {
            let rest = reason.get(n..)?;
            rest.get(..6)?.eq_ignore_ascii_case("sunset").then_some(rest)
        });
        word.and_then(first).or_else(|| first(reason)).map(Self)
    }

    pub(super) const fn date(self) -> &'r str {
        self.0
    }

    /// Whether that day is over; `today` is a date, or a time that begins with one.
    pub(super) fn is_past(self, today: &str) -> bool {
        today.get(..10).is_some_and(|it| self.0 < it)
    }
}

fn first(text: &str) -> Option<&str> {
    let is_digit =
        |n: Option<usize>| n.and_then(|it| text.as_bytes().get(it)).is_some_and(u8::is_ascii_digit);
    let mut places = text.char_indices().map(|(n, _)| n);
    places.find_map(|n| {
        let date = text.get(n..n.checked_add(10)?)?;
        let is_alone = !is_digit(n.checked_sub(1)) && !is_digit(n.checked_add(10));
        (is_alone && is_date(date)).then_some(date)
    })
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut number = |n: usize| {
        let part = parts.next().filter(|it| it.len() == n)?;
        part.bytes().all(|it| it.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten()
    };
    let (year, month, day) = (number(4), number(2), number(2));
    year.is_some()
        && month.is_some_and(|it| (1..=12).contains(&it))
        && day.is_some_and(|it| (1..=31).contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reason: &str, expect: Option<&str>) {
        assert_eq!(Sunset::of(reason).map(Sunset::date), expect, "{reason}");
    }

    #[test]
    fn dates_are_found_in_reasons() {
        check("use `name`", None);
        check("sunset: 2026-12-31", Some("2026-12-31"));
        check("since 2024-01-01; Sunset 2026-12-31. Use `name`", Some("2026-12-31"));
        check("ends (2026-12-31)", Some("2026-12-31"));
        check("use änderung, bis 2026-12-31", Some("2026-12-31"));
        check("2026-13-31", None);
        check("2026-12-32", None);
        check("12026-12-31 or 2026-12-311", None);
        check("2026/12/31", None);
        check("sunset soon, said 2024-01-01 is over", Some("2024-01-01"));
    }

    #[test]
    fn a_day_is_past_when_it_is_over() {
        let sunset = Sunset::of("2026-12-31").expect("a date");
        assert!(!sunset.is_past("2026-12-31T23:59:59.999Z"));
        assert!(sunset.is_past("2027-01-01T00:00:00.000Z"));
    }
}
