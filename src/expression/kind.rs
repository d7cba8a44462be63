//! What an expression gives, as far as its text tells: one that is never true or false is a mistake.
//!
//! Claims, arguments and values may be anything. What could be true or false once is let through,
//! however seldom it is.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators,
};

use crate::expression::{Name, Problem, check::DEPTH, compared, direct, paths};

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false, or nobody knows.
    Any,
    /// A list.
    List,
    /// A map, such as `claims`.
    Map,
    /// Null.
    Null,
    /// A number.
    Number,
    /// A text.
    Text,
    /// Several of these, and neither true nor false.
    Various,
}

impl Kind {
    /// What to say of a condition that gives this; nothing when it could be true or false.
    #[must_use]
    pub fn objection(self) -> Option<Problem> {
        let (what, help) = match self {
            Self::Any => return None,
            Self::List => ("a list", r#"ask what is in it, as in `"STAFF" in claims.roles`"#),
            Self::Map => ("a map", "ask for something that it has, as in `has(claims.sub)`"),
            Self::Null => ("null", "write `never`, or compare with it, as in `value == null`"),
            Self::Number => ("a number", "compare it with another, as in `size(value) < 100`"),
            Self::Text => ("a text", r#"compare it with another, as in `field == "Query.me"`"#),
            Self::Various => ("what it gives", "compare it with what it should be"),
        };
        let message = format!("the expression is never true or false: {what} is no condition");
        Some(Problem { message, help: help.to_owned() })
    }

    /// What comes of one or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (one, other) if one == other => one,
            _ => Self::Various,
        }
    }

    /// This, unless nobody knows; then the other.
    fn unless_any(self, other: Self) -> Self {
        if self == Self::Any { other } else { self }
    }
}

/// What to say of an expression that is never true or false.
pub(super) fn objection(expression: &IdedExpr, conditions: &[Box<str>]) -> Option<Problem> {
    let problem = of(expression, None, 0).objection()?;
    let quoted = match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    };
    let is_known = |it: &&str| {
        matches!(*it, "always" | "never") || conditions.iter().any(|name| **name == **it)
    };
    match quoted.filter(is_known) {
        Some(name) => Some(Problem { help: format!("write `{name}` without quotes"), ..problem }),
        None => Some(problem),
    }
}

/// What to say of every `in` that looks for something where nothing can be: in a text or a number.
// The budget of this loop is the expression, whose source is at most 2 KiB.
pub(super) fn searches(root: &IdedExpr) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(part) = open.pop() {
        if let Expr::Call(call) = &part.expr
            && let (operators::IN, [what, within]) = (&*call.func_name, &*call.args)
        {
            found.extend(search(what, of(within, None, 0)));
        }
        paths::open_parts(part, &mut open);
    }
    found
}

fn search(what: &IdedExpr, within: Kind) -> Option<Problem> {
    let kind = match within {
        Kind::Number => "a number",
        Kind::Text => "a text",
        Kind::Any | Kind::List | Kind::Map | Kind::Null | Kind::Various => return None,
    };
    let is_address = paths::named_by(what).is_some_and(|(name, path)| {
        name == Name::Client && matches!(&*path, [it] if **it == *"ip")
    });
    let help = if is_address { compared::ONE_ADDRESS } else { ONE_OF_SEVERAL };
    let message = format!("`in` looks into a list or a map: {kind} is neither");
    Some(Problem { message, help: help.to_owned() })
}

const ONE_OF_SEVERAL: &str =
    "write `text.contains(part)`, `==`, or a list as in `claims.role in [\"STAFF\"]`";

/// The name, or the member of what it stands for, that an expression is and nothing else, also
/// behind `!`: `value`, `!args.first`.
pub(super) fn bare(expression: &IdedExpr) -> Option<(Name, Option<Box<str>>)> {
    let mut inner = expression;
    // The budget of this loop is the expression.
    while let Expr::Call(call) = &inner.expr {
        inner = call.args.first().filter(|_| call.func_name == operators::LOGICAL_NOT)?;
    }
    match &inner.expr {
        Expr::Ident(name) => Some((Name::parse(name)?, None)),
        Expr::Select(select) if !select.test => {
            direct::member(select).map(|(name, member)| (name, Some(member)))
        }
        _ => None,
    }
}

/// What a macro has gathered so far, by its name.
type Gathered<'g> = Option<(&'g str, Kind)>;

// Recursion over the expression, as deep as one may be; what is deeper is refused anyway.
fn of(expression: &IdedExpr, gathered: Gathered<'_>, depth: usize) -> Kind {
    if depth > DEPTH {
        return Kind::Any;
    }
    let inner = |it: &IdedExpr| of(it, gathered, depth.saturating_add(1));
    match &expression.expr {
        Expr::Call(call) => of_call(call, &inner),
        Expr::Comprehension(it) => of_comprehension(it, gathered, depth.saturating_add(1)),
        Expr::Ident(name) => match gathered {
            Some((it, kind)) if it == name => kind,
            _ => Name::parse(name).map_or(Kind::Any, of_name),
        },
        Expr::List(_) => Kind::List,
        Expr::Literal(literal) => match literal {
            LiteralValue::Boolean(_) => Kind::Any,
            LiteralValue::Bytes(_) | LiteralValue::String(_) => Kind::Text,
            LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Kind::Number,
            LiteralValue::Null => Kind::Null,
        },
        Expr::Map(_) => Kind::Map,
        Expr::Select(select) => of_member(select),
        Expr::Struct(_) | Expr::Unspecified => Kind::Any,
    }
}

/// What a call gives, when it gives anything. What nobody knows is let through: `==`, `exists`, and
/// `[]`, which takes out whatever is there.
fn of_call(call: &CallExpr, inner: &dyn Fn(&IdedExpr) -> Kind) -> Kind {
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [first, rest @ ..]) => {
            // One part can decide beside others that are no conditions.
            rest.iter().fold(inner(first), |kind, it| kind.or(inner(it)))
        }
        (operators::LOGICAL_NOT, [it]) => inner(it),
        (operators::CONDITIONAL, [condition, then, otherwise]) => {
            inner(condition).unless_any(inner(then).or(inner(otherwise)))
        }
        (operators::ADD, [one, other]) => {
            inner(one).unless_any(inner(other)).unless_any(Kind::Various)
        }
        (
            operators::DIVIDE
            | operators::MODULO
            | operators::MULTIPLY
            | operators::NEGATE
            | operators::SUBSTRACT
            | "double"
            | "int"
            | "size",
            _,
        ) => Kind::Number,
        ("string", _) => Kind::Text,
        _ => Kind::Any,
    }
}

/// `map` and `filter` gather a list; `all`, `exists` and `exists_one` end in a yes or no.
fn of_comprehension(it: &ComprehensionExpr, around: Gathered<'_>, depth: usize) -> Kind {
    let first = of(&it.accu_init, around, depth);
    let step = of(&it.loop_step, Some((&it.accu_var, first)), depth);
    of(&it.result, Some((&it.accu_var, first.or(step))), depth)
}

const fn of_name(name: Name) -> Kind {
    match name {
        Name::Args
        | Name::Claims
        | Name::Client
        | Name::Operation
        | Name::Parent
        | Name::Request
        | Name::Root => Kind::Map,
        Name::Field => Kind::Text,
        Name::Value => Kind::Any,
    }
}

fn of_member(select: &SelectExpr) -> Kind {
    if select.test {
        return Kind::Any;
    }
    let Some((name, member)) = direct::member(select) else { return Kind::Any };
    match (name, &*member) {
        (Name::Parent | Name::Root, "field") => Kind::Text,
        (name, member) if name.is_text(member) => Kind::Text,
        (Name::Client, "mtls") | (Name::Parent | Name::Root, "args") => Kind::Map,
        _ => Kind::Any,
    }
}

#[cfg(test)]
mod tests {
    use crate::expression::{Scope, compile};

    #[track_caller]
    fn check(source: &str, expect: Option<&str>) {
        let compiled = compile(source, Scope::Input, &["staff".into()]);
        let found = compiled.err().map(|it| it[0].message.clone());
        let expect =
            expect.map(|it| format!("the expression is never true or false: {it} is no condition"));
        assert_eq!(found, expect, "{source}");
    }

    #[test]
    fn what_is_never_true_or_false_is_refused() {
        let number = Some("a number");
        for source in ["1", "1.5", "2u", "-1", "1 + 1", "claims.a - claims.b", "-claims.a"] {
            check(source, number);
        }
        for source in ["size(claims.roles)", "claims.roles.size()", "int(claims.a)", "!1"] {
            check(source, number);
        }
        for source in ["'a'", "b'a'", "'a' + claims.b", "claims.a + 'b'", "string(value)"] {
            check(source, Some("a text"));
        }
        for source in ["field", "parent.field", "client.ip", "operation.type", "request.method"] {
            check(source, Some("a text"));
        }
        for source in ["claims", "args", "root.args", "client", "client.mtls", "{'a': true}"] {
            check(source, Some("a map"));
        }
        for source in ["[]", "[true]", "[1] + claims.a", "claims.a.map(it, it == 1)"] {
            check(source, Some("a list"));
        }
        check("claims.a.filter(it, it == 1)", Some("a list"));
        check("claims.a.map(it, it > 1, it == 1)", Some("a list"));
        check("null", Some("null"));
        check("claims.a + claims.b", Some("what it gives"));
    }

    #[test]
    fn branches_and_parts_are_followed() {
        check("staff ? 1 : 2", Some("a number"));
        check("staff ? 1 : 'a'", Some("what it gives"));
        check("1 ? true : false", Some("a number"));
        check("1 && 2", Some("a number"));
        check("'a' || 1 || null", Some("what it gives"));
        check("!(staff ? 'a' : 'b')", Some("a text"));
    }

    /// Beside what is no condition another part can decide.
    #[test]
    fn what_could_be_true_or_false_is_let_through() {
        for source in [
            "true",
            "false",
            "staff",
            "!staff",
            "value",
            "args.first",
            "claims.admin",
            "claims['admin']",
            "operation.trusted",
            "{'a': true}.a",
            "{'a': true}['a']",
            "[true][0]",
            "has(client.mtls)",
            "1 == 1",
            "1 + 1 == 2",
            "staff ? 1 : true",
            "staff ? claims.a : 'a'",
            "1 || true",
            "staff && 'a'",
            "claims.a.all(it, it == 1)",
            "claims.a.exists(it, it)",
            "claims.a.exists_one(it, it == 1)",
            "field.startsWith('User.')",
            "field.matches('^User')",
            "'a' in claims",
            "claims.a.map(it, it == 1)[0]",
        ] {
            check(source, None);
        }
    }

    #[test]
    fn a_name_between_quotes_is_recognised() {
        let help = |source| {
            let found = compile(source, Scope::Field, &["staff".into()]).unwrap_err();
            found[0].help.clone()
        };
        assert_eq!(help("'staff'"), "write `staff` without quotes");
        assert_eq!(help("'never'"), "write `never` without quotes");
        assert_eq!(help("'stuff'"), r#"compare it with another, as in `field == "Query.me"`"#);
    }

    #[test]
    fn other_mistakes_are_told_beside_it() {
        let found = compile("nope + 1", Scope::Field, &[]).unwrap_err();
        let found: Vec<_> = found.iter().map(|it| &*it.message).collect();
        let never = "the expression is never true or false: a number is no condition";
        assert_eq!(found, ["`nope` stands for nothing", never]);
        // Too deep to be looked at.
        let deep = compile(&format!("1{}", "+1".repeat(900)), Scope::Field, &[]).unwrap_err();
        assert!(deep.iter().any(|it| it.message.contains("too deep")), "{deep:?}");
    }
}
