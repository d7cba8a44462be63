//! Definitions and extensions, one after the other.
//!
//! After a mistake, reading goes on at the next definition that begins a line.

use crate::{
    diagnostic::suggestion,
    schema::{
        OperationKind,
        sdl::{
            Definition, DefinitionKind, Report, RootSyntax,
            cursor::{Cursor, Unreadable},
            did_you_mean, part,
        },
    },
};

/// Every definition of the text that can be read.
pub(in crate::schema) fn definitions<'s>(
    text: &'s str,
    report: &mut Report,
) -> Vec<Definition<'s>> {
    let mut cursor = Cursor::new(text, report);
    let mut found = Vec::new();
    while !cursor.is_at_end() {
        match definition(&mut cursor) {
            Ok(definition) => found.push(definition),
            Err(Unreadable) => cursor.skip_to_definition(),
        }
    }
    found
}

fn definition<'s>(cursor: &mut Cursor<'s, '_>) -> Result<Definition<'s>, Unreadable> {
    let description = cursor.description();
    let extends = cursor.take_word("extend");
    let keyword = cursor.name("a definition")?;
    let Some(kind) = DefinitionKind::of_keyword(keyword.text) else {
        let known = DefinitionKind::ALL.map(DefinitionKind::keyword);
        let help = did_you_mean(suggestion(keyword.text, known));
        let message = format!("expected a definition, found `{}`", keyword.text);
        cursor.report.error_with_help("syntax", keyword.span, (message, help));
        return Err(Unreadable);
    };
    let name = match kind {
        DefinitionKind::Schema => keyword,
        DefinitionKind::Directive => {
            cursor.expect(b'@')?;
            cursor.name("the name of the directive")?
        }
        _ => cursor.name("the name of the type")?,
    };
    let mut definition = Definition::new(kind, name);
    definition.description = description;
    definition.extends = extends;
    body(cursor, &mut definition)?;
    // Federation 1 spells `extend type` also as a directive.
    definition.extends |= definition.has_directive("extends");
    Ok(definition)
}

fn body<'s>(
    cursor: &mut Cursor<'s, '_>,
    definition: &mut Definition<'s>,
) -> Result<(), Unreadable> {
    if definition.kind == DefinitionKind::Directive {
        definition.inputs = part::arguments(cursor)?;
        definition.is_repeatable = cursor.take_word("repeatable");
        if !cursor.take_word("on") {
            return Err(cursor.unexpected("`on`"));
        }
        definition.locations = part::separated(cursor, b'|', "a directive location")?;
        return Ok(());
    }
    let may_implement =
        matches!(definition.kind, DefinitionKind::Interface | DefinitionKind::Object);
    if may_implement && cursor.take_word("implements") {
        definition.interfaces = part::separated(cursor, b'&', "an interface")?;
    }
    definition.directives = part::directives(cursor)?;
    match definition.kind {
        DefinitionKind::Enum => definition.values = part::enum_values(cursor)?,
        DefinitionKind::Input => definition.inputs = part::input_fields(cursor)?,
        DefinitionKind::Interface | DefinitionKind::Object => {
            definition.fields = part::fields(cursor)?;
        }
        DefinitionKind::Schema => definition.roots = part::between(cursor, (b'{', b'}'), root)?,
        DefinitionKind::Union if cursor.take(b'=') => {
            definition.members = part::separated(cursor, b'|', "a type")?;
        }
        DefinitionKind::Directive | DefinitionKind::Scalar | DefinitionKind::Union => {}
    }
    Ok(())
}

fn root<'s>(cursor: &mut Cursor<'s, '_>) -> Result<RootSyntax<'s>, Unreadable> {
    const KINDS: [OperationKind; 3] =
        [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
    let name = cursor.name("`query`, `mutation`, `subscription` or `}`")?;
    let Some(kind) = KINDS.into_iter().find(|it| it.keyword() == name.text) else {
        let help = did_you_mean(suggestion(name.text, KINDS.map(OperationKind::keyword)));
        let message = format!("there is no kind of operation `{}`", name.text);
        cursor.report.error_with_help("unknown-operation-kind", name.span, (message, help));
        return Err(Unreadable);
    };
    cursor.expect(b':')?;
    Ok(RootSyntax { kind, ty: cursor.name("the name of the root type")? })
}
