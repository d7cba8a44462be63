//! Writes a document as the text that validation reads: merged, and without what validation does
//! not ask for, which is descriptions and applied directives.
//!
//! Types of the language are left out, for the reader adds them itself.

use crate::schema::{
    Wrapper,
    sdl::{Definition, DefinitionKind, Document, InputSyntax, TypeSyntax, is_meta_field},
};

/// The text of a document that has no errors.
pub(super) fn text(document: &Document<'_>) -> String {
    let mut text = String::new();
    for it in document.directives.iter().filter(|it| !it.built_in) {
        directive(it, &mut text);
    }
    for it in document.types.iter().filter(|it| !it.built_in) {
        ty(document, it, &mut text);
    }
    text.push_str("schema {");
    for it in &document.roots {
        push(&mut text, &[it.kind.keyword(), ":", it.ty.text, " "]);
    }
    text.push_str("}\n");
    text
}

fn directive(directive: &Definition<'_>, text: &mut String) {
    push(text, &["directive @", directive.name.text]);
    arguments(&directive.inputs, text);
    text.push_str(if directive.is_repeatable { " repeatable on " } else { " on " });
    let all = directive.locations.iter().map(|it| it.text);
    let mut places: Vec<&str> = all.filter(|it| *it != NEWER).collect();
    if places.is_empty() {
        places.push("SCHEMA");
    }
    names(places.into_iter(), "|", text);
    text.push('\n');
}

/// A place of which graphql-core 3.3 tells and the validator knows nothing; no document has it.
const NEWER: &str = "DIRECTIVE_DEFINITION";

fn ty(document: &Document<'_>, ty: &Definition<'_>, text: &mut String) {
    push(text, &[ty.kind.keyword(), " ", ty.name.text]);
    // Validation asks for the direct interfaces only, so that all of them are made direct.
    let interfaces = document.all_interfaces(ty);
    if !interfaces.is_empty() {
        text.push_str(" implements ");
        names(interfaces.into_iter(), "&", text);
    }
    match ty.kind {
        DefinitionKind::Enum => {
            text.push('{');
            names(ty.values.iter().map(|it| it.name.text), " ", text);
            text.push('}');
        }
        DefinitionKind::Input => {
            text.push_str(if ty.has_directive("oneOf") { "@oneOf{" } else { "{" });
            inputs(&ty.inputs, text);
            text.push('}');
        }
        DefinitionKind::Interface | DefinitionKind::Object => fields(ty, text),
        DefinitionKind::Union => {
            text.push('=');
            names(ty.members.iter().map(|it| it.text), "|", text);
        }
        DefinitionKind::Directive | DefinitionKind::Scalar | DefinitionKind::Schema => {}
    }
    text.push('\n');
}

fn fields(ty: &Definition<'_>, text: &mut String) {
    text.push('{');
    let mut is_empty = true;
    for it in ty.fields.iter().filter(|it| !is_meta_field(it.name.text)) {
        is_empty = false;
        text.push_str(it.name.text);
        arguments(&it.arguments, text);
        text.push(':');
        type_reference(&it.ty, text);
        text.push(' ');
    }
    if is_empty {
        // The reader does not know empty types; this field it has given to every type already.
        text.push_str("__typename:String!");
    }
    text.push('}');
}

fn arguments(arguments: &[InputSyntax<'_>], text: &mut String) {
    if !arguments.is_empty() {
        text.push('(');
        inputs(arguments, text);
        text.push(')');
    }
}

fn inputs(inputs: &[InputSyntax<'_>], text: &mut String) {
    for it in inputs {
        push(text, &[it.name.text, ":"]);
        type_reference(&it.ty, text);
        if let Some((_, default)) = &it.default {
            push(text, &["=", default]);
        }
        text.push(' ');
    }
}

fn type_reference(ty: &TypeSyntax<'_>, text: &mut String) {
    let n_lists = ty.wrappers.iter().filter(|it| **it == Wrapper::List).count();
    text.extend(std::iter::repeat_n('[', n_lists));
    text.push_str(ty.name.text);
    for it in ty.wrappers.iter().rev() {
        text.push(match it {
            Wrapper::List => ']',
            Wrapper::NonNull => '!',
        });
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>, separator: &str, text: &mut String) {
    for (name_idx, name) in names.enumerate() {
        if name_idx > 0 {
            text.push_str(separator);
        }
        text.push_str(name);
    }
}

fn push(text: &mut String, parts: &[&str]) {
    text.extend(parts.iter().copied());
}
