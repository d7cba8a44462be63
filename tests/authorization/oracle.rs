//! Who may ask for what, found out the slow way: run the operation on every object type that could
//! answer, and ask the rules at every field.

use crate::world::{Allow, Rules, Selection, World, X, type_of};

/// Who asks, and with which variables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) staff: Option<bool>,
    pub(crate) guards: [bool; 2],
    pub(crate) x: Option<i64>,
}

pub(crate) struct Oracle<'a> {
    pub(crate) world: &'a World,
    pub(crate) rules: &'a Rules,
    pub(crate) request: Request,
}

/// A field that was asked for on the way here.
#[derive(Clone)]
struct Above {
    coordinate: String,
    x: i64,
}

impl Oracle<'_> {
    pub(crate) fn allows(&self, operation: &[Selection]) -> bool {
        self.set(operation, "Query", &[])
    }

    fn set(&self, selections: &[Selection], object: &str, above: &[Above]) -> bool {
        let takes_part = |it: &&Selection| {
            let guard = match it {
                Selection::Field { guard, .. } | Selection::Fragment { guard, .. } => *guard,
            };
            guard.is_none_or(|it| self.request.guards[it])
        };
        selections.iter().filter(takes_part).all(|it| match it {
            Selection::Field { name, x, inside, .. } => {
                self.field((name, *x), inside, object, above)
            }
            Selection::Fragment { on, inside, .. } => {
                !self.world.possible(on).contains(&object) || self.set(inside, object, above)
            }
        })
    }

    fn field(
        &self,
        (name, x): (&str, X),
        inside: &[Selection],
        object: &str,
        above: &[Above],
    ) -> bool {
        if name == "__typename" {
            return true;
        }
        let x = match x {
            X::Literal(x) => x,
            X::Nothing => 0,
            X::Variable => self.request.x.unwrap_or(0),
        };
        let here = Above { coordinate: format!("{object}.{name}"), x };
        if !self.may(object, name, &here, above) {
            return false;
        }
        let Some(ty) = type_of(name) else { return true };
        let above = [above, &[here]].concat();
        self.world.possible(ty).iter().all(|it| self.set(inside, it, &above))
    }

    fn may(&self, object: &str, name: &str, here: &Above, above: &[Above]) -> bool {
        let deciding = self.deciding(object, name);
        if deciding.is_empty() {
            return !above.is_empty() || self.rules.allows_by_default;
        }
        deciding.iter().all(|it| self.holds(it, here, above))
    }

    fn deciding(&self, object: &str, name: &str) -> Vec<&Allow> {
        let on = |on: &str| self.rules.all.iter().find(|(it, _)| it == on).map(|(_, it)| it);
        if let Some(own) = on(&format!("{object}.{name}")) {
            return vec![own];
        }
        let of = self.world.interfaces_of(object);
        let with_rule: Vec<_> =
            of.iter().filter_map(|it| Some((it, on(&format!("{it}.{name}"))?))).collect();
        let is_refined = |it: &str| {
            let mut others = with_rule.iter();
            others.any(|(other, _)| self.world.interfaces_of(other).iter().any(|above| above == it))
        };
        let inherited: Vec<_> =
            with_rule.iter().filter(|(it, _)| !is_refined(it)).map(|(_, it)| *it).collect();
        if !inherited.is_empty() {
            return inherited;
        }
        let has = |it: &&String| self.world.fields(it).iter().any(|it| it == name);
        let types = of.iter().filter(has).map(|it| on(it)).chain([on(object)]);
        types.chain([on(&format!("*.{name}"))]).flatten().collect()
    }

    fn holds(&self, allow: &Allow, here: &Above, above: &[Above]) -> bool {
        let (parent, root) = (above.last(), above.first());
        let staff = self.request.staff;
        match allow {
            Allow::Always => true,
            Allow::Argument(n) => here.x == *n,
            Allow::Never => false,
            Allow::Parent(it) => parent.is_some_and(|above| above.coordinate == *it),
            Allow::ParentArgument(n) => parent.is_some_and(|it| it.x == *n),
            Allow::ParentIsNot(it) => parent.is_some_and(|above| above.coordinate != *it),
            Allow::Root(it) => root.is_some_and(|above| above.coordinate == *it),
            Allow::Staff => staff == Some(true),
            // CEL: a part without an answer does not spoil the other one when that is true.
            Allow::StaffOrField(it) => staff == Some(true) || here.coordinate == *it,
        }
    }
}
