//! Percent codes and pluses of a query in a URL.

/// A text with codes and pluses undone, once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    /// What is no code stays as it is.
    pub(super) bytes: Vec<u8>,
    /// Whether every percent sign begins a code.
    pub(super) is_whole: bool,
}

pub(super) fn decode(text: &str) -> Decoded {
    let mut rest = text.as_bytes();
    let mut decoded = Decoded { bytes: Vec::with_capacity(rest.len()), is_whole: true };
    // Budget: the text, of which every turn takes at least one byte.
    while let [byte, after @ ..] = rest {
        rest = after;
        let byte = match (byte, after) {
            (b'%', [high, low, after @ ..]) if let Some(value) = code(*high, *low) => {
                rest = after;
                value
            }
            (b'+', _) => b' ',
            (byte, _) => {
                decoded.is_whole &= *byte != b'%';
                *byte
            }
        };
        decoded.bytes.push(byte);
    }
    decoded
}

fn code(high: u8, low: u8) -> Option<u8> {
    let (high, low) = (char::from(high).to_digit(16)?, char::from(low).to_digit(16)?);
    u8::try_from((high << 4) | low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, bytes: &[u8], is_whole: bool) {
        assert_eq!(decode(text), Decoded { bytes: bytes.to_vec(), is_whole }, "{text}");
    }

    #[test]
    fn codes_are_undone_once() {
        check("", b"", true);
        check("a+b%20c", b"a b c", true);
        check("%7B%7b%ff", b"{{\xff", true);
        check("%252B", b"%2B", true);
        for broken in ["%", "%2", "%zz", "%+1"] {
            check(broken, broken.replace('+', " ").as_bytes(), false);
        }
    }
}
