//! Random schemas with interfaces and unions, random rules on them, random operations.

use std::fmt::Write as _;

/// A small generator; the same seed gives the same case.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// A schema. Fields of one name have one type everywhere.
pub(crate) struct World {
    /// Name, interfaces, fields; the first is `Query`.
    pub(crate) objects: Vec<(String, Vec<String>, Vec<String>)>,
    /// Name, interfaces it implements, fields.
    pub(crate) interfaces: Vec<(String, Vec<String>, Vec<String>)>,
    /// Name, members.
    pub(crate) unions: Vec<(String, Vec<String>)>,
}

/// The fields with their types; a field without one is a leaf.
pub(crate) const FIELDS: &[(&str, Option<&str>)] = &[
    ("a", None),
    ("b", None),
    ("c", None),
    ("thing", Some("O1")),
    ("other", Some("O2")),
    ("face", Some("I0")),
    ("mask", Some("I1")),
    ("any", Some("U0")),
];

impl World {
    pub(crate) fn random(random: &mut Random) -> Self {
        let fields = |random: &mut Random, least: &[String]| {
            let chosen = FIELDS.iter().filter(|_| random.one_in(2)).map(|(it, _)| (*it).to_owned());
            let mut all: Vec<_> = chosen.chain(least.iter().cloned()).chain(["a".into()]).collect();
            all.sort();
            all.dedup();
            all
        };
        let first = fields(random, &[]);
        let second = fields(random, &[]);
        let refined = random.one_in(2);
        let (second, above) = if refined {
            (fields(random, &first), vec!["I0".to_owned()])
        } else {
            (second, Vec::new())
        };
        let interfaces =
            vec![("I0".to_owned(), Vec::new(), first), ("I1".to_owned(), above, second)];
        let mut objects = vec![("Query".to_owned(), Vec::new(), fields(random, &[]))];
        for n in 0..4 {
            let mut of: Vec<String> = Vec::new();
            if random.one_in(2) || n == 1 {
                of.push("I1".into());
            }
            if random.one_in(2) || n == 0 || (refined && !of.is_empty()) {
                of.push("I0".into());
            }
            let inherited: Vec<_> = interfaces
                .iter()
                .filter(|(name, ..)| of.contains(name))
                .flat_map(|(.., fields)| fields.clone())
                .collect();
            objects.push((format!("O{n}"), of, fields(random, &inherited)));
        }
        let members: Vec<_> =
            (0..4).filter(|_| random.one_in(2)).map(|n| format!("O{n}")).collect();
        let members = if members.is_empty() { vec!["O3".to_owned()] } else { members };
        Self { objects, interfaces, unions: vec![("U0".into(), members)] }
    }

    pub(crate) fn sdl(&self) -> String {
        let mut sdl = String::new();
        let all = self.interfaces.iter().map(|it| ("interface", it));
        for (keyword, (name, of, fields)) in all.chain(self.objects.iter().map(|it| ("type", it))) {
            let implements = match &**of {
                [] => String::new(),
                of => format!(" implements {}", of.join(" & ")),
            };
            writeln!(sdl, "{keyword} {name}{implements} {{").unwrap();
            for field in fields {
                let ty = type_of(field).unwrap_or("String");
                writeln!(sdl, "  {field}(x: Int = 0): {ty}").unwrap();
            }
            writeln!(sdl, "}}").unwrap();
        }
        for (name, members) in &self.unions {
            writeln!(sdl, "union {name} = {}", members.join(" | ")).unwrap();
        }
        sdl
    }

    /// The object types that a type can be.
    pub(crate) fn possible(&self, ty: &str) -> Vec<&str> {
        if let Some((_, members)) = self.unions.iter().find(|(name, _)| name == ty) {
            return members.iter().map(|it| &**it).collect();
        }
        let is = |(name, of, _): &&(String, Vec<String>, Vec<String>)| {
            name == ty || of.iter().any(|it| it == ty)
        };
        self.objects.iter().filter(is).map(|(name, ..)| &**name).collect()
    }

    /// The fields that can be asked for on a type; none on a union.
    pub(crate) fn fields(&self, ty: &str) -> &[String] {
        let mut all = self.objects.iter().chain(&self.interfaces);
        all.find(|(name, ..)| name == ty).map(|(.., fields)| &**fields).unwrap_or_default()
    }

    pub(crate) fn interfaces_of(&self, ty: &str) -> &[String] {
        let mut all = self.objects.iter().chain(&self.interfaces);
        all.find(|(name, ..)| name == ty).map(|(_, of, _)| &**of).unwrap_or_default()
    }

    pub(crate) fn types(&self) -> Vec<String> {
        let named = self.objects.iter().chain(&self.interfaces).map(|(name, ..)| name.clone());
        named.chain(self.unions.iter().map(|(name, _)| name.clone())).collect()
    }
}

pub(crate) fn type_of(field: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(it, _)| *it == field).and_then(|(_, ty)| *ty)
}

/// What a rule asks for.
#[derive(Clone, Debug)]
pub(crate) enum Allow {
    Always,
    Argument(i64),
    Never,
    Parent(String),
    ParentArgument(i64),
    ParentIsNot(String),
    Root(String),
    Staff,
    StaffOrField(String),
}

impl Allow {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Always => "always".into(),
            Self::Argument(n) => format!("args.x == {n}"),
            Self::Never => "never".into(),
            Self::Parent(it) => format!("parent.field == '{it}'"),
            Self::ParentArgument(n) => format!("parent.args.x == {n}"),
            Self::ParentIsNot(it) => format!("parent.field != '{it}'"),
            Self::Root(it) => format!("root.field == '{it}'"),
            Self::Staff => "staff".into(),
            Self::StaffOrField(it) => format!("staff || field == '{it}'"),
        }
    }

    fn random(random: &mut Random, world: &World) -> Self {
        let object = random.pick(&world.objects);
        let coordinate = format!("{}.{}", object.0, random.pick(&object.2));
        let root = format!("Query.{}", random.pick(&world.objects[0].2));
        match random.below(10) {
            0 | 1 => Self::Always,
            2 => Self::Argument(1),
            3 => Self::Never,
            4 => Self::Parent(if random.one_in(2) { root } else { coordinate }),
            5 => Self::ParentArgument(1),
            6 => Self::ParentIsNot(coordinate),
            7 => Self::Root(root),
            8 => Self::Staff,
            _ => Self::StaffOrField(coordinate),
        }
    }
}

/// Rules: what each is on, and what it asks for.
pub(crate) struct Rules {
    pub(crate) allows_by_default: bool,
    pub(crate) all: Vec<(String, Allow)>,
}

impl Rules {
    pub(crate) fn random(random: &mut Random, world: &World) -> Self {
        let mut all: Vec<(String, Allow)> = Vec::new();
        for _ in 0..random.below(7) {
            let composite = random.pick(&[&world.objects[..], &world.interfaces[..]].concat());
            let field = random.pick(&composite.2);
            let on = match random.below(5) {
                0 => format!("*.{field}"),
                1 => composite.0.clone(),
                _ => format!("{}.{field}", composite.0),
            };
            if all.iter().all(|(it, _)| *it != on) {
                all.push((on, Allow::random(random, world)));
            }
        }
        Self { allows_by_default: !random.one_in(3), all }
    }

    pub(crate) fn yaml(&self) -> String {
        let default = if self.allows_by_default { "allow" } else { "deny" };
        let mut yaml = format!(
            "conditions: {{ staff: 'claims.staff' }}\nauthorization:\n  default: {default}\n  rules:\n"
        );
        for (on, allow) in &self.all {
            writeln!(yaml, "    - {{ on: ['{on}'], allow: \"{}\" }}", allow.text()).unwrap();
        }
        if self.all.is_empty() { yaml.replace("  rules:\n", "") } else { yaml }
    }
}

/// A selection of a random operation.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    Field { name: String, x: X, guard: Option<usize>, inside: Vec<Selection> },
    Fragment { on: String, named: bool, guard: Option<usize>, inside: Vec<Selection> },
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum X {
    Literal(i64),
    Nothing,
    Variable,
}

pub(crate) fn operation(random: &mut Random, world: &World) -> Vec<Selection> {
    selections(random, world, "Query", 4)
}

fn selections(random: &mut Random, world: &World, on: &str, depth: usize) -> Vec<Selection> {
    let n = 1 + random.below(2);
    (0..n).map(|_| selection(random, world, on, depth)).collect()
}

fn selection(random: &mut Random, world: &World, on: &str, depth: usize) -> Selection {
    let guard = random.one_in(5).then(|| random.below(2));
    let fields = world.fields(on);
    if depth > 0 && (fields.is_empty() || random.one_in(4)) {
        let here = world.possible(on);
        let overlaps = |it: &String| world.possible(it).iter().any(|it| here.contains(it));
        let on: Vec<_> = world.types().into_iter().filter(overlaps).collect();
        let on = random.pick(&on);
        let inside = selections(random, world, &on, depth - 1);
        return Selection::Fragment { named: random.one_in(3), on, guard, inside };
    }
    let deep = |it: &&String| depth > 0 || type_of(it).is_none();
    let fields: Vec<_> = fields.iter().filter(deep).cloned().collect();
    if fields.is_empty() {
        return Selection::Field {
            name: "__typename".into(),
            x: X::Nothing,
            guard,
            inside: vec![],
        };
    }
    let name = random.pick(&fields);
    let x = random.pick(&[X::Literal(1), X::Literal(2), X::Nothing, X::Variable]);
    let inside = match type_of(&name) {
        Some(ty) => selections(random, world, ty, depth - 1),
        None => Vec::new(),
    };
    Selection::Field { name, x, guard, inside }
}

/// The text of an operation; every field has an alias of its own, so that all of them merge.
pub(crate) fn text(operation: &[Selection]) -> String {
    let mut printing = Printing { fragments: String::new(), n: 0 };
    let body = printing.set(operation);
    let head = "query ($g0: Boolean = true, $g1: Boolean = true, $x: Int = 0)";
    // Every variable is used, whatever the rest does.
    let used = "u0: __typename @include(if: $g0) u1: __typename @include(if: $g1)";
    let (head, printing_uses_x) = (head, body.contains("$x") || printing.fragments.contains("$x"));
    let head = if printing_uses_x { head.to_owned() } else { head.replace(", $x: Int = 0", "") };
    format!("{head} {{ {used} {body} }}{}", printing.fragments)
}

struct Printing {
    fragments: String,
    n: usize,
}

impl Printing {
    fn set(&mut self, selections: &[Selection]) -> String {
        selections.iter().map(|it| self.one(it)).collect::<Vec<_>>().join(" ")
    }

    fn one(&mut self, selection: &Selection) -> String {
        self.n += 1;
        let n = self.n;
        let include = |it: &Option<usize>| match it {
            Some(guard) => format!(" @include(if: $g{guard})"),
            None => String::new(),
        };
        match selection {
            Selection::Field { name, x, guard, inside } => {
                let args = match x {
                    X::Literal(x) => format!("(x: {x})"),
                    X::Nothing => String::new(),
                    X::Variable => "(x: $x)".into(),
                };
                let inside = match &**inside {
                    [] => String::new(),
                    inside => format!(" {{ {} }}", self.set(inside)),
                };
                format!("k{n}: {name}{args}{}{inside}", include(guard))
            }
            Selection::Fragment { on, named, guard, inside } => {
                let inside = self.set(inside);
                if *named {
                    write!(self.fragments, " fragment F{n} on {on} {{ {inside} }}").unwrap();
                    format!("...F{n}{}", include(guard))
                } else {
                    format!("... on {on}{} {{ {inside} }}", include(guard))
                }
            }
        }
    }
}
