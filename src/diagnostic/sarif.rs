//! Diagnostics as SARIF 2.1.0, which code scanning services read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics, position};

/// All diagnostics as one SARIF log with one run.
#[must_use]
pub fn to_sarif(diagnostics: &Diagnostics) -> Value {
    let codes: BTreeSet<_> = diagnostics.iter().map(|it| it.code).collect();
    let rules: Vec<_> = codes.into_iter().map(|it| json!({ "id": it })).collect();
    let results: Vec<_> = diagnostics.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "portcullis",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            // Ours are characters; the default of the format is UTF-16 code units.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(it: &Diagnostic) -> Value {
    let help = it.help.as_ref().map(|it| format!("; {it}")).unwrap_or_default();
    json!({
        "ruleId": it.code,
        "level": it.severity.word(),
        "message": { "text": format!("{}{help}", it.message) },
        "locations": location(it).into_iter().collect::<Vec<_>>(),
    })
}

fn location(it: &Diagnostic) -> Option<Value> {
    let (source, start, end) = position::range(it)?;
    Some(json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&source.name) },
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    } }))
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            b'\\' => uri.push('/'),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use crate::diagnostic::{Diagnostic, Diagnostics, Source, to_sarif};

    #[test]
    fn a_result_names_rule_and_region() {
        let source = Arc::new(Source { name: "my policies/a.yaml".into(), text: "x\nyy".into() });
        let mut found = Diagnostics::default();
        found.push(Diagnostic::error("bad", "bad `yy`").at(&source, 2..4).help("delete it"));
        let log = to_sarif(&found);
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([{ "id": "bad" }]));
        let expect = json!([{
            "ruleId": "bad",
            "level": "error",
            "message": { "text": "bad `yy`; delete it" },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": "my%20policies/a.yaml" },
                "region": { "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 3 },
            } }],
        }]);
        assert_eq!(log["runs"][0]["results"], expect);
    }
}
