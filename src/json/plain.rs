//! How far a text goes on with bytes that mean only themselves inside a string literal.
//!
//! Eight at a time: strings are most of what is read and written.

/// The number of bytes before the first quote, backslash or control character, or all of them.
pub(super) fn n_plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            return n.saturating_mul(8).saturating_add(found.trailing_zeros() as usize / 8);
        }
    }
    let is_special = |it: &u8| matches!(it, 0x00..=0x1f | b'"' | b'\\');
    let n_rest = rest.iter().position(is_special).unwrap_or(rest.len());
    words.len().saturating_mul(8).saturating_add(n_rest)
}

/// Sets the highest bit of the first special byte; bytes behind it may be marked by mistake,
/// since a subtraction borrows from them.
const fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = ONES << 7;
    const fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES.wrapping_mul(limit)) & !word & HIGHEST
    }
    let quote = below(word ^ u64::from_le_bytes([b'"'; 8]), 1);
    let backslash = below(word ^ u64::from_le_bytes([b'\\'; 8]), 1);
    below(word, 0x20) | quote | backslash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8]) {
        let expect = text.iter().position(|it| *it < 0x20 || *it == b'"' || *it == b'\\');
        assert_eq!(n_plain(text), expect.unwrap_or(text.len()), "{text:?}");
    }

    #[test]
    fn every_byte_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut text = [b'a'; 20];
                text[at] = byte;
                check(&text);
                check(&text[..=at]);
                text[19] = b'"';
                check(&text);
            }
        }
        check(b"");
        check("é 東 😀 \u{7f}\u{80}!#[]\u{ff}".as_bytes());
    }
}
