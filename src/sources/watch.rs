//! Sees that files have changed, by looking again.
//!
//! Looking works on every file system, through every link and every way of replacing a file (the
//! link swap of a Kubernetes ConfigMap, a rename, a write in place); notifications of the system
//! miss some of them. What counts is the content: the same bytes are no change.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use crate::{
    digest::Digest,
    sources::{ReadFile, policy_file},
};

/// Files, and what was read from them.
#[derive(Debug)]
pub struct Watch {
    files: Vec<Watched>,
    /// What the last look has seen, when it was something else than what was read.
    pending: Option<Vec<Option<Digest>>>,
}

#[derive(Debug)]
struct Watched {
    read: ReadFile,
    last: Option<Look>,
}

/// One look at a file.
#[derive(Clone, Copy, Debug)]
struct Look {
    stamp: Stamp,
    digest: Option<Digest>,
    /// The look before saw the same stamp. Only then a stamp stands for the content: two writes
    /// within one tick of the file system's clock leave the same times.
    is_settled: bool,
}

/// What a file system tells of a file without reading it, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Watch {
    /// Watches files that were read.
    #[must_use]
    pub fn new(files: Vec<ReadFile>) -> Self {
        let files = files.into_iter().map(|read| Watched { read, last: None }).collect();
        Self { files, pending: None }
    }

    /// Looks at every file. True when something differs from what was read, and is the same as at
    /// the last look: a file that is being written is not read in the middle.
    #[must_use]
    pub fn has_changed(&mut self) -> bool {
        let seen: Vec<_> = self.files.iter_mut().map(Watched::look).collect();
        let is_as_read = self.files.iter().zip(&seen).all(|(it, seen)| it.read.digest == *seen);
        if is_as_read {
            self.pending = None;
            return false;
        }
        let is_stable = self.pending.as_ref() == Some(&seen);
        self.pending = Some(seen);
        is_stable
    }
}

impl Watched {
    /// The digest of the content now; `None` when it cannot be read.
    fn look(&mut self) -> Option<Digest> {
        let stamp = Stamp::of(&fs::metadata(&self.read.path).ok()?);
        let last = self.last.filter(|it| it.stamp == stamp);
        let look = match last {
            Some(look) if look.is_settled => look,
            _ => Look { stamp, digest: digest(&self.read.path), is_settled: last.is_some() },
        };
        self.last = Some(look);
        look.digest
    }
}

fn digest(path: &Path) -> Option<Digest> {
    policy_file::digest(path)
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, path::PathBuf};

    use super::*;

    fn watch(path: PathBuf) -> Watch {
        let digest = digest(&path);
        Watch::new(vec![ReadFile { path, digest }])
    }

    /// What the next looks say.
    fn check(watch: &mut Watch, expect: &[bool]) {
        let looks: Vec<_> = expect.iter().map(|_| watch.has_changed()).collect();
        assert_eq!(looks, expect);
    }

    #[test]
    fn a_change_is_told_once_it_is_stable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let mut watch = watch(path.clone());
        check(&mut watch, &[false, false, false]);
        // Without touching the length, and maybe within one tick of the clock.
        fs::write(&path, "two").unwrap();
        check(&mut watch, &[false]);
        fs::write(&path, "six").unwrap();
        check(&mut watch, &[false, true]);
        fs::write(&path, "one").unwrap();
        check(&mut watch, &[false, false]);
    }

    #[test]
    fn a_file_that_goes_and_comes_back_has_changed_in_between_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let mut watch = watch(path.clone());
        fs::remove_file(&path).unwrap();
        check(&mut watch, &[false, true]);
        fs::write(&path, "one").unwrap();
        check(&mut watch, &[false, false]);
    }

    #[test]
    fn what_is_no_text_is_watched_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"\xe9 one").unwrap();
        let mut watch = watch(path.clone());
        fs::write(&path, b"\xe9 two").unwrap();
        check(&mut watch, &[false, true]);
    }

    #[test]
    fn a_folder_that_is_named_as_a_file_does_not_change() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.yaml"), "schema: { file: inside }").unwrap();
        fs::create_dir(folder.path().join("inside")).unwrap();
        let loaded = policy_file::read_policy(&folder.path().join("policy.yaml"), None);
        assert!(loaded.policy.is_none() && loaded.files.len() == 2);
        check(&mut Watch::new(loaded.files), &[false, false, false]);
    }

    /// As Kubernetes replaces a ConfigMap: `a` → `..data/a`, and `..data` is swapped by a rename.
    #[test]
    fn a_swapped_link_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (version, text) in [("..1", "one"), ("..2", "two"), ("..3", "two")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("a"), text).unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/a", at("a")).unwrap();
        let swap = |to: &str| {
            symlink(to, at("..data_tmp")).unwrap();
            fs::rename(at("..data_tmp"), at("..data")).unwrap();
        };
        let mut watch = watch(at("a"));
        check(&mut watch, &[false, false]);
        swap("..2");
        check(&mut watch, &[false, true]);
        let mut watch = self::watch(at("a"));
        swap("..3");
        check(&mut watch, &[false, false]);
    }
}
