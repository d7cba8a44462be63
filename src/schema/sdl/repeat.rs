//! Drops what a definition says twice in the same words.
//!
//! Published schemas have such repeats, so they are warnings; what is defined twice in different
//! words stays, for `schema::check` to refuse.

use ahash::HashMap;

use crate::schema::sdl::{
    Definition, EnumValueSyntax, FieldSyntax, InputSyntax, Name, Report, TypeSyntax,
};

pub(super) fn drop_repeats(definition: &mut Definition<'_>, report: &mut Report) {
    drop_from(&mut definition.fields, report);
    drop_from(&mut definition.inputs, report);
    drop_from(&mut definition.members, report);
    drop_from(&mut definition.values, report);
    drop_from(&mut definition.interfaces, report);
}

trait Named<'s> {
    fn name(&self) -> Name<'s>;
    fn is_same(&self, other: &Self) -> bool;
}

impl<'s> Named<'s> for EnumValueSyntax<'s> {
    fn name(&self) -> Name<'s> {
        self.name
    }

    fn is_same(&self, _: &Self) -> bool {
        true
    }
}

impl<'s> Named<'s> for FieldSyntax<'s> {
    fn name(&self) -> Name<'s> {
        self.name
    }

    fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.arguments.iter().zip(&other.arguments);
        self.arguments.len() == other.arguments.len()
            && pairs.all(|(a, b)| a.name.text == b.name.text && a.is_same(b))
            && is_same_type(&self.ty, &other.ty)
    }
}

impl<'s> Named<'s> for InputSyntax<'s> {
    fn name(&self) -> Name<'s> {
        self.name
    }

    fn is_same(&self, other: &Self) -> bool {
        let default = |it: &Self| it.default.as_ref().map(|(_, text)| *text);
        is_same_type(&self.ty, &other.ty) && default(self) == default(other)
    }
}

impl<'s> Named<'s> for Name<'s> {
    fn name(&self) -> Self {
        *self
    }

    fn is_same(&self, _: &Self) -> bool {
        true
    }
}

fn drop_from<'s, T: Named<'s>>(items: &mut Vec<T>, report: &mut Report) {
    if items.len() < 2 {
        return;
    }
    let mut first: HashMap<&str, usize> = HashMap::default();
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for it in items.drain(..) {
        let name = it.name();
        match first.get(name.text).and_then(|it| kept.get(*it)) {
            Some(first) if first.is_same(&it) => {
                let message = format!("`{}` is repeated", name.text);
                report.warning("repeated-name", name.span, (message, None));
            }
            Some(_) => kept.push(it),
            None => {
                first.insert(name.text, kept.len());
                kept.push(it);
            }
        }
    }
    *items = kept;
}

fn is_same_type(a: &TypeSyntax<'_>, b: &TypeSyntax<'_>) -> bool {
    a.name.text == b.name.text && a.wrappers == b.wrappers
}
