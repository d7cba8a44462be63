//! Values that expressions compute with, made from JSON and from text.

use std::{collections::HashMap, fmt, sync::Arc};

use cel::common::{
    types::{CelBool, CelInt, CelNull, CelString},
    value::Val,
};

use crate::expression::Number;

/// A value; cloning one is cheap.
#[derive(Clone)]
pub struct Value(Arc<Box<dyn Val>>);

impl Value {
    /// The value that JSON stands for. Whole numbers stay whole as far as 64 bits go.
    // Recursion over a tree whose depth its reader has bounded.
    #[must_use]
    pub fn of_json(json: &serde_json::Value) -> Self {
        Self::of(of_json(json))
    }

    /// A map from texts.
    #[must_use]
    pub fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Self)>) -> Self {
        let map: HashMap<String, cel::Value> =
            entries.into_iter().map(|(key, value)| (key.to_owned(), value.to_cel())).collect();
        Self::of(map.into())
    }

    /// A list.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<cel::Value> = items.into_iter().map(|it| it.to_cel()).collect();
        Self::of(items.into())
    }

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::from(CelString::from(text.to_owned()))
    }

    /// True or false.
    #[must_use]
    pub fn boolean(value: bool) -> Self {
        Self::from(CelBool::from(value))
    }

    /// A number from its text in a document or in JSON: an integer as far as 64 bits go, however
    /// it is written, and never equal to an integer that it is not.
    #[must_use]
    pub fn number(text: &str) -> Self {
        if let Ok(whole) = text.parse::<i64>() {
            return Self::from(CelInt::from(whole));
        }
        let exact = Number::parse(text);
        let whole = exact.as_ref().and_then(Number::integer);
        if let Some(whole) = whole.and_then(|it| i64::try_from(it).ok()) {
            return Self::from(CelInt::from(whole));
        }
        if let Some(whole) = whole.and_then(|it| u64::try_from(it).ok()) {
            return Self::of(cel::Value::UInt(whole));
        }
        let near = exact.map_or(f64::NAN, |it| near(text, &it));
        Self::of(cel::Value::Float(near))
    }

    /// Null.
    #[must_use]
    pub fn null() -> Self {
        Self::from(CelNull)
    }

    pub(super) fn val(&self) -> &dyn Val {
        &**self.0
    }

    fn of(value: cel::Value) -> Self {
        // Only function values cannot be converted, and none is made here; null denies.
        let val: Result<Box<dyn Val>, _> = value.try_into();
        Self(Arc::new(val.unwrap_or_else(|_| Box::new(CelNull))))
    }

    fn from(val: impl Val + 'static) -> Self {
        Self(Arc::new(Box::new(val)))
    }

    fn to_cel(&self) -> cel::Value {
        cel::Value::try_from(self.val()).unwrap_or(cel::Value::Null)
    }
}

impl fmt::Debug for Value {
    /// Claims and arguments are nobody's to log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}

/// A double for a number that is no integer of 64 bits, on the same side of all of those: CEL
/// compares them after rounding, which must not make it one. Where no double stands between two
/// integers it is no number, which equals nothing and has no place in an order.
fn near(text: &str, exact: &Number) -> f64 {
    let near: f64 = text.parse().unwrap_or(f64::NAN);
    if near.fract() != 0.0 {
        // Also an infinity, whose fraction is none.
        return near;
    }
    if *exact > Number::from(i128::from(u64::MAX)) {
        return near.max(ABOVE.next_up());
    }
    if *exact < Number::from(i128::from(i64::MIN)) {
        return near.min(BELOW.next_down());
    }
    let is_less = Number::parse(&near.to_string()).is_some_and(|it| *exact < it);
    let beside = if is_less { near.next_down() } else { near.next_up() };
    if beside.fract() == 0.0 { f64::NAN } else { beside }
}

fn of_json(json: &serde_json::Value) -> cel::Value {
    match json {
        serde_json::Value::Array(items) => {
            items.iter().map(of_json).collect::<Vec<cel::Value>>().into()
        }
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Null => cel::Value::Null,
        serde_json::Value::Number(number) => Value::number(&number.to_string()).to_cel(),
        serde_json::Value::Object(members) => {
            let map: HashMap<String, cel::Value> =
                members.iter().map(|(key, it)| (key.clone(), of_json(it))).collect();
            map.into()
        }
        serde_json::Value::String(text) => text.as_str().into(),
    }
}

/// What the largest of `u64` is rounded to.
const ABOVE: f64 = 18_446_744_073_709_551_616.0;
/// The least of `i64`.
const BELOW: f64 = -9_223_372_036_854_775_808.0;

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use crate::expression::Value;

    /// How one number compares with another, by CEL.
    #[track_caller]
    fn check(a: &str, b: &str, expect: Option<Ordering>) {
        let [left, right] = [a, b].map(Value::number);
        let of = |a: &Value, b: &Value| a.val().as_comparer()?.compare(b.val()).ok();
        assert_eq!(of(&left, &right), expect, "{a} {b}");
        assert_eq!(of(&right, &left), expect.map(Ordering::reverse), "{b} {a}");
        let is_equal = expect == Some(Ordering::Equal);
        assert_eq!(left.val().equals(right.val()), is_equal, "{a} {b}");
        let is_in = Value::list([Value::text("a"), right]);
        let is_in = is_in.val().as_container().unwrap().contains(left.val());
        assert_eq!(is_in.ok(), Some(is_equal), "{a} in [{b}]");
    }

    #[test]
    fn a_decimal_does_not_step_around_an_integer() {
        for same in ["9007199254740993.0", "9007199254740993e0", "9.007199254740993e15"] {
            check(same, "9007199254740993", Some(Ordering::Equal));
        }
        for less in ["9007199254740992", "9007199254740992.0", "9007199254740992e0"] {
            check(less, "9007199254740993", Some(Ordering::Less));
        }
        check("9007199254740994.0", "9007199254740993", Some(Ordering::Greater));
        check("18446744073709551615.0", "18446744073709551615", Some(Ordering::Equal));
        check("18446744073709551614.0", "18446744073709551615", Some(Ordering::Less));
        check("-9223372036854775808.0", "-9223372036854775808", Some(Ordering::Equal));
    }

    #[test]
    fn a_fraction_is_no_integer_however_near() {
        check("0.99999999999999999999", "1", Some(Ordering::Less));
        check("1.00000000000000000001", "1", Some(Ordering::Greater));
        check("-0.99999999999999999999", "-1", Some(Ordering::Greater));
        check("1e-400", "0", Some(Ordering::Greater));
        check("-1e-400", "0", Some(Ordering::Less));
        check("1000000000000000.00000000001", "1000000000000000", Some(Ordering::Greater));
        // No double stands between these two.
        check("9007199254740992.9", "9007199254740992", None);
        check("9007199254740992.9", "9007199254740993", None);
        check("18446744073709551614.5", "18446744073709551615", None);
    }

    #[test]
    fn what_is_beyond_64_bits_is_none_of_them() {
        check("18446744073709551616", "18446744073709551615", Some(Ordering::Greater));
        check("18446744073709551615.5", "18446744073709551615", Some(Ordering::Greater));
        check("-9223372036854775809", "-9223372036854775808", Some(Ordering::Less));
        check("1e30", "18446744073709551615", Some(Ordering::Greater));
        check("1e400", "18446744073709551615", Some(Ordering::Greater));
        check("-1e400", "-9223372036854775808", Some(Ordering::Less));
    }

    #[test]
    fn numbers_in_other_words_are_the_same() {
        check("1.0", "1", Some(Ordering::Equal));
        check("1e3", "1000", Some(Ordering::Equal));
        check("-0.0", "0", Some(Ordering::Equal));
        check("0.10", "0.1", Some(Ordering::Equal));
        check("0.5", "1", Some(Ordering::Less));
        check("2.5", "2", Some(Ordering::Greater));
    }
}
