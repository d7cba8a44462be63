//! `http.uploads`: whether requests may come with files, and within which bounds.
//!
//! Does not read them; `transport::upload` and `server::upload` do.

use std::{num::NonZeroU32, ops::RangeInclusive};

use serde_json::{Value, json};

use crate::{
    diagnostic::Diagnostics,
    yaml::{Fields, Node, scalar, scalar::write_bytes},
};

/// What may come with files. Without it, multipart bodies are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploads {
    /// Files of one request; 3.
    pub files: NonZeroU32,
    /// Bytes of all files of a request together; 20 MiB.
    pub bytes: u64,
}

/// Reads the block, or `off`; what is not written or wrong has its default.
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Option<Uploads> {
    if node.as_text() == Some("off") {
        return None;
    }
    let mut uploads = Uploads { files: FILES, bytes: MOST_BYTES };
    let mut fields = Fields::of(node, "http.uploads", found);
    let files = fields.take("files", found);
    let files = files.and_then(|it| scalar::number(it, 1..=MOST_FILES, found));
    if let Some(it) = files.and_then(|it| NonZeroU32::new(u32::try_from(it).ok()?)) {
        uploads.files = it;
    }
    let bytes = fields.take("bytes", found);
    if let Some(it) = bytes.and_then(|it| scalar::bytes(it, BYTES, found)) {
        uploads.bytes = it;
    }
    fields.finish(found);
    Some(uploads)
}

/// The JSON Schema of the block.
pub(super) fn json_schema(bytes: &str) -> Value {
    json!({
        "description": "Requests with files, by the GraphQL multipart request specification; refused without this block.",
        "oneOf": [
            { "const": "off" },
            {
                "type": "object",
                "properties": {
                    "files": {
                        "description": "Files of one request.",
                        "type": "integer", "minimum": 1, "maximum": MOST_FILES, "default": FILES,
                    },
                    "bytes": {
                        "description": "Size of all files of a request together.",
                        "type": "string", "pattern": bytes, "default": write_bytes(&MOST_BYTES),
                    },
                },
                "required": [],
                "additionalProperties": false,
            },
        ],
    })
}

/// 3: a form with a picture or two.
const FILES: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);
const MOST_FILES: u64 = 100;
/// 20 MiB: some photographs.
const MOST_BYTES: u64 = 20 * 1024 * 1024;
/// Up to 1 GiB, which passes but is not held.
const BYTES: RangeInclusive<u64> = 1..=1024 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{diagnostic::Source, yaml};

    #[track_caller]
    fn check(text: &str, expect: Result<Option<(u32, u64)>, &str>) {
        let (node, _) = yaml::read(&Arc::new(Source { name: "t".into(), text: text.into() }));
        let mut found = Diagnostics::default();
        let uploads = read(&node.unwrap(), &mut found).map(|it| (it.files.get(), it.bytes));
        let found: Vec<_> = found.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
        match expect {
            Ok(expect) => assert_eq!((uploads, found), (expect, vec![])),
            Err(expect) => assert_eq!(found, [expect]),
        }
    }

    #[test]
    fn off_and_both_bounds() {
        check("off", Ok(None));
        check("{}", Ok(Some((3, 20 << 20))));
        check("{files: 1, bytes: 1B}", Ok(Some((1, 1))));
        check("{files: 100, bytes: 1GiB}", Ok(Some((100, 1 << 30))));
        check("{files: 0}", Err("out-of-range: `0` is too small: the least is 1"));
        check("{files: 101}", Err("out-of-range: `101` is too large: the most is 100"));
        check("{bytes: 0B}", Err("out-of-range: `0B` is too small: the least is 1B"));
        check("{bytes: 2GiB}", Err("out-of-range: `2GiB` is too large: the most is 1GiB"));
    }
}
