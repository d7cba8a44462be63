//! How far a text goes on with bytes that mean only themselves inside a string literal.
//!
//! Strings are most of what is read and written: the first bytes are looked at eight at a time,
//! since escapes are near each other or nowhere, and the others a block at a time.

/// The number of bytes before the first quote, backslash or control character, or all of them.
#[inline]
pub(crate) fn n_plain(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    let mut n_passed = 0_usize;
    // Budget: the words of what is near. What was passed is never more than the length, so nothing
    // wraps.
    while let Some((word, behind)) = rest.split_first_chunk::<WORD>() {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            return n_passed.wrapping_add(found.trailing_zeros() as usize / 8);
        }
        n_passed = n_passed.wrapping_add(WORD);
        if n_passed == NEAR {
            return n_plain_far(bytes);
        }
        rest = behind;
    }
    n_passed.wrapping_add(rest.iter().position(|it| is_special(*it)).unwrap_or(rest.len()))
}

/// The same where nothing near is special.
#[inline(never)]
fn n_plain_far(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.get(NEAR..).unwrap_or_default().as_chunks::<BLOCK>();
    let n_blocks = blocks.iter().take_while(|it| is_plain(it)).count();
    let n_passed = NEAR.saturating_add(n_blocks.saturating_mul(BLOCK));
    let (words, rest) = bytes.get(n_passed..).unwrap_or_default().as_chunks::<WORD>();
    for (n, word) in words.iter().enumerate() {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            let n_words =
                n.saturating_mul(WORD).saturating_add(found.trailing_zeros() as usize / 8);
            return n_passed.saturating_add(n_words);
        }
    }
    let n_rest = rest.iter().position(|it| is_special(*it)).unwrap_or(rest.len());
    n_passed.saturating_add(words.len().saturating_mul(WORD)).saturating_add(n_rest)
}

/// What is looked at in one step.
const WORD: usize = 8;
/// 64 bytes: longer than most lines of a formatted document.
const NEAR: usize = 64;
/// 64 bytes: what the compiler makes four vectors of.
const BLOCK: usize = 64;

/// Looks at every byte without a way out, so that it is done many at a time.
fn is_plain(block: &[u8; BLOCK]) -> bool {
    !block.iter().fold(false, |found, it| found | is_special(*it))
}

const fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Sets the highest bit of the first special byte; bytes behind it may be marked by mistake,
/// since a subtraction borrows from them.
const fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = ONES << 7;
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // None of the three has the highest bit, and neither has what they are compared with.
    (control | quote | backslash) & !word & HIGHEST
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
        const LEN: usize = NEAR + 2 * BLOCK + 20;
        for byte in 0..=u8::MAX {
            for at in 0..LEN {
                let mut text = [b'a'; LEN];
                text[at] = byte;
                check(&text);
                check(&text[..=at]);
                text[LEN - 1] = b'"';
                check(&text);
            }
        }
        check(b"");
        check("é 東 😀 \u{7f}\u{80}!#[]\u{ff}".as_bytes());
    }
}
