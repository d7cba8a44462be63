//! A second opinion: `async-graphql-parser` reads the canonical text and must arrive at the same
//! operation.
//!
//! Not a reader of client bytes: it recurses without a limit, quotes the text in its errors, and
//! misreads some legal documents: those are told to it in other words.

use std::{borrow::Cow, fmt};

use async_graphql_parser::{
    Positioned, parse_query,
    types::{
        BaseType, Directive, DocumentOperations, ExecutableDocument, OperationDefinition,
        OperationType, Selection, SelectionSet, Type, VariableDefinition,
    },
};
use async_graphql_value::{Name, Value};

use crate::{
    document::{
        Argument, Document, OperationId, Range, SelectionId, SelectionKind, Span, TypeText,
        ValueId, ValueKind, print::text_in, words::Words,
    },
    schema::{OperationKind, Wrapper},
};

/// Why there is no agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// Both read it, each in its own way.
    Different {
        /// What differs, without the client's words.
        what: &'static str,
    },
    /// Nested too deep for the second reader to be asked.
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// The second reader cannot read it. It may be legal all the same.
    Unreadable {
        /// For the log; may quote the text.
        detail: String,
    },
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Different { what } => write!(f, "the second reader reads {what} differently"),
            Self::TooDeep { limit } => write!(f, "too deep for the second reader: over {limit}"),
            Self::Unreadable { detail } => write!(f, "the second reader cannot read it: {detail}"),
        }
    }
}

/// Compares `document` with what the second reader makes of its canonical text. Where that holds
/// what it cannot read, it gets a text that says the same in other words.
///
/// # Errors
/// How the two disagree.
pub fn second_reader(
    canonical: &str,
    document: &Document,
    operation: OperationId,
) -> Result<(), Disagreement> {
    if document.depth() > MAX_DEPTH {
        return Err(Disagreement::TooDeep { limit: MAX_DEPTH });
    }
    let words = Words::for_second_reader(document);
    let text = match words {
        Words::Own => Cow::Borrowed(canonical),
        Words::SecondReader => Cow::Owned(text_in(words, document, operation)),
    };
    let theirs =
        parse_query(text).map_err(|it| Disagreement::Unreadable { detail: it.to_string() })?;
    Comparison { document, words }.documents(operation, &theirs)
}

struct Comparison<'a> {
    document: &'a Document,
    words: Words,
}

type Same = Result<(), Disagreement>;

impl Comparison<'_> {
    fn documents(&self, id: OperationId, theirs: &ExecutableDocument) -> Same {
        let ours = self.document.operation(id).ok_or_else(|| different("operation"))?;
        let theirs_operation = match (&theirs.operations, ours.name) {
            (DocumentOperations::Single(it), None) => it,
            (DocumentOperations::Multiple(all), Some(name)) if all.len() == 1 => {
                all.get(self.document.str(name)).ok_or_else(|| different("operation name"))?
            }
            _ => return Err(different("operations")),
        };
        let OperationDefinition { ty, variable_definitions, directives, selection_set } =
            &theirs_operation.node;
        same(kind(*ty) == ours.kind, "operation kind")?;
        self.variables(ours.variables, variable_definitions)?;
        self.directives(ours.directives, directives)?;
        self.selections(ours.selections, &selection_set.node)?;
        for (name, theirs) in &theirs.fragments {
            let ours = self.document.fragment_named(name);
            let ours = ours.ok_or_else(|| different("fragment name"))?;
            let theirs = &theirs.node;
            self.name(ours.on, &theirs.type_condition.node.on.node, "type condition")?;
            self.directives(ours.directives, &theirs.directives)?;
            self.selections(ours.selections, &theirs.selection_set.node)?;
        }
        Ok(())
    }

    fn variables(&self, ours: Range, theirs: &[Positioned<VariableDefinition>]) -> Same {
        let ours = self.document.variables(ours);
        same(ours.len() == theirs.len(), "number of variables")?;
        for (ours, theirs) in ours.iter().zip(theirs) {
            let theirs = &theirs.node;
            self.name(ours.name, &theirs.name.node, "variable name")?;
            self.ty(ours.ty, &theirs.var_type.node)?;
            self.directives(ours.directives, &theirs.directives)?;
            match (ours.default, &theirs.default_value) {
                (None, None) => {}
                (Some(ours), Some(theirs)) => {
                    self.value(ours, &theirs.node.clone().into_value())?;
                }
                _ => return Err(different("default value")),
            }
        }
        Ok(())
    }

    fn ty(&self, ours: TypeText, theirs: &Type) -> Same {
        let mut wrappers = self.document.wrappers(ours).iter();
        let mut theirs = theirs;
        loop {
            let is_named = matches!(theirs.base, BaseType::Named(_));
            if !theirs.nullable {
                same(wrappers.next() == Some(&Wrapper::NonNull), "type")?;
            }
            match &theirs.base {
                BaseType::List(inner) => {
                    same(wrappers.next() == Some(&Wrapper::List), "type")?;
                    theirs = inner;
                }
                BaseType::Named(name) => {
                    same(is_named && wrappers.next().is_none(), "type")?;
                    return self.name(ours.name, name, "type");
                }
            }
        }
    }

    fn selections(&self, ours: Range, theirs: &SelectionSet) -> Same {
        let mut pairs = vec![(ours, theirs)];
        while let Some((ours, theirs)) = pairs.pop() {
            let mut next = SelectionId(ours.start);
            for theirs in &theirs.items {
                same(next.0 < ours.end, "number of selections")?;
                let inner = self.selection(next, &theirs.node)?;
                let end = self.document.selection(next).map_or(ours.end, |it| it.end.0);
                let start = next.0.saturating_add(1);
                match inner {
                    Some(inner) => pairs.push((Range { start, end }, inner)),
                    None => same(start == end, "selections")?,
                }
                next = SelectionId(end);
            }
            same(next.0 == ours.end, "number of selections")?;
        }
        Ok(())
    }

    /// Compares one selection and hands back what stands below it.
    fn selection<'t>(
        &self,
        ours: SelectionId,
        theirs: &'t Selection,
    ) -> Result<Option<&'t SelectionSet>, Disagreement> {
        let ours = self.document.selection(ours).ok_or_else(|| different("selection"))?;
        self.directives(ours.directives, theirs.directives())?;
        match (&ours.kind, theirs) {
            (SelectionKind::Field { alias, name, arguments }, Selection::Field(theirs)) => {
                let theirs = &theirs.node;
                self.option(*alias, theirs.alias.as_ref().map(|it| &it.node), "alias")?;
                self.name(*name, &theirs.name.node, "field name")?;
                self.arguments(*arguments, &theirs.arguments)?;
                Ok(Some(&theirs.selection_set.node))
            }
            (SelectionKind::Inline { on }, Selection::InlineFragment(theirs)) => {
                let theirs = &theirs.node;
                let condition = theirs.type_condition.as_ref().map(|it| &it.node.on.node);
                self.option(*on, condition, "type condition")?;
                Ok(Some(&theirs.selection_set.node))
            }
            (SelectionKind::Spread { name }, Selection::FragmentSpread(theirs)) => {
                self.name(*name, &theirs.node.fragment_name.node, "fragment name")?;
                Ok(None)
            }
            _ => Err(different("kind of selection")),
        }
    }

    fn directives(&self, ours: Range, theirs: &[Positioned<Directive>]) -> Same {
        let ours = self.document.directives_in(ours);
        same(ours.len() == theirs.len(), "number of directives")?;
        for (ours, theirs) in ours.iter().zip(theirs) {
            self.name(ours.name, &theirs.node.name.node, "directive name")?;
            self.arguments(ours.arguments, &theirs.node.arguments)?;
        }
        Ok(())
    }

    fn arguments(&self, ours: Range, theirs: &[(Positioned<Name>, Positioned<Value>)]) -> Same {
        let ours: &[Argument] = self.document.arguments(ours);
        same(ours.len() == theirs.len(), "number of arguments")?;
        for (ours, (name, value)) in ours.iter().zip(theirs) {
            self.name(ours.name, &name.node, "argument name")?;
            self.value(ours.value, &value.node)?;
        }
        Ok(())
    }

    fn value(&self, ours: ValueId, theirs: &Value) -> Same {
        let mut pairs = vec![(ours, theirs)];
        while let Some((id, theirs)) = pairs.pop() {
            let ours = self.document.value(id).ok_or_else(|| different("value"))?;
            let text = |it: Span| self.document.str(it);
            let is_same = match (ours.kind, theirs) {
                (ValueKind::Boolean(ours), Value::Boolean(theirs)) => ours == *theirs,
                (ValueKind::Enum(ours), Value::Enum(theirs)) => {
                    self.words.enum_value(text(ours)) == theirs.as_str()
                }
                (ValueKind::Variable(ours), Value::Variable(theirs)) => {
                    text(ours) == theirs.as_str()
                }
                (ValueKind::Float(ours) | ValueKind::Int(ours), theirs) => {
                    are_one_number(self.words, text(ours), theirs)
                }
                (ValueKind::List, Value::List(theirs)) => {
                    let ours: Vec<_> = self.document.children(id).collect();
                    let is_same = ours.len() == theirs.len();
                    pairs.extend(ours.into_iter().map(|(id, _)| id).zip(theirs));
                    is_same
                }
                (ValueKind::Null, Value::Null) => true,
                (ValueKind::Object, Value::Object(theirs)) => {
                    let mut n_keys = 0_usize;
                    for (id, value) in self.document.children(id) {
                        let key = value.key.map(text).unwrap_or_default();
                        let theirs = theirs.get(key).ok_or_else(|| different("input key"))?;
                        pairs.push((id, theirs));
                        n_keys = n_keys.saturating_add(1);
                    }
                    n_keys == theirs.len()
                }
                (ValueKind::String(ours), Value::String(theirs)) => {
                    self.document.string(ours) == theirs
                }
                _ => false,
            };
            same(is_same, "value")?;
        }
        Ok(())
    }

    fn option(&self, ours: Option<Span>, theirs: Option<&Name>, what: &'static str) -> Same {
        same(ours.map(|it| self.document.str(it)) == theirs.map(|it| it.as_str()), what)
    }

    fn name(&self, ours: Span, theirs: &str, what: &'static str) -> Same {
        same(self.document.str(ours) == theirs, what)
    }
}

/// Their numbers are JSON numbers: beyond 64 bits only the nearest float is left.
fn are_one_number(words: Words, ours: &str, theirs: &Value) -> bool {
    let Value::Number(theirs) = theirs else {
        return words.quotes(ours) && *theirs == Value::String(ours.to_owned());
    };
    let is_nearest = ours.parse().ok().is_some_and(|it: f64| theirs.as_f64() == Some(it));
    let is_beyond = ours.parse::<i64>().is_err() || theirs.as_i64().is_none();
    ours == theirs.to_string() || is_nearest && is_beyond
}

const fn kind(theirs: OperationType) -> OperationKind {
    match theirs {
        OperationType::Mutation => OperationKind::Mutation,
        OperationType::Query => OperationKind::Query,
        OperationType::Subscription => OperationKind::Subscription,
    }
}

const fn different(what: &'static str) -> Disagreement {
    Disagreement::Different { what }
}

fn same(is_same: bool, what: &'static str) -> Same {
    if is_same { Ok(()) } else { Err(different(what)) }
}

/// A tenth of what its value parser was seen to survive on a stack of 2 MiB.
const MAX_DEPTH: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ReadLimits, canonical_text, read};

    fn outcome(text: &str, canonical: Option<&str>) -> String {
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        let printed = canonical_text(&read.document, OperationId(0));
        match second_reader(canonical.unwrap_or(&printed), &read.document, OperationId(0)) {
            Ok(()) => "same".to_owned(),
            Err(Disagreement::Different { what }) => format!("different {what}"),
            Err(Disagreement::TooDeep { .. }) => "too deep".to_owned(),
            Err(Disagreement::Unreadable { .. }) => "unreadable".to_owned(),
        }
    }

    fn check(text: &str, expect: &str) {
        assert_eq!(outcome(text, None), expect, "{text}");
    }

    #[test]
    fn what_both_can_read_is_the_same() {
        check("{a}", "same");
        check(
            "query Q($a:[Int!]!=[1 2] $b:T={c:{d:E}}) @x(y:1){x:a(b:$a){c} ...F @z ... on T{d} ...{e}} fragment F on T @d{f ...G} fragment G on T{g}",
            "same",
        );
        check(
            r#"{a(b:"\"\\\u0000\n\ud83d\ude00" c:-0.0 d:1e5 e:1.50 f:null g:true h:12345678901234567890 i:-1 j:$v)}"#,
            "same",
        );
        check("{a(b:\"\"\"x\n  \\\"\"\" y\"\"\")}", "same");
        check("query A{a} query B{b}", "same");
        check("query($a: [ Int ! ] !) {a}", "same");
        check("{a(b:123456789012345678901234567890)}", "same");
        check("query($a:Int @d){a}", "same");
        check("{a(b:[[] {}])}", "same");
        check("query($a:Int=1 @d(b:trueish) $b:[E!]!=[nullable] @d @e){a}", "same");
        check("{a(b:[trueish] c:nullable d:{e:falsePositive} true:_trueish)}", "same");
        check(
            "{a(b:1e400 c:-1.5E+400 d:[1e308 1.7976931348623157e308 -1.7976931348623158e308])}",
            "same",
        );
        check(
            "{a(b:[0.1 0.30000000000000004 0.1234567890123456789 123456.78901234567890123e-7 5e-324 1e-400])}",
            "same",
        );
    }

    #[test]
    fn legal_documents_it_cannot_read_are_kept_apart() {
        check("{a(b:{c:1 c:2})}", "different value");
        let deep = |n: usize| format!("{{a(b:{}{})}}", "[".repeat(n), "]".repeat(n));
        check(&deep(100), "same");
        check(&deep(101), "too deep");
    }

    #[test]
    fn every_part_is_compared() {
        let cases = [
            ("{a}", "{b}", "field name"),
            ("{a}", "{a b}", "number of selections"),
            ("{a b}", "{a}", "number of selections"),
            ("{a{b}}", "{a}", "number of selections"),
            ("{a}", "{a{b}}", "number of selections"),
            ("{a}", "{x:a}", "alias"),
            ("{a}", "mutation{a}", "operation kind"),
            ("{a}", "query Q{a}", "operations"),
            ("query Q{a}", "query P{a}", "operation name"),
            ("{a(b:1)}", "{a(b:2)}", "value"),
            ("{a(b:9007199254740993)}", "{a(b:9007199254740992)}", "value"),
            ("{a(b:1)}", "{a(c:1)}", "argument name"),
            ("{a(b:1)}", "{a(b:1 c:2)}", "number of arguments"),
            ("{a(b:\"1\")}", "{a(b:1)}", "value"),
            ("{a(b:{c:1})}", "{a(b:{d:1})}", "input key"),
            ("{a(b:{c:1})}", "{a(b:{c:1 d:2})}", "value"),
            ("{a(b:[1])}", "{a(b:[1 2])}", "value"),
            ("{a @b}", "{a @c}", "directive name"),
            ("{a @b}", "{a}", "number of directives"),
            ("{...{a}}", "{...on T{a}}", "type condition"),
            ("{...F} fragment F on T{a}", "{...F} fragment F on U{a}", "type condition"),
            ("{...F} fragment F on T{a}", "{...F} fragment G on T{a}", "fragment name"),
            ("{...F} fragment F on T{a}", "{...{a}}", "kind of selection"),
            ("query($a:A){a}", "query($b:A){a}", "variable name"),
            ("query($a:A){a}", "query($a:A!){a}", "type"),
            ("query($a:[A!]){a}", "query($a:[A]!){a}", "type"),
            ("query($a:A){a}", "query($a:B){a}", "type"),
            ("query($a:A=1){a}", "query($a:A){a}", "default value"),
            ("query($a:A){a}", "{a}", "number of variables"),
        ];
        for (ours, theirs, what) in cases {
            assert_eq!(outcome(ours, Some(theirs)), format!("different {what}"), "{ours} {theirs}");
        }
        assert_eq!(outcome("{a}", Some("{")), "unreadable");
    }
}
