//! `portcullis manifest`: builds, converts, verifies and compares lists of trusted documents.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand, ValueEnum};

use crate::{
    admission::unfit,
    cli::{Exit, terminal},
    diagnostic::{Diagnostic, Diagnostics, Source},
    policy::{
        ListedIdx,
        manifest::{self, Change, Format, Manifest},
    },
    sources::{load_policy, now, read_file, read_folder},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List every operation of folders and files of `.graphql`, with the fragments it reaches
    Build {
        /// Folders and files
        #[arg(required = true)]
        from: Vec<PathBuf>,
        /// How to write it
        #[arg(long, value_enum, default_value_t = Written::Apollo)]
        format: Written,
    },
    /// Write a manifest in another format
    Convert {
        /// A manifest, or a folder of `.graphql` files
        manifest: PathBuf,
        /// How to write it
        #[arg(long, value_enum)]
        format: Written,
    },
    /// Tell which documents a policy would refuse whoever sends them
    Verify {
        /// The policy file; the manifests are those that it names
        policy: PathBuf,
    },
    /// Tell what one manifest has and another has not
    Diff {
        /// The manifest before
        before: PathBuf,
        /// The manifest after
        after: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Written {
    /// Apollo's manifest, version 1
    Apollo,
    /// An object of texts by id, as Relay and graphql-codegen have it
    Flat,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let mut found = Diagnostics::default();
    let exit = match &arguments.what {
        What::Build { from, format } => build(from, *format, &mut found),
        What::Convert { manifest, format } => convert(manifest, *format, &mut found),
        What::Verify { policy } => verify(policy, &mut found),
        What::Diff { before, after } => diff((before, after), &mut found),
    };
    terminal::complain(&found);
    if found.has_errors() { Exit::Misuse } else { exit }
}

fn build(from: &[PathBuf], format: Written, found: &mut Diagnostics) -> Exit {
    let mut files = Vec::new();
    for path in from {
        if let Err(why) = collect(path, &mut files) {
            found.push(unreadable(path, &why));
        }
    }
    let manifest = manifest::build(&files, found);
    if manifest.listed.is_empty() && !found.has_errors() {
        let message = format!("no operation in {}", names(from));
        let error = Diagnostic::error("no-operation", message);
        found.push(error.help("of a folder, the files that end in `.graphql` or `.gql` are read"));
    }
    if found.has_errors() { Exit::Misuse } else { print(&manifest, format) }
}

fn names(paths: &[PathBuf]) -> String {
    let names = paths.iter().map(|it| format!("`{}`", it.display()));
    names.collect::<Vec<_>>().join(", ")
}

fn convert(manifest: &Path, format: Written, found: &mut Diagnostics) -> Exit {
    let Some(manifest) = read(manifest, found) else { return Exit::Misuse };
    manifest::proof(&manifest, found);
    if found.has_errors() { Exit::Misuse } else { print(&manifest, format) }
}

/// A file, or every file in a folder and the folders in it.
fn collect(path: &Path, files: &mut Vec<Arc<Source>>) -> io::Result<()> {
    let mut open = vec![path.to_owned()];
    // Budget: the folders, of which a listing follows no link in a circle.
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let listing = read_folder(&path)?;
            open.extend(listing.text.lines().rev().map(|it| path.join(it)));
        } else {
            files.push(read_file(&path)?);
        }
    }
    Ok(())
}

fn print(manifest: &Manifest, format: Written) -> Exit {
    let format = match format {
        Written::Apollo => Format::Apollo,
        Written::Flat => Format::Flat,
    };
    terminal::data(&manifest::write(manifest, format));
    Exit::Fine
}

/// A manifest that has no mistake.
fn read(path: &Path, found: &mut Diagnostics) -> Option<Manifest> {
    let mut resolve = |name: &str| {
        let path = Path::new(name);
        let read = if name.ends_with('/') { read_folder(path) } else { read_file(path) };
        read.map_err(|it| it.to_string())
    };
    let mut name = path.to_string_lossy().into_owned();
    if path.is_dir() && !name.ends_with('/') {
        name.push('/');
    }
    let manifest = manifest::read(&name, &mut resolve, found);
    match manifest {
        Ok(manifest) => Some(manifest).filter(|_| !found.has_errors()),
        Err(why) => {
            let message = format!("`{}` cannot be read: {why}", path.display());
            found.push(Diagnostic::error("unreadable-file", message));
            None
        }
    }
}

fn verify(policy: &Path, found: &mut Diagnostics) -> Exit {
    let (policy, diagnostics) = load_policy(policy);
    found.extend(diagnostics);
    let Some(policy) = policy else { return Exit::Misuse };
    let unfit = unfit(&policy, now());
    for it in &unfit {
        terminal::data(&format!("{it}: {}: {}\n", it.violation.code, it.violation.detail));
    }
    // Several may say the same, such as a file and its canonical text.
    let listed = policy.documents.library.iter().map(|(_, it)| &*it.says);
    let listed: HashSet<_> = listed.collect();
    let is_refused = |says: &&&[ListedIdx]| unfit.iter().any(|it| says.contains(&it.said));
    let (n, n_refused) = (listed.len(), listed.iter().filter(is_refused).count());
    terminal::say(&format!("{n_refused} of {n} trusted documents would be refused\n"));
    if unfit.is_empty() { Exit::Fine } else { Exit::Found }
}

fn diff((before, after): (&Path, &Path), found: &mut Diagnostics) -> Exit {
    let (Some(before), Some(after)) = (read(before, found), read(after, found)) else {
        return Exit::Misuse;
    };
    let changes = manifest::diff(&before, &after);
    for change in &changes {
        terminal::data(&match change {
            Change::Added { id, name } => format!("+ {id} {name}\n"),
            Change::Changed { id } => format!("! {id} has another text\n"),
            Change::Removed { id, name } => format!("- {id} {name}\n"),
            Change::Renamed { from, to } => format!("= {from} is now {to}\n"),
        });
    }
    if changes.is_empty() { Exit::Fine } else { Exit::Found }
}

fn unreadable(path: &Path, why: &io::Error) -> Diagnostic {
    let message = format!("`{}` cannot be read: {why}", path.display());
    Diagnostic::error("unreadable-file", message)
}
