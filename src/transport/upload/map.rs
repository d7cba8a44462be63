//! The part `map`: which file stands where.

use std::fmt::Write;

use crate::{
    json::{self, Kind, Tree, Value},
    policy::Uploads,
    transport::upload::{invalid_upload, path::Path},
    verdict::{Code, Violation, ids},
};

/// 16 KiB: every path at its longest for some dozens of files.
pub const MAX_MAP: u64 = 16 * 1024;

/// Which file stands where, in the order of the part.
#[derive(Debug)]
pub struct UploadMap {
    files: Vec<Mapped>,
}

#[derive(Debug)]
struct Mapped {
    /// The client's name for the part.
    name: Box<str>,
    paths: Vec<Path>,
}

impl UploadMap {
    /// Reads the part.
    ///
    /// # Errors
    /// `INVALID_UPLOAD`, `MAX_UPLOAD_FILES_LIMIT`.
    pub fn read(text: &[u8], uploads: Uploads) -> Result<Self, Violation> {
        let tree = json::read(text, LIMITS).map_err(|error| {
            let detail = error.to_string();
            invalid_upload("the part `map` is not strict JSON").detailed(detail)
        })?;
        let root = tree.root();
        if root.kind() != Kind::Object {
            return Err(invalid_upload("the part `map` must be a JSON object"));
        }
        if root.n_children() > uploads.files.get() {
            let detail = format!("{} of {} allowed", root.n_children(), uploads.files);
            let public = "the request has too many files";
            let (rule, code) = (ids::UPLOAD, Code::MAX_UPLOAD_FILES_LIMIT);
            return Err(Violation::new(rule, code, public).detailed(detail));
        }
        let files = root.children().map(mapped).collect::<Result<Vec<_>, _>>()?;
        let n_paths: usize = files.iter().map(|it| it.paths.len()).sum();
        if n_paths > MAX_PATHS {
            return Err(invalid_upload("the part `map` names too many places"));
        }
        Ok(Self { files })
    }

    /// True when there are no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The number of a part, by the client's name for it.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.files.iter().position(|it| *it.name == *name)
    }

    /// Puts the files where they stand in the operations.
    ///
    /// # Errors
    /// `INVALID_UPLOAD` when there is no null, or another file.
    pub fn fill(&self, operations: &mut Tree<'_>) -> Result<(), Violation> {
        let mut budget = MAX_STEPS;
        for path in self.files.iter().flat_map(|it| &it.paths) {
            let place = path.find(operations, &mut budget);
            if budget == 0 && place.is_none() {
                let detail = format!("`{path}` stands too far back in its list");
                return Err(invalid_upload("files stand too far back in lists").detailed(detail));
            }
            if !place.is_some_and(|it| operations.put_file(it)) {
                let detail = format!("`{path}` is no null");
                let public = "every file must stand for a null of its own";
                return Err(invalid_upload(public).detailed(detail));
            }
        }
        Ok(())
    }

    /// The same written anew; parts have numbers for names.
    #[must_use]
    pub fn written(&self) -> String {
        let mut out = String::from("{");
        for (n, file) in self.files.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            // Paths hold nothing that is to be escaped; a text takes everything.
            let paths: Vec<_> = file.paths.iter().map(|it| format!("\"{it}\"")).collect();
            let _never = write!(out, "{comma}\"{n}\":[{}]", paths.join(","));
        }
        out.push('}');
        out
    }
}

fn mapped(member: Value<'_>) -> Result<Mapped, Violation> {
    let name = member.key().unwrap_or_default();
    if name.is_empty() || name == "operations" || name == "map" {
        return Err(invalid_upload("the part `map` has a name that no file can have"));
    }
    if member.kind() != Kind::Array || member.n_children() == 0 {
        return Err(invalid_upload("the part `map` must have a list of paths for every file"));
    }
    let paths = member.children().map(|it| Path::read(&it.string()?));
    let paths = paths.collect::<Option<Vec<_>>>();
    let paths = paths.ok_or_else(|| {
        invalid_upload("a path of the part `map` must lead into variables: `variables.file`")
    })?;
    Ok(Mapped { name: name.into(), paths })
}

/// An object of lists, and no more values than [`MAX_MAP`] has bytes for.
const LIMITS: json::Limits = json::Limits { depth: 2, values: 8 * 1024, lists: None };
/// 200 places: two for each of as many files as can be allowed.
const MAX_PATHS: usize = 200;
/// 1,000,000 values that are passed over on all paths together: 200 files in a list of 5,000.
const MAX_STEPS: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(map: &str, expect: Result<&str, Code>) {
        let uploads = Uploads { files: 2.try_into().unwrap(), bytes: 1 };
        let got = UploadMap::read(map.as_bytes(), uploads).and_then(|map| {
            let operations = br#"{"variables":{"a":null,"b":[null,1]}}"#;
            let mut tree = json::read(operations, json::Limits::default()).unwrap();
            map.fill(&mut tree)?;
            Ok(map.written())
        });
        assert_eq!(got.as_deref().map_err(|it| it.code), expect, "{map}");
    }

    #[test]
    fn a_map_is_written_anew() {
        check("{}", Ok("{}"));
        check(r#"{"x\u0079":["variables.a"]}"#, Ok(r#"{"0":["variables.a"]}"#));
        check(
            r#"{ "7": ["variables.b.0", "variables.a"] }"#,
            Ok(r#"{"0":["variables.b.0","variables.a"]}"#),
        );
        check(
            r#"{"1":["variables.b.0"],"0":["variables.a"]}"#,
            Ok(r#"{"0":["variables.b.0"],"1":["variables.a"]}"#),
        );
    }

    #[test]
    fn the_number_of_files_is_bounded() {
        let three = r#"{"0":["variables.a"],"1":["variables.b.0"],"2":["variables.c"]}"#;
        check(three, Err(Code::MAX_UPLOAD_FILES_LIMIT));
    }

    #[test]
    fn everything_else_is_refused() {
        for it in [
            "",
            "[]",
            "null",
            r#"{"0":"variables.a"}"#,
            r#"{"0":[]}"#,
            r#"{"0":[1]}"#,
            r#"{"0":[["variables.a"]]}"#,
            r#"{"0":["variables.a"],"0":["variables.b.0"]}"#,
            r#"{"":["variables.a"]}"#,
            r#"{"operations":["variables.a"]}"#,
            r#"{"map":["variables.a"]}"#,
            r#"{"0":["query"]}"#,
            r#"{"0":["variables.b.1"]}"#,
            r#"{"0":["variables.c"]}"#,
            r#"{"0":["variables.a","variables.a"]}"#,
            r#"{"0":["variables.a"],"1":["variables.a"]}"#,
            r#"{"0":["0.variables.a"]}"#,
        ] {
            check(it, Err(Code::INVALID_UPLOAD));
        }
    }

    #[test]
    fn the_number_of_places_is_bounded() {
        let uploads = Uploads { files: 1.try_into().unwrap(), bytes: 1 };
        let map = |n: usize| format!(r#"{{"0":[{}]}}"#, vec![r#""variables.a""#; n].join(","));
        assert!(UploadMap::read(map(200).as_bytes(), uploads).is_ok());
        let over = UploadMap::read(map(201).as_bytes(), uploads);
        assert_eq!(over.unwrap_err().code, Code::INVALID_UPLOAD);
    }
}
