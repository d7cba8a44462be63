//! Numbers and times for people.

/// `12,345`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `850 µs`, `1.2 ms`, `3 s`.
pub(super) fn nanos(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{} µs", n / 1_000),
        1_000_000..1_000_000_000 => tenths(n / 100_000, "ms"),
        _ => tenths(n / 100_000_000, "s"),
    }
}

/// Tenths of a unit.
pub(super) fn tenths(n: u64, unit: &str) -> String {
    let (whole, rest) = (n / 10, n % 10);
    let number = if rest == 0 || whole >= 100 { count(whole) } else { format!("{whole}.{rest}") };
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

/// `12 s ago`.
pub(super) fn ago(now: u64, then: u64) -> String {
    let seconds = now.saturating_sub(then) / 1000;
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// Enough of a hash to find it.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// The end of an id, which is where ids of one worker differ.
pub(super) fn tail(id: &str) -> &str {
    let start = id.len().saturating_sub(8);
    id.get(start..).unwrap_or(id)
}

/// `10k` for the axis of a chart.
pub(super) fn axis(n: u64) -> String {
    if n >= 1000 { format!("{}k", n / 1000) } else { n.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, expect) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), expect);
        }
    }

    #[test]
    fn times_have_a_unit_that_fits() {
        for (n, expect) in [
            (20_000, "20 µs"),
            (1_000_000, "1 ms"),
            (1_250_000, "1.2 ms"),
            (200_000_000, "200 ms"),
            (30_000_000_000, "30 s"),
        ] {
            assert_eq!(nanos(n), expect);
        }
    }
}
