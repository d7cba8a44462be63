//! `0..100`, `1..`, `..100`: both ends belong to it.

use crate::{
    diagnostic::Diagnostics,
    expression::Number,
    yaml::{Node, scalar},
};

/// A range of numbers.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Range {
    text: Box<str>,
    least: Option<Number>,
    most: Option<Number>,
    /// The ends as integers, when they are: almost every number is one, too.
    small: Option<(i64, i64)>,
}

impl Range {
    /// Reads one; adds every mistake.
    pub(in crate::rules) fn read(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let text = scalar::text(node, found)?;
        let range = Self::parse(text);
        if range.is_none() {
            let message = format!("expected a range, found {}", node.describe());
            let error = node.error("not-a-range", message);
            found.push(error.help("write `0..100`, `1..` or `..100`; both ends belong to it"));
        }
        range.filter(|it| {
            let is_empty = it.least.iter().zip(&it.most).any(|(least, most)| least > most);
            if is_empty {
                let error = node.error("not-a-range", "nothing is in this range");
                found.push(error.help("write the smaller number first"));
            }
            !is_empty
        })
    }

    /// [`Range::read`] for a number of things: whole and not negative.
    pub(in crate::rules) fn read_count(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        let range = Self::read(node, found)?;
        let zero = Number::parse("0");
        let counts = |it: &Number| it.is_whole() && zero.as_ref().is_some_and(|zero| it >= zero);
        if !range.least.iter().chain(&range.most).all(counts) {
            let message = "a length is a whole number that is not negative";
            found.push(node.error("not-a-range", message));
            return None;
        }
        Some(range)
    }

    fn parse(text: &str) -> Option<Self> {
        let (least, most) = text.split_once("..")?;
        let end = |text: &str| match text {
            "" => Some(None),
            text => Number::parse(text).map(Some),
        };
        let (least, most) = (end(least)?, end(most)?);
        let is_open = least.is_none() && most.is_none();
        (!is_open).then(|| Self { text: text.into(), least, most, small: small(text) })
    }

    /// How it is written.
    pub(in crate::rules) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the number of a text is in it; `None` when it is no number.
    pub(in crate::rules) fn contains_text(&self, text: &str) -> Option<bool> {
        if let (Some((least, most)), Ok(number)) = (self.small, text.parse::<i64>()) {
            return Some((least..=most).contains(&number));
        }
        Number::parse(text).map(|it| self.contains(&it))
    }

    /// True when the number is in it.
    fn contains(&self, number: &Number) -> bool {
        self.least.as_ref().is_none_or(|it| number >= it)
            && self.most.as_ref().is_none_or(|it| number <= it)
    }

    /// True when so many are in it.
    pub(in crate::rules) fn counts(&self, n: usize) -> bool {
        self.contains_text(&n.to_string()).unwrap_or(false)
    }
}

fn small(text: &str) -> Option<(i64, i64)> {
    let (least, most) = text.split_once("..")?;
    let end = |text: &str, open: i64| if text.is_empty() { Some(open) } else { text.parse().ok() };
    Some((end(least, i64::MIN)?, end(most, i64::MAX)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, inside: &[&str], outside: &[&str]) {
        let range = Range::parse(range).unwrap();
        for (numbers, expect) in [(inside, true), (outside, false)] {
            for it in numbers {
                assert_eq!(range.contains_text(it), Some(expect), "{it}");
                assert_eq!(range.contains(&Number::parse(it).unwrap()), expect, "{it}");
            }
        }
    }

    #[test]
    fn both_ends_belong_to_it() {
        check("0..100", &["0", "-0", "100", "100.0", "1e2"], &["-1", "101", "100.0000000001"]);
        check("1..", &["1", "1e999"], &["0", "0.9999999999999999999"]);
        check("..100", &["-1e999", "100"], &["100.5"]);
        check("-5..-1.5", &["-5", "-1.5"], &["-1.4", "-5.1", "0"]);
        check("0.5..0.75", &["0.5", "0.75"], &["0.4", "0.8"]);
    }

    #[test]
    fn what_is_no_range() {
        for text in ["", "5", "..", "0...100", "a..b", "1.. 2", "1-2", "0..100..200"] {
            assert!(Range::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn counts_are_counted() {
        let range = Range::parse("1..3").unwrap();
        assert_eq!([0, 1, 3, 4].map(|it| range.counts(it)), [false, true, true, false]);
    }
}
