//! Which selections ask alike: for the same field by name, with the same arguments.
//!
//! Compares what is written. Two variables that have one value in a request are two, and so are an
//! argument that is left out and its default.

use std::cell::OnceCell;

use ahash::HashMap;

use crate::{
    document::{Document, SelectionId, ValueId, ValueKind},
    operation::{Node, Operation},
};

/// Selections that ask alike have one number.
pub(super) struct AskedAlike<'o> {
    operation: &'o Operation,
    by_selection: HashMap<SelectionId, u32>,
    known: HashMap<Asked<'o>, u32>,
    values: OnceCell<Vec<u32>>,
}

/// The name of a field, and its arguments in the order of their names.
type Asked<'o> = (&'o str, Vec<(&'o str, u32)>);

impl<'o> AskedAlike<'o> {
    pub(super) fn new(operation: &'o Operation) -> Self {
        let (by_selection, known) = (HashMap::default(), HashMap::default());
        Self { operation, by_selection, known, values: OnceCell::new() }
    }

    /// The number of a selection; what a fragment holds is looked at once, however often it is
    /// spread.
    pub(super) fn number(&mut self, node: &Node) -> u32 {
        if let Some(number) = self.by_selection.get(&node.source) {
            return *number;
        }
        let schema = self.operation.schema();
        let written = self.operation.arguments(node).iter();
        let mut arguments: Vec<_> = written
            .map(|it| (&*schema.input(it.input).name, self.number_of_value(it.value)))
            .collect();
        arguments.sort_unstable();
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let name = &*schema.field(node.field).name;
        let number = *self.known.entry((name, arguments)).or_insert(next);
        self.by_selection.insert(node.source, number);
        number
    }

    fn number_of_value(&self, id: ValueId) -> u32 {
        let values = self.values.get_or_init(|| number_values(self.operation.document()));
        values.get(id.index()).copied().unwrap_or(u32::MAX)
    }
}

/// A value by what it is and what is in it; the fields of an object in the order of their names.
#[derive(PartialEq, Eq, Hash)]
enum Form<'d> {
    Boolean(bool),
    Enum(&'d str),
    List(Vec<u32>),
    Null,
    Number(&'d str),
    Object(Vec<(&'d str, u32)>),
    String(&'d str),
    Variable(&'d str),
}

/// Equal values have one number.
// The budget of this loop is the document: every value is visited once, and once as a child. Values
// stand in preorder, so that backwards what is in a value comes before it.
fn number_values(document: &Document) -> Vec<u32> {
    let n_values = document.values().len();
    let mut numbers = vec![u32::MAX; n_values];
    let mut known: HashMap<Form<'_>, u32> = HashMap::default();
    let ids = (0..u32::try_from(n_values).unwrap_or(u32::MAX)).map(ValueId);
    for id in ids.rev() {
        let Some(value) = document.value(id) else { continue };
        let number = |it: ValueId| numbers.get(it.index()).copied().unwrap_or(u32::MAX);
        let form = match value.kind {
            ValueKind::Boolean(it) => Form::Boolean(it),
            ValueKind::Enum(it) => Form::Enum(document.str(it)),
            ValueKind::Float(it) | ValueKind::Int(it) => Form::Number(document.str(it)),
            ValueKind::List => {
                Form::List(document.children(id).map(|(it, _)| number(it)).collect())
            }
            ValueKind::Null => Form::Null,
            ValueKind::Object => {
                let key = |it: Option<_>| it.map_or("", |it| document.str(it));
                let fields = document.children(id).map(|(id, it)| (key(it.key), number(id)));
                let mut fields: Vec<_> = fields.collect();
                fields.sort_unstable();
                Form::Object(fields)
            }
            ValueKind::String(it) => Form::String(document.string(it)),
            ValueKind::Variable(it) => Form::Variable(document.str(it)),
        };
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let number = *known.entry(form).or_insert(next);
        if let Some(place) = numbers.get_mut(id.index()) {
            *place = number;
        }
    }
    numbers
}
