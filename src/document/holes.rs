//! A document whose values are taken out: what is left says what is asked for, and with what kinds
//! and sizes of values, but not with which.
//!
//! Works on a printed text, see [`crate::document::print`]; it has no comments and no block strings.

/// A printed text with other texts and numbers of the same size in place of its own, and whether
/// there were any. Whole numbers of at most three digits stay: page sizes decide what lists cost.
#[must_use]
pub fn with_holes(printed: &str) -> (String, bool) {
    let mut holes = Holes { out: String::with_capacity(printed.len()), any: false };
    let mut rest = printed;
    // The budget of this loop is the text: every turn takes a character at least.
    while let Some(first) = rest.chars().next() {
        let n = match first {
            '"' => holes.string(rest),
            '-' | '0'..='9' => holes.number(rest),
            'a'..='z' | 'A'..='Z' | '_' => holes.copy(rest, |it| it.is_alphanumeric() || it == '_'),
            other => {
                holes.out.push(other);
                other.len_utf8()
            }
        };
        rest = rest.get(n..).unwrap_or_default();
    }
    (holes.out, holes.any)
}

/// Another character that takes as many bytes.
#[must_use]
pub const fn filler(of: char) -> char {
    match of.len_utf8() {
        1 => 'x',
        2 => 'ß',
        3 => '字',
        _ => '😀',
    }
}

/// Another number that is written with as many digits; small whole ones stay.
#[must_use]
pub fn other_number(text: &str) -> Option<String> {
    let is_small = text.len() <= SMALL && text.bytes().all(|it| it.is_ascii_digit());
    if is_small {
        return None;
    }
    // What follows decides whether it is a whole number, and says little.
    let exponent = text.find(['e', 'E']).unwrap_or(text.len());
    let (digits, exponent) = text.split_at_checked(exponent)?;
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|it| it == b'0') => {
            (whole, format!(".{fraction}"))
        }
        Some(_) | None => (digits, String::new()),
    };
    let other = |it: char| if it.is_ascii_digit() { '1' } else { it };
    Some(whole.chars().map(other).collect::<String>() + &fraction + exponent)
}

/// 3 digits: above every page size that servers are known to allow by default (100), below what a
/// number must have to name a person.
const SMALL: usize = 3;

struct Holes {
    out: String,
    any: bool,
}

impl Holes {
    fn copy(&mut self, rest: &str, takes: impl Fn(char) -> bool) -> usize {
        let n = rest.find(|it| !takes(it)).unwrap_or(rest.len());
        self.out.push_str(rest.get(..n).unwrap_or_default());
        n
    }

    fn number(&mut self, rest: &str) -> usize {
        let is_part = |it: char| it.is_ascii_digit() || matches!(it, '-' | '+' | '.' | 'e' | 'E');
        let n = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        let text = rest.get(..n).unwrap_or_default();
        let other = other_number(text);
        self.any |= other.is_some();
        self.out.push_str(other.as_deref().unwrap_or(text));
        n
    }

    fn string(&mut self, rest: &str) -> usize {
        self.out.push('"');
        let mut n = 1_usize;
        let mut chars = rest.chars().skip(1);
        while let Some(it) = chars.next() {
            n = n.saturating_add(it.len_utf8());
            match it {
                '"' => break,
                '\\' => n = n.saturating_add(self.escape(&mut chars)),
                other => {
                    self.any = true;
                    self.out.push(filler(other));
                }
            }
        }
        self.out.push('"');
        n
    }

    /// What stands behind a backslash; how many bytes it takes.
    fn escape(&mut self, chars: &mut impl Iterator<Item = char>) -> usize {
        self.any = true;
        self.out.push('x');
        match chars.next() {
            Some('u') => chars.take(4).map(char::len_utf8).sum::<usize>().saturating_add(1),
            Some(other) => other.len_utf8(),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(printed: &str, expect: &str) {
        let (found, any) = with_holes(printed);
        assert_eq!((&*found, any), (expect, expect != printed));
    }

    #[test]
    fn names_and_small_numbers_stay() {
        check("query A1($a2:Int=10){b3:c(first:100 d:E5 e:true f:null g:$a2){x9}}", {
            "query A1($a2:Int=10){b3:c(first:100 d:E5 e:true f:null g:$a2){x9}}"
        });
        check("{a(n:999)}", "{a(n:999)}");
        check("{a(n:\"\")}", "{a(n:\"\")}");
    }

    #[test]
    fn texts_and_large_numbers_go() {
        check("{a(n:1000)}", "{a(n:1111)}");
        check("{a(n:-5 f:2.5e3 g:42.0)}", "{a(n:-1 f:1.1e3 g:11.0)}");
        check("{a(s:\"it is {7}\" t:[\"é東😀\"])}", "{a(s:\"xxxxxxxxx\" t:[\"ß字😀\"])}");
        check(r#"{a(s:"q\"b\\n\u0041z"){b}}"#, "{a(s:\"xxxxxxx\"){b}}");
    }
}
