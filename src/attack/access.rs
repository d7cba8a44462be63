//! Who may see a field, by a reading of `authorization` of its own.
//!
//! The page of the rule is the only source: `Type.field`, then `Interface.field`, then what binds
//! to many; of the last, all that match must allow.

use std::borrow::Cow;

use crate::{
    attack::{World, intent::AccessRules},
    expression::{Asked, Expression, Name, Resolve, Value, When},
    identity::Seen,
    schema::{FieldId, TypeId},
};

/// Why a field may be seen or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nobody says anything.
    Open,
    /// A rule allows it.
    Allowed,
    /// A rule, or the default, denies it.
    Denied,
    /// It depends on arguments, so nothing is said.
    Unknown,
}

/// Whose arguments a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    /// The field's own.
    Own,
    /// Those of the field around it.
    Parent,
    /// Those of the root field.
    Root,
}

/// Where a field stands: the coordinates of the field around it and of the root field.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    pub(super) parent: Option<String>,
    pub(super) root: Option<String>,
}

impl World<'_> {
    /// Whether the caller may select a field on an object type.
    pub(super) fn sight(&self, on: TypeId, field: FieldId, around: &Around) -> Sight {
        let Some(access) = &self.intent.access else { return Sight::Open };
        if field == FieldId::TYPENAME {
            return Sight::Open;
        }
        let rules = self.binding(access, on, field);
        if self.is_tagged(access, on, field) {
            return Sight::Unknown;
        }
        if rules.is_empty() {
            let is_root = ROOTS.iter().any(|it| self.schema().root(*it) == Some(on));
            let denied = is_root && access.is_denied_by_default;
            return if denied { Sight::Denied } else { Sight::Open };
        }
        let (on, name) = (&self.schema().ty(on).name, &self.schema().field(field).name);
        let coordinate = format!("{on}.{name}");
        let place = Place::new(&coordinate, around);
        if rules.iter().any(|it| it.source().contains("args") || self.asks_how_it_comes(it)) {
            return Sight::Unknown;
        }
        let allows = |it: &&When| self.holds(it, &place);
        if rules.iter().all(allows) { Sight::Allowed } else { Sight::Denied }
    }

    /// Whether a condition looks at the operation or at the way it comes, which differ here by
    /// attempt.
    fn asks_how_it_comes(&self, when: &When) -> bool {
        let asks = |it: &Expression| it.asks_for(&[Name::Operation, Name::Request]);
        let named: Vec<_> = self.policy.conditions.iter().map(|(_, it)| it).collect();
        let Some(expression) = when.expression() else { return false };
        // Conditions rest on earlier ones alone, all of which are in the list.
        let mut through = expression.conditions().iter().filter_map(|it| named.get(*it));
        asks(expression) || through.any(|it| asks(it) || !it.conditions().is_empty())
    }

    /// Whether a rule may bind a field by what its directive says, which is not read here.
    fn is_tagged(&self, access: &AccessRules, on: TypeId, field: FieldId) -> bool {
        let schema = self.schema();
        let own = schema.coordinate(field);
        let mut applied = schema.ty(on).directives.iter().chain(&schema.field(field).directives);
        let starts = |name: &str| format!("@{name}(");
        // A rule by its name decides alone.
        !access.rules.iter().any(|(it, _)| *it == own)
            && applied
                .any(|it| access.rules.iter().any(|(on, _)| on.starts_with(&starts(&it.name))))
    }

    /// Whether the caller may select a field when these arguments are given.
    pub(super) fn may_with(
        &self,
        (on, field): (TypeId, FieldId),
        around: &Around,
        (whose, args): (Whose, &serde_json::Value),
    ) -> bool {
        let Some(access) = &self.intent.access else { return true };
        let coordinate =
            format!("{}.{}", self.schema().ty(on).name, self.schema().field(field).name);
        let place = Place::new(&coordinate, around).given(whose, args);
        self.binding(access, on, field).into_iter().all(|it| self.holds(it, &place))
    }

    fn holds(&self, when: &When, place: &dyn Resolve) -> bool {
        let caller = self.caller();
        let seen = Seen::new(&caller);
        when.evaluate(&Asked::new(&self.policy.conditions, &seen), Some(place)).holds()
    }

    /// Whether a condition on an input holds for a value.
    pub(super) fn holds_for(&self, when: &When, value: &serde_json::Value) -> bool {
        let nowhere = Around::default();
        let mut place = Place::new("", &nowhere);
        place.value = Some(Value::of_json(value));
        self.holds(when, &place)
    }

    /// The rules that decide about a field.
    pub(super) fn binding<'a>(
        &self,
        access: &'a AccessRules,
        on: TypeId,
        field: FieldId,
    ) -> Vec<&'a When> {
        let schema = self.schema();
        let name = &*schema.field(field).name;
        let ty = schema.ty(on);
        let named = |coordinate: String| {
            let own = access.rules.iter().filter(move |(it, _)| *it == coordinate);
            own.map(|(_, when)| when).collect::<Vec<_>>()
        };
        let exact = named(format!("{}.{name}", ty.name));
        if !exact.is_empty() {
            return exact;
        }
        let interfaces = ty.interfaces.iter().map(|it| format!("{}.{name}", schema.ty(*it).name));
        let inherited: Vec<_> = interfaces.flat_map(named).collect();
        if !inherited.is_empty() {
            return inherited;
        }
        let directives = [&ty.directives, &schema.field(field).directives];
        let applied = directives.into_iter().flatten().map(|it| format!("@{}", it.name));
        let broad = [ty.name.to_string(), format!("{}.*", ty.name), format!("*.{name}")];
        broad.into_iter().chain(applied).flat_map(named).collect()
    }
}

/// What expressions see of a place.
struct Place<'a> {
    coordinates: (&'a str, &'a Around),
    args: Option<Value>,
    field: Value,
    parent: Option<Value>,
    root: Option<Value>,
    value: Option<Value>,
}

impl<'a> Place<'a> {
    fn new(field: &'a str, around: &'a Around) -> Self {
        let coordinate =
            |it: &Option<String>| it.as_deref().map(|it| Value::map([("field", Value::text(it))]));
        Self {
            coordinates: (field, around),
            args: None,
            field: Value::text(field),
            parent: coordinate(&around.parent),
            root: coordinate(&around.root),
            value: None,
        }
    }

    /// The same with arguments.
    fn given(mut self, whose: Whose, args: &serde_json::Value) -> Self {
        let args = Value::of_json(args);
        let (_, around) = self.coordinates;
        let with = |it: &Option<String>| {
            let field = it.as_deref().map(|it| ("field", Value::text(it)));
            Value::map(field.into_iter().chain([("args", args.clone())]))
        };
        match whose {
            Whose::Own => self.args = Some(args),
            Whose::Parent => self.parent = Some(with(&around.parent)),
            Whose::Root => self.root = Some(with(&around.root)),
        }
        self
    }
}

impl Resolve for Place<'_> {
    fn resolve(&self, name: Name) -> Option<&Value> {
        match name {
            Name::Field => Some(&self.field),
            Name::Parent => self.parent.as_ref(),
            Name::Root => self.root.as_ref(),
            Name::Value => self.value.as_ref(),
            // Where none are given, what asks for them denies, and where the firewall then allows,
            // nothing is tried.
            Name::Args => self.args.as_ref(),
            Name::Claims | Name::Client | Name::Operation | Name::Request => None,
        }
    }

    fn coordinate(&self, name: Name) -> Option<Cow<'_, str>> {
        let (field, around) = self.coordinates;
        let found = match name {
            Name::Field => Some(field),
            Name::Parent => around.parent.as_deref(),
            Name::Root => around.root.as_deref(),
            _ => None,
        };
        found.map(Cow::Borrowed)
    }
}

/// The kinds of operation, whose root types are guarded by default.
pub(super) const ROOTS: [crate::schema::OperationKind; 3] = [
    crate::schema::OperationKind::Query,
    crate::schema::OperationKind::Mutation,
    crate::schema::OperationKind::Subscription,
];
