//! Requests of 100 KB that must be refused: as many aliases, levels or list elements as fit.

const BYTES: usize = 100_000;

pub(crate) fn aliases() -> Vec<u8> {
    let all = (0..).map(|it| format!("a{it}:me{{id handle}} "));
    document(&format!("{{{}}}", fill(all)))
}

pub(crate) fn depth() -> Vec<u8> {
    let level = "cart{";
    let n_levels = BYTES / (level.len() + 1);
    document(&format!("{{{}{}", level.repeat(n_levels), "}".repeat(n_levels + 1)))
}

pub(crate) fn lists() -> Vec<u8> {
    let nested = "[".repeat(BYTES / 2) + &"]".repeat(BYTES / 2);
    document(&format!("{{nodes(ids:{nested}){{id}}}}"))
}

/// A list that is long, not deep, in the variables of an innocent document.
pub(crate) fn variables() -> Vec<u8> {
    let elements = fill((0..).map(|it| format!("\"{it}\",")));
    let query = "query($ids:[ID!]!){nodes(ids:$ids){id}}";
    format!("{{\"query\":\"{query}\",\"variables\":{{\"ids\":[{elements}\"\"]}}}}").into_bytes()
}

fn document(text: &str) -> Vec<u8> {
    format!("{{\"query\":{}}}", serde_json::Value::from(text)).into_bytes()
}

fn fill(pieces: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for piece in pieces {
        if text.len() + piece.len() > BYTES {
            break;
        }
        text += &piece;
    }
    text
}
