//! Whether two documents say the same, wherever their parts stand in the text.
//!
//! Compares syntax: aliases, order and duplicates count. Knows no schema and merges nothing.

use crate::document::{Document, Selection, SelectionKind, Span, Value, ValueKind};

impl Document {
    /// True when both have the same definitions in the same order. Spans and the way in which a
    /// string is written do not count; numbers are compared as written.
    #[must_use]
    pub fn same_syntax(&self, other: &Self) -> bool {
        // Both arenas are laid out by the same walk, so equal syntax has equal indices.
        self.same_definitions(other)
            && all(&self.selections, &other.selections, |a, b| self.same_selection(a, other, b))
            && all(&self.arguments, &other.arguments, |a, b| {
                self.same_name(a.name, other, b.name) && a.value == b.value
            })
            && all(&self.directives, &other.directives, |a, b| {
                self.same_name(a.name, other, b.name) && a.arguments == b.arguments
            })
            && all(&self.values, &other.values, |a, b| self.same_value(a, other, b))
            && self.wrappers == other.wrappers
    }

    fn same_definitions(&self, other: &Self) -> bool {
        all(&self.operations, &other.operations, |a, b| {
            a.kind == b.kind
                && self.same_option(a.name, other, b.name)
                && a.variables == b.variables
                && a.directives == b.directives
                && a.selections == b.selections
        }) && all(&self.fragments, &other.fragments, |a, b| {
            self.same_name(a.name, other, b.name)
                && self.same_name(a.on, other, b.on)
                && a.directives == b.directives
                && a.selections == b.selections
        }) && all(&self.variables, &other.variables, |a, b| {
            self.same_name(a.name, other, b.name)
                && self.same_name(a.ty.name, other, b.ty.name)
                && a.ty.wrappers == b.ty.wrappers
                && a.default == b.default
                && a.directives == b.directives
        })
    }

    fn same_selection(&self, a: &Selection, other: &Self, b: &Selection) -> bool {
        let same_kind = match (&a.kind, &b.kind) {
            (
                SelectionKind::Field { alias, name, arguments },
                SelectionKind::Field { alias: alias_b, name: name_b, arguments: arguments_b },
            ) => {
                self.same_option(*alias, other, *alias_b)
                    && self.same_name(*name, other, *name_b)
                    && arguments == arguments_b
            }
            (SelectionKind::Inline { on }, SelectionKind::Inline { on: on_b }) => {
                self.same_option(*on, other, *on_b)
            }
            (SelectionKind::Spread { name }, SelectionKind::Spread { name: name_b }) => {
                self.same_name(*name, other, *name_b)
            }
            _ => false,
        };
        same_kind && a.directives == b.directives && a.end == b.end
    }

    fn same_value(&self, a: &Value, other: &Self, b: &Value) -> bool {
        let same_kind = match (a.kind, b.kind) {
            (ValueKind::Boolean(a), ValueKind::Boolean(b)) => a == b,
            (ValueKind::Enum(a), ValueKind::Enum(b))
            | (ValueKind::Float(a), ValueKind::Float(b))
            | (ValueKind::Int(a), ValueKind::Int(b))
            | (ValueKind::Variable(a), ValueKind::Variable(b)) => self.same_name(a, other, b),
            (ValueKind::List, ValueKind::List)
            | (ValueKind::Null, ValueKind::Null)
            | (ValueKind::Object, ValueKind::Object) => true,
            (ValueKind::String(a), ValueKind::String(b)) => self.string(a) == other.string(b),
            _ => false,
        };
        same_kind && self.same_option(a.key, other, b.key) && a.end == b.end
    }

    fn same_option(&self, a: Option<Span>, other: &Self, b: Option<Span>) -> bool {
        a.map(|it| self.str(it)) == b.map(|it| other.str(it))
    }

    fn same_name(&self, a: Span, other: &Self, b: Span) -> bool {
        self.str(a) == other.str(b)
    }
}

fn all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

#[cfg(test)]
mod tests {
    use crate::document::{ReadLimits, read};

    fn check(a: &str, b: &str, expect: bool) {
        let read = |it| read(it, &ReadLimits::CEILINGS).unwrap().document;
        assert_eq!(read(a).same_syntax(&read(b)), expect, "{a} {b}");
    }

    #[test]
    fn only_what_is_said_counts() {
        check("{ a, b }", "query{a b}", true);
        check("{a(b:\"\\u0041\")}", "{a(b:\"\"\"A\"\"\")}", true);
        check("{a} fragment F on T{b}", "fragment F on T{b} {a}", true);
        check("{a b}", "{b a}", false);
        check("{a{b}}", "{a b}", false);
        check("{x:a}", "{a}", false);
        check("{a(b:1)}", "{a(b:1.0)}", false);
        check("{a(b:\"E\")}", "{a(b:E)}", false);
        check("{a(b:[1])}", "{a(b:{c:1})}", false);
        check("{a @b}", "{a @c}", false);
        check("query($a:A!){a}", "query($a:A){a}", false);
        check("query($a:A=1){a}", "query($a:A=2){a}", false);
        check("{...{a}}", "{...on T{a}}", false);
        check("{a} {a}", "{a}", false);
    }
}
