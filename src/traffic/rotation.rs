//! The files of the log: `FILE`, and `FILE.1`, `FILE.2` and so on for those before it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    num::NonZeroU64,
    path::{Path, PathBuf},
};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The size of a file in bytes, about; 100 MiB: some hundred thousand operations.
    pub size: NonZeroU64,
    /// How many files there are, this one counted; 5.
    pub files: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        let size = NonZeroU64::new(100 * 1024 * 1024).unwrap_or(NonZeroU64::MIN);
        Self { size, files: 5 }
    }
}

/// The file that is written to.
#[derive(Debug)]
pub(super) struct Files {
    path: PathBuf,
    bounds: Bounds,
    file: File,
    /// Bytes in it; nothing, when it is none that could be put aside.
    size: Option<u64>,
}

impl Files {
    /// Opens it; goes on behind what stands there.
    pub(super) fn open(path: &Path, bounds: Bounds) -> io::Result<Self> {
        let file = append(path)?;
        let about = file.metadata()?;
        let size = about.is_file().then_some(about.len());
        let mut files = Self { path: path.to_owned(), bounds, file, size };
        if size.is_some_and(|it| it > 0) {
            // What came before may have broken off inside a line.
            files.write(b"\n")?;
        }
        Ok(files)
    }

    /// Whether there is nothing in it yet.
    pub(super) fn is_empty(&self) -> bool {
        self.size == Some(0)
    }

    /// Whether so many bytes more fit.
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.size.is_none_or(|it| it.saturating_add(more as u64) <= self.bounds.size.get())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(size) = &mut self.size {
            *size = size.saturating_add(bytes.len() as u64);
        }
        self.file.write_all(bytes)
    }

    /// Puts the file aside and begins another one. What fails can be tried again: a file that is not
    /// there, for somebody has moved it or a try before has, is nothing to put aside.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        if self.path.try_exists()? {
            self.put_aside()?;
        }
        self.file = append(&self.path)?;
        self.size = Some(0);
        Ok(())
    }

    fn put_aside(&self) -> io::Result<()> {
        let before = self.bounds.files.saturating_sub(1);
        for n in (1..before).rev() {
            // One that is not there yet is nothing to move.
            let _ = fs::rename(self.numbered(n), self.numbered(n.saturating_add(1)));
        }
        if before > 0 {
            fs::rename(&self.path, self.numbered(1))
        } else {
            fs::remove_file(&self.path)
        }
    }

    fn numbered(&self, n: u32) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{n}"));
        name.into()
    }
}

/// For our own eyes: the log says who asked for what.
fn append(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_files_are_kept_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let bounds = Bounds { size: NonZeroU64::new(4).unwrap(), files: 3 };
        let mut files = Files::open(&path, bounds).unwrap();
        for n in 0..5 {
            if !files.is_empty() && !files.has_room(3) {
                files.rotate().unwrap();
            }
            files.write(format!("{n}ab").as_bytes()).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
        assert_eq!(read("log").as_deref(), Some("4ab"));
        assert_eq!(read("log.1").as_deref(), Some("3ab"));
        assert_eq!(read("log.2").as_deref(), Some("2ab"));
        assert_eq!(read("log.3"), None);
        drop(files);
        let files = Files::open(&path, bounds).unwrap();
        assert!(files.has_room(0) && !files.has_room(1));
        assert_eq!(read("log").as_deref(), Some("4ab\n"));
    }
}
