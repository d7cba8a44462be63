//! Values, each against the type of the place where it stands.
//!
//! That no key is given twice has been seen to by `beyond_validator`. Whether a variable fits its
//! place is for `variables`, as that depends on the operation.

use crate::{
    document::{
        ValueId, ValueKind,
        validate::proof::{
            Proven, proven,
            selections::{Usage, Walk},
        },
    },
    schema::{Const, Input, Kind, TypeId, Wrapper},
};

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The innermost type.
    pub(super) named: TypeId,
    /// What is around it, outermost first.
    pub(super) wrappers: &'a [Wrapper],
    /// Something else than null stands there when nothing is given.
    pub(super) has_default: bool,
    /// An input object with exactly one field is around it.
    pub(super) in_one_of: bool,
}

impl<'a> Place<'a> {
    /// The place of an argument.
    pub(super) fn of(input: &'a Input) -> Self {
        let has_default = input.default.as_ref().is_some_and(|it| *it != Const::Null);
        Self { has_default, ..Self::typed(input.ty.named, &input.ty.wrappers) }
    }

    /// A place of which only the type is known.
    pub(super) const fn typed(named: TypeId, wrappers: &'a [Wrapper]) -> Self {
        Self { named, wrappers, has_default: false, in_one_of: false }
    }
}

/// True when nothing else stands there when nothing is given, not even null.
pub(super) fn is_required(input: &Input) -> bool {
    input.ty.wrappers.first() == Some(&Wrapper::NonNull) && input.default.is_none()
}

impl<'a> Walk<'a> {
    /// GraphQL §5.6.1: a value is of the type of its place.
    // The budget of this loop is the number of values: every one is looked at once.
    pub(super) fn value(&mut self, value: ValueId, place: Place<'a>) -> Option<Proven> {
        let bottom = self.values.len();
        self.values.push((value, place));
        while self.values.len() > bottom {
            let (value, place) = self.values.pop()?;
            self.one(value, place)?;
        }
        Some(Proven)
    }

    fn one(&mut self, id: ValueId, place: Place<'a>) -> Option<Proven> {
        let (is_required, wrappers) = match place.wrappers.split_first() {
            Some((Wrapper::NonNull, rest)) => (true, rest),
            _ => (false, place.wrappers),
        };
        match self.known.document.value(id)?.kind {
            ValueKind::Variable(name) => {
                self.usages.push(Usage { name, place: Some(place) });
                Some(Proven)
            }
            ValueKind::Null => proven(!is_required),
            ValueKind::List => match wrappers.split_first() {
                Some((Wrapper::List, inner)) => {
                    let items = self.known.document.children(id);
                    let item = Place::typed(place.named, inner);
                    self.values.extend(items.map(|(it, _)| (it, item)));
                    Some(Proven)
                }
                _ => self.named(id, place.named),
            },
            // GraphQL §3.11: one value stands for a list of it, in however many lists.
            _ => self.named(id, place.named),
        }
    }

    /// A value that is neither null nor a variable, against a type without wrappers.
    fn named(&mut self, id: ValueId, named: TypeId) -> Option<Proven> {
        let document = self.known.document;
        let ty = self.known.schema.ty(named);
        let kind = document.value(id)?.kind;
        match (ty.kind, kind) {
            (Kind::Enum, ValueKind::Enum(name)) => {
                let name = document.str(name);
                proven(ty.values.iter().any(|it| &*it.name == name))
            }
            (Kind::InputObject { one_of }, ValueKind::Object) => self.object(id, named, one_of),
            (Kind::Scalar, _) => match self.scalar(&ty.name, kind) {
                Some(fits) => proven(fits),
                None => self.untyped(id),
            },
            _ => None,
        }
    }

    /// Whether a value fits a scalar of the language (GraphQL §3.5); nothing for the schema's own.
    fn scalar(&self, name: &str, kind: ValueKind) -> Option<bool> {
        let number = |it| self.known.document.str(it).parse::<f64>().is_ok_and(f64::is_finite);
        Some(match name {
            "Boolean" => matches!(kind, ValueKind::Boolean(_)),
            "Float" => match kind {
                ValueKind::Float(it) | ValueKind::Int(it) => number(it),
                _ => false,
            },
            "ID" => matches!(kind, ValueKind::Int(_) | ValueKind::String(_)),
            "Int" => match kind {
                ValueKind::Int(it) => self.known.document.str(it).parse::<i32>().is_ok(),
                _ => false,
            },
            "String" => matches!(kind, ValueKind::String(_)),
            _ => return None,
        })
    }

    /// GraphQL §5.6.2 (keys are defined) and §5.6.4 (what is required is given); §3.10.1: of a
    /// `@oneOf` one field is given, and not null.
    fn object(&mut self, id: ValueId, named: TypeId, one_of: bool) -> Option<Proven> {
        let (schema, document) = (self.known.schema, self.known.document);
        let mut n_given = 0_usize;
        // The budget of this loop is the number of defined keys: no key is given twice.
        for (child, value) in document.children(id) {
            let input = schema.input(schema.input_field_named(named, document.str(value.key?))?);
            self.values.push((child, Place { in_one_of: one_of, ..Place::of(input) }));
            proven(!one_of || value.kind != ValueKind::Null)?;
            n_given = n_given.saturating_add(1);
        }
        proven(!one_of || n_given == 1)?;
        let mut required = schema.input_fields(named).filter(|it| is_required(schema.input(*it)));
        proven(required.all(|it| {
            let name = &*schema.input(it).name;
            let mut keys = document.children(id).filter_map(|(_, it)| it.key);
            keys.any(|it| document.str(it) == name)
        }))
    }

    /// What is below a value without a type: variables, of whatever type they are.
    fn untyped(&mut self, id: ValueId) -> Option<Proven> {
        let document = self.known.document;
        let end = document.value(id)?.end;
        let values = document.values().get(id.index()..end.index())?;
        let names = values.iter().filter_map(|it| match it.kind {
            ValueKind::Variable(name) => Some(name),
            _ => None,
        });
        self.usages.extend(names.map(|name| Usage { name, place: None }));
        Some(Proven)
    }
}
