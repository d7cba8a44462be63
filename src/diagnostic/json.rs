//! Diagnostics as JSON, for programs: `check --format json`.

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics, position};

/// All diagnostics as a JSON array, in the order found; what is not known is `null`.
#[must_use]
pub fn to_json(diagnostics: &Diagnostics) -> Value {
    diagnostics.iter().map(one).collect()
}

fn one(it: &Diagnostic) -> Value {
    let place = position::range(it);
    json!({
        "code": it.code,
        "severity": it.severity.word(),
        "message": it.message,
        "file": place.map(|(source, ..)| &source.name),
        "line": place.map(|(_, start, _)| start.line),
        "column": place.map(|(_, start, _)| start.column),
        "end_line": place.map(|(.., end)| end.line),
        "end_column": place.map(|(.., end)| end.column),
        "help": it.help,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use crate::diagnostic::{Diagnostic, Diagnostics, Source, to_json};

    #[test]
    fn every_member_is_there() {
        let source = Arc::new(Source { name: "a.yaml".into(), text: "x\nyy".into() });
        let mut found = Diagnostics::default();
        found.push(Diagnostic::error("bad", "bad `yy`").at(&source, 2..4).help("delete it"));
        found.push(Diagnostic::warning("odd", "odd"));
        let expect = json!([
            { "code": "bad", "severity": "error", "message": "bad `yy`", "file": "a.yaml",
              "line": 2, "column": 1, "end_line": 2, "end_column": 3, "help": "delete it" },
            { "code": "odd", "severity": "warning", "message": "odd", "file": null, "line": null,
              "column": null, "end_line": null, "end_column": null, "help": null },
        ]);
        assert_eq!(to_json(&found), expect);
    }
}
