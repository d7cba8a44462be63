//! How large one answer of many may be.

use crate::response::Wrong;

/// Bytes of one event, part or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    /// So many, by the policy.
    Allowed(u64),
    /// As many as are held: the policy allows any number.
    Held,
}

impl Most {
    /// By `response.max`; nothing: any.
    #[must_use]
    pub fn of(max: Option<u64>) -> Self {
        max.map_or(Self::Held, Self::Allowed)
    }

    /// # Errors
    /// When there are more.
    pub const fn allows(self, n: u64) -> Result<(), Wrong> {
        match self {
            Self::Allowed(limit) if n > limit => Err(Wrong::TooLarge { limit }),
            Self::Held if n > MAX_HELD => Err(Wrong::TooLargeToHold { limit: MAX_HELD }),
            Self::Allowed(_) | Self::Held => Ok(()),
        }
    }

    /// The same of bytes that are held.
    pub(super) fn allows_held(self, held: &[u8]) -> Result<(), Wrong> {
        self.allows(u64::try_from(held.len()).unwrap_or(u64::MAX))
    }

    /// Bytes of a message over a socket. More than one answer may have, so that one that is too
    /// large can be read, and ends its own operation alone.
    #[must_use]
    pub fn of_message(self) -> u64 {
        match self {
            Self::Allowed(limit) => limit.saturating_mul(2).max(MIN_MESSAGE),
            Self::Held => MAX_HELD,
        }
    }
}

/// 256 MiB: what is held as a whole has a bound whatever the policy says.
const MAX_HELD: u64 = 256 * 1024 * 1024;
/// 10 MiB: what is read of a socket at least.
const MIN_MESSAGE: u64 = 10 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_bounded_by_what_is_held_and_says_so() {
        let (off, on) = (Most::of(None), Most::of(Some(1024)));
        assert_eq!(
            (on.allows(1024), on.allows(1025)),
            (Ok(()), Err(Wrong::TooLarge { limit: 1024 }))
        );
        assert_eq!(off.allows(MAX_HELD), Ok(()));
        let wrong = off.allows(MAX_HELD + 1).unwrap_err();
        assert!(!wrong.to_string().contains("response.max"), "{wrong}");
    }

    #[test]
    fn a_socket_reads_answers_that_are_too_large() {
        const MIB: u64 = 1024 * 1024;
        for (max, expect) in [(Some(1024), 10 * MIB), (Some(10 * MIB), 20 * MIB), (None, 256 * MIB)]
        {
            assert_eq!(Most::of(max).of_message(), expect);
        }
    }
}
