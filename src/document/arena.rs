//! The arena of a document: flat vectors, indices, byte spans; no pointers, no recursion.
//!
//! Selections and values stand in preorder: the children of `i` begin at `i + 1`, and `end` is the
//! first index behind its subtree. Duplicates and the order of definitions are kept as written.

use std::ops;

use crate::{
    schema::{OperationKind, Wrapper},
    weight,
};

/// A half-open range of bytes of the document's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte behind.
    pub end: u32,
}

/// A half-open range of indices into one of the arena's vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Range {
    /// First index.
    pub start: u32,
    /// First index behind.
    pub end: u32,
}

impl Range {
    /// The indices as a range of `usize`, to slice with.
    #[must_use]
    pub const fn to_usize(self) -> ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Number of entries.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// True when there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as `usize`.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        })*
    };
}

ids! {
    /// An operation definition of a document.
    OperationId;
    /// A selection: field, spread or inline fragment.
    SelectionId;
    /// An argument of a field or directive.
    ArgumentId;
    /// A directive where it is written.
    DirectiveId;
    /// A value or a part of one.
    ValueId;
}

/// The content of a string value: usually a piece of the text, sometimes unescaped beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Str {
    /// Written without escapes: these bytes of the text.
    Text(Span),
    /// Written with escapes or as a block string: these bytes of the document's unescaped strings.
    Unescaped(Span),
}

/// A selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// What it is.
    pub kind: SelectionKind,
    /// The directives on it.
    pub directives: Range,
    /// First selection behind this subtree.
    pub end: SelectionId,
}

/// What a selection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectionKind {
    /// `alias: name(arguments) { … }`
    Field {
        /// The alias, when one is written.
        alias: Option<Span>,
        /// The field's name.
        name: Span,
        /// The arguments in the order written.
        arguments: Range,
    },
    /// `... on Type { … }`
    Inline {
        /// The type condition, when one is written.
        on: Option<Span>,
    },
    /// `...Name`
    Spread {
        /// The fragment's name.
        name: Span,
    },
}

/// `name: value` of a field or directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The argument's name.
    pub name: Span,
    /// Its value.
    pub value: ValueId,
}

/// `@name(arguments)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The directive's name without `@`.
    pub name: Span,
    /// The arguments in the order written.
    pub arguments: Range,
}

/// A value or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The name before the colon, for the fields of an object value.
    pub key: Option<Span>,
    /// What it is.
    pub kind: ValueKind,
    /// First value behind this subtree.
    pub end: ValueId,
}

/// What a value is. Numbers keep their text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `true`, `false`
    Boolean(bool),
    /// `NAME`
    Enum(Span),
    /// `1.5e3`
    Float(Span),
    /// `42`
    Int(Span),
    /// `[ … ]`
    List,
    /// `null`
    Null,
    /// `{ key: value }`
    Object,
    /// `"…"` and `"""…"""`
    String(Str),
    /// `$name`, the span without `$`
    Variable(Span),
}

/// A type as written in a variable definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeText {
    /// The innermost name.
    pub name: Span,
    /// The wrappers around it, outermost first; see [`Document::wrappers`].
    pub wrappers: Range,
}

/// `$name: Type = default @directives`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableDefinition {
    /// The name without `$`.
    pub name: Span,
    /// The type as written.
    pub ty: TypeText,
    /// The default value, when one is written.
    pub default: Option<ValueId>,
    /// The directives on it.
    pub directives: Range,
}

/// An operation definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationDefinition {
    /// Where it begins in the text.
    pub start: u32,
    /// Its kind.
    pub kind: OperationKind,
    /// Its name, when one is written.
    pub name: Option<Span>,
    /// Its variable definitions.
    pub variables: Range,
    /// The directives on it.
    pub directives: Range,
    /// Its selections, in preorder.
    pub selections: Range,
}

/// A fragment definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where it begins in the text.
    pub start: u32,
    /// Its name.
    pub name: Span,
    /// Its type condition.
    pub on: Span,
    /// The directives on it.
    pub directives: Range,
    /// Its selections, in preorder.
    pub selections: Range,
}

/// A document as it is written.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub(super) text: Box<str>,
    pub(super) unescaped: String,
    pub(super) operations: Vec<OperationDefinition>,
    pub(super) fragments: Vec<Fragment>,
    pub(super) selections: Vec<Selection>,
    pub(super) arguments: Vec<Argument>,
    pub(super) directives: Vec<Directive>,
    pub(super) values: Vec<Value>,
    pub(super) variables: Vec<VariableDefinition>,
    pub(super) wrappers: Vec<Wrapper>,
    pub(super) tokens: u32,
    pub(super) depth: u32,
}

impl Document {
    /// The text as the client sent it, without a byte order mark at its start.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Roughly how many bytes it holds on to.
    pub(crate) fn weight(&self) -> usize {
        weight::sum([
            size_of::<Self>(),
            weight::of_text(&self.text),
            self.unescaped.capacity(),
            weight::of_vec(&self.operations),
            weight::of_vec(&self.fragments),
            weight::of_vec(&self.selections),
            weight::of_vec(&self.arguments),
            weight::of_vec(&self.directives),
            weight::of_vec(&self.values),
            weight::of_vec(&self.variables),
            weight::of_vec(&self.wrappers),
        ])
    }

    /// Number of lexical tokens.
    #[must_use]
    pub const fn tokens(&self) -> u32 {
        self.tokens
    }

    /// The deepest nesting of selections, of values or of types, as written: a lone field, scalar
    /// or named type is 1. Spreads are not followed.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// The operation definitions, in the order written.
    #[must_use]
    pub fn operations(&self) -> &[OperationDefinition] {
        &self.operations
    }

    /// The fragment definitions, in the order written.
    #[must_use]
    pub fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    /// Every directive written anywhere in the document.
    #[must_use]
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// Every value written anywhere in the document, in preorder.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// A name or number by its span. A span of another document gives an empty string.
    #[must_use]
    pub fn str(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The content of a string value.
    #[must_use]
    pub fn string(&self, string: Str) -> &str {
        match string {
            Str::Text(span) => self.str(span),
            Str::Unescaped(span) => {
                self.unescaped.get(span.start as usize..span.end as usize).unwrap_or_default()
            }
        }
    }

    /// An operation definition.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> Option<&OperationDefinition> {
        self.operations.get(id.index())
    }

    /// A selection.
    #[must_use]
    pub fn selection(&self, id: SelectionId) -> Option<&Selection> {
        self.selections.get(id.index())
    }

    /// Every selection of the document, those of one definition behind those of another.
    #[must_use]
    pub fn all_selections(&self) -> &[Selection] {
        &self.selections
    }

    /// Selections in preorder.
    #[must_use]
    pub fn selections(&self, range: Range) -> &[Selection] {
        self.selections.get(range.to_usize()).unwrap_or_default()
    }

    /// The arguments of a field or directive.
    #[must_use]
    pub fn arguments(&self, range: Range) -> &[Argument] {
        self.arguments.get(range.to_usize()).unwrap_or_default()
    }

    /// The directives at one place.
    #[must_use]
    pub fn directives_in(&self, range: Range) -> &[Directive] {
        self.directives.get(range.to_usize()).unwrap_or_default()
    }

    /// A value.
    #[must_use]
    pub fn value(&self, id: ValueId) -> Option<&Value> {
        self.values.get(id.index())
    }

    /// The direct children of a list or object value.
    pub fn children(&self, id: ValueId) -> impl Iterator<Item = (ValueId, &Value)> {
        let end = self.value(id).map_or(0, |it| it.end.0);
        let mut next = id.0.saturating_add(1);
        std::iter::from_fn(move || {
            let child = ValueId(next);
            let value = (next < end).then(|| self.value(child)).flatten()?;
            next = value.end.0.max(next.saturating_add(1));
            Some((child, value))
        })
    }

    /// The variable definitions of an operation.
    #[must_use]
    pub fn variables(&self, range: Range) -> &[VariableDefinition] {
        self.variables.get(range.to_usize()).unwrap_or_default()
    }

    /// The wrappers of a type, outermost first.
    #[must_use]
    pub fn wrappers(&self, ty: TypeText) -> &[Wrapper] {
        self.wrappers.get(ty.wrappers.to_usize()).unwrap_or_default()
    }

    /// The first fragment of that name. Validation refuses a second one.
    #[must_use]
    pub fn fragment_named(&self, name: &str) -> Option<&Fragment> {
        self.fragments.iter().find(|it| self.str(it.name) == name)
    }
}
