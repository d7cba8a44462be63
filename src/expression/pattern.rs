//! Regular expressions in linear time: compiled once at load, bounded in size.

use regex::{Regex, RegexBuilder};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// A pattern that may match anywhere in a text, as CEL's `matches` has it.
    ///
    /// # Errors
    /// Says what is wrong with it, or that it is too large.
    pub fn anywhere(source: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(source).size_limit(SIZE).dfa_size_limit(SIZE).build();
        built.map(Self).map_err(|it| match it {
            regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
            // The last line says what is wrong; those above repeat the pattern.
            other => {
                let told = other.to_string();
                let last = told.lines().last().unwrap_or_default();
                last.trim_start_matches("error: ").to_owned()
            }
        })
    }

    /// A pattern that must match the whole text.
    ///
    /// # Errors
    /// See [`Pattern::anywhere`].
    pub fn whole(source: &str) -> Result<Self, String> {
        // First alone, so that `a)|(b` is no way out of the anchors.
        Self::anywhere(source)?;
        Self::anywhere(&format!(r"\A(?:{source})\z"))
    }

    /// True when it matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Bytes of a compiled pattern: `[a-z]{1000}` fits, `(\w{100}){100}` does not.
const SIZE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn the_whole_text_must_match() {
        let number = Pattern::whole("O-[0-9]{6}").unwrap();
        assert!(number.matches("O-123456"));
        for other in ["O-1234567", "xO-123456", "O-123456\n", ""] {
            assert!(!number.matches(other), "{other:?}");
        }
    }

    #[test]
    fn alternatives_stay_inside_the_anchors() {
        let either = Pattern::whole("a|b").unwrap();
        assert!(either.matches("a") && either.matches("b"));
        assert!(!either.matches("ax") && !either.matches("xb"));
        assert!(Pattern::whole("a)|(b").is_err());
        // A comment in extended mode would swallow the closing anchor.
        assert!(Pattern::whole("(?x)a#").is_err());
    }

    #[test]
    fn too_large_is_told() {
        assert_eq!(Pattern::anywhere(r"(\w{100}){100}").unwrap_err(), "the pattern is too large");
        assert!(Pattern::anywhere("[a-z]{1000}").is_ok());
    }
}
