//! stub
/// stub
pub struct Disagreement;
/// stub
pub fn second_reader() {}
