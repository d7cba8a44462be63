//! stub
/// stub
pub struct Invalid;
/// stub
pub fn validate() {}
