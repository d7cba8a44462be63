//! Where the audit log goes: a file that may be moved away under it, or standard output.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

use crate::telemetry::lines::Output;

/// Where the audit log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditSink {
    /// It is appended to; when it was moved away, a new one is begun.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

impl AuditSink {
    /// `-` is standard output.
    #[must_use]
    pub fn of(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdout } else { Self::File(path) }
    }

    pub(super) fn open(self) -> io::Result<Box<dyn Output>> {
        match self {
            Self::File(path) => Ok(Box::new(Log { file: open(&path)?, path })),
            Self::Stdout => Ok(Box::new(Stdout)),
        }
    }
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
}

impl Output for Log {
    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        let here = self.file.metadata()?;
        let there = std::fs::metadata(&self.path);
        if there.map_or(true, |it| (it.dev(), it.ino()) != (here.dev(), here.ino())) {
            self.file = open(&self.path)?;
        }
        self.file.write_all(text)
    }
}

#[derive(Debug)]
struct Stdout;

impl Output for Stdout {
    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text)?;
        out.flush()
    }
}

/// Whom it concerns may read it: the owner and the group.
fn open(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("audit"), folder.path().join("audit.1"));
        let mut output = AuditSink::of(path.clone()).open().unwrap();
        output.put(b"1\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        output.put(b"2\n").unwrap();
        let text = |path| fs::read_to_string(path).unwrap();
        assert_eq!((text(&moved), text(&path)), ("1\n".into(), "2\n".into()));
    }
}
