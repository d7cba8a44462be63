//! What is wrong in a schema beyond its syntax.
//!
//! Errors are what no server starts with, or what cannot be given a meaning; what merely looks like
//! a mistake is a warning. Default values and arguments of applied directives are not checked.

use ahash::{HashMap, HashSet};

use crate::{
    diagnostic::suggestion,
    schema::{
        OperationKind,
        link::Links,
        sdl::{
            AppliedSyntax, Definition, DefinitionKind, Document, FieldSyntax, InputSyntax, Name,
            Report, did_you_mean, is_federation_directive, is_meta_field,
        },
    },
};

/// Reports every mistake; without errors, every name of the document has its meaning.
pub(super) fn check(document: &Document<'_>, report: &mut Report) {
    let mut check = Check {
        document,
        directives: document.directives.iter().map(|it| it.name.text).collect(),
        links: Links::of(document.on_schema().iter().map(|it| &*it.arguments)),
        suggested: HashMap::default(),
        report,
    };
    check.roots();
    for it in document.types.iter().filter(|it| !it.built_in) {
        check.ty(it);
    }
    for it in document.directives.iter().filter(|it| !it.built_in) {
        check.directive(it);
    }
    check.applied(document.on_schema());
}

/// The places where a directive can stand, as the language names them.
// GraphQL §3.13; of `DIRECTIVE_DEFINITION` graphql-core tells already.
const LOCATIONS: [&str; 20] = [
    "ARGUMENT_DEFINITION",
    "DIRECTIVE_DEFINITION",
    "ENUM",
    "ENUM_VALUE",
    "FIELD",
    "FIELD_DEFINITION",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "INPUT_FIELD_DEFINITION",
    "INPUT_OBJECT",
    "INTERFACE",
    "MUTATION",
    "OBJECT",
    "QUERY",
    "SCALAR",
    "SCHEMA",
    "SUBSCRIPTION",
    "UNION",
    "VARIABLE_DEFINITION",
];

/// What a name must stand for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Wanted {
    Input,
    Interface,
    Object,
    Output,
}

impl Wanted {
    const fn admits(self, kind: DefinitionKind) -> bool {
        match self {
            Self::Input => kind.is_input(),
            Self::Interface => matches!(kind, DefinitionKind::Interface),
            Self::Object => matches!(kind, DefinitionKind::Object),
            Self::Output => kind.is_output(),
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Input => "not-an-input-type",
            Self::Interface => "not-an-interface",
            Self::Object => "not-an-object-type",
            Self::Output => "not-an-output-type",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Input => "an input type",
            Self::Interface => "an interface",
            Self::Object => "an object type",
            Self::Output => "an output type",
        }
    }
}

struct Check<'d, 's, 'r> {
    document: &'d Document<'s>,
    /// Those defined, and those whose absence is reported.
    directives: HashSet<&'s str>,
    links: Links,
    /// Looking for a similar name is slow, and schemas name a missing type in many places.
    suggested: HashMap<(Wanted, &'s str), Option<&'d str>>,
    report: &'r mut Report,
}

impl<'d, 's> Check<'d, 's, '_> {
    fn roots(&mut self) {
        let document = self.document;
        if document.root(OperationKind::Query).is_none() {
            let help = "write `schema { query: … }`, or name the type `Query`".to_owned();
            let message = "the schema has no query root".to_owned();
            self.report.error_of_whole("no-query-root", (message, Some(help)));
        }
        for (root_idx, root) in document.roots.iter().enumerate() {
            self.resolve(root.ty, Wanted::Object);
            if document.roots.iter().take(root_idx).any(|it| it.kind == root.kind) {
                let message = format!("`{}` has a root already", root.kind.keyword());
                self.report.error("duplicate-root", root.ty.span, message);
            }
        }
    }

    fn ty(&mut self, ty: &'d Definition<'s>) {
        self.reserved(ty.name);
        self.applied(&ty.directives);
        for it in &ty.values {
            self.applied(&it.directives);
        }
        self.unique("field", ty.fields.iter().map(|it| it.name));
        for it in ty.fields.iter().filter(|it| !is_meta_field(it.name.text)) {
            self.field(it);
        }
        self.inputs("field", &ty.inputs);
        for it in &ty.members {
            self.resolve(*it, Wanted::Object);
        }
        self.interfaces(ty);
        self.empty(ty);
    }

    fn directive(&mut self, directive: &'d Definition<'s>) {
        self.inputs("argument", &directive.inputs);
        for it in directive.locations.iter().filter(|it| !LOCATIONS.contains(&it.text)) {
            let help = did_you_mean(suggestion(it.text, LOCATIONS));
            let message = format!("there is no directive location `{}`", it.text);
            self.report.error_with_help("unknown-location", it.span, (message, help));
        }
    }

    fn field(&mut self, field: &'d FieldSyntax<'s>) {
        self.reserved(field.name);
        self.resolve(field.ty.name, Wanted::Output);
        self.inputs("argument", &field.arguments);
        self.applied(&field.directives);
    }

    fn inputs(&mut self, what: &str, inputs: &'d [InputSyntax<'s>]) {
        self.unique(what, inputs.iter().map(|it| it.name));
        for it in inputs {
            self.resolve(it.ty.name, Wanted::Input);
            self.applied(&it.directives);
        }
    }

    fn interfaces(&mut self, ty: &'d Definition<'s>) {
        let mut has_unknown = false;
        for it in &ty.interfaces {
            has_unknown |= !self.resolve(*it, Wanted::Interface);
        }
        if has_unknown {
            return;
        }
        let fields: HashSet<&str> = ty.fields.iter().map(|it| it.name.text).collect();
        for name in self.document.all_interfaces(ty) {
            let Some(interface) = self.document.ty(name) else { continue };
            let declared = ty.interfaces.iter().any(|it| it.text == name);
            let missing = interface.fields.iter().find(|it| !fields.contains(it.name.text));
            let message = match missing {
                _ if !declared => format!("`{}` does not declare interface `{name}`", ty.name.text),
                Some(field) => {
                    format!("`{}` lacks field `{}` of `{name}`", ty.name.text, field.name.text)
                }
                None => continue,
            };
            self.report.warning("interface-not-implemented", ty.name.span, (message, None));
        }
    }

    /// Objects and interfaces without fields occur in schemas that are parts of a whole.
    fn empty(&mut self, ty: &'d Definition<'s>) {
        let (is_empty, what) = match ty.kind {
            DefinitionKind::Enum => (ty.values.is_empty(), "values"),
            DefinitionKind::Input => (ty.inputs.is_empty(), "fields"),
            DefinitionKind::Interface | DefinitionKind::Object => (ty.fields.is_empty(), "fields"),
            DefinitionKind::Union => (ty.members.is_empty(), "members"),
            DefinitionKind::Directive | DefinitionKind::Scalar | DefinitionKind::Schema => return,
        };
        if !is_empty {
            return;
        }
        let message = format!("`{}` has no {what}", ty.name.text);
        if matches!(ty.kind, DefinitionKind::Interface | DefinitionKind::Object) {
            self.report.warning("empty-type", ty.name.span, (message, None));
        } else {
            self.report.error("empty-type", ty.name.span, message);
        }
    }

    fn unique(&mut self, what: &str, names: impl Iterator<Item = Name<'s>>) {
        let mut seen = HashSet::default();
        for it in names {
            if !seen.insert(it.text) {
                let message = format!("{what} `{}` is defined twice", it.text);
                self.report.error("duplicate-name", it.span, message);
            }
        }
    }

    fn applied(&mut self, applied: &'d [AppliedSyntax<'s>]) {
        for it in applied {
            let name = it.name.text;
            if is_federation_directive(name)
                || is_federation_directive(self.links.own_name(name))
                || !self.directives.insert(name)
            {
                continue;
            }
            let known = self.document.directives.iter().map(|it| it.name.text);
            let help = did_you_mean(suggestion(name, known));
            let message = format!("directive `@{name}` is not defined");
            self.report.warning("undefined-directive", it.name.span, (message, help));
        }
    }

    fn reserved(&mut self, name: Name<'s>) {
        if name.text.starts_with("__") {
            let message = format!("`{}` begins with `__`, which is reserved", name.text);
            self.report.warning("reserved-name", name.span, (message, None));
        }
    }

    fn resolve(&mut self, name: Name<'s>, wanted: Wanted) -> bool {
        let document = self.document;
        let Some(found) = document.ty(name.text) else {
            let similar = self.suggested.entry((wanted, name.text)).or_insert_with(|| {
                let known = document.types.iter().filter(|it| wanted.admits(it.kind));
                suggestion(name.text, known.map(|it| it.name.text))
            });
            let help = did_you_mean(*similar);
            let message = format!("there is no type `{}`", name.text);
            self.report.error_with_help("unknown-type", name.span, (message, help));
            return false;
        };
        if !wanted.admits(found.kind) {
            let message =
                format!("`{}` is not {} but `{}`", name.text, wanted.words(), found.kind.keyword());
            self.report.error(wanted.code(), name.span, message);
            return false;
        }
        true
    }
}
