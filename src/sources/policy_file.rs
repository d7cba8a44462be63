//! Reads a policy file and the files that it names.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Severity, Source},
    policy::{self, Policy},
    sources::now,
};

/// 64 MiB: fifty times the largest public schema (1.25 MB). What is larger is the wrong file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Compiles the policy in a file; names in it are relative to its folder. Without an error there
/// is a policy, and the diagnostics are warnings.
#[must_use]
pub fn load_policy(path: &Path) -> (Option<Policy>, Diagnostics) {
    let source = match read(path) {
        Ok(source) => source,
        Err(why) => return (None, unreadable(path, &why)),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut resolve = |name: &str| read(&folder.join(name)).map_err(|it| it.to_string());
    policy::load_at(source, &mut resolve, now().0)
}

fn read(path: &Path) -> io::Result<Arc<Source>> {
    let mut text = String::new();
    let file = File::open(path)?;
    let n_read = file.take(MAX_BYTES.saturating_add(1)).read_to_string(&mut text)?;
    if n_read as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 64 MiB"));
    }
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
        let (policy, found) = load_policy(&folder.path().join("none.yaml"));
        assert!(policy.is_none() && found.has_errors());
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["unreadable-file"]);
    }
}
