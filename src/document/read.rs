//! Bytes → document, by `bluejay-parser` under limits.
