//! The parts that definitions share: fields, arguments, applied directives, lists of names.

use crate::schema::sdl::{
    AppliedSyntax, EnumValueSyntax, FieldSyntax, InputSyntax, Name,
    cursor::{Cursor, Unreadable},
    value::{type_syntax, value},
};

type Read<T> = Result<T, Unreadable>;

/// `{ a: T … }`, or nothing.
pub(super) fn fields<'s>(cursor: &mut Cursor<'s, '_>) -> Read<Vec<FieldSyntax<'s>>> {
    between(cursor, (b'{', b'}'), field)
}

/// `(a: T …)`, or nothing.
pub(super) fn arguments<'s>(cursor: &mut Cursor<'s, '_>) -> Read<Vec<InputSyntax<'s>>> {
    between(cursor, (b'(', b')'), input)
}

/// `{ a: T … }` of an input object, or nothing.
pub(super) fn input_fields<'s>(cursor: &mut Cursor<'s, '_>) -> Read<Vec<InputSyntax<'s>>> {
    between(cursor, (b'{', b'}'), input)
}

/// `{ A … }`, or nothing.
pub(super) fn enum_values<'s>(cursor: &mut Cursor<'s, '_>) -> Read<Vec<EnumValueSyntax<'s>>> {
    between(cursor, (b'{', b'}'), enum_value)
}

/// What stands between two brackets, or nothing when the first is not there.
pub(super) fn between<'s, 'r, T>(
    cursor: &mut Cursor<'s, 'r>,
    (open, close): (u8, u8),
    item: impl Fn(&mut Cursor<'s, 'r>) -> Read<T>,
) -> Read<Vec<T>> {
    let mut items = Vec::new();
    if cursor.take(open) {
        while !cursor.take(close) {
            items.push(item(cursor)?);
        }
    }
    Ok(items)
}

/// `@a @b(c: 1)`
pub(super) fn directives<'s>(cursor: &mut Cursor<'s, '_>) -> Read<Vec<AppliedSyntax<'s>>> {
    let mut applied = Vec::new();
    while cursor.take(b'@') {
        let name = cursor.name("the name of a directive")?;
        let arguments = between(cursor, (b'(', b')'), |cursor| {
            let name = cursor.name("an argument or `)`")?;
            cursor.expect(b':')?;
            Ok((name.text.into(), value(cursor)?))
        })?;
        applied.push(AppliedSyntax { name, arguments: arguments.into() });
    }
    Ok(applied)
}

/// `| A | B`, the first separator optional.
pub(super) fn separated<'s>(
    cursor: &mut Cursor<'s, '_>,
    separator: u8,
    wanted: &str,
) -> Read<Vec<Name<'s>>> {
    cursor.take(separator);
    let mut names = vec![cursor.name(wanted)?];
    while cursor.take(separator) {
        names.push(cursor.name(wanted)?);
    }
    Ok(names)
}

fn field<'s>(cursor: &mut Cursor<'s, '_>) -> Read<FieldSyntax<'s>> {
    let description = cursor.description();
    let name = cursor.name("a field or `}`")?;
    let arguments = arguments(cursor)?;
    cursor.expect(b':')?;
    let ty = type_syntax(cursor)?;
    Ok(FieldSyntax { name, description, arguments, ty, directives: directives(cursor)? })
}

fn input<'s>(cursor: &mut Cursor<'s, '_>) -> Read<InputSyntax<'s>> {
    let description = cursor.description();
    let name = cursor.name("an argument or input field")?;
    cursor.expect(b':')?;
    let ty = type_syntax(cursor)?;
    let default = if cursor.take(b'=') {
        let start = cursor.peek().span.start;
        Some((value(cursor)?, cursor.text_since(start)))
    } else {
        None
    };
    Ok(InputSyntax { name, description, ty, default, directives: directives(cursor)? })
}

fn enum_value<'s>(cursor: &mut Cursor<'s, '_>) -> Read<EnumValueSyntax<'s>> {
    let description = cursor.description();
    let name = cursor.name("a value of the enum or `}`")?;
    if matches!(name.text, "false" | "null" | "true") {
        let message = format!("`{}` cannot be a value of an enum", name.text);
        cursor.report.error("reserved-enum-value", name.span, message);
    }
    Ok(EnumValueSyntax { name, description, directives: directives(cursor)? })
}
