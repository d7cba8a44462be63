//! Tests that are answered without the interpreter: what is there, and comparisons of it.
//!
//! Values are compared by CEL's own operators, and only a plain yes or no counts: whatever else
//! comes of a test has no answer here, and the interpreter is asked, which also says what is wrong.

use std::cmp::Ordering;

use cel::common::{
    ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators},
    types::{CelInt, CelMap, CelMapKey, Kind},
    value::{CowVal, Val},
};

use crate::expression::{Name, Value, evaluate::Names};

/// A question with a yes or no.
#[derive(Debug)]
pub(super) enum Test {
    /// `claims.sub != ""`, `value == null`, `"STAFF" in claims.roles`, `size(value) < 100`
    Compares(Operator, Operand, Operand),
    /// `has(claims.sub)`
    Has(Name, Box<str>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operator {
    Equals,
    Greater,
    GreaterEquals,
    In,
    Less,
    LessEquals,
    NotEquals,
}

/// What is compared.
#[derive(Debug)]
pub(super) enum Operand {
    Literal(LiteralValue),
    /// `claims.sub`
    Member(Name, Box<str>),
    Name(Name),
    /// `size(value)`
    Size(Box<Self>),
}

/// A value that an operand stands for.
enum Found<'f> {
    Made(Value),
    Seen(&'f dyn Val),
    Selected(CowVal<'f, 'f>),
    Size(CelInt),
}

impl Found<'_> {
    fn val(&self) -> &dyn Val {
        match self {
            Self::Made(value) => value.val(),
            Self::Seen(val) => *val,
            Self::Selected(val) => val.as_ref(),
            Self::Size(size) => size,
        }
    }
}

impl Test {
    /// The test that an expression comes down to, if it is one.
    pub(super) fn of(expression: &IdedExpr) -> Option<Self> {
        match &expression.expr {
            Expr::Call(call) if call.target.is_none() => {
                let [left, right] = call.args.as_slice() else { return None };
                let operator = operator(&call.func_name)?;
                Some(Self::Compares(operator, Operand::of(left)?, Operand::of(right)?))
            }
            Expr::Select(select) if select.test => {
                let (name, field) = member(select)?;
                Some(Self::Has(name, field))
            }
            _ => None,
        }
    }

    /// The answer; `None` when the interpreter has to be asked.
    pub(super) fn answer(&self, names: &Names<'_>) -> Option<bool> {
        match self {
            Self::Compares(operator, left, right) => {
                let (left, right) = (left.find(names)?, right.find(names)?);
                operator.compare(left.val(), right.val())
            }
            Self::Has(name, field) => {
                let map = names.value(*name)?.val().downcast_ref::<CelMap>()?;
                Some(map.inner().contains_key(&key(field)))
            }
        }
    }
}

impl Operator {
    fn compare(self, left: &dyn Val, right: &dyn Val) -> Option<bool> {
        let ordering = || left.as_comparer()?.compare(right).ok();
        Some(match self {
            Self::Equals => left.equals(right),
            Self::Greater => ordering()? == Ordering::Greater,
            Self::GreaterEquals => ordering()? != Ordering::Less,
            Self::In => right.as_container()?.contains(left).ok()?,
            Self::Less => ordering()? == Ordering::Less,
            Self::LessEquals => ordering()? != Ordering::Greater,
            Self::NotEquals => !left.equals(right),
        })
    }
}

impl Operand {
    // Recursion over the expression, whose depth was checked.
    fn of(expression: &IdedExpr) -> Option<Self> {
        match &expression.expr {
            Expr::Call(CallExpr { func_name, target: None, args }) if func_name == "size" => {
                let [of] = args.as_slice() else { return None };
                Some(Self::Size(Box::new(Self::of(of)?)))
            }
            Expr::Ident(name) => Some(Self::Name(Name::parse(name)?)),
            Expr::Literal(literal) => Some(Self::Literal(literal.clone())),
            Expr::Select(select) if !select.test => {
                let (name, field) = member(select)?;
                Some(Self::Member(name, field))
            }
            _ => None,
        }
    }

    fn find<'f>(&'f self, names: &'f Names<'_>) -> Option<Found<'f>> {
        match self {
            Self::Literal(literal) => Some(Found::Selected(literal.to_val())),
            Self::Member(name, field) => match names.member(*name, field) {
                Some(made) => Some(Found::Made(made)),
                None => {
                    let map = names.value(*name)?.val().downcast_ref::<CelMap>()?;
                    map.inner().get(&key(field)).map(|it| Found::Seen(&**it))
                }
            },
            Self::Name(name) => Some(Found::Seen(names.value(*name)?.val())),
            Self::Size(of) => {
                let of = of.find(names)?;
                let kind = of.val().get_type().kind();
                let is_sized = matches!(kind, Kind::List | Kind::Map | Kind::String);
                let size = of.val().as_sizer().filter(|_| is_sized)?.size();
                Some(Found::Size(size))
            }
        }
    }
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        operators::EQUALS => Operator::Equals,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterEquals,
        operators::IN => Operator::In,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessEquals,
        operators::NOT_EQUALS => Operator::NotEquals,
        _ => return None,
    })
}

fn key(field: &str) -> CelMapKey<'_> {
    CelMapKey::from(field)
}

/// A member of what a name stands for.
pub(super) fn member(select: &SelectExpr) -> Option<(Name, Box<str>)> {
    let Expr::Ident(name) = &select.operand.expr else { return None };
    Some((Name::parse(name)?, select.field.as_str().into()))
}

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use crate::expression::{Asked, Conditions, Name, Outcome, Resolve, Scope, Value, compile};

    struct Given(Value, Option<Value>);

    impl Resolve for Given {
        fn resolve(&self, name: Name) -> Option<&Value> {
            match name {
                Name::Claims => Some(&self.0),
                Name::Value => self.1.as_ref(),
                _ => None,
            }
        }
    }

    const OPERANDS: [&str; 18] = [
        "null",
        "true",
        "1",
        "2u",
        "1.5",
        "-1",
        "''",
        "'a'",
        "claims",
        "claims.text",
        "claims.number",
        "claims.none",
        "claims.list",
        "claims.map",
        "claims.nope",
        "value",
        "size(value)",
        "size(claims.list)",
    ];

    fn outcome(source: &str, given: &Given) -> Outcome {
        let conditions = Conditions::default();
        let expression = compile(source, Scope::Input, conditions.names()).unwrap();
        Asked::new(&conditions, given).evaluate(&expression, Some(given))
    }

    #[track_caller]
    fn check(source: &str) {
        let claims = r#"{"text":"a","number":1,"none":null,"list":["a",1],"map":{"a":1}}"#;
        let claims = Value::of_json(&serde_json::from_str(claims).unwrap());
        let values = [None, Some(Value::null()), Some(Value::text("a")), Some(Value::number("2"))];
        for value in values.into_iter().chain([Some(Value::list([Value::text("a")]))]) {
            let given = Given(claims.clone(), value);
            // Under a conditional everything is the interpreter's.
            let interpreted = outcome(&format!("true ? ({source}) : false"), &given);
            let direct = outcome(source, &given);
            assert_eq!(discriminant(&direct), discriminant(&interpreted), "{source}");
            assert_eq!(direct, interpreted, "{source}");
        }
    }

    #[test]
    fn the_interpreter_says_the_same() {
        for left in OPERANDS {
            for right in OPERANDS {
                // Nothing is in a number or a text: that is a mistake at load.
                let holds_nothing = |it: &str| it.starts_with(|it: char| "-12'".contains(it));
                let is_list = !holds_nothing(right) && !right.starts_with("size");
                let operators = ["==", "!=", "<", "<=", ">", ">="].into_iter();
                for operator in operators.chain(is_list.then_some("in")) {
                    check(&format!("{left} {operator} {right}"));
                    check(&format!("!({left} {operator} {right})"));
                }
            }
        }
        for of in ["claims.text", "claims.nope", "claims.none", "value.a", "value.text"] {
            check(&format!("has({of})"));
            check(&format!("!has({of})"));
        }
    }
}
