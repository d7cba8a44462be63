//! How much of a text is written down: names in it may be a client's.

/// Enough of a text, to know what it says.
pub(super) fn enough(text: &str) -> &str {
    let end = text.char_indices().nth(MAX).map(|(at, _)| at);
    end.and_then(|it| text.get(..it)).unwrap_or(text)
}

/// 512 characters.
const MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(enough(""), "");
        let text = "ä".repeat(MAX);
        assert_eq!(enough(&text), text);
        assert_eq!(enough(&format!("{text}b")), text);
    }
}
