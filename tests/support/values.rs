//! Random values that fit a type, as literals of the language or as JSON.

use portcullis::{
    document::{OperationId, ReadLimits, read},
    json,
    operation::{Skipped, spread},
    policy::Policy,
    schema::{Kind, Schema, TypeId, TypeRef, Wrapper},
};

use crate::support::tape::Tape;

/// How a value is written.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Syntax {
    Json,
    Literal,
}

/// A type, its wrappers perhaps in part removed.
pub(crate) type Place<'s> = (&'s [Wrapper], TypeId);

/// Writes a variable instead of a value, or `None` for the value.
pub(crate) type Variable<'v> = &'v mut dyn FnMut(&mut Tape<'_>, Place<'_>) -> Option<String>;

pub(crate) struct Values<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) syntax: Syntax,
}

const STRINGS: &[&str] =
    &["", "a", "ein Satz\nmit Zeilen", "\"q\" \\ /", "é\u{1f600}", "\t\u{7f}", "#{$}", "\u{2028}"];
const BLOCKS: &[&str] = &[
    r#""""""""#,
    "\"\"\"\n   a\n     b\n\n\"\"\"",
    r#""""x \""" "y" \n""""#,
    r#""\ud83d\uDE00\u00e9""#,
];
const INTS: &[&str] = &["0", "1", "-1", "10", "2147483647", "-2147483648"];
const FLOATS: &[&str] = &["0", "1.50", "-0.0", "1e3", "-2.5E-7", "100000000000000000001"];

/// The smallest values for the variables that must have one.
pub(crate) fn fitting(policy: &Policy, text: &str) -> String {
    let read = read(text, &ReadLimits::CEILINGS).unwrap_or_else(|it| panic!("{it}: {text}"));
    let operation = spread(&policy.schema, &read.document, OperationId(0), Skipped::Ignore)
        .unwrap_or_else(|it| panic!("{it:?}: {text}"));
    let required = operation.variables().iter().filter(|it| it.is_required());
    let members =
        required.map(|it| format!("\"{}\":{}", it.name, smallest(&policy.schema, &it.ty)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The smallest JSON value that fits.
pub(crate) fn smallest(schema: &Schema, ty: &TypeRef) -> String {
    random(schema, ty, &mut Tape::new(&[]))
}

/// A random JSON value that fits.
pub(crate) fn random(schema: &Schema, ty: &TypeRef, tape: &mut Tape<'_>) -> String {
    let values = Values { schema, syntax: Syntax::Json };
    values.of((&ty.wrappers, ty.named), tape, &mut |_, _| None)
}

impl Values<'_> {
    pub(crate) fn of(
        &self,
        place: Place<'_>,
        tape: &mut Tape<'_>,
        variable: Variable<'_>,
    ) -> String {
        match variable(tape, place) {
            Some(written) => written,
            None => self.given(place, tape, variable),
        }
    }

    fn given(
        &self,
        (wrappers, named): Place<'_>,
        tape: &mut Tape<'_>,
        variable: Variable<'_>,
    ) -> String {
        match wrappers.split_first() {
            Some((Wrapper::NonNull, inner)) => self.non_null((inner, named), tape, variable),
            _ if tape.chance(8) => "null".to_owned(),
            _ => self.non_null((wrappers, named), tape, variable),
        }
    }

    fn non_null(
        &self,
        (wrappers, named): Place<'_>,
        tape: &mut Tape<'_>,
        variable: Variable<'_>,
    ) -> String {
        let Some((_, inner)) = wrappers.split_first() else {
            return self.named(named, tape, variable);
        };
        // GraphQL §3.11: a single value counts as a list of one.
        if tape.chance(10) {
            let inner = inner.strip_prefix(&[Wrapper::NonNull]).unwrap_or(inner);
            return self.non_null((inner, named), tape, variable);
        }
        let n = tape.below(4);
        let items: Vec<String> = (0..n).map(|_| self.of((inner, named), tape, variable)).collect();
        format!("[{}]", items.join(","))
    }

    fn named(&self, named: TypeId, tape: &mut Tape<'_>, variable: Variable<'_>) -> String {
        let ty = self.schema.ty(named);
        match ty.kind {
            Kind::Enum => {
                let name = &ty.values[tape.below(ty.values.len())].name;
                if self.syntax == Syntax::Json { format!("\"{name}\"") } else { name.to_string() }
            }
            Kind::InputObject { one_of } => self.object(named, one_of, tape, variable),
            Kind::Interface | Kind::Object { .. } | Kind::Union => panic!("not an input type"),
            Kind::Scalar => match &*ty.name {
                "Boolean" => tape.pick(&["true", "false"]).to_owned(),
                "Float" => tape.pick(FLOATS).to_owned(),
                "Int" => tape.pick(INTS).to_owned(),
                "ID" if tape.chance(30) => tape.pick(INTS).to_owned(),
                "ID" | "String" => self.string(tape),
                _ => self.anything(tape, 0),
            },
        }
    }

    fn object(
        &self,
        named: TypeId,
        one_of: bool,
        tape: &mut Tape<'_>,
        variable: Variable<'_>,
    ) -> String {
        let fields: Vec<_> =
            self.schema.input_fields(named).map(|it| self.schema.input(it)).collect();
        let one = tape.below(fields.len());
        let mut members = Vec::new();
        for (index, field) in fields.into_iter().enumerate() {
            let wrappers = &*field.ty.wrappers;
            let is_required =
                wrappers.first() == Some(&Wrapper::NonNull) && field.default.is_none();
            let value = match one_of {
                true if index == one => {
                    self.non_null((wrappers, field.ty.named), tape, &mut |_, _| None)
                }
                false if is_required || tape.chance(20) => {
                    self.of((wrappers, field.ty.named), tape, variable)
                }
                true | false => continue,
            };
            members.push(self.member(&field.name, &value));
        }
        format!("{{{}}}", members.join(","))
    }

    fn member(&self, key: &str, value: &str) -> String {
        match self.syntax {
            Syntax::Json => format!("\"{key}\":{value}"),
            Syntax::Literal => format!("{key}:{value}"),
        }
    }

    fn string(&self, tape: &mut Tape<'_>) -> String {
        if self.syntax == Syntax::Literal && tape.chance(30) {
            return tape.pick(BLOCKS).to_owned();
        }
        json::escape(tape.pick(STRINGS))
    }

    /// A value of a custom scalar.
    fn anything(&self, tape: &mut Tape<'_>, depth: usize) -> String {
        match tape.below(if depth < 4 { 8 } else { 6 }) {
            // At the top null is the caller's to choose.
            0 if depth > 0 => "null".to_owned(),
            1 => tape.pick(&["true", "false"]).to_owned(),
            2 => tape.pick(INTS).to_owned(),
            3 => tape.pick(FLOATS).to_owned(),
            4 if self.syntax == Syntax::Literal => tape.pick(&["E", "on", "query"]).to_owned(),
            0 | 4 | 5 => self.string(tape),
            6 => {
                let items: Vec<_> =
                    (0..tape.below(3)).map(|_| self.anything(tape, depth + 1)).collect();
                format!("[{}]", items.join(","))
            }
            _ => {
                let keys = ["a", "_b", "type"].into_iter().take(tape.below(4));
                let members: Vec<_> = keys
                    .map(|key| (key, self.anything(tape, depth + 1)))
                    .map(|(key, value)| self.member(key, &value))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}
