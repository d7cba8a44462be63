//! Constant values and types as text.

use crate::schema::{Const, Schema, TypeRef, Wrapper};

/// `[Int!]!`
pub(super) fn type_text(schema: &Schema, ty: &TypeRef) -> String {
    let mut text = schema.ty(ty.named).name.to_string();
    for wrapper in ty.wrappers.iter().rev() {
        text = match wrapper {
            Wrapper::List => format!("[{text}]"),
            Wrapper::NonNull => format!("{text}!"),
        };
    }
    text
}

/// A value in the language.
pub(crate) fn literal(value: &Const) -> String {
    let mut out = String::new();
    let mut open = vec![Piece::Value(value)];
    // The budget of this loop is the value: every part is written once.
    while let Some(piece) = open.pop() {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(Const::Boolean(true)) => out.push_str("true"),
            Piece::Value(Const::Boolean(false)) => out.push_str("false"),
            Piece::Value(Const::Null) => out.push_str("null"),
            Piece::Value(Const::Enum(it) | Const::Float(it) | Const::Int(it)) => out.push_str(it),
            Piece::Value(Const::String(it)) => crate::json::push_escaped(&mut out, it),
            Piece::Value(Const::List(items)) => {
                out.push('[');
                open.push(Piece::Text("]"));
                for (idx, item) in items.iter().enumerate().rev() {
                    open.push(Piece::Value(item));
                    open.push(Piece::Text(separator(idx)));
                }
            }
            Piece::Value(Const::Object(entries)) => {
                out.push('{');
                open.push(Piece::Text("}"));
                for (idx, (key, value)) in entries.iter().enumerate().rev() {
                    let before = [Piece::Text(": "), Piece::Text(key), Piece::Text(separator(idx))];
                    open.push(Piece::Value(value));
                    open.extend(before);
                }
            }
        }
    }
    out
}

enum Piece<'c> {
    Text(&'c str),
    Value(&'c Const),
}

const fn separator(idx: usize) -> &'static str {
    if idx == 0 { "" } else { ", " }
}
