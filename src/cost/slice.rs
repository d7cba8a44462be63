//! The value of a slicing argument: what a literal, a default or a variable says about the size of
//! a list.
//!
//! Nothing is coerced: what is not plainly a whole number or a list is an objection. Literals,
//! defaults and variables are read alike; which of them a type allows was decided before.

use crate::{
    document::{ValueId, ValueKind},
    json::{self, Kind as Json},
    operation::{AbsentVariables, Operation, VariableIdx},
    schema::Const,
};

/// What is known about a slicing argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Slice {
    /// Not given, and no default.
    Absent,
    /// Something else than a whole number in 0 … 2³¹−1.
    Invalid,
    /// Explicitly null.
    Null,
    /// This many.
    Size(u32),
    /// Given, and nobody knows how many: the variables of a request are not there.
    Unknown,
}

/// What of a value tells the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    /// The value is a list, and its length is the size.
    Length,
    /// The value is the size.
    Number,
}

/// The way from an argument to the value that bounds a list: `pagination`, `first`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    /// Input fields to follow; empty when it is the argument itself.
    pub(crate) steps: Box<[Step]>,
    /// What to read there.
    pub(crate) wanted: Wanted,
}

/// An input field on the way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    /// Its name.
    pub(crate) name: Box<str>,
    /// What its default value says, when it is not given.
    pub(crate) default: Slice,
}

/// What a value in a document says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found {
    /// All that can be known.
    Known(Slice),
    /// It depends on a variable.
    Variable {
        /// The variable.
        variable: VariableIdx,
        /// Steps that lead to it; the rest is inside its value.
        n_steps: usize,
        /// What holds when the variable is not given.
        otherwise: Slice,
    },
}

impl Path {
    /// What a default value in the schema says, from a step on.
    pub(crate) fn in_const(&self, value: &Const, first: usize) -> Slice {
        let mut value = value;
        for step in self.steps.get(first..).unwrap_or_default() {
            match value {
                Const::Object(fields) => {
                    match fields.iter().find(|(name, _)| **name == *step.name) {
                        Some((_, inner)) => value = inner,
                        None => return step.default,
                    }
                }
                Const::Null => return Slice::Null,
                Const::Boolean(_)
                | Const::Enum(_)
                | Const::Float(_)
                | Const::Int(_)
                | Const::List(_)
                | Const::String(_) => return Slice::Invalid,
            }
        }
        match (self.wanted, value) {
            (_, Const::Null) => Slice::Null,
            (Wanted::Length, Const::List(list)) => length(list.len()),
            (Wanted::Length, _) => Slice::Size(1),
            (Wanted::Number, Const::Float(text) | Const::Int(text)) => whole(text),
            (Wanted::Number, _) => Slice::Invalid,
        }
    }

    /// What a value in the variables of a request says, from a step on.
    pub(crate) fn in_json(&self, value: json::Value<'_>, first: usize) -> Slice {
        let mut value = value;
        for step in self.steps.get(first..).unwrap_or_default() {
            match value.kind() {
                Json::Object => match value.member(&step.name) {
                    Some(inner) => value = inner,
                    None => return step.default,
                },
                Json::Null => return Slice::Null,
                Json::Array | Json::Boolean(_) | Json::File | Json::Number | Json::String => {
                    return Slice::Invalid;
                }
            }
        }
        match (self.wanted, value.kind()) {
            (_, Json::Null) => Slice::Null,
            (Wanted::Length, Json::Array) => Slice::Size(value.n_children()),
            (Wanted::Length, _) => Slice::Size(1),
            (Wanted::Number, Json::Number) => whole(value.text()),
            (Wanted::Number, _) => Slice::Invalid,
        }
    }

    /// What a value in the document says, from a step on. `otherwise` is what holds when the value
    /// turns out to be a variable that is not given.
    pub(crate) fn in_literal(
        &self,
        operation: &Operation,
        (value, first): (ValueId, usize),
        otherwise: Slice,
    ) -> Found {
        let document = operation.document();
        let (mut at, mut otherwise, mut n_steps) = (value, otherwise, first);
        loop {
            let Some(value) = document.value(at) else { return Found::Known(Slice::Invalid) };
            if let ValueKind::Variable(name) = value.kind {
                let name = document.str(name);
                return match VariableIdx::position(operation.variables(), name) {
                    Some(variable) => Found::Variable { variable, n_steps, otherwise },
                    None => Found::Known(Slice::Invalid),
                };
            }
            let Some(step) = self.steps.get(n_steps) else {
                return Found::Known(self.literal(operation, at));
            };
            match value.kind {
                ValueKind::Null => return Found::Known(Slice::Null),
                ValueKind::Object => {}
                _ => return Found::Known(Slice::Invalid),
            }
            let is_step = |key| document.str(key) == &*step.name;
            match document.children(at).find(|(_, it)| it.key.is_some_and(is_step)) {
                Some((inner, _)) => at = inner,
                None => return Found::Known(step.default),
            }
            otherwise = match operation.absent() {
                AbsentVariables::Omit => step.default,
                AbsentVariables::AsNull => Slice::Null,
            };
            n_steps = n_steps.saturating_add(1);
        }
    }

    fn literal(&self, operation: &Operation, at: ValueId) -> Slice {
        let document = operation.document();
        let kind = document.value(at).map_or(ValueKind::Null, |it| it.kind);
        match (self.wanted, kind) {
            (_, ValueKind::Null) => Slice::Null,
            (Wanted::Length, ValueKind::List) => length(document.children(at).count()),
            (Wanted::Length, _) => Slice::Size(1),
            (Wanted::Number, ValueKind::Float(text) | ValueKind::Int(text)) => {
                whole(document.str(text))
            }
            (Wanted::Number, _) => Slice::Invalid,
        }
    }
}

fn length(n: usize) -> Slice {
    Slice::Size(u32::try_from(n).unwrap_or(u32::MAX))
}

/// A number in 0 … 2³¹−1. `2.0` counts: languages without integers write it so. None writes `2e1`,
/// and servers differ about it.
fn whole(text: &str) -> Slice {
    let digits = match text.split_once('.') {
        Some((whole, fraction))
            if !fraction.is_empty() && fraction.bytes().all(|it| it == b'0') =>
        {
            whole
        }
        Some(_) | None => text,
    };
    match digits.parse::<u32>() {
        Ok(value) if value <= MAX => Slice::Size(value),
        Err(_) if digits == "-0" => Slice::Size(0),
        Ok(_) | Err(_) => Slice::Invalid,
    }
}

/// The largest `Int` of GraphQL.
const MAX: u32 = 0x7fff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_sizes() {
        for (text, size) in
            [("0", 0), ("7", 7), ("2.0", 2), ("-0", 0), ("-0.00", 0), ("2147483647", MAX)]
        {
            assert_eq!(whole(text), Slice::Size(size), "{text}");
        }
    }

    #[test]
    fn anything_else_is_invalid() {
        for text in [
            "-1",
            "0.5",
            "1.5",
            "2.",
            ".0",
            "1e3",
            "1.0e3",
            "2147483648",
            "2147483648.0",
            "1e99",
            "",
            "x",
            "99999999999999999999",
        ] {
            assert_eq!(whole(text), Slice::Invalid, "{text}");
        }
    }
}
