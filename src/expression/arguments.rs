//! Which arguments an expression looks at: of its field, of the one around it, of the root field.

use cel::common::ast::{Expr, IdedExpr, SelectExpr};

use crate::expression::{Name, paths::open_parts};

/// The arguments that are looked at where they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// Any of them.
    All,
    /// Those of these names, each once.
    Named(Vec<Box<str>>),
}

/// The arguments by whose they are.
#[derive(Debug)]
pub(super) struct LookedAt {
    own: Arguments,
    parent: Arguments,
    root: Arguments,
}

impl LookedAt {
    /// What a checked expression looks at; macros bind no names that stand for arguments.
    // The budget of this loop is the expression, whose source is at most 2 KiB.
    pub(super) fn of(root: &IdedExpr) -> Self {
        let none = || Arguments::Named(Vec::new());
        let mut looked_at = Self { own: none(), parent: none(), root: none() };
        let mut open = vec![root];
        while let Some(part) = open.pop() {
            match &part.expr {
                Expr::Ident(name) => looked_at.add(Name::parse(name), None),
                Expr::Select(select) => match whose(select) {
                    Some((_, None)) if select.field == Name::Field.text() => {}
                    Some((name, member)) => looked_at.add(Some(name), member),
                    None => open.push(&select.operand),
                },
                _ => open_parts(part, &mut open),
            }
        }
        looked_at
    }

    /// What is looked at of `args`, `parent.args` or `root.args`.
    pub(super) fn by(&self, name: Name) -> &Arguments {
        match name {
            Name::Parent => &self.parent,
            Name::Root => &self.root,
            _ => &self.own,
        }
    }

    fn add(&mut self, name: Option<Name>, member: Option<&str>) {
        let of = match name {
            Some(Name::Args) => &mut self.own,
            Some(Name::Parent) => &mut self.parent,
            Some(Name::Root) => &mut self.root,
            _ => return,
        };
        match (of, member) {
            (Arguments::All, _) => {}
            (of @ Arguments::Named(_), None) => *of = Arguments::All,
            (Arguments::Named(names), Some(member)) => {
                if !names.iter().any(|it| **it == *member) {
                    names.push(member.into());
                }
            }
        }
    }
}

/// Whose arguments a selection is about, and which one: `args.id`, `parent.args.id`. Without one
/// it is `parent.args` or `parent.field`.
fn whose(select: &SelectExpr) -> Option<(Name, Option<&str>)> {
    match &select.operand.expr {
        Expr::Ident(name) => match Name::parse(name)? {
            Name::Args => Some((Name::Args, Some(&select.field))),
            name @ (Name::Parent | Name::Root) => Some((name, None)),
            _ => None,
        },
        Expr::Select(inner) if !inner.test && inner.field == Name::Args.text() => {
            let Expr::Ident(name) = &inner.operand.expr else { return None };
            let name = Name::parse(name).filter(|it| matches!(it, Name::Parent | Name::Root))?;
            Some((name, Some(&select.field)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::expression::{Arguments, Name, Scope, compile};

    #[track_caller]
    fn check(source: &str, expect: [Option<&str>; 3]) {
        let expression = compile(source, Scope::Input, &[]).unwrap();
        let found = [Name::Args, Name::Parent, Name::Root].map(|it| expression.arguments(it));
        let expect = expect.map(|it| match it {
            None => Arguments::All,
            Some(names) => Arguments::Named(names.split_whitespace().map(Into::into).collect()),
        });
        assert_eq!(found.map(Clone::clone), expect, "{source}");
    }

    #[test]
    fn what_is_named_is_looked_at() {
        check("has(args.a) && args.a", [Some("a"), Some(""), Some("")]);
        check("has(args.a.b) || args.c[0] == 1", [Some("c a"), Some(""), Some("")]);
        check("parent.field == 'A.b' && root.args.x == 1", [Some(""), Some(""), Some("x")]);
        check("parent.args.a.exists(it, it == args.b)", [Some("b"), Some("a"), Some("")]);
        check("args.a in [args.b, {'k': args.c}.k]", [Some("c b a"), Some(""), Some("")]);
    }

    #[test]
    fn what_could_be_anything_is_all() {
        check("args['a'] == 1", [None, Some(""), Some("")]);
        check("args.a == 1 || size(args) == 0", [None, Some(""), Some("")]);
        check("size(parent.args) == 0", [Some(""), None, Some("")]);
        check("has(root.args)", [Some(""), Some(""), None]);
        check("parent == root", [Some(""), None, None]);
        check("args.exists(it, it == 'a')", [None, Some(""), Some("")]);
    }
}
