//! Reads deadlines and bounds by the table of all of them, from a file or one by one.
//!
//! Which of several sources counts is for `cli` to say.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use crate::{
    config::{
        Bounds, Config, Deadlines, GraphSettings,
        graphs::read_graphs,
        table::{BOUNDS, DEADLINES},
    },
    diagnostic::{Diagnostics, Source},
    yaml::{Fields, Node, Value, scalar},
};

/// A deadline or bound.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the file.
    pub name: &'static str,
    /// What it is, without its unit.
    pub what: &'static str,
    /// Why the default is what it is.
    pub why: &'static str,
    /// Milliseconds, bytes, or things.
    pub(super) range: RangeInclusive<u64>,
    pub(super) kind: Kind,
}

/// What is set, and in which unit.
#[derive(Debug)]
pub(super) enum Kind {
    Bytes { get: fn(&Bounds) -> u64, set: fn(&mut Bounds, u64) },
    Count { get: fn(&Bounds) -> u64, set: fn(&mut Bounds, u64) },
    Deadline(fn(&mut Deadlines) -> &mut Duration),
}

/// A value that was read, to be put in place by [`Setting::apply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(u64);

/// Reads `deadlines` and `bounds` of a configuration file into a configuration, and `graphs`.
pub fn read_settings(
    root: &Node,
    config: &mut Config,
    found: &mut Diagnostics,
) -> Vec<GraphSettings> {
    let mut file = Fields::of(root, "", found);
    for (block, settings) in [("deadlines", DEADLINES), ("bounds", BOUNDS)] {
        let Some(node) = file.take(block, found) else { continue };
        let mut fields = Fields::of(node, block, found);
        for setting in settings {
            let value = fields.take(setting.name, found);
            if let Some(amount) = value.and_then(|it| setting.read(it, found)) {
                setting.apply(amount, config);
            }
        }
        fields.finish(found);
    }
    let graphs = file.take("graphs", found);
    file.finish(found);
    graphs.map(|it| read_graphs(it, found)).unwrap_or_default()
}

impl Setting {
    /// Reads a value; nothing when `found` says why not.
    pub fn read(&self, value: &Node, found: &mut Diagnostics) -> Option<Amount> {
        let range = self.range.clone();
        let amount = match self.kind {
            Kind::Bytes { .. } => scalar::bytes(value, range, found),
            Kind::Count { .. } => scalar::number(value, range, found),
            Kind::Deadline(_) => {
                let (least, most) = (*range.start(), *range.end());
                let range = Duration::from_millis(least)..=Duration::from_millis(most);
                scalar::duration(value, range, found).map(milliseconds)
            }
        };
        amount.map(Amount)
    }

    /// Reads a value outside a file.
    ///
    /// # Errors
    /// In words, when it cannot be read or is out of range.
    pub fn parse(&self, text: &str) -> Result<Amount, String> {
        let source = Arc::new(Source { name: self.name.into(), text: text.into() });
        let value = Value::Scalar { text: text.to_owned(), quoted: false };
        let mut found = Diagnostics::default();
        self.read(&Node { value, source, span: 0..text.len() }, &mut found).ok_or_else(|| {
            let why = found.iter().next();
            let help = why.and_then(|it| it.help.as_ref()).map(|it| format!("; {it}"));
            why.map_or("", |it| &*it.message).to_owned() + &help.unwrap_or_default()
        })
    }

    /// What a value is, in one word.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        match self.kind {
            Kind::Bytes { .. } => "SIZE",
            Kind::Count { .. } => "NUMBER",
            Kind::Deadline(_) => "DURATION",
        }
    }

    /// Puts a value in place.
    pub fn apply(&self, Amount(n): Amount, config: &mut Config) {
        match self.kind {
            Kind::Bytes { set, .. } | Kind::Count { set, .. } => set(&mut config.bounds, n),
            Kind::Deadline(field) => *field(&mut config.deadlines) = Duration::from_millis(n),
        }
    }

    /// The default as a file would write it.
    #[must_use]
    pub fn default_text(&self) -> String {
        match self.kind {
            Kind::Bytes { .. } => scalar::write_bytes(&self.default()),
            Kind::Count { .. } => self.default().to_string(),
            Kind::Deadline(_) => scalar::write_duration(&self.default()),
        }
    }

    fn default(&self) -> u64 {
        match self.kind {
            Kind::Bytes { get, .. } | Kind::Count { get, .. } => get(&Bounds::default()),
            Kind::Deadline(field) => milliseconds(*field(&mut Deadlines::default())),
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::UpstreamUrl, yaml};

    fn config() -> Config {
        Config::new(UpstreamUrl::parse("http://a/").unwrap())
    }

    fn read(text: &str) -> (Config, Vec<String>) {
        let source = Arc::new(Source { name: "c".into(), text: text.into() });
        let (root, mut found) = yaml::read(&source);
        let mut config = config();
        read_settings(&root.unwrap(), &mut config, &mut found);
        (config, found.iter().map(|it| it.message.clone()).collect())
    }

    #[test]
    fn defaults_are_written_as_they_are_read() {
        for (block, settings) in [("deadlines", DEADLINES), ("bounds", BOUNDS)] {
            for it in settings {
                let text = format!("{block}: {{ {}: {} }}\n", it.name, it.default_text());
                let (read, found) = read(&text);
                assert_eq!(found, [""; 0], "{text}");
                assert_eq!(read.deadlines, Deadlines::default(), "{text}");
                assert_eq!(read.bounds, Bounds::default(), "{text}");
            }
        }
    }

    #[test]
    fn every_setting_sets_one_thing_on_both_sides_of_its_range() {
        let mut seen = Vec::new();
        for it in DEADLINES.iter().chain(BOUNDS) {
            for n in [*it.range.start(), *it.range.end()] {
                let mut changed = config();
                it.apply(Amount(n), &mut changed);
                let got = (changed.deadlines, changed.bounds);
                assert!(!seen.contains(&got), "{} = {n}", it.name);
                seen.push(got);
            }
        }
        assert_eq!(seen.len(), 74);
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(read(text).1, [expect], "{text}");
    }

    #[test]
    fn what_cannot_be_set_is_told() {
        check("deadlines: { head: 9ms }", "`9ms` is too small: the least is 10ms");
        check("deadlines: { head: 25h }", "`25h` is too large: the most is 24h");
        check("deadlines: { head: 5 }", "expected a duration such as `5s`, found `5`");
        check("deadlines: { heads: 5s }", "unknown key `heads` in `deadlines`");
        check("bounds: { head: 1023B }", "`1023B` is too small: the least is 1KiB");
        check("bounds: { fields: 1001 }", "`1001` is too large: the most is 1000");
        check("bounds: { fields: 1KiB }", "expected a number, found `1KiB`");
        check("bounds: [1]", "expected a mapping, found a list");
        check("listen: 1", "unknown key `listen`");
    }
}
