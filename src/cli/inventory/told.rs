//! What was found, for a person, for a program and for a table.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    calendar::rfc3339,
    cli::{
        inventory::{Kind, Row, Use},
        past::grouped,
        sunset::Sunset,
    },
    telemetry::now_millis,
};

pub(super) fn as_text(rows: &[Row], unused: &[Box<str>]) -> String {
    let mut out = String::new();
    let mut kind = None;
    for row in rows {
        if kind != Some(row.kind) {
            kind = Some(row.kind);
            let head = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{head}{}s", row.kind.as_str());
        }
        let client = if row.client.is_empty() { "(no label)" } else { &row.client };
        let Use { count, refused, first, last } = &row.used;
        let _ = write!(out, "{:>10}  {}  by {client}  {first} … {last}", grouped(*count), row.name);
        if *refused > 0 {
            let _ = write!(out, "  refused {}", grouped(*refused));
        }
        if row.is_trusted && row.kind == Kind::Operation {
            out.push_str("  trusted");
        }
        if let Some(reason) = &row.deprecated {
            let _ = write!(out, "  deprecated: {reason}");
            if let Some(sunset) = Sunset::of(reason) {
                let over = if sunset.is_past(&today()) { "over since" } else { "ends after" };
                let _ = write!(out, "  {over} {}", sunset.date());
            }
        }
        out.push('\n');
    }
    if !unused.is_empty() {
        out.push_str("\ntrusted documents that nobody asked for\n");
    }
    for id in unused {
        let _ = writeln!(out, "            {id}");
    }
    out
}

pub(super) fn as_json(rows: &[Row], unused: &[Box<str>]) -> Value {
    let today = today();
    let rows = rows.iter().map(|it| {
        let sunset = it.deprecated.as_deref().and_then(Sunset::of);
        json!({
            "kind": it.kind.as_str(),
            "name": it.name,
            "client": Some(&it.client).filter(|it| !it.is_empty()),
            "count": it.used.count,
            "refused": it.used.refused,
            "first_seen": it.used.first,
            "last_seen": it.used.last,
            "deprecated": it.deprecated,
            "sunset": sunset.map(Sunset::date),
            "sunset_is_over": sunset.map(|it| it.is_past(&today)),
            "document": Some(&it.hash).filter(|it| !it.is_empty()),
            "trusted": (it.kind == Kind::Operation).then_some(it.is_trusted),
        })
    });
    json!({ "rows": rows.collect::<Vec<_>>(), "unused_documents": unused })
}

pub(super) fn as_csv(rows: &[Row]) -> String {
    let mut out = String::from(
        "kind,name,client,count,refused,first_seen,last_seen,deprecated,trusted,sunset\r\n",
    );
    for it in rows {
        let Use { count, refused, first, last } = &it.used;
        let deprecated = it.deprecated.as_deref().unwrap_or_default();
        let cells = [it.kind.as_str(), &it.name, &it.client].map(cell).join(",");
        let _ = write!(out, "{cells},{count},{refused},{first},{last},{},", cell(deprecated));
        let sunset = Sunset::of(deprecated).map_or("", Sunset::date);
        let _ = write!(out, "{},{sunset}\r\n", it.is_trusted);
    }
    out
}

/// In UTC.
fn today() -> String {
    rfc3339(now_millis())
}

/// RFC 4180; and no cell begins a formula, since clients choose what stands in some.
fn cell(text: &str) -> String {
    let begins = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if begins { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", text.replace('"', "\"\""))
}
