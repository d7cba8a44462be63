//! Document → text, in one normal form.
//!
//! One space between neighbours of a list (selections, arguments, definitions, list items) and
//! before a directive, none elsewhere; no comments, no descriptions, no commas; every string as
//! `"…"`; numbers as written. Reading the text gives the same document.

use std::collections::BTreeMap;

use crate::{
    document::{
        Argument, Document, Fragment, Kept, OperationDefinition, OperationId, Range, Selection,
        SelectionId, SelectionKind, Span, TypeText, ValueId, ValueKind, VariableDefinition,
        order::names, words::Words,
    },
    schema::{OperationKind, Wrapper},
};

/// One operation, then the fragments that it reaches, by name. An id of another document gives
/// the empty text, which is no document.
#[must_use]
pub fn canonical_text(document: &Document, operation: OperationId) -> String {
    canonical(document, operation, None)
}

/// The same of what is left of an operation.
#[must_use]
pub fn canonical_text_of(document: &Document, operation: OperationId, kept: &Kept<'_>) -> String {
    canonical(document, operation, Some(kept))
}

/// The same in other words.
pub(super) fn text_in(words: Words, document: &Document, operation: OperationId) -> String {
    Printer { words, ..Printer::new(document) }.reached_by(operation)
}

fn canonical(document: &Document, operation: OperationId, kept: Option<&Kept<'_>>) -> String {
    Printer { kept, ..Printer::new(document) }.reached_by(operation)
}

/// Every operation, then every fragment, in the order written.
#[must_use]
pub fn print(document: &Document) -> String {
    let mut printer = Printer::new(document);
    document.operations().iter().for_each(|it| printer.operation(it));
    document.fragments().iter().for_each(|it| printer.fragment(it));
    printer.out
}

/// The fragments that an operation spreads, directly or not.
fn reached<'a>(
    document: &'a Document,
    operation: &OperationDefinition,
    kept: Option<&Kept<'_>>,
) -> BTreeMap<&'a str, &'a Fragment> {
    let names = names(document);
    let mut reached = BTreeMap::new();
    let mut ranges = vec![operation.selections];
    while let Some(range) = ranges.pop() {
        for (index, selection) in (range.start..).zip(document.selections(range)) {
            if kept.is_some_and(|it| !it.keeps(SelectionId(index))) {
                continue;
            }
            let SelectionKind::Spread { name } = selection.kind else { continue };
            let name = document.str(name);
            let fragment = names.get(name).and_then(|it| document.fragments().get(it));
            let Some(fragment) = fragment else { continue };
            if reached.insert(name, fragment).is_none() {
                ranges.push(fragment.selections);
            }
        }
    }
    reached
}

struct Printer<'a> {
    document: &'a Document,
    words: Words,
    /// What is printed of it, when that is not all.
    kept: Option<&'a Kept<'a>>,
    out: String,
}

impl<'a> Printer<'a> {
    fn new(document: &'a Document) -> Self {
        let out = String::with_capacity(document.text().len());
        Self { document, words: Words::Own, kept: None, out }
    }

    fn reached_by(mut self, operation: OperationId) -> String {
        if let Some(definition) = self.document.operation(operation) {
            self.operation(definition);
            for fragment in reached(self.document, definition, self.kept).into_values() {
                self.fragment(fragment);
            }
        }
        self.out
    }

    fn operation(&mut self, it: &OperationDefinition) {
        self.between();
        let variables = self.variables_left(it.variables);
        let is_short = it.kind == OperationKind::Query
            && it.name.is_none()
            && variables.is_empty()
            && it.directives.is_empty();
        if !is_short {
            self.out.push_str(it.kind.keyword());
            if let Some(name) = it.name {
                self.out.push(' ');
                self.name(name);
            }
            self.list('(', &variables, ')', Self::variable);
            self.directives(it.directives);
        }
        self.selections(it.selections);
    }

    fn fragment(&mut self, it: &Fragment) {
        self.between();
        self.out.push_str("fragment ");
        self.name(it.name);
        self.out.push_str(" on ");
        self.name(it.on);
        self.directives(it.directives);
        self.selections(it.selections);
    }

    fn variables_left(&self, range: Range) -> Vec<VariableDefinition> {
        let is_used = |it: &&VariableDefinition| {
            self.kept.is_none_or(|kept| kept.uses(self.document.str(it.name)))
        };
        self.document.variables(range).iter().filter(is_used).copied().collect()
    }

    fn variable(&mut self, it: &VariableDefinition) {
        self.out.push('$');
        self.name(it.name);
        self.out.push(':');
        self.ty(it.ty);
        if self.words == Words::SecondReader {
            self.directives(it.directives);
        }
        if let Some(default) = it.default {
            self.out.push('=');
            self.value(default);
        }
        if self.words == Words::Own {
            self.directives(it.directives);
        }
    }

    fn ty(&mut self, ty: TypeText) {
        let wrappers = self.document.wrappers(ty);
        wrappers.iter().filter(|it| **it == Wrapper::List).for_each(|_| self.out.push('['));
        self.name(ty.name);
        let closing = |it: &Wrapper| match it {
            Wrapper::List => ']',
            Wrapper::NonNull => '!',
        };
        self.out.extend(wrappers.iter().rev().map(closing));
    }

    fn directives(&mut self, range: Range) {
        for directive in self.document.directives_in(range) {
            if self.kept.is_some_and(|it| !it.keeps_directive(self.document, directive)) {
                continue;
            }
            self.out.push_str(" @");
            self.name(directive.name);
            self.arguments(directive.arguments);
        }
    }

    fn arguments(&mut self, range: Range) {
        self.list('(', self.document.arguments(range), ')', Self::argument);
    }

    fn argument(&mut self, it: &Argument) {
        self.name(it.name);
        self.out.push(':');
        self.value(it.value);
    }

    fn selections(&mut self, range: Range) {
        self.out.push('{');
        let mut open: Vec<SelectionId> = Vec::new();
        for (index, it) in (range.start..).zip(self.document.selections(range)) {
            while open.pop_if(|end| end.0 <= index).is_some() {
                self.out.push('}');
            }
            if self.kept.is_some_and(|kept| !kept.keeps(SelectionId(index))) {
                continue;
            }
            self.between();
            self.selection(it);
            if it.end.0 > index.saturating_add(1) {
                self.out.push('{');
                open.push(it.end);
            }
        }
        open.iter().for_each(|_| self.out.push('}'));
        self.out.push('}');
    }

    fn selection(&mut self, it: &Selection) {
        match it.kind {
            SelectionKind::Field { alias, name, arguments } => {
                if let Some(alias) = alias {
                    self.name(alias);
                    self.out.push(':');
                }
                self.name(name);
                self.arguments(arguments);
            }
            SelectionKind::Inline { on } => {
                self.out.push_str("...");
                if let Some(on) = on {
                    self.out.push_str(" on ");
                    self.name(on);
                }
            }
            SelectionKind::Spread { name } => {
                self.out.push_str("...");
                self.name(name);
            }
        }
        self.directives(it.directives);
    }

    fn value(&mut self, id: ValueId) {
        let end = self.document.value(id).map_or(id.0, |it| it.end.0);
        let values = self.document.values().get(id.index()..end as usize).unwrap_or_default();
        let mut open: Vec<(ValueId, char)> = Vec::new();
        for (index, it) in (id.0..).zip(values) {
            while let Some((_, close)) = open.pop_if(|(end, _)| end.0 <= index) {
                self.out.push(close);
            }
            if !open.is_empty() {
                self.between();
            }
            if let Some(key) = it.key {
                self.name(key);
                self.out.push(':');
            }
            if let Some(close) = self.opening(it.kind) {
                open.push((it.end, close));
            }
        }
        self.out.extend(open.iter().rev().map(|(_, close)| close));
    }

    /// Prints a scalar, or opens a list or object and says what closes it.
    fn opening(&mut self, kind: ValueKind) -> Option<char> {
        match kind {
            ValueKind::Boolean(it) => self.out.push_str(if it { "true" } else { "false" }),
            ValueKind::Enum(it) => {
                self.out.push_str(&self.words.enum_value(self.document.str(it)));
            }
            ValueKind::Float(it) | ValueKind::Int(it) => {
                let number = self.document.str(it);
                if self.words.quotes(number) {
                    quote(number, &mut self.out);
                } else {
                    self.out.push_str(number);
                }
            }
            ValueKind::List => {
                self.out.push('[');
                return Some(']');
            }
            ValueKind::Null => self.out.push_str("null"),
            ValueKind::Object => {
                self.out.push('{');
                return Some('}');
            }
            ValueKind::String(it) => quote(self.document.string(it), &mut self.out),
            ValueKind::Variable(it) => {
                self.out.push('$');
                self.name(it);
            }
        }
        None
    }

    fn list<T>(&mut self, open: char, items: &[T], close: char, item: fn(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        self.out.push(open);
        for it in items {
            self.between();
            item(self, it);
        }
        self.out.push(close);
    }

    /// A space, unless something was just opened or nothing was written yet.
    fn between(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b'(')) {
            self.out.push(' ');
        }
    }

    fn name(&mut self, span: Span) {
        self.out.push_str(self.document.str(span));
    }
}

/// A string in quotes, with no more escapes than it needs.
fn quote(content: &str, out: &mut String) {
    out.push('"');
    let mut chars = content.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => out.push_str("\\\""),
            // `\\u0041` is a backslash and letters, but graphql-ruby takes out the first backslash
            // and then reads an escape.
            '\\' if chars.peek() == Some(&'u') => out.push_str("\\u005c"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // A byte order mark in the text is refused, so its escape has to stay one.
            it if it.is_control() || it == '\u{feff}' => {
                out.push_str("\\u");
                let code = u32::from(it);
                let digit = |shift: u32| char::from_digit(code >> shift & 0xf, 16);
                out.extend([12, 8, 4, 0].into_iter().filter_map(digit));
            }
            it => out.push(it),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ReadLimits, read};

    fn check(text: &str, expect: &str) {
        let first = read(text, &ReadLimits::CEILINGS).unwrap();
        let printed = print(&first.document);
        assert_eq!(printed, expect);
        let second = read(&printed, &ReadLimits::CEILINGS).unwrap();
        assert!(first.document.same_syntax(&second.document), "{text}");
        assert_eq!(print(&second.document), printed);
    }

    #[test]
    fn one_normal_form() {
        check("query { a, b }", "{a b}");
        check("query Q{a}", "query Q{a}");
        check("query ($a:Int) {a}", "query($a:Int){a}");
        check("query @d {a}", "query @d{a}");
        check("\"text\" mutation { a } # comment", "mutation{a}");
        check(
            "query($a:[[Int!]]!=[[1]]@d(e:1),$b:T=E){a(b:$b,c:1)@x@y(z:2){c}}",
            "query($a:[[Int!]]!=[[1]] @d(e:1) $b:T=E){a(b:$b c:1) @x @y(z:2){c}}",
        );
        check("{...{a}...on T{b}...@d{c}...F@e}", "{...{a} ... on T{b} ... @d{c} ...F @e}");
        check("{a{b{c}}d{e}f}", "{a{b{c}} d{e} f}");
        check("fragment F on T@d{x:a}", "fragment F on T @d{x:a}");
        check("{a}query B{b}fragment F on T{c}", "{a} query B{b} fragment F on T{c}");
    }

    #[test]
    fn values_keep_what_they_are() {
        check("{a(b:[1 -7 1.50e+3 9007199254740993])}", "{a(b:[1 -7 1.50e+3 9007199254740993])}");
        check("{a(b:[-0 {c:-0} -0.0])}", "{a(b:[0 {c:0} -0.0])}");
        check("{a(b:{c:[],d:{},e:[[]{}]})}", "{a(b:{c:[] d:{} e:[[] {}]})}");
        check(
            "{a(b:[true false null E \"\"\"\"\"\"\"\"])}",
            "{a(b:[true false null E \"\" \"\"])}",
        );
        check(
            "{a(b:\"\"\"\n  x\n   \\\"\"\" \"y\\\n\"\"\")}",
            "{a(b:\"x\\n \\\"\\\"\\\" \\\"y\\\\\")}",
        );
        check(
            r#"{a(b:"\u{1f600}\ud83d\ude00\u0000\ufeff\/\u007f")}"#,
            "{a(b:\"😀😀\\u0000\\ufeff/\\u007f\")}",
        );
        check(r#"{a(b:"\\u0041 \\\u0041 \\n")}"#, r#"{a(b:"\u005cu0041 \\A \\n")}"#);
        check(r#"{a(b:"""\u0041""")}"#, r#"{a(b:"\u005cu0041")}"#);
        check("{a(b:\"\"\"single \"quoted\" line\"\"\")}", r#"{a(b:"single \"quoted\" line")}"#);
    }

    #[test]
    fn canonical_text_holds_what_the_operation_reaches() {
        let text = "query A{...Z} fragment Z on T{...B ...M} fragment C on T{c} query D{...C}
            fragment B on T{b} fragment B on T{second}";
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        let expect = "query A{...Z} fragment B on T{b} fragment Z on T{...B ...M}";
        assert_eq!(canonical_text(&read.document, OperationId(0)), expect);
        let expect = "query D{...C} fragment C on T{c}";
        assert_eq!(canonical_text(&read.document, OperationId(1)), expect);
        assert_eq!(canonical_text(&read.document, OperationId(2)), "");
    }
}
