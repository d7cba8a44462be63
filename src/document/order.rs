//! The order of fragments, those that are spread before those that spread them.
//!
//! Finds cycles on the way, among unused fragments as well. Counts nothing.

use ahash::HashMap;

use crate::document::{Document, Fragment, SelectionKind};

/// Fragments that spread each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The name of one of them.
    pub name: Box<str>,
    /// Where its definition begins in the text.
    pub at: u32,
}

/// The index of every fragment of a document, each behind all that it spreads.
pub(super) fn bottom_up(document: &Document, names: &Names<'_>) -> Result<Vec<usize>, Cycle> {
    let mut ordering = Ordering {
        document,
        names,
        states: vec![State::New; document.fragments().len()],
        done: Vec::with_capacity(document.fragments().len()),
    };
    for index in 0..document.fragments().len() {
        ordering.visit(index)?;
    }
    Ok(ordering.done)
}

/// The index of the first fragment of every name; validation refuses a second one.
pub(crate) fn names(document: &Document) -> Names<'_> {
    let names = document.fragments().iter().map(|it| document.str(it.name));
    if document.fragments().len() <= FEW {
        return Names::Few(names.collect());
    }
    Names::Many(names.enumerate().map(|(index, name)| (name, index)).rev().collect())
}

/// The names of the fragments of a document: looked through while they are few, hashed when they
/// are not.
pub(crate) enum Names<'a> {
    Few(Vec<&'a str>),
    Many(HashMap<&'a str, usize>),
}

impl Names<'_> {
    /// The index of the first fragment of that name.
    pub(crate) fn get(&self, name: &str) -> Option<usize> {
        match self {
            Self::Few(names) => names.iter().position(|it| *it == name),
            Self::Many(names) => names.get(name).copied(),
        }
    }
}

/// So many are compared faster than they are hashed.
const FEW: usize = 12;

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

struct Ordering<'a> {
    document: &'a Document,
    names: &'a Names<'a>,
    states: Vec<State>,
    done: Vec<usize>,
}

/// A fragment and the next of its selections to look at.
struct Frame<'a> {
    index: usize,
    fragment: &'a Fragment,
    next: usize,
}

impl<'a> Ordering<'a> {
    // The budget of this loop is the number of selections: every one is looked at once.
    fn visit(&mut self, root: usize) -> Result<(), Cycle> {
        let mut frames = Vec::new();
        frames.extend(self.open(root)?);
        while let Some(frame) = frames.last_mut() {
            let selections = self.document.selections(frame.fragment.selections);
            let Some(selection) = selections.get(frame.next) else {
                self.close(frame.index);
                frames.pop();
                continue;
            };
            frame.next = frame.next.saturating_add(1);
            let SelectionKind::Spread { name } = selection.kind else { continue };
            if let Some(index) = self.names.get(self.document.str(name)) {
                frames.extend(self.open(index)?);
            }
        }
        Ok(())
    }

    fn open(&mut self, index: usize) -> Result<Option<Frame<'a>>, Cycle> {
        let fragment = self.document.fragments().get(index);
        let Some((fragment, state)) = fragment.zip(self.states.get_mut(index)) else {
            return Ok(None);
        };
        match state {
            State::Done => Ok(None),
            State::New => {
                *state = State::Open;
                Ok(Some(Frame { index, fragment, next: 0 }))
            }
            State::Open => {
                let name = self.document.str(fragment.name).into();
                Err(Cycle { name, at: fragment.start })
            }
        }
    }

    fn close(&mut self, index: usize) {
        if let Some(state) = self.states.get_mut(index) {
            *state = State::Done;
        }
        self.done.push(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ReadLimits, read};

    fn check(text: &str, expect: Result<&[&str], &str>) {
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        let found = bottom_up(&read.document, &names(&read.document)).map(|all| {
            let name = |it: &usize| read.document.str(read.document.fragments()[*it].name);
            all.iter().map(name).collect::<Vec<_>>()
        });
        let found = found.as_ref().map_err(|it| &*it.name);
        assert_eq!(found.map(Vec::as_slice), expect, "{text}");
    }

    #[test]
    fn what_is_spread_comes_first() {
        check("{ a }", Ok(&[]));
        check("fragment A on T { ...B } fragment B on T { ...Missing }", Ok(&["B", "A"]));
        check(
            "fragment A on T { ...B x { ...C } } fragment B on T { ...C } fragment C on T { a }",
            Ok(&["C", "B", "A"]),
        );
    }

    #[test]
    fn a_cycle_is_found_in_unused_fragments_too() {
        check("{ a } fragment A on T { ...A }", Err("A"));
        check("{ a } fragment A on T { a { ...B } } fragment B on T { ...A }", Err("A"));
        check(
            "fragment A on T { a } fragment A on T { ...B } fragment B on T { ...A }",
            Ok(&["A", "B", "A"]),
        );
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let mut text = String::new();
        for i in 0..9_000 {
            text.push_str(&format!("fragment F{i} on T{{...F{}}}", i + 1));
        }
        let read = read(&text, &ReadLimits::CEILINGS).unwrap();
        assert_eq!(bottom_up(&read.document, &names(&read.document)).unwrap().len(), 9_000);
    }
}
