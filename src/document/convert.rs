//! The tree of `bluejay-parser` → the arena: what tests compare our own reading with.
//!
//! Nothing that serves a request.

use bluejay_core::{
    AsIter, Directive as _, Indexable as _, OperationType,
    executable::{
        ExplicitOperationDefinition as ExplicitOperation, Field as CoreField,
        FragmentDefinition as CoreFragment, FragmentSpread as _, InlineFragment as _,
        OperationDefinition as _, OperationDefinitionReference, VariableDefinition as _,
    },
};
use bluejay_parser::{
    HasSpan,
    ast::{
        Arguments, Directives, Parse, ParseOptions, Value as Tree,
        executable::{
            ExecutableDocument, ExplicitOperationDefinition, Field, FragmentDefinition,
            OperationDefinition as Definition, Selection as Node, SelectionSet,
            VariableDefinition as Variable, VariableType,
        },
    },
};

use crate::{
    document::{
        Argument, Directive, Document, Fragment, OperationDefinition, Range, ReadLimits, Selection,
        SelectionId, SelectionKind, Span, Str, TypeText, Value, ValueId, ValueKind,
        VariableDefinition,
    },
    schema::{OperationKind, Wrapper},
};

/// The document of a text, if it is one.
pub(super) fn read(text: &str, limits: &ReadLimits) -> Option<Document> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What its lexer passes over in strings and comments, and we refuse.
    let is_refused = |it: char| it == '\u{feff}' || it < ' ' && !matches!(it, '\t' | '\n' | '\r');
    if text.contains(is_refused) {
        return None;
    }
    let options = ParseOptions {
        graphql_ruby_compatibility: false,
        // Two levels for every nested selection set, one for every value, up to eight around them.
        max_depth: (limits.depth as usize).saturating_mul(3).saturating_add(8),
        max_tokens: Some(limits.tokens as usize),
    };
    let found = ExecutableDocument::parse_with_options(text, options);
    let document = convert(text, &found.result.ok()?, to_u32(found.token_count));
    (document.depth() <= limits.depth).then_some(document)
}

fn convert(text: &str, ast: &ExecutableDocument<'_>, n_tokens: u32) -> Document {
    let document = Document { text: text.into(), tokens: n_tokens, ..Document::default() };
    let mut conversion = Conversion { document, depth: 0 };
    for definition in ast.operation_definitions() {
        conversion.operation(definition);
    }
    for definition in ast.fragment_definitions() {
        conversion.fragment(definition);
    }
    Document { depth: conversion.depth, ..conversion.document }
}

struct Conversion {
    document: Document,
    depth: u32,
}

enum Step<T> {
    Open(T, u32),
    Close(u32),
}

impl Conversion {
    fn operation(&mut self, definition: &Definition<'_>) {
        let start = definition.span().byte_range().start;
        let (kind, name, variables, directives) = match definition.as_ref() {
            OperationDefinitionReference::Explicit(it) => (
                kind(ExplicitOperation::operation_type(it)),
                ExplicitOperationDefinition::name(it).map(span),
                self.variables(it),
                self.directives(it.directives()),
            ),
            OperationDefinitionReference::Implicit(_) => {
                (OperationKind::Query, None, self.no_variables(), self.directives::<false>(None))
            }
        };
        let selections = self.selections(definition.selection_set());
        self.document.operations.push(OperationDefinition {
            start: to_u32(start),
            kind,
            name,
            variables,
            directives,
            selections,
        });
    }

    fn fragment(&mut self, definition: &FragmentDefinition<'_>) {
        let fragment = Fragment {
            start: to_u32(definition_start(definition)),
            name: span(FragmentDefinition::name(definition)),
            on: span(FragmentDefinition::type_condition(definition).named_type()),
            directives: self.directives(definition.directives()),
            selections: self.selections(CoreFragment::selection_set(definition)),
        };
        self.document.fragments.push(fragment);
    }

    fn variables(&mut self, definition: &ExplicitOperationDefinition<'_>) -> Range {
        let start = to_u32(self.document.variables.len());
        for variable in definition.variable_definitions().into_iter().flat_map(|it| it.iter()) {
            let variable = self.variable(variable);
            self.document.variables.push(variable);
        }
        Range { start, end: to_u32(self.document.variables.len()) }
    }

    fn no_variables(&self) -> Range {
        let end = to_u32(self.document.variables.len());
        Range { start: end, end }
    }

    fn variable(&mut self, variable: &Variable<'_>) -> VariableDefinition {
        let name = without_dollar(Variable::variable(variable));
        let ty = self.ty(Variable::r#type(variable));
        let default = Variable::default_value(variable).map(|it| self.value(it));
        let directives = self.directives(variable.directives());
        VariableDefinition { name, ty, default, directives }
    }

    fn ty(&mut self, ty: &VariableType<'_>) -> TypeText {
        let wrappers = &mut self.document.wrappers;
        let start = to_u32(wrappers.len());
        let mut depth = 1_u32;
        let mut ty = ty;
        let name = loop {
            let is_required = match ty {
                VariableType::List { is_required, .. }
                | VariableType::Named { is_required, .. } => is_required,
            };
            if *is_required {
                wrappers.push(Wrapper::NonNull);
            }
            match ty {
                VariableType::List { inner, .. } => {
                    wrappers.push(Wrapper::List);
                    depth = depth.saturating_add(1);
                    ty = inner;
                }
                VariableType::Named { name, .. } => break span(name),
            }
        };
        let end = to_u32(wrappers.len());
        self.depth = self.depth.max(depth);
        TypeText { name, wrappers: Range { start, end } }
    }

    fn selections(&mut self, set: &SelectionSet<'_>) -> Range {
        let start = to_u32(self.document.selections.len());
        let mut steps: Vec<_> = set.iter().rev().map(|it| Step::Open(it, 1)).collect();
        while let Some(step) = steps.pop() {
            match step {
                Step::Open(node, depth) => {
                    let index = to_u32(self.document.selections.len());
                    let inner = self.selection(node);
                    self.depth = self.depth.max(depth);
                    if let Some(inner) = inner {
                        let below = depth.saturating_add(1);
                        steps.push(Step::Close(index));
                        steps.extend(inner.iter().rev().map(|it| Step::Open(it, below)));
                    }
                }
                Step::Close(index) => {
                    let end = SelectionId(to_u32(self.document.selections.len()));
                    if let Some(it) = self.document.selections.get_mut(index as usize) {
                        it.end = end;
                    }
                }
            }
        }
        Range { start, end: to_u32(self.document.selections.len()) }
    }

    /// Adds one selection as a leaf and hands back what stands below it.
    fn selection<'t, 'a>(&mut self, node: &'t Node<'a>) -> Option<&'t SelectionSet<'a>> {
        let (kind, directives, inner) = match node {
            Node::Field(it) => {
                let arguments = self.arguments(CoreField::arguments(it));
                let kind = SelectionKind::Field {
                    alias: alias(it),
                    name: span(Field::name(it)),
                    arguments,
                };
                (kind, self.directives(it.directives()), CoreField::selection_set(it))
            }
            Node::InlineFragment(it) => {
                let on = it.type_condition().map(|it| span(it.named_type()));
                let kind = SelectionKind::Inline { on };
                (kind, self.directives(it.directives()), Some(it.selection_set()))
            }
            Node::FragmentSpread(it) => {
                let kind = SelectionKind::Spread { name: span(it.name()) };
                (kind, self.directives(it.directives()), None)
            }
        };
        let end = SelectionId(to_u32(self.document.selections.len()).saturating_add(1));
        self.document.selections.push(Selection { kind, directives, end });
        inner
    }

    fn directives<const CONST: bool>(&mut self, it: Option<&Directives<'_, CONST>>) -> Range {
        let start = to_u32(self.document.directives.len());
        for directive in it.into_iter().flat_map(|it| it.iter()) {
            let arguments = self.arguments(directive.arguments());
            let directive = Directive { name: span(directive.name()), arguments };
            self.document.directives.push(directive);
        }
        Range { start, end: to_u32(self.document.directives.len()) }
    }

    fn arguments<const CONST: bool>(&mut self, it: Option<&Arguments<'_, CONST>>) -> Range {
        let start = to_u32(self.document.arguments.len());
        for argument in it.into_iter().flat_map(|it| it.iter()) {
            let value = self.value(argument.value());
            self.document.arguments.push(Argument { name: span(argument.name()), value });
        }
        Range { start, end: to_u32(self.document.arguments.len()) }
    }

    fn value<const CONST: bool>(&mut self, tree: &Tree<'_, CONST>) -> ValueId {
        let root = ValueId(to_u32(self.document.values.len()));
        let mut steps = vec![Step::Open((None, tree), 1)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Open((key, tree), depth) => {
                    let index = to_u32(self.document.values.len());
                    let kind = self.value_kind(tree);
                    let end = ValueId(index.saturating_add(1));
                    self.document.values.push(Value { key, kind, end });
                    self.depth = self.depth.max(depth);
                    let below = depth.saturating_add(1);
                    match tree {
                        Tree::List(list) => {
                            steps.push(Step::Close(index));
                            let inner = list.iter().rev();
                            steps.extend(inner.map(|it| Step::Open((None, it), below)));
                        }
                        Tree::Object(object) => {
                            steps.push(Step::Close(index));
                            let inner = AsIter::iter(object).rev();
                            steps.extend(
                                inner.map(|(key, it)| Step::Open((Some(span(key)), it), below)),
                            );
                        }
                        _ => {}
                    }
                }
                Step::Close(index) => {
                    let end = ValueId(to_u32(self.document.values.len()));
                    if let Some(it) = self.document.values.get_mut(index as usize) {
                        it.end = end;
                    }
                }
            }
        }
        root
    }

    fn value_kind<const CONST: bool>(&mut self, tree: &Tree<'_, CONST>) -> ValueKind {
        match tree {
            Tree::Boolean(_) => ValueKind::Boolean(self.document.str(span(tree)) == "true"),
            Tree::Enum(_) => ValueKind::Enum(span(tree)),
            Tree::Float(_) => ValueKind::Float(span(tree)),
            Tree::Integer(_) => {
                let token = span(tree);
                let n_signs = u32::from(self.document.str(token) == "-0");
                ValueKind::Int(Span { start: token.start.saturating_add(n_signs), ..token })
            }
            Tree::List(_) => ValueKind::List,
            Tree::Null(_) => ValueKind::Null,
            Tree::Object(_) => ValueKind::Object,
            Tree::String(it) => ValueKind::String(self.string(span(it), it.as_str())),
            Tree::Variable(it) => ValueKind::Variable(without_dollar(it)),
        }
    }

    /// The content is a piece of the text when nothing between the quotes was an escape.
    fn string(&mut self, token: Span, content: &str) -> Str {
        let written = self.document.str(token);
        let quotes = if written.starts_with("\"\"\"") { 3 } else { 1 };
        let inner = Span {
            start: token.start.saturating_add(quotes),
            end: token.end.saturating_sub(quotes),
        };
        if self.document.str(inner) == content {
            return Str::Text(inner);
        }
        let start = to_u32(self.document.unescaped.len());
        self.document.unescaped.push_str(content);
        Str::Unescaped(Span { start, end: to_u32(self.document.unescaped.len()) })
    }
}

const fn kind(it: OperationType) -> OperationKind {
    match it {
        OperationType::Mutation => OperationKind::Mutation,
        OperationType::Query => OperationKind::Query,
        OperationType::Subscription => OperationKind::Subscription,
    }
}

/// The parser keeps no span of an alias, but a field begins with it.
fn alias(field: &Field<'_>) -> Option<Span> {
    let length = to_u32(field.alias()?.len());
    let start = span(field).start;
    Some(Span { start, end: start.saturating_add(length) })
}

fn definition_start(definition: &FragmentDefinition<'_>) -> usize {
    definition.id().byte_range().start
}

fn without_dollar(variable: &impl HasSpan) -> Span {
    let Span { start, end } = span(variable);
    Span { start: start.saturating_add(1), end }
}

fn span(it: &impl HasSpan) -> Span {
    let range = it.span().byte_range();
    Span { start: to_u32(range.start), end: to_u32(range.end) }
}

fn to_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
