//! Sets of fields, for those who ask of every field whether it is one of many.

use crate::schema::FieldId;

/// A set of fields of one schema.
// INVARIANT: ascending, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet(Vec<FieldId>);

impl FieldSet {
    /// The set without fields.
    pub const EMPTY: &'static Self = &Self(Vec::new());

    /// Its fields, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[FieldId] {
        &self.0
    }

    /// Whether a field is in it.
    #[must_use]
    pub fn contains(&self, field: FieldId) -> bool {
        self.0.binary_search(&field).is_ok()
    }
}

impl IntoIterator for FieldSet {
    type Item = FieldId;
    type IntoIter = std::vec::IntoIter<FieldId>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<FieldId> for FieldSet {
    fn from_iter<T: IntoIterator<Item = FieldId>>(fields: T) -> Self {
        let mut fields: Vec<_> = fields.into_iter().collect();
        fields.sort_unstable();
        fields.dedup();
        Self(fields)
    }
}
