//! What an expression may consist of: known names, known functions, one level of comprehension,
//! patterns that are literals. Everything else is an error at load.
//!
//! The crate's own list of references does not know which names a macro binds, so the walk is ours.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};

use crate::{
    diagnostic::suggestion,
    expression::{Name, Pattern, Problem, Scope, direct, name::Member},
};

/// What was found in an expression besides problems.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// The names it asks for.
    pub(super) names: Vec<Name>,
    /// The named conditions it asks for.
    pub(super) conditions: Vec<usize>,
    /// Its patterns, each with the function that stands for it.
    pub(super) patterns: Vec<(String, Pattern)>,
    pub(super) problems: Vec<Problem>,
}

/// Checks an expression, and makes each of its patterns a function of its own.
// The budget of this loop is the expression, whose source is at most 2 KiB.
pub(super) fn check(root: &mut IdedExpr, scope: Scope, conditions: &[Box<str>]) -> Checked {
    let mut walk = Walk { scope, conditions, checked: Checked::default(), open: Vec::new() };
    walk.open.push((root, Place { depth: 0, bound: Vec::new() }));
    while let Some((expression, place)) = walk.open.pop() {
        walk.visit(expression, place);
    }
    walk.checked
}

/// Where a part of an expression stands.
#[derive(Clone)]
struct Place {
    depth: usize,
    /// The names that the macro around it binds; empty outside of macros.
    bound: Vec<String>,
}

impl Place {
    fn below(&self) -> Self {
        Self { depth: self.depth.saturating_add(1), bound: self.bound.clone() }
    }
}

struct Walk<'e> {
    scope: Scope,
    conditions: &'e [Box<str>],
    checked: Checked,
    open: Vec<(&'e mut IdedExpr, Place)>,
}

impl<'e> Walk<'e> {
    fn visit(&mut self, expression: &'e mut IdedExpr, place: Place) {
        if place.depth > DEPTH {
            self.object("the expression is nested too deep", "split it into named conditions");
            return;
        }
        match &mut expression.expr {
            Expr::Call(call) => {
                if let (operators::INDEX, [of, key]) = (&*call.func_name, &*call.args)
                    && let Expr::Literal(LiteralValue::String(key)) = &key.expr
                {
                    self.member(of, key.inner(), &place);
                }
                if let Some(function) = self.call(call) {
                    call.func_name = function;
                    call.args = call.target.take().map(|it| *it).into_iter().collect();
                }
                let parts = call.args.iter_mut().chain(call.target.as_deref_mut());
                self.open.extend(parts.map(|it| (it, place.below())));
            }
            Expr::Comprehension(it) => self.comprehension(it, &place),
            Expr::Ident(name) => self.name(name, &place),
            Expr::List(list) => {
                self.open.extend(list.elements.iter_mut().map(|it| (it, place.below())));
            }
            Expr::Map(map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        self.open.push((&mut entry.key, place.below()));
                        self.open.push((&mut entry.value, place.below()));
                    }
                }
            }
            Expr::Select(select) => {
                self.member(&select.operand, &select.field, &place);
                self.open.push((&mut select.operand, place.below()));
            }
            Expr::Literal(_) => {}
            Expr::Struct(_) | Expr::Unspecified => {
                self.object("a struct cannot be made here", "compare with a text or a number");
            }
        }
    }

    /// Opens the parts of a macro; the names that it binds are known inside of it alone.
    fn comprehension(&mut self, it: &'e mut ComprehensionExpr, place: &Place) {
        if !place.bound.is_empty() {
            let help = "`exists`, `all`, `map` and `filter` cannot stand in each other";
            self.object("a comprehension inside a comprehension", help);
            return;
        }
        let bound: Vec<_> =
            it.iter_var2.iter().chain([&it.iter_var, &it.accu_var]).cloned().collect();
        for name in &bound {
            if self.means(name) {
                self.object(&format!("`{name}` means something else already"), "rename it");
            }
        }
        let inner = Place { depth: place.depth.saturating_add(1), bound };
        self.open.push((&mut it.iter_range, place.below()));
        self.open.push((&mut it.accu_init, place.below()));
        for part in [&mut it.loop_cond, &mut it.loop_step, &mut it.result] {
            self.open.push((part, inner.clone()));
        }
    }

    /// Checks what is called; gives the function that stands for a pattern when it is one.
    fn call(&mut self, call: &CallExpr) -> Option<String> {
        let name = call.func_name.as_str();
        if name != "matches" {
            if !FUNCTIONS.contains(&name) && !OPERATORS.contains(&name) {
                let help = format!("functions are {}", FUNCTIONS.join(", "));
                self.object(&format!("there is no function `{name}`"), &help);
            }
            return None;
        }
        let literal = call.args.first().and_then(|it| match &it.expr {
            Expr::Literal(LiteralValue::String(text)) => Some(text.inner().to_owned()),
            _ => None,
        });
        let (Some(source), Some(_), 1) = (literal, &call.target, call.args.len()) else {
            let help = "write it as `text.matches('pattern')`";
            self.object("a pattern must be a literal", help);
            return None;
        };
        match Pattern::anywhere(&source) {
            Ok(pattern) => {
                let function = format!("matches_{}", self.checked.patterns.len());
                self.checked.patterns.push((function.clone(), pattern));
                Some(function)
            }
            Err(wrong) => {
                self.object(&format!("the pattern does not compile: {wrong}"), "");
                None
            }
        }
    }

    fn means(&self, text: &str) -> bool {
        Name::parse(text).is_some() || self.conditions.iter().any(|it| **it == *text)
    }

    fn name(&mut self, text: &str, place: &Place) {
        if place.bound.iter().any(|it| it == text) {
            return;
        }
        if let Some(condition) = self.conditions.iter().position(|it| **it == *text) {
            self.checked.conditions.push(condition);
            return;
        }
        let names = self.scope.names();
        match Name::parse(text) {
            Some(name) if names.contains(&name) => self.checked.names.push(name),
            Some(_) => {
                let all: Vec<_> = names.iter().map(|it| format!("`{}`", it.text())).collect();
                let help = format!("what is known here is {}", all.join(", "));
                self.object(&format!("`{text}` is not known here"), &help);
            }
            None => {
                let known = names.iter().map(|it| it.text());
                let known = known.chain(self.conditions.iter().map(|it| &**it));
                let near = suggestion(text, known);
                let above = || "a condition must be defined above those that name it".to_owned();
                let help = match text {
                    "always" => "in an expression, write `true`".to_owned(),
                    "never" => "in an expression, write `false`".to_owned(),
                    _ => near.map_or_else(above, |it| format!("did you mean `{it}`?")),
                };
                self.object(&format!("`{text}` stands for nothing"), &help);
            }
        }
    }

    /// Asks whether a member is there, where that is known of what stands before it.
    fn member(&mut self, operand: &IdedExpr, field: &str, place: &Place) {
        let (of, members) = match &operand.expr {
            Expr::Ident(name) if !place.bound.contains(name) => {
                (name.clone(), Name::parse(name).and_then(Name::members))
            }
            Expr::Select(inner) if !inner.test => {
                let Some((name, member)) = direct::member(inner) else { return };
                if place.bound.iter().any(|it| it == name.text()) {
                    return;
                }
                let members = match Member::of(name, &member) {
                    Member::Any => None,
                    Member::Map(members) => Some(members),
                    // What is not there has been objected to.
                    Member::Plain => {
                        name.members().filter(|it| it.contains(&&*member)).map(|_| [].as_slice())
                    }
                };
                (format!("{}.{member}", name.text()), members)
            }
            _ => return,
        };
        let Some(members) = members.filter(|it| !it.contains(&field)) else { return };
        let near = suggestion(field, members.iter().copied());
        let help = match (members, near) {
            ([], _) if of == "operation.trusted" => format!("`{of}` is true or false"),
            ([], _) => format!("`{of}` is a text"),
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (members, None) => format!("it has {}", members.join(", ")),
        };
        self.object(&format!("`{of}` has no `{field}`"), &help);
    }

    fn object(&mut self, message: &str, help: &str) {
        let problem = Problem { message: message.to_owned(), help: help.to_owned() };
        if !self.checked.problems.contains(&problem) {
            self.checked.problems.push(problem);
        }
    }
}

/// Deeper is not written by hand; evaluating recurses once per level.
pub(super) const DEPTH: usize = 64;

/// What can be called; all are linear in their arguments.
const FUNCTIONS: &[&str] =
    &["contains", "double", "endsWith", "int", "matches", "size", "startsWith", "string"];

const OPERATORS: &[&str] = &[
    operators::ADD,
    operators::CONDITIONAL,
    operators::DIVIDE,
    operators::EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::IN,
    operators::INDEX,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::LOGICAL_AND,
    operators::LOGICAL_NOT,
    operators::LOGICAL_OR,
    operators::MODULO,
    operators::MULTIPLY,
    operators::NEGATE,
    operators::NOT_EQUALS,
    operators::NOT_STRICTLY_FALSE,
    operators::SUBSTRACT,
];
