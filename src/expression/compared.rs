//! What an expression compares with literals: a word that cannot be is never equal, and with `!=`
//! always true.
//!
//! Words of closed vocabularies are judged here. What only a schema knows is for those who have it.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::{
    diagnostic::suggestion,
    expression::{Name, Problem, paths},
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
    /// None: what is looked for with `in` is known at the request alone.
    Anything,
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
        if let Expr::Call(call) = &part.expr {
            of_call(call, &mut found);
        }
        paths::open_parts(part, &mut open);
    }
    found
}

/// What to say of words that are in no vocabulary.
pub(super) fn objections(all: &[Compared]) -> Vec<Problem> {
    all.iter().filter_map(objection).collect()
}

fn objection(it: &Compared) -> Option<Problem> {
    let [member] = it.path.as_slice() else { return None };
    if it.is_among {
        return None;
    }
    let of = format!("{}.{member}", it.name.text());
    let plain = |message: String, help: &str| Some(Problem { message, help: help.to_owned() });
    let word = match (&it.literal, it.name.is_true_or_false(member), it.name.is_text(member)) {
        (Literal::Number | Literal::Text(_), true, _) => {
            let help = "compare it with `true` or `false`";
            return plain(format!("`{of}` is true or false"), help);
        }
        (Literal::Boolean | Literal::Number, _, true) => {
            return plain(format!("`{of}` is a text"), "write between quotes what it should be");
        }
        (Literal::Text(word), ..) => word,
        (Literal::Anything | Literal::Boolean | Literal::Number, ..) => return None,
    };
    if it.name == Name::Client && **member == *"ip" && word.contains('/') {
        return plain(format!("`{of}` is never `{word}`"), ONE_ADDRESS);
    }
    let words = it.name.words(member)?;
    if words.contains(&&**word) {
        return None;
    }
    let help = likely(word, words.iter().copied()).map_or_else(
        || format!("it is one of {}", words.join(", ")),
        |it| format!("did you mean `{it}`?"),
    );
    Some(Problem { message: format!("`{of}` is never `{word}`"), help })
}

/// What to write instead of a range of addresses.
pub(super) const ONE_ADDRESS: &str = "it is one address: write `client.ip in [\"192.0.2.7\"]`, or \
     for a network of whole parts `client.ip.startsWith(\"10.\")`";

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
        if let (Some((name, path)), Some(literal)) = (paths::named_by(named), literal(with)) {
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
        (operators::IN, _) => {
            let Some((name, path)) = paths::named_by(right) else { return };
            let literal = literal(left).unwrap_or(Literal::Anything);
            found.push(Compared { name, path, literal, is_among: true });
        }
        _ => {}
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
    use super::ONE_ADDRESS;
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
    fn what_is_of_another_kind_is_a_mistake() {
        let trusted = Some(("`operation.trusted` is true or false", BOOLEAN));
        check("operation.trusted != 'true'", trusted);
        check("1 == operation['trusted']", trusted);
        check("operation.type != 1", Some(("`operation.type` is a text", TEXT)));
        check("client.ip != 7", Some(("`client.ip` is a text", TEXT)));
        check("operation.id in [true]", Some(("`operation.id` is a text", TEXT)));
        for right in ["operation.trusted == true", "operation.trusted != false"] {
            check(right, None);
        }
    }

    #[test]
    fn an_address_is_no_network() {
        let never = Some(("`client.ip` is never `10.0.0.0/8`", ONE_ADDRESS));
        check("client.ip == '10.0.0.0/8'", never);
        check("client.ip in ['192.0.2.7', '10.0.0.0/8']", never);
        check("client.ip in ['192.0.2.7', '2001:db8::7']", None);
        check("client.ip.startsWith('10.')", None);
    }

    /// It has no answer for anybody.
    #[test]
    fn nothing_is_in_a_text() {
        let text = "`in` looks into a list or a map: a text is neither";
        check("client.ip in '10.0.0.0/8'", Some((text, ONE_ADDRESS)));
        let help =
            "write `text.contains(part)`, `==`, or a list as in `claims.role in [\"STAFF\"]`";
        for source in [
            "claims.role in 'STAFF'",
            "'STAFF' in 'STAFFX'",
            "has(claims.a) && 'Query' in parent.field",
            "claims.a.exists(it, it in 'abc')",
            "claims.a in 'b' + claims.c",
        ] {
            check(source, Some((text, help)));
        }
        check(
            "claims.a in 7",
            Some(("`in` looks into a list or a map: a number is neither", help)),
        );
        for source in ["'a' in claims", "claims.a in claims.b", "'a' in ['a']", "'a' in {'a': 1}"] {
            check(source, None);
        }
    }

    const BOOLEAN: &str = "compare it with `true` or `false`";
    const TEXT: &str = "write between quotes what it should be";

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
