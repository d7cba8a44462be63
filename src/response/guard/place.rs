//! Where in an answer a value stands.

/// Of the members of an envelope: `data`.
pub(super) const DATA: u16 = 1;
/// `errors`.
pub(super) const ERRORS: u16 = 1 << 1;
/// `extensions`.
pub(super) const EXTENSIONS: u16 = 1 << 2;
/// `incremental`.
pub(super) const INCREMENTAL: u16 = 1 << 3;
/// `completed`.
pub(super) const COMPLETED: u16 = 1 << 4;
/// `payload`.
pub(super) const PAYLOAD: u16 = 1 << 5;
/// `items`.
pub(super) const ITEMS: u16 = 1 << 6;
/// `hasNext` and `pending`.
pub(super) const MORE: u16 = 1 << 7;
/// One that says where in an answer this is a part.
pub(super) const PART: u16 = 1 << 8;
/// Its data is null.
pub(super) const NULL: u16 = 1 << 9;
/// It has an error.
pub(super) const ERROR: u16 = 1 << 10;
/// With one of these it may be no answer by itself.
pub(super) const NO_ANSWER: u16 = INCREMENTAL | COMPLETED | PAYLOAD | MORE | PART;
/// These may be there more than once: several members share one of them.
pub(super) const MAY_REPEAT: u16 = MORE | PART;

/// An open container.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Anything, with the elements so far when it is an array.
    Any { n: u64, is_array: bool },
    /// Below data of which it is not known where it belongs; free, when it may be a custom scalar.
    Anywhere { n: u64, is_array: bool, is_free: bool },
    /// The outermost array, around the answers to a batch, with those begun so far.
    Batch { n: usize },
    /// An answer, or a part of one.
    Envelope { is_inner: bool, n_kept: u32, seen: u16 },
    /// A list of parts.
    Envelopes { n: u64 },
    /// The list of errors.
    Errors { n: u64 },
    /// `extensions`
    Extensions { n_kept: u32 },
    /// A list of a field, inside this many others.
    List { key: u32, level: u32, n: u64 },
    /// An object of the operation, and where its keys are marked that have been there.
    Object { place: u32, ty: Option<u32>, first_seen: usize },
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Anything, and nobody looks.
    Any,
    /// Data of which it is not known where it belongs; free, when it may be a custom scalar.
    Anywhere { is_free: bool },
    /// The whole text.
    Answer,
    /// `data`
    Data,
    /// Gone with its key.
    Drop,
    /// An error.
    Entry,
    /// A part of an answer.
    Envelope,
    /// A list of parts.
    Envelopes,
    /// `errors`
    Errors,
    /// `extensions`
    Extensions,
    /// A value of a field, inside this many of its lists.
    Field { key: u32, level: u32 },
    /// Null, whatever the upstream says.
    Redact,
}

/// A value that nobody looks into, and how many containers are around it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Apart {
    /// Left out.
    Dropped { depth: usize },
    /// An error that is held to be written anew; without a list around it, it gets one.
    Entry { depth: usize, is_alone: bool },
}

impl Place {
    /// Whether members can be left out of it.
    pub(super) const fn is_filtered(&self) -> bool {
        matches!(self, Self::Envelope { .. } | Self::Extensions { .. })
    }

    /// Of an envelope: what is seen of it.
    pub(super) const fn see(&mut self, bits: u16) {
        if let Self::Envelope { seen, .. } = self {
            *seen |= bits;
        }
    }

    /// One more element, of an array: how many there are.
    pub(super) fn element(&mut self) -> Option<u64> {
        match self {
            Self::Any { n, is_array: true }
            | Self::Anywhere { n, is_array: true, .. }
            | Self::Envelopes { n }
            | Self::Errors { n }
            | Self::List { n, .. } => {
                *n = n.saturating_add(1);
                Some(*n)
            }
            Self::Batch { n } => {
                *n = n.saturating_add(1);
                u64::try_from(*n).ok()
            }
            Self::Any { .. }
            | Self::Anywhere { .. }
            | Self::Envelope { .. }
            | Self::Extensions { .. }
            | Self::Object { .. } => None,
        }
    }
}

impl Apart {
    pub(super) const fn depth(self) -> usize {
        match self {
            Self::Dropped { depth } | Self::Entry { depth, .. } => depth,
        }
    }
}
