//! Which JSON values a scalar takes: those that every server reads as the same.

use crate::{
    json::{self, Kind as Json},
    schema::Scalar,
};

/// GraphQL §3.5. A custom scalar takes any value.
pub(crate) fn is_scalar(scalar: Scalar, value: json::Value<'_>) -> bool {
    match scalar {
        Scalar::Boolean => matches!(value.kind(), Json::Boolean(_)),
        Scalar::Float => value.kind() == Json::Number,
        Scalar::Id => match value.kind() {
            Json::String => true,
            Json::Number => is_id(value.text()),
            Json::Array | Json::Boolean(_) | Json::File | Json::Null | Json::Object => false,
        },
        Scalar::Int => value.kind() == Json::Number && is_int(value.text()),
        Scalar::String => value.kind() == Json::String,
        // GraphQL multipart request specification: files stand at this scalar and at no other.
        Scalar::Upload if value.kind() == Json::File => true,
        Scalar::Other | Scalar::Upload => !value.holds_file(),
    }
}

/// A number that every server reads as the same ID. JavaScript rounds integers beyond 2^53 − 1, so
/// that another object would be judged than the one that is asked for, and `-0` is `0` to it.
fn is_id(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text != "-0" && digits.parse::<u64>().is_ok_and(|it| it <= MAX_SAFE_INTEGER)
}

/// 2^53 − 1: ECMA-262, `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A 32-bit integer. `2.0` counts: languages without an integer type write it so.
fn is_int(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    // Nine digits are a 32-bit integer, whichever they are.
    if matches!(digits.len(), 1..=9) && digits.iter().all(u8::is_ascii_digit) {
        return true;
    }
    is_whole(text)
        && text
            .parse::<f64>()
            .is_ok_and(|it| it >= f64::from(i32::MIN) && it <= f64::from(i32::MAX))
}

/// Whether nothing is left behind the point of a number, by its digits: JavaScript rounds
/// `0.99999999999999999999` to 1, and others do not.
fn is_whole(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let Ok(exponent) = exponent.parse::<i64>() else { return false };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent).max(0);
    let behind = usize::try_from(point).unwrap_or(usize::MAX);
    whole.bytes().chain(fraction.bytes()).skip(behind).all(|it| it == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_int_is_whole_by_its_digits() {
        for it in ["0", "-7", "2.0", "1e3", "1.50e1", "10e-1", "-2147483648", "2147483647.0", "0e9"]
        {
            assert!(is_int(it), "{it}");
        }
        for it in ["0.5", "1e-1", "0.99999999999999999999", "1.00000000000000000001"] {
            assert!(!is_int(it), "{it}");
        }
        for it in ["2147483648", "-2147483649.0", "1e10", "1e-400", "1e99999999999999999999"] {
            assert!(!is_int(it), "{it}");
        }
    }
}
