//! The ways that an expression goes from its names: `args.by.role`, also in `has`.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::expression::Name;

/// A name, and what is asked for of it, as far as that is written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The name.
    pub name: Name,
    /// The members, one after the other; empty for the name itself.
    pub members: Vec<Box<str>>,
}

/// Every way of an expression, as far as it leads.
// The budget of this loop is the expression, whose source is at most 2 KiB.
pub(super) fn paths(root: &IdedExpr) -> Vec<Path> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(part) = open.pop() {
        if let Some((name, members)) = tested(part).or_else(|| named_by(part)) {
            found.push(Path { name, members });
            continue;
        }
        open_parts(part, &mut open);
    }
    found
}

/// Adds the parts of an expression to those that are open.
pub(super) fn open_parts<'e>(part: &'e IdedExpr, open: &mut Vec<&'e IdedExpr>) {
    match &part.expr {
        Expr::Call(call) => open.extend(call.args.iter().chain(call.target.as_deref())),
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

/// `has(args.by.role)`
fn tested(expression: &IdedExpr) -> Option<(Name, Vec<Box<str>>)> {
    let Expr::Select(select) = &expression.expr else { return None };
    let (name, mut members) = named_by(&select.operand).filter(|_| select.test)?;
    members.push(select.field.as_str().into());
    Some((name, members))
}

/// The name that a part leads to, and the way: `parent.args["id"]`.
pub(super) fn named_by(expression: &IdedExpr) -> Option<(Name, Vec<Box<str>>)> {
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

#[cfg(test)]
mod tests {
    use crate::expression::{Scope, compile};

    #[track_caller]
    fn check(source: &str, expect: &[&str]) {
        let expression = compile(source, Scope::Input, &[]).unwrap();
        let paths = expression.paths().iter();
        let mut found: Vec<_> =
            paths.map(|it| format!("{} {}", it.name.text(), it.members.join("."))).collect();
        found.sort();
        assert_eq!(found, expect, "{source}");
    }

    #[test]
    fn ways_are_followed_as_far_as_they_are_written_out() {
        check("has(args.a.b) && args.a['c'] == 1", &["args a.b", "args a.c"]);
        check("!(root.args.x in [value.y, value])", &["root args.x", "value ", "value y"]);
        check("value.exists(it, it.z == parent['args'].x)", &["parent args.x", "value "]);
        check("value.a[0].b == {'k': args.c}.k", &["args c", "value a"]);
        check("has(args['a'].b)", &["args a.b"]);
    }
}
