//! Constant values and types.
//!
//! Keeps its own stack: nesting is bounded by a limit, not by the thread's stack.

use crate::schema::{
    Const, Wrapper,
    sdl::{
        TypeSyntax,
        cursor::{Cursor, Unreadable},
        string::{block_string_value, string_value},
        token::TokenKind,
    },
};

pub(super) fn value(cursor: &mut Cursor<'_, '_>) -> Result<Const, Unreadable> {
    let mut open: Vec<Open> = Vec::new();
    loop {
        let mut complete = if cursor.take(b'[') {
            open.push(Open::List(Vec::new()));
            None
        } else if cursor.take(b'{') {
            open.push(Open::Object { entries: Vec::new(), key: None });
            None
        } else {
            Some(scalar(cursor)?)
        };
        if open.len() > MAX_NESTING {
            return Err(too_deep(cursor));
        }
        while let Some(innermost) = open.pop() {
            match innermost.take(complete.take(), cursor)? {
                Taken::Complete(value) => complete = Some(value),
                Taken::Open(still) => {
                    open.push(still);
                    break;
                }
            }
        }
        if let Some(value) = complete {
            return Ok(value);
        }
    }
}

/// A list or an object that has taken its next value.
enum Taken {
    Complete(Const),
    /// Another value follows.
    Open(Open),
}

impl Open {
    /// Adds a value, unless there is none yet, and reads up to the next one.
    fn take(self, value: Option<Const>, cursor: &mut Cursor<'_, '_>) -> Result<Taken, Unreadable> {
        match self {
            Self::List(mut items) => {
                items.extend(value);
                let is_over = cursor.take(b']');
                Ok(if is_over {
                    Taken::Complete(Const::List(items.into()))
                } else {
                    Taken::Open(Self::List(items))
                })
            }
            Self::Object { mut entries, key } => {
                entries.extend(key.zip(value));
                if cursor.take(b'}') {
                    return Ok(Taken::Complete(Const::Object(entries.into())));
                }
                let key = cursor.name("a key or `}`")?.text.into();
                cursor.expect(b':')?;
                Ok(Taken::Open(Self::Object { entries, key: Some(key) }))
            }
        }
    }
}

pub(super) fn type_syntax<'s>(cursor: &mut Cursor<'s, '_>) -> Result<TypeSyntax<'s>, Unreadable> {
    let mut n_lists = 0_usize;
    while cursor.take(b'[') {
        n_lists = n_lists.saturating_add(1);
        if n_lists > MAX_NESTING {
            return Err(too_deep(cursor));
        }
    }
    let name = cursor.name("a type")?;
    let mut wrappers = Vec::new();
    wrappers.extend(cursor.take(b'!').then_some(Wrapper::NonNull));
    for _ in 0..n_lists {
        cursor.expect(b']')?;
        wrappers.push(Wrapper::List);
        wrappers.extend(cursor.take(b'!').then_some(Wrapper::NonNull));
    }
    wrappers.reverse();
    Ok(TypeSyntax { name, wrappers: wrappers.into() })
}

/// A list or object whose end is not yet read.
enum Open {
    List(Vec<Const>),
    Object { entries: Vec<(Box<str>, Const)>, key: Option<Box<str>> },
}

fn scalar(cursor: &mut Cursor<'_, '_>) -> Result<Const, Unreadable> {
    let next = cursor.peek();
    let text = cursor.text(next.span);
    let value = match next.kind {
        TokenKind::BlockString => Const::String(block_string_value(text)),
        TokenKind::Float => Const::Float(text.into()),
        TokenKind::Int => Const::Int(text.into()),
        TokenKind::Name => match text {
            "false" => Const::Boolean(false),
            "null" => Const::Null,
            "true" => Const::Boolean(true),
            _ => Const::Enum(text.into()),
        },
        TokenKind::String => Const::String(string_value(text)),
        TokenKind::End | TokenKind::Punctuator(_) => return Err(cursor.unexpected("a value")),
    };
    cursor.bump();
    Ok(value)
}

fn too_deep(cursor: &mut Cursor<'_, '_>) -> Unreadable {
    let at = cursor.peek().span;
    cursor.report.error(
        "nested-too-deep",
        at,
        format!("nested more than {MAX_NESTING} levels deep"),
    );
    Unreadable
}

/// Levels of lists and objects in one value or type. No schema has more than a handful; whatever
/// later walks or drops a value relies on there being few.
const MAX_NESTING: usize = 64;
