//! Numbers as they are written, compared exactly: no rounding, whatever their size.

use std::cmp::Ordering;

/// A decimal number: `± 0.d₁d₂d₃… × 10^point`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    is_negative: bool,
    /// Neither the first nor the last is `0`; zero has none.
    digits: Box<str>,
    point: i64,
}

impl Number {
    /// The number of a text in JSON or GraphQL: `100`, `-1.50`, `1e3`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let is_digit = |it: u8| it.is_ascii_digit();
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(is_digit) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let n_leading = digits.len().saturating_sub(significant.len());
        let digits: Box<str> = significant.trim_end_matches('0').into();
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits, point: 0 });
        }
        let point = signed(whole.len()).saturating_sub(signed(n_leading)).saturating_add(exponent);
        Some(Self { is_negative, digits, point })
    }

    /// True without a fraction: `100.0` and `1e3` are whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.digits.is_empty() || self.point >= signed(self.digits.len())
    }

    /// The integer that it is, as long as a hundred and more bits hold it: `100.0` is 100.
    pub(crate) fn integer(&self) -> Option<i128> {
        let n_digits = usize::try_from(self.point).ok().filter(|it| *it <= DIGITS);
        let n_digits = n_digits.filter(|_| self.is_whole())?;
        let magnitude: i128 = format!("0{:0<n_digits$}", self.digits).parse().ok()?;
        Some(if self.is_negative { magnitude.saturating_neg() } else { magnitude })
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Without zeros at the end, the texts compare as the fractions do.
            (false, false) => {
                self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

impl From<i128> for Number {
    fn from(integer: i128) -> Self {
        let digits = integer.unsigned_abs().to_string();
        let point = signed(digits.len());
        match digits.trim_end_matches('0') {
            "" => Self { is_negative: false, digits: "".into(), point: 0 },
            digits => Self { is_negative: integer < 0, digits: digits.into(), point },
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An exponent beyond 64 bits counts as the largest: no text is long enough to make up for it.
fn parse_exponent(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let exponent = digits.parse().unwrap_or(FAR);
    let exponent = exponent.min(FAR);
    Some(if is_negative { exponent.saturating_neg() } else { exponent })
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Far beyond the length of any text, and far from the end of 64 bits.
const FAR: i64 = 1 << 60;

/// Digits of an integer that fits 127 bits.
const DIGITS: usize = 38;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expect: Ordering) {
        let [left, right] = [a, b].map(|it| Number::parse(it).unwrap());
        assert_eq!((left.cmp(&right), right.cmp(&left)), (expect, expect.reverse()), "{a} {b}");
    }

    #[test]
    fn the_same_number_in_other_words() {
        let same = [
            ("100", "1e2"),
            ("100.0", "100"),
            ("0.1e3", "100"),
            ("1000e-1", "100"),
            ("-0", "0.00"),
            ("0e99999999999999999999", "0"),
            ("1.5E+1", "15"),
        ];
        for (a, b) in same {
            check(a, b, Ordering::Equal);
        }
    }

    #[test]
    fn nothing_is_rounded() {
        check("100.00000000000000000001", "100", Ordering::Greater);
        check("9007199254740993", "9007199254740992", Ordering::Greater);
        check("99.99999999999999999999", "100", Ordering::Less);
        check("-100.00000000000000000001", "-100", Ordering::Less);
        check("1e99999999999999999999", "1e300", Ordering::Greater);
        check("1e-99999999999999999999", "0", Ordering::Greater);
        check("9", "10", Ordering::Less);
        check("12", "2", Ordering::Greater);
        check("-1", "1", Ordering::Less);
    }

    #[test]
    fn wholeness() {
        for whole in ["0", "100", "100.0", "1e3", "1.5e1", "-7", "10e-1"] {
            assert!(Number::parse(whole).unwrap().is_whole(), "{whole}");
        }
        for broken in ["0.5", "100.5", "15e-1", "1e-1"] {
            assert!(!Number::parse(broken).unwrap().is_whole(), "{broken}");
        }
    }

    #[test]
    fn integers_in_every_spelling() {
        #[track_caller]
        fn check(text: &str, expect: Option<i128>) {
            assert_eq!(Number::parse(text).unwrap().integer(), expect, "{text}");
        }
        check("0", Some(0));
        check("-0.0e9", Some(0));
        check("100.0", Some(100));
        check("-1.5e1", Some(-15));
        check("9.007199254740993e15", Some(9_007_199_254_740_993));
        check("1e37", Some(10_i128.pow(37)));
        check(&"9".repeat(38), Some(10_i128.pow(38) - 1));
        check("1e38", None);
        check("1e99999999999999999999", None);
        check("0.5", None);
        check("100.00000000000000000001", None);
        check("1e-99999999999999999999", None);
    }

    #[test]
    fn what_is_no_number() {
        for text in ["", "-", "1.", ".5", "1e", "0x1", "1_000", " 1", "+1", "1e1.5", "NaN", "１"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
