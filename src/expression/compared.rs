//! What an expression compares with literals: a word that cannot be is never equal, and with `!=`
//! always true.
//!
//! Words of closed vocabularies are judged here. What only a schema knows is for those who have it.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::{
    diagnostic::suggestion,
    expression::{Name, Problem},
};

/// Something with a name, compared with a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What is compared.
    pub name: Name,
    /// What of it: `field` of `parent.field`; empty for the name itself.
    pub path: Vec<Box<str>>,
    /// With what.
    pub literal: Literal,
    /// Whether it is asked if the literal is among several: `"A" in args.roles`.
    pub is_among: bool,
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `true`
    Boolean,
    /// `7`
    Number,
    /// `"a"`
    Text(Box<str>),
}

/// Everything that an expression compares with literals by `==`, `!=` and `in`.
// The budget of this loop is the expression, whose source is at most 2 KiB.
pub(super) fn compared(root: &IdedExpr) -> Vec<Compared> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(part) = open.pop() {
        match &part.expr {
            Expr::Call(call) => {
                of_call(call, &mut found);
                open.extend(call.args.iter().chain(call.target.as_deref()));
            }
            Expr::Comprehension(it) => {
                open.extend([&it.iter_range, &it.accu_init]);
                open.extend([&it.loop_cond, &it.loop_step, &it.result]);
            }
            Expr::List(list) => open.extend(&list.elements),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        open.extend([&entry.key, &entry.value]);
                    }
                }
            }
            Expr::Select(select) => open.push(&select.operand),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }
    found
}

/// What to say of words that are in no vocabulary.
pub(super) fn objections(all: &[Compared]) -> Vec<Problem> {
    all.iter().filter_map(objection).collect()
}

fn objection(it: &Compared) -> Option<Problem> {
    let [member] = it.path.as_slice() else { return None };
    let words = it.name.words(member).filter(|_| !it.is_among)?;
    let Literal::Text(word) = &it.literal else { return None };
    if words.contains(&&**word) {
        return None;
    }
    let of = format!("{}.{member}", it.name.text());
    let help = likely(word, words.iter().copied()).map_or_else(
        || format!("it is one of {}", words.join(", ")),
        |it| format!("did you mean `{it}`?"),
    );
    Some(Problem { message: format!("`{of}` is never `{word}`"), help })
}

/// The word that was probably meant: the same one in other letters, or one that is near.
pub(crate) fn likely<'w>(
    unknown: &str,
    known: impl Iterator<Item = &'w str> + Clone,
) -> Option<&'w str> {
    let same = known.clone().find(|it| it.eq_ignore_ascii_case(unknown));
    same.or_else(|| suggestion(unknown, known))
}

fn of_call(call: &CallExpr, found: &mut Vec<Compared>) {
    let ([left, right], None) = (call.args.as_slice(), &call.target) else { return };
    let mut add = |named: &IdedExpr, with: &IdedExpr, is_among| {
        if let (Some((name, path)), Some(literal)) = (named_by(named), literal(with)) {
            found.push(Compared { name, path, literal, is_among });
        }
    };
    match (&*call.func_name, &right.expr) {
        (operators::EQUALS | operators::NOT_EQUALS, _) => {
            add(left, right, false);
            add(right, left, false);
        }
        (operators::IN, Expr::List(list)) => {
            list.elements.iter().for_each(|it| add(left, it, false));
        }
        (operators::IN, _) => add(right, left, true),
        _ => {}
    }
}

/// The name that a part leads to, and the way: `parent.args["id"]`.
fn named_by(expression: &IdedExpr) -> Option<(Name, Vec<Box<str>>)> {
    let mut path = Vec::new();
    let mut inner = expression;
    // The budget of this loop is the expression.
    loop {
        match &inner.expr {
            Expr::Ident(name) => {
                path.reverse();
                return Some((Name::parse(name)?, path));
            }
            Expr::Select(select) if !select.test => {
                path.push(select.field.as_str().into());
                inner = &select.operand;
            }
            Expr::Call(CallExpr { func_name, target: None, args }) => {
                let [of, key] = args.as_slice() else { return None };
                let Expr::Literal(LiteralValue::String(key)) = &key.expr else { return None };
                path.push(key.inner().into());
                inner = Some(of).filter(|_| func_name == operators::INDEX)?;
            }
            _ => return None,
        }
    }
}

fn literal(expression: &IdedExpr) -> Option<Literal> {
    let Expr::Literal(literal) = &expression.expr else { return None };
    Some(match literal {
        LiteralValue::Boolean(_) => Literal::Boolean,
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Literal::Number,
        LiteralValue::String(text) => Literal::Text(text.inner().into()),
        LiteralValue::Bytes(_) | LiteralValue::Null => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::expression::{Scope, compile};

    #[track_caller]
    fn check(source: &str, expect: Option<(&str, &str)>) {
        let found = compile(source, Scope::Field, &[]);
        let told = found.as_ref().err().map(|it| (&*it[0].message, &*it[0].help));
        assert_eq!(told, expect, "{source}");
    }

    #[test]
    fn a_word_that_cannot_be_is_a_mistake() {
        let upper = Some(("`operation.type` is never `MUTATION`", "did you mean `mutation`?"));
        check("operation.type != 'MUTATION'", upper);
        check("'MUTATION' == operation.type", upper);
        check("operation['type'] in ['query', 'MUTATION']", upper);
        check("!(has(claims.sub) && operation.type == 'MUTATION')", upper);
        let near = Some(("`request.transport` is never `websockets`", "did you mean `websocket`?"));
        check("request.transport == 'websockets'", near);
        let far = Some(("`request.method` is never `PUT`", "it is one of GET, POST"));
        check("request.method != 'PUT'", far);
        check("claims.a.exists(it, request.method != 'PUT')", far);
    }

    #[test]
    fn words_that_can_be_are_none() {
        for source in [
            "operation.type in ['query', 'mutation', 'subscription']",
            "request.method == 'GET' || request.method == 'POST'",
            "request.transport in ['http', 'sse', 'websocket']",
            "operation.id == 'MUTATION'",
            "operation.type == claims.type",
            "claims.operation.type == 'MUTATION'",
            "claims['type'] == 'MUTATION'",
            "operation.type.startsWith('MUT')",
        ] {
            check(source, None);
        }
    }
}
