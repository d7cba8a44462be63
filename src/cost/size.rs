//! The size of one list: what a request gives, what holds when it gives none, and `max`.

use crate::cost::slice::Slice;

/// What `max` of a list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Most {
    /// The upstream never gives more, whatever is asked for.
    Clamps(u32),
    /// Nobody may ask for more.
    Refuses(u32),
}

/// Why a list has no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSize {
    /// More is asked for than this.
    AboveMost(u32),
    /// It is no whole number.
    Invalid,
    /// Nothing tells it.
    Unsized,
}

impl Slice {
    /// The size that it gives, if it gives any that is known.
    pub(super) fn size(self) -> Result<Option<u32>, NoSize> {
        match self {
            Self::Absent | Self::Null | Self::Unknown => Ok(None),
            Self::Invalid => Err(NoSize::Invalid),
            Self::Size(value) => Ok(Some(value)),
        }
    }
}

/// The largest size that is given, or the fallback.
pub(super) fn bounded(
    given: Option<u32>,
    (fallback, most): (Option<u32>, Option<Most>),
) -> Result<u32, NoSize> {
    let size = given.or(fallback).ok_or(NoSize::Unsized)?;
    match (most, given) {
        (Some(Most::Clamps(most)), _) => Ok(size.min(most)),
        (Some(Most::Refuses(most)), Some(given)) if given > most => Err(NoSize::AboveMost(most)),
        (Some(Most::Refuses(_)) | None, _) => Ok(size),
    }
}
