//! The numbers of JSON, a byte at a time. Does not say what a number is worth.

/// How far a number has come; RFC 8259 §6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Exponent,
    ExponentSign,
    ExponentStart,
    Fraction,
    FractionStart,
    Integer,
    Minus,
    Zero,
}

impl Number {
    /// How it goes on with a byte; nothing when the byte is not part of it.
    pub(super) const fn then(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Integer | Self::Zero, b'.') => Self::FractionStart,
            (Self::FractionStart | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Integer | Self::Zero | Self::Fraction, b'e' | b'E') => Self::ExponentStart,
            (Self::ExponentStart, b'+' | b'-') => Self::ExponentSign,
            (Self::ExponentStart | Self::ExponentSign | Self::Exponent, b'0'..=b'9') => {
                Self::Exponent
            }
            _ => return None,
        })
    }

    /// Whether it is complete.
    pub(super) const fn may_end(self) -> bool {
        matches!(self, Self::Exponent | Self::Fraction | Self::Integer | Self::Zero)
    }
}
