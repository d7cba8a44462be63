//! Scalars: node → text, word, number, size, duration. Every mistake is added, with its help.
//!
//! `None` means that a diagnostic was added; the caller goes on with a default.

use std::{ops::RangeInclusive, time::Duration};

use crate::{
    diagnostic::Diagnostics,
    yaml::{Node, Value},
};

/// Any text that is not empty.
pub fn text<'n>(node: &'n Node, found: &mut Diagnostics) -> Option<&'n str> {
    let text = scalar(node, "a text", found)?;
    if text.trim().is_empty() {
        found.push(node.error("empty-text", "the text is empty"));
        return None;
    }
    Some(text)
}

/// One of a few words, each with what it stands for.
pub fn word<T: Copy>(node: &Node, words: &[(&str, T)], found: &mut Diagnostics) -> Option<T> {
    let all = alternatives(words.iter().map(|(it, _)| *it));
    let text = scalar(node, &all, found)?;
    if let Some((_, value)) = words.iter().find(|(it, _)| *it == text) {
        return Some(*value);
    }
    let message = format!("expected {all}, found {}", node.describe());
    let error = node.error("unknown-word", message);
    let known = || words.iter().map(|(it, _)| *it);
    found.push(match known().find(|it| Some(*it) == switch(text)) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None => error.did_you_mean(text, known()),
    });
    None
}

/// What older YAML, and other files, call `on` and `off`.
pub(crate) fn switch(text: &str) -> Option<&'static str> {
    match &*text.to_ascii_lowercase() {
        "true" | "yes" | "y" | "on" => Some("on"),
        "false" | "no" | "n" | "off" => Some("off"),
        _ => None,
    }
}

/// `true` or `false`; the other spellings of older YAML are refused.
pub fn boolean(node: &Node, found: &mut Diagnostics) -> Option<bool> {
    match node.as_plain() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) | None => {
            let message = format!("expected `true` or `false`, found {}", node.describe());
            let error = node.error("not-a-boolean", message);
            let meant = match node.as_text().map(str::to_ascii_lowercase).as_deref() {
                Some("true" | "yes" | "on" | "y" | "1") => "write `true`",
                Some("false" | "no" | "off" | "n" | "0") => "write `false`",
                Some(_) | None => "write `true` or `false`",
            };
            found.push(error.help(meant));
            None
        }
    }
}

/// A whole number within a range.
pub fn number(node: &Node, range: RangeInclusive<u64>, found: &mut Diagnostics) -> Option<u64> {
    let Some(number) = node.as_plain().and_then(digits) else {
        let message = format!("expected a number, found {}", node.describe());
        let error = node.error("not-a-number", message);
        let text = node.as_text().unwrap_or_default();
        found.push(match (digits(text), measure(text, SIZES)) {
            (Some(_), _) => error.help(format!("write {text} without quotes")),
            (None, Some(_)) => error.help("this counts things and has no unit"),
            (None, None) => error,
        });
        return None;
    };
    within(node, number, &range, &u64::to_string, found)
}

/// A size with its unit, in bytes: `32KiB`, `2MiB`, `100KB`.
pub fn bytes(node: &Node, range: RangeInclusive<u64>, found: &mut Diagnostics) -> Option<u64> {
    let Some(size) = node.as_text().and_then(|it| measure(it, SIZES)) else {
        let message = format!("expected a size such as `32KiB`, found {}", node.describe());
        let error = node.error("not-a-size", message);
        found.push(match node.as_text().filter(|it| digits(it).is_some()) {
            Some(number) => error.help(format!("say the unit: `{number}B` or `{number}KiB`?")),
            None => error.help("units are B, KB, KiB, MB, MiB, GB, GiB"),
        });
        return None;
    };
    within(node, size, &range, &write_bytes, found)
}

/// A duration with its unit: `5s`, `1500ms`, `15min`, `1h`.
pub fn duration(
    node: &Node,
    range: RangeInclusive<Duration>,
    found: &mut Diagnostics,
) -> Option<Duration> {
    let Some(milliseconds) = node.as_text().and_then(|it| measure(it, DURATIONS)) else {
        let message = format!("expected a duration such as `5s`, found {}", node.describe());
        let error = node.error("not-a-duration", message);
        found.push(match node.as_text().filter(|it| digits(it).is_some()) {
            Some(number) => error.help(format!("say the unit: `{number}s` or `{number}ms`?")),
            None => error.help("units are ms, s, min, h, d"),
        });
        return None;
    };
    let milliseconds_of = |it: &Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
    let range = milliseconds_of(range.start())..=milliseconds_of(range.end());
    within(node, milliseconds, &range, &write_duration, found).map(Duration::from_millis)
}

/// A size as the policy writes it: in the largest unit that is exact.
pub(crate) fn write_bytes(bytes: &u64) -> String {
    write(*bytes, &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)])
}

/// A duration as the policy writes it: in the largest unit that is exact.
pub(crate) fn write_duration(milliseconds: &u64) -> String {
    write(*milliseconds, &[("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)])
}

fn write(n: u64, units: &[(&str, u64)]) -> String {
    let exact = units.iter().find(|(_, factor)| n >= *factor && n.is_multiple_of(*factor));
    let (unit, factor) = exact.or(units.last()).copied().unwrap_or(("", 1));
    format!("{}{unit}", n / factor.max(1))
}

fn scalar<'n>(node: &'n Node, expected: &str, found: &mut Diagnostics) -> Option<&'n str> {
    let text = node.as_text();
    if text.is_none() {
        let code = match node.value {
            Value::Scalar { .. } => "empty-value",
            Value::Mapping(_) | Value::Sequence(_) => "wrong-shape",
        };
        found.push(node.error(code, format!("expected {expected}, found {}", node.describe())));
    }
    text
}

fn within(
    node: &Node,
    value: u128,
    range: &RangeInclusive<u64>,
    shown: &dyn Fn(&u64) -> String,
    found: &mut Diagnostics,
) -> Option<u64> {
    let (least, most) = (shown(range.start()), shown(range.end()));
    let message = match u64::try_from(value) {
        Ok(value) if range.contains(&value) => return Some(value),
        Ok(value) if value < *range.start() => {
            format!("`{}` is too small: the least is {least}", shown(&value))
        }
        Ok(value) => format!("`{}` is too large: the most is {most}", shown(&value)),
        Err(_) => format!("{} is too large: the most is {most}", node.describe()),
    };
    found.push(node.error("out-of-range", message));
    None
}

/// `15`, without sign, point, leading zero or underscore. What is larger than the type is its
/// largest number.
fn digits(text: &str) -> Option<u128> {
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let has_leading_zero = text.len() > 1 && text.starts_with('0');
    (is_number && !has_leading_zero).then(|| text.parse().unwrap_or(u128::MAX))
}

fn measure(text: &str, units: &[(&str, u64)]) -> Option<u128> {
    let end = text.find(|it: char| !it.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    let (_, factor) = units.iter().find(|(it, _)| *it == unit.trim_start_matches(' '))?;
    Some(digits(number)?.saturating_mul(u128::from(*factor)))
}

/// `` `deny` or `allow` ``
fn alternatives<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = words.map(|it| format!("`{it}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KB", 1000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
];
const DURATIONS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1000), ("min", 60_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, sync::Arc, time::Duration};

    use crate::{
        diagnostic::{Diagnostics, Source},
        yaml::{
            Node, Value, read,
            scalar::{boolean, bytes, duration, number, text, word},
        },
    };

    type Reader<'r, T> = &'r dyn Fn(&Node, &mut Diagnostics) -> Option<T>;

    /// The value as debug text, or what is wrong with it.
    #[track_caller]
    fn check<T: Debug>(reader: Reader<'_, T>, written: &str, expect: &str) {
        let text = format!("a: {written}").into();
        let (root, _) = read(&Arc::new(Source { name: "t".into(), text }));
        let Value::Mapping(entries) = root.unwrap().value else { panic!() };
        let mut found = Diagnostics::default();
        let value = reader(&entries[0].1, &mut found);
        let shown = match value {
            Some(value) => format!("{value:?}"),
            None => {
                let it = found.iter().next().expect("a diagnostic");
                let help = it.help.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
                format!("{}: {}{help}", it.code, it.message)
            }
        };
        assert_eq!(shown, expect);
    }

    #[test]
    fn numbers() {
        let reader: Reader<'_, u64> = &|node, found| number(node, 1..=100, found);
        check(reader, "1", "1");
        check(reader, "100", "100");
        check(reader, "0", "out-of-range: `0` is too small: the least is 1");
        check(reader, "101", "out-of-range: `101` is too large: the most is 100");
        let wrong = |it: &str| format!("not-a-number: expected a number, found `{it}`");
        for it in ["-1", "1.5", "0x1f", "1_000", "015", "ten", "+1"] {
            check(reader, it, &wrong(it));
        }
        let large = |it: &str| format!("out-of-range: {it} is too large: the most is 100");
        check(reader, "18446744073709551616", &large("`18446744073709551616`"));
        check(reader, &"9".repeat(40), &large(&format!("`{}`", "9".repeat(40))));
        check(
            &|node, found| number(node, 0..=u64::MAX, found),
            "18446744073709551615",
            "18446744073709551615",
        );
        check(
            &|node, found| number(node, 0..=u64::MAX, found),
            "18446744073709551616",
            "out-of-range: `18446744073709551616` is too large: the most is 18446744073709551615",
        );
        check(reader, "'15'", &format!("{} (write 15 without quotes)", wrong("15")));
        check(reader, "5KiB", &format!("{} (this counts things and has no unit)", wrong("5KiB")));
        check(reader, "[1]", "not-a-number: expected a number, found a list");
        check(reader, "", "not-a-number: expected a number, found nothing");
    }

    #[test]
    fn sizes() {
        let reader: Reader<'_, u64> = &|node, found| bytes(node, 10..=2 << 20, found);
        check(reader, "32KiB", "32768");
        check(reader, "32 KiB", "32768");
        check(reader, "100KB", "100000");
        check(reader, "2MiB", "2097152");
        check(reader, "10B", "10");
        check(reader, "9B", "out-of-range: `9B` is too small: the least is 10B");
        check(reader, "3MiB", "out-of-range: `3MiB` is too large: the most is 2MiB");
        let large = "out-of-range: `99999999999999999999GiB` is too large: the most is 2MiB";
        check(reader, "99999999999999999999GiB", large);
        check(
            reader,
            "32768",
            "not-a-size: expected a size such as `32KiB`, found `32768` (say the unit: `32768B` or `32768KiB`?)",
        );
        for it in ["32kb", "1.5MiB", "KiB", "-1B"] {
            let help = "(units are B, KB, KiB, MB, MiB, GB, GiB)";
            let expect =
                format!("not-a-size: expected a size such as `32KiB`, found `{it}` {help}");
            check(reader, it, &expect);
        }
    }

    #[test]
    fn durations() {
        let range = Duration::from_secs(1)..=Duration::from_secs(7200);
        let reader: Reader<'_, Duration> = &|node, found| duration(node, range.clone(), found);
        check(reader, "5s", "5s");
        check(reader, "1500ms", "1.5s");
        check(reader, "15min", "900s");
        check(reader, "15m", "900s");
        check(reader, "2h", "7200s");
        check(reader, "999ms", "out-of-range: `999ms` is too small: the least is 1s");
        check(reader, "1d", "out-of-range: `24h` is too large: the most is 2h");
        let large = "out-of-range: `999999999999999999d` is too large: the most is 2h";
        check(reader, "999999999999999999d", large);
        check(
            reader,
            "5",
            "not-a-duration: expected a duration such as `5s`, found `5` (say the unit: `5s` or `5ms`?)",
        );
        check(
            reader,
            "5w",
            "not-a-duration: expected a duration such as `5s`, found `5w` (units are ms, s, min, h, d)",
        );
    }

    #[test]
    fn words() {
        let reader: Reader<'_, u8> =
            &|node, found| word(node, &[("deny", 1), ("allow", 2), ("report", 3)], found);
        check(reader, "deny", "1");
        check(reader, "'allow'", "2");
        let all = "`deny`, `allow` or `report`";
        check(
            reader,
            "alow",
            &format!("unknown-word: expected {all}, found `alow` (did you mean `allow`?)"),
        );
        let switch: Reader<'_, u8> = &|node, found| word(node, &[("on", 1), ("off", 2)], found);
        for (it, meant) in [("no", "off"), ("False", "off"), ("n", "off"), ("yes", "on")] {
            let expect = format!("expected `on` or `off`, found `{it}` (did you mean `{meant}`?)");
            check(switch, it, &format!("unknown-word: {expect}"));
        }
        check(reader, "no", &format!("unknown-word: expected {all}, found `no`"));
        check(reader, "[deny]", &format!("wrong-shape: expected {all}, found a list"));
        check(reader, "~", &format!("empty-value: expected {all}, found nothing"));
    }

    #[test]
    fn booleans() {
        check(&boolean, "true", "true");
        check(&boolean, "false", "false");
        let wrong = "not-a-boolean: expected `true` or `false`, found";
        check(&boolean, "on", &format!("{wrong} `on` (write `true`)"));
        check(&boolean, "No", &format!("{wrong} `No` (write `false`)"));
        check(&boolean, "'true'", &format!("{wrong} `true` (write `true`)"));
        check(&boolean, "2", &format!("{wrong} `2` (write `true` or `false`)"));
    }

    #[test]
    fn texts() {
        let reader: Reader<'_, String> = &|node, found| text(node, found).map(str::to_owned);
        check(reader, "shop", "\"shop\"");
        check(reader, "' '", "empty-text: the text is empty");
        check(reader, "{}", "wrong-shape: expected a text, found a mapping");
    }
}
