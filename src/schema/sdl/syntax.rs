//! Definitions as they are written.
//!
//! One flat shape for every kind of definition: an extension is the same shape, and merging it is
//! appending each list to that of the definition it extends.

use std::ops::Range;

use crate::schema::{Const, OperationKind, Wrapper};

/// Bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schema) struct Span {
    pub(in crate::schema) start: u32,
    pub(in crate::schema) end: u32,
}

impl Span {
    pub(in crate::schema) const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A name and where it stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::schema) struct Name<'s> {
    pub(in crate::schema) text: &'s str,
    pub(in crate::schema) span: Span,
}

/// What is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schema) enum DefinitionKind {
    Directive,
    Enum,
    Input,
    Interface,
    Object,
    Scalar,
    Schema,
    Union,
}

impl DefinitionKind {
    pub(in crate::schema) const ALL: [Self; 8] = [
        Self::Directive,
        Self::Enum,
        Self::Input,
        Self::Interface,
        Self::Object,
        Self::Scalar,
        Self::Schema,
        Self::Union,
    ];

    pub(in crate::schema) const fn keyword(self) -> &'static str {
        match self {
            Self::Directive => "directive",
            Self::Enum => "enum",
            Self::Input => "input",
            Self::Interface => "interface",
            Self::Object => "type",
            Self::Scalar => "scalar",
            Self::Schema => "schema",
            Self::Union => "union",
        }
    }

    pub(in crate::schema) fn of_keyword(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.keyword() == word)
    }

    pub(in crate::schema) const fn is_output(self) -> bool {
        matches!(self, Self::Enum | Self::Interface | Self::Object | Self::Scalar | Self::Union)
    }

    pub(in crate::schema) const fn is_input(self) -> bool {
        matches!(self, Self::Enum | Self::Input | Self::Scalar)
    }
}

/// A definition or an extension; lists that its kind does not have are empty.
#[derive(Debug)]
pub(in crate::schema) struct Definition<'s> {
    pub(in crate::schema) kind: DefinitionKind,
    /// Of a schema definition: its keyword.
    pub(in crate::schema) name: Name<'s>,
    pub(in crate::schema) extends: bool,
    /// Comes with the language, not from the text.
    pub(in crate::schema) built_in: bool,
    pub(in crate::schema) description: Option<Box<str>>,
    pub(in crate::schema) interfaces: Vec<Name<'s>>,
    pub(in crate::schema) directives: Vec<AppliedSyntax<'s>>,
    pub(in crate::schema) fields: Vec<FieldSyntax<'s>>,
    /// Of an input object its fields, of a directive its arguments.
    pub(in crate::schema) inputs: Vec<InputSyntax<'s>>,
    pub(in crate::schema) members: Vec<Name<'s>>,
    pub(in crate::schema) values: Vec<EnumValueSyntax<'s>>,
    pub(in crate::schema) roots: Vec<RootSyntax<'s>>,
    pub(in crate::schema) locations: Vec<Name<'s>>,
    pub(in crate::schema) is_repeatable: bool,
}

impl<'s> Definition<'s> {
    pub(in crate::schema) const fn new(kind: DefinitionKind, name: Name<'s>) -> Self {
        Self {
            kind,
            name,
            extends: false,
            built_in: false,
            description: None,
            interfaces: Vec::new(),
            directives: Vec::new(),
            fields: Vec::new(),
            inputs: Vec::new(),
            members: Vec::new(),
            values: Vec::new(),
            roots: Vec::new(),
            locations: Vec::new(),
            is_repeatable: false,
        }
    }

    /// True when the directive is applied to it.
    pub(in crate::schema) fn has_directive(&self, name: &str) -> bool {
        self.directives.iter().any(|it| it.name.text == name)
    }

    /// Adds what an extension of the same kind adds.
    pub(in crate::schema) fn absorb(&mut self, extension: Self) {
        self.interfaces.extend(extension.interfaces);
        self.directives.extend(extension.directives);
        self.fields.extend(extension.fields);
        self.inputs.extend(extension.inputs);
        self.members.extend(extension.members);
        self.values.extend(extension.values);
        self.roots.extend(extension.roots);
    }
}

/// A field of an object or interface type.
#[derive(Debug)]
pub(in crate::schema) struct FieldSyntax<'s> {
    pub(in crate::schema) name: Name<'s>,
    pub(in crate::schema) description: Option<Box<str>>,
    pub(in crate::schema) arguments: Vec<InputSyntax<'s>>,
    pub(in crate::schema) ty: TypeSyntax<'s>,
    pub(in crate::schema) directives: Vec<AppliedSyntax<'s>>,
}

/// An argument or input field.
#[derive(Debug)]
pub(in crate::schema) struct InputSyntax<'s> {
    pub(in crate::schema) name: Name<'s>,
    pub(in crate::schema) description: Option<Box<str>>,
    pub(in crate::schema) ty: TypeSyntax<'s>,
    /// The value, and the text of it.
    pub(in crate::schema) default: Option<(Const, &'s str)>,
    pub(in crate::schema) directives: Vec<AppliedSyntax<'s>>,
}

/// A value of an enum.
#[derive(Debug)]
pub(in crate::schema) struct EnumValueSyntax<'s> {
    pub(in crate::schema) name: Name<'s>,
    pub(in crate::schema) description: Option<Box<str>>,
    pub(in crate::schema) directives: Vec<AppliedSyntax<'s>>,
}

/// `query: Query` of a schema definition.
#[derive(Clone, Copy, Debug)]
pub(in crate::schema) struct RootSyntax<'s> {
    pub(in crate::schema) kind: OperationKind,
    pub(in crate::schema) ty: Name<'s>,
}

/// A type: the named one and the wrappers around it, outermost first.
#[derive(Debug)]
pub(in crate::schema) struct TypeSyntax<'s> {
    pub(in crate::schema) name: Name<'s>,
    pub(in crate::schema) wrappers: Box<[Wrapper]>,
}

/// A directive applied.
#[derive(Debug)]
pub(in crate::schema) struct AppliedSyntax<'s> {
    pub(in crate::schema) name: Name<'s>,
    pub(in crate::schema) arguments: Box<[(Box<str>, Const)]>,
}
