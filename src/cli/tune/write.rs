//! Writes files whole or not at all: beside their place first, then into it.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Writes all of them; when one cannot be written, none is there that was not before.
pub(super) fn write_all(files: &[(&Path, &str)]) -> Result<(), String> {
    let mut beside = Vec::new();
    for (path, text) in files {
        let temporary = temporary(path);
        let written = write(&temporary, text);
        beside.push(temporary);
        if let Err(why) = written {
            discard(&beside);
            return Err(format!("`{}`: {why}", path.display()));
        }
    }
    for ((path, _), temporary) in files.iter().zip(&beside) {
        if let Err(why) = fs::rename(temporary, path) {
            discard(&beside);
            return Err(format!("`{}`: {why}", path.display()));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Ours, written just now.
fn discard(files: &[PathBuf]) {
    for it in files {
        let _already_gone = fs::remove_file(it);
    }
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_none_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|it| folder.path().join(it));
        let nowhere = folder.path().join("no/b");
        assert!(write_all(&[(&a, "1"), (&nowhere, "2")]).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(&a, "0").unwrap();
        write_all(&[(&a, "1"), (&b, "2")]).unwrap();
        assert_eq!([&a, &b].map(|it| fs::read_to_string(it).unwrap()), ["1", "2"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
