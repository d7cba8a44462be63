//! What an expression comes down to: questions that are answered directly, and programs.
//!
//! `||`, `&&`, named conditions and comparing where a field stands are most of what policies ask,
//! and an interpreter takes fifty times as long over them. Everything else stays CEL's.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::expression::{Name, Outcome, direct::Test};

/// An expression, or a part of one.
#[derive(Debug)]
pub(super) enum Shape {
    /// `a && b`
    All(Box<[Self]>),
    /// `a || b`
    Any(Box<[Self]>),
    /// The name of a condition, by position.
    Condition(usize),
    /// `!a`, where `a` is a test.
    Not(Box<Self>),
    /// Whatever else CEL has.
    Program(IdedExpr),
    /// `root.field == "Query.me"`, `parent.field in ["Query.me"]`, and the like.
    Stands(Standing),
    /// A test, and the same for the interpreter.
    Test(Test, IdedExpr),
}

/// Whether a field is one of these.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) field: Name,
    pub(super) among: Box<[Box<str>]>,
    /// False for `!=`.
    pub(super) is_in: bool,
}

impl Shape {
    /// The shape of a checked expression.
    // Recursion over the expression, whose depth was checked.
    pub(super) fn of(program: IdedExpr, conditions: &[Box<str>]) -> Self {
        let parts = |call: CallExpr| call.args.into_iter().map(|it| Self::of(it, conditions));
        match program.expr {
            Expr::Call(call) if call.func_name == operators::LOGICAL_AND => {
                Self::All(parts(call).collect())
            }
            Expr::Call(call) if call.func_name == operators::LOGICAL_OR => {
                Self::Any(parts(call).collect())
            }
            Expr::Call(ref call) => match (standing(call), call.args.as_slice()) {
                (Some(standing), _) => Self::Stands(standing),
                (None, [of]) if call.func_name == operators::LOGICAL_NOT => {
                    match Self::test(of.clone()) {
                        Self::Program(_) => Self::Program(program),
                        test => Self::Not(Box::new(test)),
                    }
                }
                (None, _) => Self::test(program),
            },
            Expr::Ident(ref name) => match conditions.iter().position(|it| **it == *name) {
                Some(condition) => Self::Condition(condition),
                None => Self::Program(program),
            },
            _ => Self::test(program),
        }
    }

    /// Whether a part of it is a program.
    // Recursion over the expression, whose depth was checked.
    pub(super) fn is_interpreted(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_interpreted),
            Self::Condition(_) | Self::Stands(_) | Self::Test(..) => false,
            Self::Not(of) => of.is_interpreted(),
            Self::Program(_) => true,
        }
    }

    fn test(program: IdedExpr) -> Self {
        match Test::of(&program) {
            Some(test) => Self::Test(test, program),
            None => Self::Program(program),
        }
    }
}

impl Standing {
    /// Whether it holds of a coordinate; without one there is no answer.
    pub(super) fn of(&self, coordinate: Option<&str>) -> Outcome {
        let Some(coordinate) = coordinate else {
            return Outcome::Nothing(format!("`{}` has no value", self.field.text()).into());
        };
        Outcome::of(self.among.iter().any(|it| **it == *coordinate) == self.is_in)
    }
}

fn standing(call: &CallExpr) -> Option<Standing> {
    let [left, right] = call.args.as_slice() else { return None };
    let (field, among, is_in) = match call.func_name.as_str() {
        operators::EQUALS => (field(left)?, vec![text(right)?], true),
        operators::NOT_EQUALS => (field(left)?, vec![text(right)?], false),
        operators::IN => {
            let Expr::List(list) = &right.expr else { return None };
            let among: Option<Vec<_>> = list.elements.iter().map(text).collect();
            (field(left)?, among?, true)
        }
        _ => return None,
    };
    Some(Standing { field, among: among.into(), is_in })
}

/// Whose coordinate is asked for: `field`, `parent.field` or `root.field`.
fn field(part: &IdedExpr) -> Option<Name> {
    match &part.expr {
        Expr::Ident(name) => Name::parse(name).filter(|it| *it == Name::Field),
        Expr::Select(select) if !select.test && select.field == Name::Field.text() => {
            let Expr::Ident(name) = &select.operand.expr else { return None };
            Name::parse(name).filter(|it| matches!(it, Name::Parent | Name::Root))
        }
        _ => None,
    }
}

fn text(part: &IdedExpr) -> Option<Box<str>> {
    match &part.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner().into()),
        _ => None,
    }
}
