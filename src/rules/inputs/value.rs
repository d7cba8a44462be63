//! A value that a demand is about, wherever it stands: document, variables or schema.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    ptr,
};

use ahash::{HashMap, HashSet};

use crate::{
    document::{ValueId, ValueKind},
    expression::Pattern,
    json::{self, Kind as Json},
    operation::{self, Operation, Resolved, VariableIdx, Variables},
    schema::{Const, InputId, Schema, TypeId, TypeRef, Wrapper, is_whole_number},
};

/// One reading of an operation with what is known of its variables.
pub(in crate::rules) struct Reading<'a> {
    operation: &'a Operation,
    variables: &'a Variables<'a>,
    /// How many values may still be looked at.
    left: Cell<u64>,
    /// A variable was met whose value nobody knows.
    met_unknown: Cell<bool>,
    /// What was read once and need not be read again.
    seen: Option<RefCell<HashSet<Seen>>>,
    /// Which texts of variables match: one may be given for many inputs.
    matched: RefCell<HashMap<(usize, json::Place), bool>>,
}

/// A variable and where it is read.
type Seen = (Spot, VariableIdx);

/// An input, so many wrappers inside, and who reads there: 0 for the walk, a demand for itself.
pub(super) type Spot = (InputId, usize, usize);

impl<'a> Reading<'a> {
    /// Reads every variable once per input: a value at the same input is judged the same.
    pub(super) fn once(operation: &'a Operation, variables: &'a Variables<'a>) -> Self {
        Self { seen: Some(RefCell::default()), ..Self::each(operation, variables) }
    }

    /// Reads every variable wherever it stands.
    pub(super) fn each(operation: &'a Operation, variables: &'a Variables<'a>) -> Self {
        let sent = variables.shape().bytes.saturating_add(operation.document().text().len() as u64);
        let left = Cell::new(BUDGET.saturating_add(sent.saturating_mul(PER_BYTE)));
        let (met_unknown, matched) = (Cell::new(false), RefCell::default());
        Self { operation, variables, left, met_unknown, seen: None, matched }
    }

    pub(super) const fn operation(&self) -> &'a Operation {
        self.operation
    }

    pub(super) const fn variables(&self) -> &'a Variables<'a> {
        self.variables
    }

    pub(super) fn schema(&self) -> &'a Schema {
        self.operation.schema()
    }

    /// Spends on one value; false when nothing is left.
    pub(in crate::rules) fn spend(&self) -> bool {
        self.spend_many(1)
    }

    pub(super) fn spend_many(&self, n: u64) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(n));
        left > n
    }

    /// True when not everything could be looked at.
    pub(super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    pub(super) fn met_unknown(&self) -> bool {
        self.met_unknown.get()
    }

    pub(super) fn meet_unknown(&self) {
        self.met_unknown.set(true);
    }

    /// What a literal stands for; `None` when that was read before.
    pub(super) fn resolve(
        &self,
        literal: ValueId,
        spot: Spot,
        standing: Standing,
    ) -> Option<Resolved<'a>> {
        let Some(variable) = self.operation.variable_at(literal) else {
            return Some(Resolved::Literal(literal));
        };
        if let Some(seen) = &self.seen
            && !seen.borrow_mut().insert((spot, variable))
        {
            return None;
        }
        let default = || operation::default(self.schema(), spot.0);
        Some(match standing {
            Standing::Item => match self.operation.variable(self.variables, variable) {
                Resolved::Absent => Resolved::Const(&Const::Null),
                resolved => resolved,
            },
            Standing::Argument => self.operation.resolve(self.variables, literal, spot.0),
            Standing::Member => {
                self.operation.member(self.variables, variable).unwrap_or_else(default)
            }
        })
    }
}

/// Where a value stands. GraphQL §6.4.1: a variable without a value is null in a list, and as if it
/// was not written elsewhere; in an input object that is for the policy to say.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    Argument,
    Item,
    Member,
}

/// A value and its type.
#[derive(Clone, Copy)]
pub(in crate::rules) struct Value<'r, 'a> {
    pub(super) reading: &'r Reading<'a>,
    pub(super) resolved: Resolved<'a>,
    pub(super) wrappers: &'a [Wrapper],
    pub(super) named: TypeId,
    /// The input that it is given for.
    pub(super) input: InputId,
    /// Who reads it; see [`Spot`].
    pub(super) reader: usize,
}

/// What a value is.
pub(in crate::rules) enum Look<'a> {
    Boolean,
    Enum(&'a str),
    List,
    /// Not there, or not known.
    Nothing,
    Null,
    Number(&'a str),
    Object,
    Text(Cow<'a, str>),
}

impl<'a> Value<'_, 'a> {
    /// The name of its type without wrappers.
    pub(in crate::rules) fn type_name(&self) -> &'a str {
        &self.reading.schema().ty(self.named).name
    }

    /// Whether its type says that it is a whole number.
    pub(in crate::rules) fn is_whole_number(&self) -> bool {
        let ty = TypeRef { named: self.named, wrappers: [].into() };
        is_whole_number(self.reading.schema(), &ty)
    }

    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self.resolved, Resolved::Unknown)
    }

    /// Whether its type is a list.
    pub(in crate::rules) fn is_list(&self) -> bool {
        self.wrappers.contains(&Wrapper::List)
    }

    pub(in crate::rules) const fn reading(&self) -> &Reading<'a> {
        self.reading
    }

    /// Whether its text matches. A long one is looked at once, however many inputs it is given for.
    pub(in crate::rules) fn matches(&self, pattern: &Pattern, text: &str) -> bool {
        let Resolved::Json(value) = self.resolved else { return pattern.matches(text) };
        if text.len() < LONG {
            return pattern.matches(text);
        }
        let key = (ptr::from_ref(pattern).addr(), value.place());
        let mut matched = self.reading.matched.borrow_mut();
        *matched.entry(key).or_insert_with(|| pattern.matches(text))
    }

    /// What it is.
    pub(in crate::rules) fn look(&self) -> Look<'a> {
        match self.resolved {
            Resolved::Absent => Look::Nothing,
            Resolved::Unknown => {
                self.reading.meet_unknown();
                Look::Nothing
            }
            Resolved::Const(value) => match value {
                Const::Boolean(_) => Look::Boolean,
                Const::Enum(name) => Look::Enum(name),
                Const::Float(text) | Const::Int(text) => Look::Number(text),
                Const::List(_) => Look::List,
                Const::Null => Look::Null,
                Const::Object(_) => Look::Object,
                Const::String(text) => Look::Text(Cow::Borrowed(text)),
            },
            Resolved::Json(value) => match value.kind() {
                Json::Array => Look::List,
                Json::Boolean(_) => Look::Boolean,
                Json::Null => Look::Null,
                Json::Number => Look::Number(value.text()),
                // There, and nothing is known of it.
                Json::File | Json::Object => Look::Object,
                Json::String => Look::Text(value.string().unwrap_or_default()),
            },
            Resolved::Literal(id) => self.literal(id),
        }
    }

    fn literal(&self, id: ValueId) -> Look<'a> {
        let document = self.reading.operation.document();
        match document.value(id).map(|it| it.kind) {
            Some(ValueKind::Boolean(_)) => Look::Boolean,
            Some(ValueKind::Enum(name)) => Look::Enum(document.str(name)),
            Some(ValueKind::Float(text) | ValueKind::Int(text)) => Look::Number(document.str(text)),
            Some(ValueKind::List) => Look::List,
            Some(ValueKind::Null) => Look::Null,
            Some(ValueKind::Object) => Look::Object,
            Some(ValueKind::String(text)) => Look::Text(Cow::Borrowed(document.string(text))),
            // Variables were resolved on the way here.
            None | Some(ValueKind::Variable(_)) => Look::Nothing,
        }
    }

    /// Number of items, when it is a list.
    pub(in crate::rules) fn n_items(&self) -> usize {
        match self.resolved {
            Resolved::Const(Const::List(items)) => items.len(),
            Resolved::Json(value) => value.children().count(),
            Resolved::Literal(id) => self.reading.operation.document().children(id).count(),
            Resolved::Absent | Resolved::Const(_) | Resolved::Unknown => 0,
        }
    }

    /// The items of a list, of the type that `wrappers` leave.
    pub(super) fn items_as(&self, wrappers: &'a [Wrapper]) -> Vec<Self> {
        let spot = (self.input, wrappers.len(), self.reader);
        let items: Vec<Resolved<'a>> = match self.resolved {
            Resolved::Const(Const::List(items)) => items.iter().map(Resolved::Const).collect(),
            Resolved::Json(value) => value.children().map(Resolved::Json).collect(),
            Resolved::Literal(id) => {
                let items = self.reading.operation.document().children(id);
                let resolve = |id| self.reading.resolve(id, spot, Standing::Item);
                items.filter_map(|(id, _)| resolve(id)).collect()
            }
            Resolved::Absent | Resolved::Const(_) | Resolved::Unknown => Vec::new(),
        };
        items.into_iter().map(|resolved| Self { resolved, wrappers, ..*self }).collect()
    }

    /// The values in lists of lists, as deep as the type says.
    // The budget of this loop is that of the reading.
    pub(in crate::rules) fn leaves(&self) -> Vec<Self> {
        let mut leaves = Vec::new();
        let mut open = vec![*self];
        while let Some(value) = open.pop() {
            if !self.reading.spend() {
                break;
            }
            match value.wrappers.split_first() {
                Some((Wrapper::NonNull, inner)) => open.push(Self { wrappers: inner, ..value }),
                Some((Wrapper::List, inner)) => match value.look() {
                    Look::List => open.extend(value.items_as(inner)),
                    Look::Nothing | Look::Null => leaves.push(value),
                    // GraphQL §3.11: a single value counts as a list of one.
                    _ => open.push(Self { wrappers: inner, ..value }),
                },
                None => leaves.push(value),
            }
        }
        leaves
    }

    /// What is in a list or object of a custom scalar, members with their keys.
    pub(in crate::rules) fn inside(&self) -> Vec<(Option<Cow<'a, str>>, Self)> {
        let with = |resolved| Self { resolved, ..*self };
        match self.resolved {
            Resolved::Const(Const::List(items)) => {
                items.iter().map(|it| (None, with(Resolved::Const(it)))).collect()
            }
            Resolved::Const(Const::Object(members)) => members
                .iter()
                .map(|(key, it)| (Some(Cow::Borrowed(&**key)), with(Resolved::Const(it))))
                .collect(),
            Resolved::Json(value) => {
                value.children().map(|it| (it.key(), with(Resolved::Json(it)))).collect()
            }
            Resolved::Literal(id) => {
                let (operation, variables) = (self.reading.operation, self.reading.variables);
                let resolve = |id| match operation.variable_at(id) {
                    Some(variable) => operation.variable(variables, variable),
                    None => Resolved::Literal(id),
                };
                let document = operation.document();
                let children = document.children(id);
                let key = |it| Cow::Borrowed(document.str(it));
                children.map(|(id, it)| (it.key.map(key), with(resolve(id)))).collect()
            }
            Resolved::Absent | Resolved::Const(_) | Resolved::Unknown => Vec::new(),
        }
    }

    /// What is given for a field of an input object; `None` when it was read before.
    pub(super) fn member(&self, field: InputId) -> Option<Resolved<'a>> {
        let definition = self.reading.schema().input(field);
        let given = match self.resolved {
            Resolved::Const(Const::Object(members)) => {
                let found = members.iter().find(|(key, _)| *key == definition.name);
                found.map(|(_, it)| Resolved::Const(it))
            }
            Resolved::Json(value) => value.member(&definition.name).map(Resolved::Json),
            Resolved::Literal(id) => {
                let document = self.reading.operation.document();
                let is_it = |key| document.str(key) == &*definition.name;
                let found = document.children(id).find(|(_, it)| it.key.is_some_and(is_it));
                found.map(|(id, _)| Resolved::Literal(id))
            }
            Resolved::Absent | Resolved::Const(_) | Resolved::Unknown => None,
        };
        match given {
            Some(Resolved::Literal(id)) => {
                let spot = (field, definition.ty.wrappers.len(), self.reader);
                self.reading.resolve(id, spot, Standing::Member)
            }
            Some(given) => Some(given),
            None => Some(operation::default(self.reading.schema(), field)),
        }
    }
}

/// 256 bytes: remembering costs more than looking at less.
const LONG: usize = 256;

/// Values that may be looked at, whatever was sent.
const BUDGET: u64 = 100_000;

/// Values that may be looked at for each byte of the document and the variables: enough for every
/// variable to be read at some inputs, and a bound when it is named at thousands.
const PER_BYTE: u64 = 16;
