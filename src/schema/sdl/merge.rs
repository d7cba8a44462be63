//! Merges extensions into what they extend, and finds the root types.
//!
//! An extension of a type that is not defined is its definition: subgraphs of a federation are
//! written so.

use ahash::{HashMap, HashSet};

use crate::{
    diagnostic::suggestion,
    schema::{
        OperationKind,
        sdl::{
            AppliedSyntax, Definition, DefinitionKind, Name, Report, RootSyntax,
            built_in::{built_in_definitions, federation_scalars, is_meta_field, meta_fields},
            did_you_mean,
            repeat::drop_repeats,
        },
    },
};

/// Every definition of a schema, complete and with different names.
pub(in crate::schema) struct Document<'s> {
    pub(in crate::schema) types: Vec<Definition<'s>>,
    pub(in crate::schema) directives: Vec<Definition<'s>>,
    /// What `schema { … }` says, or the types with the usual names.
    pub(in crate::schema) roots: Vec<RootSyntax<'s>>,
    /// The directives applied to the schema itself.
    pub(in crate::schema) schema: Option<Definition<'s>>,
    type_names: HashMap<&'s str, usize>,
}

impl<'s> Document<'s> {
    /// The directives on the schema itself.
    pub(in crate::schema) fn on_schema(&self) -> &[AppliedSyntax<'s>] {
        self.schema.as_ref().map(|it| &*it.directives).unwrap_or_default()
    }

    pub(in crate::schema) fn ty(&self, name: &str) -> Option<&Definition<'s>> {
        self.types.get(*self.type_names.get(name)?)
    }

    pub(in crate::schema) fn root(&self, kind: OperationKind) -> Option<Name<'s>> {
        self.roots.iter().find(|it| it.kind == kind).map(|it| it.ty)
    }

    /// The interfaces that the type declares, and those that these declare, each once.
    pub(in crate::schema) fn all_interfaces(&self, definition: &Definition<'s>) -> Vec<&'s str> {
        let mut found: Vec<&'s str> = Vec::new();
        let mut open: Vec<&'s str> = definition.interfaces.iter().rev().map(|it| it.text).collect();
        while let Some(name) = open.pop() {
            if name == definition.name.text || found.contains(&name) {
                continue;
            }
            found.push(name);
            if let Some(interface) = self.ty(name) {
                open.extend(interface.interfaces.iter().rev().map(|it| it.text));
            }
        }
        found
    }
}

/// Puts the definitions of a text together with those of the language.
pub(in crate::schema) fn merge<'s>(
    definitions: Vec<Definition<'s>>,
    report: &mut Report,
) -> Document<'s> {
    let mut merge = Merge { names: HashMap::default(), merged: Vec::new(), report };
    let (extensions, bases): (Vec<_>, Vec<_>) = definitions.into_iter().partition(|it| it.extends);
    for it in built_in_definitions().into_iter().chain(bases) {
        merge.define(it);
    }
    for it in extensions {
        merge.extend(it);
    }
    for it in missing_federation_scalars(&merge.merged) {
        merge.define(it);
    }
    for it in &mut merge.merged {
        drop_repeats(it, merge.report);
    }
    document(merge.merged)
}

/// Types, directives and the schema have names of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Space {
    Directive,
    Schema,
    Type,
}

impl Space {
    const fn of(kind: DefinitionKind) -> Self {
        match kind {
            DefinitionKind::Directive => Self::Directive,
            DefinitionKind::Schema => Self::Schema,
            DefinitionKind::Enum
            | DefinitionKind::Input
            | DefinitionKind::Interface
            | DefinitionKind::Object
            | DefinitionKind::Scalar
            | DefinitionKind::Union => Self::Type,
        }
    }
}

struct Merge<'s, 'r> {
    names: HashMap<(Space, &'s str), usize>,
    merged: Vec<Definition<'s>>,
    report: &'r mut Report,
}

impl<'s> Merge<'s, '_> {
    fn define(&mut self, definition: Definition<'s>) {
        let Some(first) = self.first(&definition) else {
            self.add(definition);
            return;
        };
        if !first.built_in {
            self.report_duplicate(&definition);
        } else if first.kind != definition.kind {
            let kind = first.kind;
            self.report_kind(&definition, kind);
        } else if definition.kind == DefinitionKind::Directive {
            *first = definition;
        }
        // What is left is a built-in type written out: ours stays, as it does in servers.
    }

    fn extend(&mut self, extension: Definition<'s>) {
        let Some(base) = self.first(&extension) else {
            self.report_missing_base(&extension);
            self.add(extension);
            return;
        };
        if base.kind == extension.kind {
            base.absorb(extension);
        } else {
            let kind = base.kind;
            self.report_kind(&extension, kind);
        }
    }

    fn add(&mut self, definition: Definition<'s>) {
        let key = (Space::of(definition.kind), definition.name.text);
        self.names.insert(key, self.merged.len());
        self.merged.push(definition);
    }

    fn first(&mut self, definition: &Definition<'s>) -> Option<&mut Definition<'s>> {
        let key = (Space::of(definition.kind), definition.name.text);
        self.merged.get_mut(*self.names.get(&key)?)
    }

    fn report_duplicate(&mut self, definition: &Definition<'s>) {
        let name = definition.name;
        let (code, message) = match definition.kind {
            DefinitionKind::Directive => {
                ("duplicate-directive", format!("directive `@{}` is defined twice", name.text))
            }
            DefinitionKind::Schema => ("duplicate-schema", "`schema` is defined twice".to_owned()),
            _ => ("duplicate-type", format!("type `{}` is defined twice", name.text)),
        };
        let help = format!("to add to it, write `extend {} …`", definition.kind.keyword());
        let help = (definition.kind != DefinitionKind::Directive).then_some(help);
        self.report.error_with_help(code, name.span, (message, help));
    }

    fn report_kind(&mut self, definition: &Definition<'s>, is: DefinitionKind) {
        let (name, written) = (definition.name, definition.kind.keyword());
        let is = is.keyword();
        let message = format!("`{}` is defined as `{is}`, not as `{written}`", name.text);
        self.report.error("kind-mismatch", name.span, message);
    }

    /// Only where another type was probably meant: without a key it is no entity of a federation.
    fn report_missing_base(&mut self, extension: &Definition<'s>) {
        let name = extension.name;
        let is_usual = matches!(name.text, "Query" | "Mutation" | "Subscription");
        if extension.kind == DefinitionKind::Schema || is_usual || extension.has_directive("key") {
            return;
        }
        let known = self.merged.iter().filter(|it| it.kind == extension.kind);
        let Some(meant) = suggestion(name.text, known.map(|it| it.name.text)) else { return };
        let help = did_you_mean(Some(meant));
        let message = format!("`{}` is extended but not defined", name.text);
        self.report.warning("undefined-base", name.span, (message, help));
    }
}

fn missing_federation_scalars(merged: &[Definition<'_>]) -> Vec<Definition<'static>> {
    let defined: HashSet<&str> = merged
        .iter()
        .filter(|it| Space::of(it.kind) == Space::Type)
        .map(|it| it.name.text)
        .collect();
    let mut missing = federation_scalars();
    missing.retain(|it| !defined.contains(it.name.text));
    let fields = || merged.iter().flat_map(|it| &it.fields);
    let inputs =
        fields().flat_map(|it| &it.arguments).chain(merged.iter().flat_map(|it| &it.inputs));
    let mut used: HashSet<&str> = fields().map(|it| it.ty.name.text).collect();
    used.extend(inputs.map(|it| it.ty.name.text));
    missing.retain(|it| used.contains(it.name.text));
    missing
}

fn document(merged: Vec<Definition<'_>>) -> Document<'_> {
    let mut document = Document {
        types: Vec::with_capacity(merged.len()),
        directives: Vec::new(),
        roots: Vec::new(),
        schema: None,
        type_names: HashMap::default(),
    };
    for it in merged {
        match Space::of(it.kind) {
            Space::Directive => document.directives.push(it),
            Space::Schema => document.schema = Some(it),
            Space::Type => {
                document.type_names.insert(it.name.text, document.types.len());
                document.types.push(it);
            }
        }
    }
    document.roots = roots(&document);
    add_meta_fields(&mut document);
    document
}

/// A schema definition names every root; without one, types with the usual names are roots.
fn roots<'s>(document: &Document<'s>) -> Vec<RootSyntax<'s>> {
    let mut roots = document.schema.as_ref().map(|it| it.roots.clone()).unwrap_or_default();
    let is_explicit =
        document.schema.as_ref().is_some_and(|it| !it.extends && !it.roots.is_empty());
    if is_explicit {
        return roots;
    }
    let usual = [
        (OperationKind::Query, "Query"),
        (OperationKind::Mutation, "Mutation"),
        (OperationKind::Subscription, "Subscription"),
    ];
    for (kind, name) in usual {
        let Some(ty) = document.ty(name) else { continue };
        if !roots.iter().any(|it| it.kind == kind) {
            roots.push(RootSyntax { kind, ty: ty.name });
        }
    }
    roots
}

/// Replaces what the text says about them: the language decides which types have them.
fn add_meta_fields(document: &mut Document<'_>) {
    let query = document.root(OperationKind::Query).map(|it| it.text);
    for it in &mut document.types {
        it.fields.retain(|field| !is_meta_field(field.name.text));
        if it.kind == DefinitionKind::Object && Some(it.name.text) == query {
            it.fields.extend(meta_fields());
        }
    }
}
