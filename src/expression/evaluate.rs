//! Evaluates an expression: true, or no.

use std::{borrow::Cow, sync::Arc};

use cel::{
    Context,
    common::{ast::IdedExpr, types::CelBool, value::CowVal},
    context::VariableResolver,
};

use crate::expression::{Asked, Expression, Name, Value, compile::ENVIRONMENT, shape::Shape};

/// What the names of an expression stand for.
pub trait Resolve: Send + Sync {
    /// The value; `None` when there is none, which denies.
    fn resolve(&self, name: Name) -> Option<&Value>;

    /// An argument of the field, when it is made for this question alone: the same that
    /// [`Self::resolve`] has in the value of `args`.
    fn argument(&self, _name: &str) -> Option<Value> {
        None
    }

    /// The coordinate of `field`, of `parent.field` or of `root.field`: the same that
    /// [`Self::resolve`] has in its value.
    fn coordinate(&self, _name: Name) -> Option<Cow<'_, str>> {
        None
    }
}

/// What came of evaluating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is true.
    Holds,
    /// It is false.
    Fails,
    /// It has no answer: an error, or a value that is no boolean. Denies wherever it stands.
    Nothing(Box<str>),
}

impl Outcome {
    /// True when it holds; the absence of a yes is a no.
    #[must_use]
    pub fn holds(&self) -> bool {
        *self == Self::Holds
    }

    pub(super) const fn of(answer: bool) -> Self {
        if answer { Self::Holds } else { Self::Fails }
    }
}

pub(super) fn evaluate(
    expression: &Expression,
    asked: &Asked<'_>,
    local: Option<&dyn Resolve>,
) -> Outcome {
    part(&expression.shape, (expression, asked, local))
}

/// An expression with everything that it may ask.
type Question<'q> = (&'q Expression, &'q Asked<'q>, Option<&'q dyn Resolve>);

// Recursion over the expression, whose depth was checked when it was compiled.
fn part(shape: &Shape, question: Question<'_>) -> Outcome {
    let (_, asked, local) = question;
    match shape {
        Shape::All(parts) => decided(parts, &Outcome::Fails, question),
        Shape::Any(parts) => decided(parts, &Outcome::Holds, question),
        Shape::Condition(condition) => asked.condition(*condition),
        Shape::Not(of) => match part(of, question) {
            Outcome::Fails => Outcome::Holds,
            Outcome::Holds => Outcome::Fails,
            nothing @ Outcome::Nothing(_) => nothing,
        },
        Shape::Program(it) => program(it, question),
        Shape::Stands(standing) => {
            let coordinate = local.and_then(|it| it.coordinate(standing.field));
            standing.of(coordinate.as_deref())
        }
        Shape::Test(test, it) => match test.answer(&Names::of(question)) {
            Some(answer) => Outcome::of(answer),
            None => program(it, question),
        },
    }
}

/// One part with the decisive answer decides, also beside parts without an answer; else every part
/// must have one.
fn decided(parts: &[Shape], decisive: &Outcome, question: Question<'_>) -> Outcome {
    let mut unanswered = None;
    for shape in parts {
        match part(shape, question) {
            it if it == *decisive => return it,
            it @ Outcome::Nothing(_) => unanswered = unanswered.or(Some(it)),
            Outcome::Fails | Outcome::Holds => {}
        }
    }
    unanswered.unwrap_or_else(|| Outcome::of(*decisive == Outcome::Fails))
}

fn program(program: &IdedExpr, question: Question<'_>) -> Outcome {
    let (expression, ..) = question;
    let names = Names::of(question);
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    context.set_variable_resolver(&names);
    for (function, pattern) in &expression.patterns {
        let pattern = pattern.clone();
        let matches = move |text: Arc<String>| pattern.matches(&text);
        if context.add_function(function, matches).is_err() {
            return Outcome::Nothing("a pattern could not be called".into());
        }
    }
    match cel::Value::resolve(program, &context) {
        Ok(cel::Value::Bool(answer)) => Outcome::of(answer),
        Ok(other) => Outcome::Nothing(format!("{:?} is no boolean", other.type_of()).into()),
        Err(error) => Outcome::Nothing(told(&error).into()),
    }
}

/// What went wrong, without the values that were there.
fn told(error: &cel::ExecutionError) -> String {
    match error {
        cel::ExecutionError::NoSuchKey(key) => format!("there is no `{key}`"),
        cel::ExecutionError::UndeclaredReference(name) => format!("`{name}` has no value"),
        cel::ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        _ => "the expression has no answer".to_owned(),
    }
}

/// What the names of one expression stand for.
pub(super) struct Names<'a> {
    asked: &'a Asked<'a>,
    local: Option<&'a dyn Resolve>,
    source: &'a str,
}

impl<'a> Names<'a> {
    const fn of((expression, asked, local): Question<'a>) -> Self {
        Self { asked, local, source: expression.source() }
    }

    pub(super) fn value(&self, name: Name) -> Option<&'a Value> {
        self.note(name);
        let local = self.local.and_then(|it| it.resolve(name));
        local.or_else(|| self.asked.base().resolve(name))
    }

    /// A member of what a name stands for, where it can be had without the others.
    pub(super) fn member(&self, name: Name, member: &str) -> Option<Value> {
        let local = self.local.filter(|_| name == Name::Args)?;
        self.note(name);
        local.argument(member)
    }

    /// Values are looked at through the arguments, also those of the fields around.
    fn note(&self, name: Name) {
        let is_value = match name {
            Name::Args | Name::Value => true,
            Name::Parent | Name::Root => self.source.contains("args"),
            Name::Claims | Name::Client | Name::Field | Name::Operation | Name::Request => false,
        };
        if is_value {
            self.asked.note_value();
        }
    }
}

impl VariableResolver for Names<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(name) = Name::parse(variable) {
            return self.value(name).map(|it| CowVal::Borrowed(it.val()));
        }
        let condition = self.asked.conditions().position(variable)?;
        // A condition without an answer stands for nothing: `!banned` must not open.
        match self.asked.condition(condition) {
            Outcome::Holds => Some(CowVal::owned(CelBool::from(true))),
            Outcome::Fails => Some(CowVal::owned(CelBool::from(false))),
            Outcome::Nothing(_) => None,
        }
    }
}
