//! Reads the block: coordinates are bound to the schema, conditions are compiled, every mistake and
//! every rule without effect is told.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    expression::{Conditions, Scope, When},
    rules::{
        Ground,
        authorization::{
            Authorization, Conceal, Denial, OnDeny, Permit,
            directive::on_directive,
            paths::detours,
            table::{Default, On, PermitIdx, Table, is_of_the_language},
        },
        compared::{self, Asked},
        typed::{self, Types},
    },
    schema::{Bound, Coordinate, Kind, Pattern, Schema, Type},
    verdict::Mode,
    yaml::{Fields, Node, Value, scalar, shape},
};

pub(super) const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "default": {
            "description": "What becomes of root fields that no rule names.",
            "enum": ["allow", "deny"], "default": "deny"
        },
        "conceal": {
            "description": "Whether a field that is denied is answered like one that is not there.",
            "type": "boolean", "default": false
        },
        "on_deny": {
            "description": "Whether a request is refused, or goes on without what is denied.",
            "enum": ["reject", "remove"], "default": "reject"
        },
        "mode": { "enum": ["enforce", "report"], "default": "enforce" },
        "rules": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "on": {
                        "description": "`Type.field`, `Type`, `*.field`, `@directive` or `@tag(name: \"x\")`; the most specific wins.",
                        "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1
                    },
                    "allow": {
                        "description": "`always`, `never`, a named condition, or an expression.",
                        "type": "string", "minLength": 1
                    }
                },
                "required": ["on", "allow"],
                "additionalProperties": false
            }
        }
    },
    "additionalProperties": false
}"#;

pub(super) fn authorization(
    node: &Node,
    ground: &Ground<'_>,
    found: &mut Diagnostics,
) -> Authorization {
    let written = Written::read(node, found);
    written.warn_of_no_rules(node, found);
    let mut reading = Reading { ground, permits: Vec::new(), on: Vec::new() };
    for item in written.items {
        reading.item(Item::read(item, ground.conditions, found), found);
    }
    let table = reading.table(written.default, found);
    reading.warn_of_detours(&table, found);
    Authorization { permits: reading.permits.into(), table, denial: written.denial }
}

/// What is wrong with the block whatever the schema is.
pub(super) fn unbound(node: &Node, conditions: &Conditions, found: &mut Diagnostics) {
    for item in Written::read(node, found).items {
        let _of_no_field_yet = Item::read(item, conditions, found);
    }
}

/// The block as it is written.
struct Written<'n> {
    default: Default,
    denial: Denial,
    items: &'n [Node],
}

impl<'n> Written<'n> {
    fn read(node: &'n Node, found: &mut Diagnostics) -> Self {
        let mut fields = Fields::of(node, "authorization", found);
        let words = [("allow", Default::Allow), ("deny", Default::Deny)];
        let default = fields.take("default", found).and_then(|it| scalar::word(it, &words, found));
        let conceal = fields.take("conceal", found).and_then(|it| scalar::boolean(it, found));
        let words = [("enforce", Mode::Enforce), ("report", Mode::Report)];
        let mode = fields.take("mode", found).and_then(|it| scalar::word(it, &words, found));
        let words = [("reject", OnDeny::Reject), ("remove", OnDeny::Remove)];
        let on_deny = fields.take("on_deny", found).and_then(|it| scalar::word(it, &words, found));
        let items = fields.take("rules", found).map(|it| shape::list(it, found));
        fields.finish(found);
        Self {
            default: default.unwrap_or(Default::Deny),
            denial: Denial {
                conceal: if conceal == Some(true) { Conceal::Yes } else { Conceal::No },
                on_deny: on_deny.unwrap_or(OnDeny::Reject),
                mode: mode.unwrap_or(Mode::Enforce),
            },
            items: items.unwrap_or_default(),
        }
    }

    /// What no rule names is denied, and so is all of it.
    fn warn_of_no_rules(&self, node: &Node, found: &mut Diagnostics) {
        let denies = (self.default, self.denial.mode) == (Default::Deny, Mode::Enforce);
        if !denies || !self.items.is_empty() {
            return;
        }
        let message = "no rule allows a root field: no operation is ever admitted";
        let help = "name what may be asked for, as in `rules: [{ on: [Query.me], allow: always \
                    }]`, or say `default: allow`";
        found.push(node.warning("admits-nothing", message).help(help));
    }
}

/// A rule as it is written.
struct Item<'n> {
    names: Vec<(&'n str, &'n Node)>,
    /// `None` with a mistake.
    allow: Option<(&'n Node, When)>,
}

impl<'n> Item<'n> {
    fn read(node: &'n Node, conditions: &Conditions, found: &mut Diagnostics) -> Self {
        let mut fields = Fields::of(node, "authorization.rules", found);
        let on = fields.require("on", found);
        let allow = fields.require("allow", found);
        fields.finish(found);
        let allow =
            allow.and_then(|it| Some((it, When::read(it, Scope::Field, conditions, found)?)));
        let names = on.map(|it| shape::placed_names(it, found)).unwrap_or_default();
        if let (Some(on), []) = (on.filter(|it| matches!(it.value, Value::Sequence(_))), &*names) {
            found.push(on.error("empty-list", "the list is empty"));
        }
        Self { names, allow }
    }
}

struct Reading<'g, 'n> {
    ground: &'g Ground<'g>,
    permits: Vec<Permit>,
    on: Vec<(On, PermitIdx, &'n Node)>,
}

/// What a rule is called in what is told of it: what it is on.
fn name(on: &[(&str, &Node)]) -> Option<Box<str>> {
    let mut shown: Vec<_> = on.iter().map(|(it, _)| *it).take(MOST_NAMED).collect();
    if on.len() > shown.len() {
        shown.push("…");
    }
    Some(shown.join(", ").into()).filter(|_| !on.is_empty())
}

/// 4: more are not read.
const MOST_NAMED: usize = 4;

impl<'n> Reading<'_, 'n> {
    fn item(&mut self, item: Item<'n>, found: &mut Diagnostics) {
        let Some(name) = name(&item.names) else { return };
        let idx = PermitIdx(u32::try_from(self.permits.len()).unwrap_or(u32::MAX));
        let mut all = Vec::new();
        for (text, node) in item.names {
            let Some(on) = on_of(self.ground.schema, text, node, found) else { continue };
            all.push(on.clone());
            if self.on.iter().any(|(it, ..)| *it == on) {
                let message = format!("there is a rule on `{text}` already");
                let error = node.error("duplicate-rule", message);
                found.push(error.help("say in one expression who may ask for it"));
            } else {
                self.on.push((on, idx, node));
            }
        }
        if let Some((node, when)) = &item.allow {
            let schema = self.ground.schema;
            typed::object(schema, node, &types(schema, when, &all), found);
            let fields: Vec<_> = all.iter().flat_map(|it| it.fields(schema)).collect();
            let asked = Asked { fields: Some(&fields), values: &[] };
            compared::object(schema, (node, when), asked, found);
        }
        // With a mistake in `allow` there is no policy; nobody is the safe reading.
        let allow = item.allow.map_or(When::Never, |(_, it)| it);
        self.permits.push(Permit { name, allow });
    }

    fn table(&self, default: Default, found: &mut Diagnostics) -> Table {
        let permits: Vec<_> = self.on.iter().map(|(on, idx, _)| (on.clone(), *idx)).collect();
        let (table, idle) = Table::new(self.ground.schema, &permits, default);
        for (on, _, node) in &self.on {
            if !idle.contains(on) {
                continue;
            }
            let what = node.describe();
            if matches!(on, On::Directive(..)) && on.fields(self.ground.schema).is_empty() {
                let message = format!(
                    "no object, interface or field carries {what}: the rule guards nothing"
                );
                let help = if self.ground.schema.has_applied() {
                    "let it stand on objects, interfaces or fields, or name the fields by their \
                     coordinates"
                } else {
                    "a schema from introspection has no directives: take the SDL, or name the \
                     fields by their coordinates"
                };
                found.push(node.warning("no-effect", message).help(help));
            } else {
                let message =
                    format!("the rule on {what} decides nothing: others are more specific");
                found.push(node.warning("shadowed-rule", message).help("delete it"));
            }
        }
        table
    }
}

impl Reading<'_, '_> {
    /// A rule on a root field alone does not guard what it leads to.
    fn warn_of_detours(&self, table: &Table, found: &mut Diagnostics) {
        // Beside a mistake, a rule seems to be missing only because it could not be read.
        if found.has_errors() {
            return;
        }
        let schema = self.ground.schema;
        let mut told = Vec::new();
        for detour in detours(schema, table, &self.permits) {
            // The coordinate that leads there, of a rule that may have many.
            let leads = |on: &On| {
                let mut fields = on.fields(schema).into_iter();
                fields.any(|it| schema.field(it).ty.named == detour.to)
            };
            let of_rule = || self.on.iter().filter(|(_, idx, _)| *idx == detour.around);
            let place = of_rule().find(|(on, ..)| leads(on)).or_else(|| of_rule().next());
            let Some((.., node)) = place.filter(|_| !told.contains(&detour.to)) else { continue };
            told.push(detour.to);
            let to = &schema.ty(detour.to).name;
            let path: Vec<_> = detour.fields.iter().map(|it| schema.coordinate(*it)).collect();
            let path = path.join(" → ");
            let message = format!("this rule keeps nobody off `{to}`: `{path}` leads there, too");
            let help = format!("put a rule on `{to}`, or on a field of that path");
            found.push(node.warning("open-path", message).help(help));
        }
    }
}

/// The types that a condition can have which is nothing but an argument of the fields it is on.
fn types(schema: &Schema, when: &When, on: &[On]) -> Types {
    let Some(argument) = typed::argument(when) else { return Types::new() };
    let of = |on: &On| match on {
        On::Field(field) => typed::of_argument(schema, *field, argument),
        // They bind to many, and to others with the next version of the schema.
        On::Directive(..) | On::EveryFieldNamed(_) | On::Type(_) => None,
    };
    on.iter().map(of).collect()
}

/// What a text in `on` stands for.
fn on_of(schema: &Schema, text: &str, node: &Node, found: &mut Diagnostics) -> Option<On> {
    if let Some(directive) = text.strip_prefix('@') {
        return on_directive(schema, directive, node, found);
    }
    let every_field = text.strip_suffix(".*").unwrap_or(text);
    let Some(coordinate) = Coordinate::parse(every_field) else {
        let error = node.error("not-a-coordinate", format!("`{text}` is no coordinate"));
        found.push(error.help("write `Type.field`, `Type`, `\"*.field\"` or `\"@directive\"`"));
        return None;
    };
    let bound = coordinate.bind(schema);
    let own = bound.iter().find(|it| !is_introspection(schema, it));
    match (&coordinate, own) {
        (Coordinate::Field { parent: Pattern::Any, name }, Some(_)) => {
            Some(On::EveryFieldNamed(name.clone()))
        }
        (Coordinate::Field { .. }, Some(Bound::Field(field))) => Some(On::Field(*field)),
        (Coordinate::Type(_), Some(Bound::Type(ty))) if has_fields(schema.ty(*ty).kind) => {
            Some(On::Type(*ty))
        }
        (_, Some(_)) => {
            let error = node.error("wrong-place", format!("`{text}` is no field to ask for"));
            found.push(error.help("rules on arguments and input fields stand under `inputs`"));
            None
        }
        (_, None) if !bound.is_empty() => {
            let message = format!("`{text}` is of introspection: a rule on it decides nothing");
            let error = node.error("wrong-place", message);
            found.push(error.help("who may introspect is said by `introspection`"));
            None
        }
        (_, None) => {
            let message = format!("`{text}` is not in the schema");
            let error = node.error("unknown-coordinate", message);
            let known = known(schema);
            found.push(error.did_you_mean(text, known.iter().map(|it| &**it)));
            None
        }
    }
}

fn is_introspection(schema: &Schema, bound: &Bound) -> bool {
    match *bound {
        Bound::Field(field) => is_of_the_language(schema, field),
        Bound::Input(_) => false,
        Bound::Type(ty) => schema.ty(ty).name.starts_with("__"),
    }
}

const fn has_fields(kind: Kind) -> bool {
    matches!(kind, Kind::Object { .. } | Kind::Interface)
}

fn known(schema: &Schema) -> Vec<Arc<str>> {
    let mut known: Vec<Arc<str>> = Vec::new();
    let is_own = |ty: &Type| has_fields(ty.kind) && !ty.name.starts_with("__");
    for (id, ty) in schema.types().filter(|(_, it)| is_own(it)) {
        known.push((*ty.name).into());
        let fields = schema.fields(id).filter(|it| !is_of_the_language(schema, *it));
        known.extend(fields.map(|it| schema.coordinate(it).into()));
    }
    known
}
