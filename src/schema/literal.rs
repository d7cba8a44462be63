//! Constant values and types as text, and when two values are the same.

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

/// Whether two default values are the same to a server. Servers print them anew: `1.0` as `1`, a
/// value for a list as a list of one, an ID as a number or a string, none as `null`.
pub(super) fn is_same(a: Option<&Const>, b: Option<&Const>) -> bool {
    let mut open = vec![(a.unwrap_or(&Const::Null), b.unwrap_or(&Const::Null))];
    // The budget of this loop is the smaller value.
    while let Some((a, b)) = open.pop() {
        let is_equal = match (a, b) {
            (Const::List(a), Const::List(b)) => {
                open.extend(a.iter().zip(b));
                a.len() == b.len()
            }
            (Const::Object(a), Const::Object(b)) => {
                let value = |key: &str| b.iter().find(|it| *it.0 == *key).map(|it| &it.1);
                let pairs: Option<Vec<_>> =
                    a.iter().map(|(key, a)| Some((a, value(key)?))).collect();
                let is_complete = pairs.is_some() && a.len() == b.len();
                open.extend(pairs.unwrap_or_default());
                is_complete
            }
            (Const::List(items), one) | (one, Const::List(items)) => match &**items {
                [item] => {
                    open.push((item, one));
                    true
                }
                _ => false,
            },
            (a, b) => a == b || (text(a).is_some() && text(a) == text(b)) || is_same_number(a, b),
        };
        if !is_equal {
            return false;
        }
    }
    true
}

fn text(value: &Const) -> Option<&str> {
    match value {
        Const::Float(it) | Const::Int(it) | Const::String(it) => Some(it),
        Const::Boolean(_) | Const::Enum(_) | Const::List(_) | Const::Null | Const::Object(_) => {
            None
        }
    }
}

fn is_same_number(a: &Const, b: &Const) -> bool {
    let number = |it: &Const| match it {
        Const::Float(it) | Const::Int(it) => it.parse::<f64>().ok(),
        _ => None,
    };
    number(a).is_some_and(|it| number(b) == Some(it))
}
