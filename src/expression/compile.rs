//! Source → expression, or everything that is wrong with it.

use std::sync::{Arc, LazyLock};

use cel::Env;

use crate::expression::{
    Arguments, Compared, Name, Pattern, Scope,
    arguments::LookedAt,
    check::{self, Checked},
    compared, kind,
    paths::{self, Path},
    shape::Shape,
};

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    source: Box<str>,
    pub(super) shape: Shape,
    /// Each with the function that stands for it.
    pub(super) patterns: Vec<(String, Pattern)>,
    names: Vec<Name>,
    conditions: Vec<usize>,
    bare: Option<(Name, Option<Box<str>>)>,
    arguments: LookedAt,
    compared: Box<[Compared]>,
    paths: Box<[Path]>,
}

/// Something wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

impl Expression {
    /// Its source.
    #[must_use]
    pub const fn source(&self) -> &str {
        &self.source
    }

    /// Whether it asks for one of these names. Conditions cannot ask for what only fields have.
    #[must_use]
    pub fn asks_for(&self, names: &[Name]) -> bool {
        self.names.iter().any(|it| names.contains(it))
    }

    /// The name that it is and nothing else, with the member: `value`, `args.first`, also behind
    /// `!`. What that gives only the schema tells.
    #[must_use]
    pub fn bare(&self) -> Option<(Name, Option<&str>)> {
        self.bare.as_ref().map(|(name, member)| (*name, member.as_deref()))
    }

    /// The arguments it looks at: of the field for [`Name::Args`], of the field around it for
    /// [`Name::Parent`], of the root field for [`Name::Root`].
    #[must_use]
    pub fn arguments(&self, of: Name) -> &Arguments {
        self.arguments.by(of)
    }

    /// What it compares with literals.
    #[must_use]
    pub const fn compared(&self) -> &[Compared] {
        &self.compared
    }

    /// What it asks for, with the members of it.
    #[must_use]
    pub const fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// Whether a part of it is left to the interpreter, which may walk through whole values.
    #[must_use]
    pub fn is_interpreted(&self) -> bool {
        self.shape.is_interpreted()
    }

    /// The named conditions it asks for, by position.
    #[must_use]
    pub fn conditions(&self) -> &[usize] {
        &self.conditions
    }
}

/// Compiles an expression that may name what the scope has, and these conditions.
///
/// # Errors
/// Everything that is wrong with it, at least one problem.
pub fn compile(
    source: &str,
    scope: Scope,
    conditions: &[Box<str>],
) -> Result<Expression, Vec<Problem>> {
    let problem = |message: String, help: &str| vec![Problem { message, help: help.into() }];
    if source.len() > SOURCE {
        let message = format!("an expression is at most {SOURCE} bytes");
        return Err(problem(message, "split it into named conditions"));
    }
    let parsed = ENVIRONMENT.compile(source).map_err(|it| {
        let first = it.errors.first();
        let told = first.map_or_else(|| "it is no expression".to_owned(), |it| it.msg.clone());
        let is_about_has = told.contains("has() macro");
        let help = if is_about_has && source.contains('[') { HAS_IN_BRACKETS } else { "" };
        problem(format!("the expression cannot be read: {}", first_line(&told)), help)
    })?;
    let mut program = parsed.expression().clone();
    let never = kind::objection(&program, conditions);
    let searches = kind::searches(&program);
    let bare = kind::bare(&program);
    let compared = compared::compared(&program);
    let paths = paths::paths(&program).into();
    let Checked { names, conditions: asked, patterns, mut problems } =
        check::check(&mut program, scope, conditions);
    problems.extend(never);
    problems.extend(searches);
    problems.extend(compared::objections(&compared));
    if !problems.is_empty() {
        return Err(problems);
    }
    let arguments = LookedAt::of(&program);
    let shape = Shape::of(program, conditions);
    let (source, conditions, compared) = (source.into(), asked, compared.into());
    Ok(Expression { source, shape, patterns, names, conditions, bare, arguments, compared, paths })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// One environment for all: building one takes longer than a hundred evaluations.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut environment = Env::stdlib().with_optional_support(false);
    // A literal that names a key twice is a mistake, and one that says so.
    environment.set_error_on_duplicate_map_keys(true);
    Arc::new(environment)
});

const HAS_IN_BRACKETS: &str = "`has` takes a path of words: write `\"name\" in claims`";

/// Bytes of source.
const SOURCE: usize = 2048;
