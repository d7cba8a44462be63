//! Folders of `.graphql` files: every operation in them, with the fragments it reaches in any of
//! them.
//!
//! Reads no folder itself: whoever resolves names tells the text of a folder, which is the names of
//! what is in it, a line each, folders with a `/` at their end.

use std::{collections::BTreeSet, sync::Arc};

use ahash::HashMap;

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Source},
    digest::Digest,
    document::{self, Document, OperationId, Range, ReadLimits, SelectionKind, Span},
    policy::{
        load::Resolve,
        manifest::{Complaints, Listed, Manifest},
    },
};

/// Every operation of a folder.
pub(super) fn read(
    folder: (&str, &Arc<Source>),
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Manifest {
    let mut complaints = Complaints::new(found);
    let files = files(folder, resolve, &mut complaints);
    let manifest = operations(&files, &mut complaints);
    complaints.finish();
    manifest
}

/// Every operation of some files, each under the SHA-256 of its canonical text.
pub fn build(files: &[Arc<Source>], found: &mut Diagnostics) -> Manifest {
    let mut complaints = Complaints::new(found);
    let manifest = operations(files, &mut complaints);
    complaints.finish();
    manifest
}

/// Every file in a folder and the folders in it.
fn files(
    (name, listing): (&str, &Arc<Source>),
    resolve: Resolve<'_>,
    found: &mut Complaints<'_>,
) -> Vec<Arc<Source>> {
    let mut files = Vec::new();
    let mut folders = vec![(name.to_owned(), Arc::clone(listing))];
    // Budget: the folders; who resolves names follows no link in a circle for ever.
    let mut n_folders = 0_usize;
    while let Some((folder, listing)) = folders.pop() {
        n_folders = n_folders.saturating_add(1);
        for line in listing.text.lines() {
            let name = format!("{folder}{line}");
            match resolve(&name) {
                _ if files.len() >= MAX_FILES || n_folders > MAX_FOLDERS => {
                    let message = format!("`{folder}` holds too many files");
                    found.push(Diagnostic::error("too-many-files", message));
                    return files;
                }
                Ok(source) if line.ends_with('/') => folders.push((name, source)),
                Ok(source) => files.push(source),
                Err(why) => {
                    let message = format!("cannot read `{name}`: {why}");
                    found.push(Diagnostic::error("unreadable-file", message));
                }
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// A file that was read.
struct File<'s> {
    source: &'s Arc<Source>,
    document: Arc<Document>,
}

fn operations(sources: &[Arc<Source>], found: &mut Complaints<'_>) -> Manifest {
    let files: Vec<_> = sources.iter().filter_map(|it| file(it, found)).collect();
    let fragments = fragments(&files, found);
    let mut manifest = Manifest::default();
    for (place, file) in files.iter().enumerate() {
        let Some(whole) = whole(&files, place, &fragments, found) else { continue };
        for (id, operation) in (0..).map(OperationId).zip(file.document.operations()) {
            let text = document::canonical_text(&whole, id);
            let hash = Digest::of(text.as_bytes()).to_string();
            let at = operation.start as usize;
            let place = (file.source, at..at);
            manifest.listed.extend(Listed::new((&hash, &text, None), place, found));
        }
        // A client that sends the file as it is sends this.
        if file.document.operations().len() == 1 && whole.text() == file.document.text() {
            let text = &file.source.text;
            let hash = Digest::of(text.as_bytes()).to_string();
            let is_new = manifest.listed.last().is_none_or(|it| *it.id != *hash);
            let listed =
                is_new.then(|| Listed::new((&hash, text, None), (file.source, 0..0), found));
            manifest.listed.extend(listed.flatten());
        }
    }
    manifest
}

fn file<'s>(source: &'s Arc<Source>, found: &mut Complaints<'_>) -> Option<File<'s>> {
    match document::read(&source.text, &ReadLimits::CEILINGS) {
        Ok(read) => Some(File { source, document: read.document }),
        // A file of nothing but comments lists nothing.
        Err(document::Refusal::Empty) => None,
        Err(refusal) => {
            let at = refusal.at().unwrap_or(0);
            let error = Diagnostic::error("bad-document", refusal.detail());
            found.push(error.at(source, at..at));
            None
        }
    }
}

/// In which file every fragment is.
fn fragments(files: &[File<'_>], found: &mut Complaints<'_>) -> HashMap<Box<str>, usize> {
    let mut fragments: HashMap<Box<str>, usize> = HashMap::default();
    for (place, file) in files.iter().enumerate() {
        for fragment in file.document.fragments() {
            let name = file.document.str(fragment.name);
            let at = fragment.start as usize;
            if let Some(first) = fragments.get(name) {
                let elsewhere = files.get(*first).map_or("", |it| &*it.source.name);
                let message = format!("fragment `{name}` is in `{elsewhere}` already");
                found
                    .push(Diagnostic::error("duplicate-fragment", message).at(file.source, at..at));
            } else {
                fragments.insert(name.into(), place);
            }
        }
    }
    fragments
}

/// A file and, behind it, every file that has a fragment which is reached from it.
fn whole(
    files: &[File<'_>],
    place: usize,
    fragments: &HashMap<Box<str>, usize>,
    found: &mut Complaints<'_>,
) -> Option<Arc<Document>> {
    let file = files.get(place)?;
    let mut reached = BTreeSet::from([place]);
    let mut open = vec![place];
    // Budget: every file is opened once.
    while let Some(file) = open.pop().and_then(|it| files.get(it)) {
        for span in spreads(&file.document) {
            let name = file.document.str(span);
            let Some(place) = fragments.get(name) else {
                let message = format!("fragment `{name}` is in none of the files");
                let at = span.start as usize..span.end as usize;
                found.push(Diagnostic::error("unknown-fragment", message).at(file.source, at));
                return None;
            };
            if reached.insert(*place) {
                open.push(*place);
            }
        }
    }
    if reached.len() == 1 {
        return Some(Arc::clone(&file.document));
    }
    // Its own definitions first, so that its operations keep their numbers.
    let others = reached.into_iter().filter(|it| *it != place);
    let texts: Vec<_> =
        std::iter::once(place).chain(others).filter_map(|it| files.get(it)).collect();
    let texts: Vec<_> = texts.iter().map(|it| it.document.text()).collect();
    match document::read(&texts.join("\n"), &ReadLimits::CEILINGS) {
        Ok(read) => Some(read.document),
        Err(refusal) => {
            let message = format!("with its fragments: {}", refusal.detail());
            found.push(Diagnostic::error("bad-document", message).at(file.source, 0..0));
            None
        }
    }
}

/// The names of the fragments that are spread, where they are.
fn spreads(document: &Document) -> impl Iterator<Item = Span> {
    let operations = document.operations().iter().map(|it| it.selections);
    let ranges: Vec<Range> =
        operations.chain(document.fragments().iter().map(|it| it.selections)).collect();
    let selections = ranges.into_iter().flat_map(|it| document.selections(it));
    selections.filter_map(|it| match it.kind {
        SelectionKind::Spread { name } => Some(name),
        SelectionKind::Field { .. } | SelectionKind::Inline { .. } => None,
    })
}

/// More than any client is made of.
const MAX_FILES: usize = 50_000;
const MAX_FOLDERS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of what is listed, then what is wrong where.
    fn check(files: &[(&str, &str)], expect: &[&str]) {
        let mut resolve = |name: &str| {
            let text = if name.ends_with('/') {
                let inside = files.iter().filter_map(|(it, _)| it.strip_prefix(name));
                let first = inside.map(|it| match it.split_once('/') {
                    Some((folder, _)) => format!("{folder}/\n"),
                    None => format!("{it}\n"),
                });
                first.collect::<BTreeSet<_>>().into_iter().collect()
            } else {
                let file = files.iter().find(|(it, _)| *it == name);
                file.map(|(_, text)| (*text).to_owned()).ok_or("no such file")?
            };
            Ok(Arc::new(Source { name: name.into(), text: text.into() }))
        };
        let mut found = Diagnostics::default();
        let manifest = crate::policy::manifest::read("o/", &mut resolve, &mut found).unwrap();
        let listed = manifest.listed.iter().map(|it| it.text.to_string());
        let found = found.iter().map(|it| format!("{} {}", it.code, it.located().unwrap()));
        assert_eq!(listed.chain(found).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn every_operation_of_every_file_is_listed() {
        check(&[("o/a.graphql", "query A { a }  query B { b }")], &["query A{a}", "query B{b}"]);
        check(
            &[("o/a.graphql", "query A { a }"), ("o/in/b.graphql", "{b}")],
            &["query A{a}", "query A { a }", "{b}"],
        );
        check(&[("o/a.graphql", "# nothing")], &[]);
    }

    #[test]
    fn fragments_are_found_in_other_files() {
        check(
            &[
                ("o/a.graphql", "query A { ...F }"),
                ("o/f/f.graphql", "fragment F on Q { x ...G } fragment Unused on Q { y }"),
                ("o/f/g.graphql", "fragment G on Q { ...F z }"),
            ],
            &["query A{...F} fragment F on Q{x ...G} fragment G on Q{...F z}"],
        );
    }

    #[test]
    fn mistakes() {
        let unknown = "unknown-fragment o/a.graphql:2:6";
        check(&[("o/a.graphql", "query A {\n  ...F }")], &[unknown]);
        let f = "fragment F on Q { x }";
        let twice = "duplicate-fragment o/b.graphql:1:1";
        check(&[("o/a.graphql", f), ("o/b.graphql", f)], &[twice]);
        check(&[("o/a.graphql", "query {")], &["bad-document o/a.graphql:1:8"]);
        check(&[("o/a.graphql", "{ a }\nquery B { b( }")], &["bad-document o/a.graphql:2:14"]);
        let types = "query A { a }\ntype A { a: Int }";
        check(&[("o/a.graphql", types)], &["bad-document o/a.graphql:2:1"]);
    }
}
