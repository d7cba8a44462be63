//! Raw HTTP/1 requests, and what is to become of them.

use std::path::Path;

use serde_json::Value;

/// A raw request and what becomes of it.
pub(crate) struct Probe {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) accepted: bool,
}

pub(crate) fn probes() -> Vec<Probe> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/http/probes.jsonl");
    let text = std::fs::read_to_string(path).expect("the probes are there");
    let row = |it| serde_json::from_str(it).expect("a probe is JSON");
    text.lines().map(|it| probe(&row(it))).collect()
}

fn probe(row: &Value) -> Probe {
    let text = |it: &Value| it.as_str().expect("a text").to_owned();
    let fill = row["fill"].as_array().map_or(String::new(), |it| {
        let n = it[1].as_u64().expect("a number");
        text(&it[0]).repeat(usize::try_from(n).expect("a small one"))
    });
    Probe {
        name: text(&row["name"]),
        bytes: text(&row["bytes"]).replace("{fill}", &fill).into_bytes(),
        accepted: row["expect"] == "accept",
    }
}
