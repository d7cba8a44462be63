//! What is in a folder of documents, as the text that a policy reads.
//!
//! Follows links to files, as Kubernetes lays out its volumes, and none to folders, which could
//! lead in a circle.

use std::{fs, io, path::Path};

/// The names of the `.graphql` and `.gql` files in a folder and of the folders in it, these with a
/// `/` at their end; sorted, a line each. What is hidden is left out.
pub(super) fn list(path: &Path) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // A name that is not UTF-8 is nothing that we could ask for again.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || name.contains('\n') {
            continue;
        }
        let is_folder = entry.file_type()?.is_dir();
        if is_folder {
            names.push(format!("{name}/\n"));
        } else if name.ends_with(".graphql") || name.ends_with(".gql") {
            names.push(format!("{name}\n"));
        }
    }
    names.sort_unstable();
    Ok(names.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_folders_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.graphql", "a.gql", ".hidden.graphql", "c.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::create_dir(folder.path().join("..data")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
        assert_eq!(list(folder.path()).unwrap(), "a.gql\nb.graphql\nin/\n");
        assert!(list(&folder.path().join("none")).is_err());
    }
}
