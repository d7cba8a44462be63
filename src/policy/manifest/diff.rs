//! What two manifests differ in: by id, and by what the texts say.

use ahash::{HashMap, HashSet};

use crate::{
    document::{self, ReadLimits},
    policy::manifest::{Listed, Manifest, write::first_name},
};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the second has it.
    Added {
        /// Its id.
        id: Box<str>,
        /// The name of its operation; empty without one.
        name: Box<str>,
    },
    /// Both have the id, for different texts.
    Changed {
        /// The id.
        id: Box<str>,
    },
    /// Only the first has it.
    Removed {
        /// Its id.
        id: Box<str>,
        /// The name of its operation; empty without one.
        name: Box<str>,
    },
    /// Both have the text, under other ids.
    Renamed {
        /// In the first.
        from: Box<str>,
        /// In the second.
        to: Box<str>,
    },
}

/// What changed from the first to the second, in the order of the manifests.
#[must_use]
pub fn diff(before: &Manifest, after: &Manifest) -> Vec<Change> {
    let by_id = |it: &'_ Manifest| -> HashMap<Box<str>, Box<str>> {
        it.listed.iter().map(|it| (it.id.clone(), it.text.clone())).collect()
    };
    let (old, new) = (by_id(before), by_id(after));
    let removed = before.listed.iter().filter(|it| !new.contains_key(&it.id));
    let mut homeless: HashMap<&str, &Listed> = removed.map(|it| (&*it.text, it)).collect();
    let mut changes = Vec::new();
    let mut moved: HashSet<&str> = HashSet::default();
    for listed in &after.listed {
        match old.get(&listed.id) {
            Some(text) if *text == listed.text => {}
            Some(_) => changes.push(Change::Changed { id: listed.id.clone() }),
            None => match homeless.remove(&*listed.text) {
                Some(from) => {
                    moved.insert(&*from.id);
                    let (from, to) = (from.id.clone(), listed.id.clone());
                    changes.push(Change::Renamed { from, to });
                }
                None => changes.push(Change::Added { id: listed.id.clone(), name: name(listed) }),
            },
        }
    }
    let gone = |it: &&Listed| !new.contains_key(&it.id) && !moved.contains(&*it.id);
    let gone = before.listed.iter().filter(gone);
    changes.extend(gone.map(|it| Change::Removed { id: it.id.clone(), name: name(it) }));
    changes
}

fn name(listed: &Listed) -> Box<str> {
    let read = document::read(&listed.text, &ReadLimits::CEILINGS);
    read.map_or_else(|_| "".into(), |it| first_name(&it.document).into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        diagnostic::{Diagnostics, Source},
        policy::manifest::read_file,
    };

    fn check(before: &str, after: &str, expect: &[Change]) {
        let read = |text: &str| {
            let source = Arc::new(Source { name: "m".into(), text: text.into() });
            read_file(&source, &mut Diagnostics::default())
        };
        assert_eq!(diff(&read(before), &read(after)), expect);
    }

    #[test]
    fn every_kind_of_change() {
        check(r#"{"1":"{a}"}"#, r#"{"1":"{a}"}"#, &[]);
        check(r#"{"1":"{a}"}"#, r#"{"1":"{b}"}"#, &[Change::Changed { id: "1".into() }]);
        check(
            r#"{"1":"{a}"}"#,
            r#"{"2":"{a}"}"#,
            &[Change::Renamed { from: "1".into(), to: "2".into() }],
        );
        check(
            r#"{"1":"query A{a}","3":"{c}"}"#,
            r#"{"2":"query B{b}","3":"{c}"}"#,
            &[
                Change::Added { id: "2".into(), name: "B".into() },
                Change::Removed { id: "1".into(), name: "A".into() },
            ],
        );
    }
}
