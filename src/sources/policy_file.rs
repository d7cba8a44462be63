//! Reads a policy file and the files that it names.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Severity, Source},
    digest::Digest,
    policy::{self, Policy},
    sources::{Teller, fetch_schema_now, folder, now, text},
};

/// 64 MiB: fifty times the largest public schema (1.25 MB). What is larger is the wrong file.
const MAX_MEBIBYTES: u64 = 64;

/// What became of a policy file.
#[derive(Debug)]
pub struct Loaded {
    /// The policy, when nothing in it is an error.
    pub policy: Option<Policy>,
    /// What is wrong or suspicious.
    pub found: Diagnostics,
    /// Every file that was asked for, the policy first.
    pub files: Vec<ReadFile>,
    /// The policy wants the schema by introspection, and none was at hand.
    pub lacks_introspection: bool,
}

/// A file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFile {
    /// Where it is.
    pub path: PathBuf,
    /// Of what was read; `None` when it could not be read.
    pub digest: Option<Digest>,
}

/// Compiles the policy in a file; names in it are relative to its folder. Without an error there
/// is a policy, and the diagnostics are warnings.
#[must_use]
pub fn load_policy(path: &Path) -> (Option<Policy>, Diagnostics) {
    let loaded = read_policy(path, None);
    (loaded.policy, loaded.found)
}

/// The same for a person, who may say whom to ask when the schema comes by introspection.
#[must_use]
pub fn load_policy_asking(
    path: &Path,
    upstream: Option<Teller<'_>>,
) -> (Option<Policy>, Diagnostics) {
    let mut loaded = read_policy(path, None);
    if let Some(upstream) = upstream.filter(|_| loaded.lacks_introspection) {
        match fetch_schema_now(upstream) {
            Ok(told) => loaded = read_policy(path, Some(&told)),
            Err(error) => {
                loaded.found.push(Diagnostic::error("no-introspection", error.to_string()));
            }
        }
    }
    (loaded.policy, loaded.found)
}

/// The same, with the upstream's schema as introspection told it, and with the list of files.
#[must_use]
pub fn read_policy(path: &Path, introspected: Option<&Arc<Source>>) -> Loaded {
    let mut files = Vec::new();
    let source = match read_noted(path, &mut files) {
        Ok(source) => source,
        Err(why) => {
            let found = unreadable(path, &why);
            return Loaded { policy: None, found, files, lacks_introspection: false };
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut lacks_introspection = false;
    let mut resolve = |name: &str| {
        if name != policy::INTROSPECTION {
            return read_noted(&folder.join(name), &mut files).map_err(|it| it.to_string());
        }
        lacks_introspection = introspected.is_none();
        introspected
            .cloned()
            .ok_or_else(|| "it was not asked; `--upstream` says whom to ask".to_owned())
    };
    let (policy, found) = policy::load_at(source, &mut resolve, now().0);
    Loaded { policy, found, files, lacks_introspection }
}

/// The digest of a file as [`read_policy`] would note it.
pub(super) fn digest(path: &Path) -> Option<Digest> {
    read_bytes(path).ok().map(|it| Digest::of(&it))
}

fn read_noted(path: &Path, files: &mut Vec<ReadFile>) -> io::Result<Arc<Source>> {
    let bytes = read_bytes(path);
    let digest = bytes.as_ref().ok().map(|it| Digest::of(it));
    files.push(ReadFile { path: path.to_owned(), digest });
    as_text(path, bytes?)
}

/// What is in a file, or, when the path ends as one of a folder does, which files are in that.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_folder { folder::list(path).map(String::into_bytes) } else { read_all(path) }
}

fn read_all(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(MAX_MEBIBYTES, path)
}

/// A file of no more than so many MiB.
pub(super) fn read_at_most(mebibytes: u64, path: &Path) -> io::Result<Vec<u8>> {
    let max = mebibytes.saturating_mul(1024 * 1024);
    let mut bytes = Vec::new();
    let n_read = File::open(path)?.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if n_read as u64 > max {
        let message = format!("larger than {mebibytes} MiB");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

fn as_text(path: &Path, bytes: Vec<u8>) -> io::Result<Arc<Source>> {
    let text = text::decode(bytes);
    let text = text.map_err(|it| io::Error::new(io::ErrorKind::InvalidData, it))?;
    Ok(Arc::new(Source { name: path.to_string_lossy().into(), text: text.into() }))
}

/// A text file of at most 64 MiB.
///
/// # Errors
/// When it cannot be read, is larger, or is not UTF-8.
pub fn read_file(path: &Path) -> io::Result<Arc<Source>> {
    as_text(path, read_all(path)?)
}

/// What is in a folder of documents, as a text: a name on every line.
///
/// # Errors
/// When it cannot be read.
pub fn read_folder(path: &Path) -> io::Result<Arc<Source>> {
    let text = folder::list(path)?;
    Ok(Arc::new(Source { name: path.to_string_lossy().into(), text: text.into() }))
}

fn unreadable(path: &Path, why: &io::Error) -> Diagnostics {
    let mut found = Diagnostics::default();
    found.push(Diagnostic {
        code: "unreadable-file",
        severity: Severity::Error,
        message: format!("`{}` cannot be read: {why}", path.display()),
        place: None,
        help: None,
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_one_error() {
        let folder = tempfile::tempdir().unwrap();
        let loaded = read_policy(&folder.path().join("none.yaml"), None);
        assert!(loaded.policy.is_none() && loaded.found.has_errors());
        assert_eq!(loaded.found.iter().map(|it| it.code).collect::<Vec<_>>(), ["unreadable-file"]);
        assert_eq!(loaded.files.iter().map(|it| it.digest).collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn every_file_that_was_asked_for_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.yaml");
        let text = "version: 1\nname: a\nschema: { file: s.graphql }\n";
        std::fs::write(&path, text).unwrap();
        let files = read_policy(&path, None).files;
        let expect = [
            ReadFile { path: path.clone(), digest: Some(Digest::of(text.as_bytes())) },
            ReadFile { path: folder.path().join("s.graphql"), digest: None },
        ];
        assert_eq!(files, expect);
    }
}
