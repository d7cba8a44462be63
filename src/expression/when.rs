//! `always`, `never`, or an expression: how a policy says under which condition something holds.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    expression::{Asked, Conditions, Expression, Kind, Outcome, Problem, Resolve, Scope, compile},
    yaml::{Node, scalar},
};

/// Under which condition something holds.
#[derive(Clone, Debug)]
pub enum When {
    /// For everyone.
    Always,
    /// When this is true.
    If(Arc<Expression>),
    /// For nobody.
    Never,
}

impl When {
    /// Reads one; adds every mistake.
    pub fn read(
        node: &Node,
        scope: Scope,
        conditions: &Conditions,
        found: &mut Diagnostics,
    ) -> Option<Self> {
        // `true` and `1` are plain scalars of YAML, and expressions as well.
        match node.as_plain().map_or_else(|| scalar::text(node, found), Some)? {
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            source => Some(Self::If(Arc::new(expression(node, source, scope, conditions, found)?))),
        }
    }

    /// Whether it holds. `local` knows the names of a field or an input.
    #[must_use]
    pub fn evaluate(&self, asked: &Asked<'_>, local: Option<&dyn Resolve>) -> Outcome {
        match self {
            Self::Always => Outcome::Holds,
            Self::If(expression) => asked.evaluate(expression, local),
            Self::Never => Outcome::Fails,
        }
    }

    /// Objects when what it asks for turns out to be of a kind that is never true or false.
    pub fn expect(node: &Node, kind: Kind, found: &mut Diagnostics) {
        kind.objection().into_iter().for_each(|it| tell(node, it, found));
    }

    /// How it is written.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Always => "always",
            Self::If(expression) => expression.source(),
            Self::Never => "never",
        }
    }

    /// The expression, when it is one.
    #[must_use]
    pub fn expression(&self) -> Option<&Expression> {
        match self {
            Self::If(expression) => Some(expression),
            Self::Always | Self::Never => None,
        }
    }
}

/// Compiles the expression that stands at a node; adds every mistake.
pub fn expression(
    node: &Node,
    source: &str,
    scope: Scope,
    conditions: &Conditions,
    found: &mut Diagnostics,
) -> Option<Expression> {
    match compile(source, scope, conditions.names()) {
        Ok(expression) => Some(expression),
        Err(problems) => {
            problems.into_iter().for_each(|it| tell(node, it, found));
            None
        }
    }
}

fn tell(node: &Node, problem: Problem, found: &mut Diagnostics) {
    let error = node.error("wrong-expression", problem.message);
    let is_silent = problem.help.is_empty();
    found.push(if is_silent { error } else { error.help(problem.help) });
}
