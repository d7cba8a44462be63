//! Random operations for a random world, and their text in many spellings.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::world::{Random, Returns, World};

/// How a slicing argument is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    Absent,
    Literal(u32),
    Null,
    Variable(usize),
}

/// A condition: a Boolean variable, and what it must be.
pub(crate) type Condition = (usize, bool);

#[derive(Clone, Debug)]
pub(crate) enum Selection {
    Field {
        field: usize,
        slice: Slice,
        weighed: bool,
        when: Option<Condition>,
        below: Vec<Selection>,
    },
    Inline {
        on: usize,
        when: Option<Condition>,
        below: Vec<Selection>,
    },
    Spread {
        fragment: usize,
        when: Option<Condition>,
    },
}

/// A variable of type `Int`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    pub(crate) default: Option<u32>,
    /// Not given, null, or a number.
    pub(crate) given: Option<Option<u32>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) selections: Vec<Selection>,
    /// Type and selections; each spreads only later ones.
    pub(crate) fragments: Vec<(usize, Vec<Selection>)>,
    pub(crate) numbers: Vec<Number>,
    pub(crate) booleans: Vec<bool>,
}

/// How to write it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spelling {
    pub(crate) literals: bool,
    pub(crate) inlined: bool,
    pub(crate) aliases: &'static str,
    pub(crate) reversed: bool,
    pub(crate) doubled: bool,
    pub(crate) wrapped: bool,
    pub(crate) with_skipped: bool,
}

impl Query {
    pub(crate) fn random(random: &mut Random, world: &World) -> Self {
        let numbers = (0..2).map(|_| Number {
            default: random.one_in(3).then(|| u32::try_from(random.below(4)).unwrap()),
            given: match random.below(4) {
                0 => None,
                1 => Some(None),
                n => Some(Some(u32::try_from(n + 1).unwrap())),
            },
        });
        let numbers = numbers.collect();
        let booleans = (0..3).map(|_| random.one_in(2)).collect();
        let n_fragments = random.upto(3);
        let mut making = Making { world, budget: 40, fragments: Vec::new() };
        let mut fragments: Vec<_> = Vec::new();
        // From the last to the first, so that each can spread those behind it.
        for _ in 0..n_fragments {
            let on = random.upto(world.types.len());
            let selections = making.selections(random, on, 5);
            fragments.push((on, selections));
            making.fragments = fragments.clone();
        }
        let selections = making.selections(random, 0, 9);
        Self { selections, fragments, numbers, booleans }
    }

    pub(crate) fn variables(&self) -> Value {
        let mut variables = json!({});
        for (at, it) in self.numbers.iter().enumerate() {
            if let Some(given) = it.given {
                variables[format!("n{at}")] = json!(given);
            }
        }
        for (at, it) in self.booleans.iter().enumerate() {
            variables[format!("b{at}")] = json!(it);
        }
        variables
    }

    /// What stands for a slice once the variables are known.
    pub(crate) fn resolved(&self, slice: Slice) -> Slice {
        let Slice::Variable(at) = slice else { return slice };
        let number = self.numbers[at];
        match (number.given, number.default) {
            (Some(Some(value)), _) | (None, Some(value)) => Slice::Literal(value),
            (Some(None), _) => Slice::Null,
            (None, None) => Slice::Absent,
        }
    }

    pub(crate) fn text(&self, world: &World, spelling: Spelling) -> String {
        let writing = Writing { query: self, world, spelling };
        let mut body = writing.selections(&self.selections);
        let mut written = Vec::new();
        // What is not used must not be defined.
        while let Some(at) = (0..self.fragments.len())
            .find(|at| !written.contains(at) && body.contains(&format!("...F{at}")))
        {
            let (on, selections) = &self.fragments[at];
            let on = &world.types[*on].name;
            write!(body, " fragment F{at} on {on} {}", writing.selections(selections)).unwrap();
            written.push(at);
        }
        let numbers = self.numbers.iter().enumerate().map(|(at, it)| {
            let default = it.default.map(|it| format!(" = {it}")).unwrap_or_default();
            (format!("$n{at}"), format!("Int{default}"))
        });
        let booleans = (0..self.booleans.len()).map(|at| (format!("$b{at}"), "Boolean!".into()));
        let used = numbers.chain(booleans).filter(|it| body.contains(&it.0));
        let used: Vec<_> = used.map(|it| format!("{}: {}", it.0, it.1)).collect();
        let used = if used.is_empty() { String::new() } else { format!("({})", used.join(", ")) };
        format!("query {used} {body}")
    }
}

struct Making<'a> {
    world: &'a World,
    budget: usize,
    fragments: Vec<(usize, Vec<Selection>)>,
}

impl Making<'_> {
    fn selections(&mut self, random: &mut Random, on: usize, depth: u32) -> Vec<Selection> {
        let mut found = Vec::new();
        for _ in 0..=random.upto(3) {
            self.budget = self.budget.saturating_sub(1);
            let when = random.one_in(4).then(|| (random.upto(3), random.one_in(2)));
            let kind = random.below(4);
            let fields = self.world.types[on].fields.clone();
            if depth > 0 && self.budget > 0 && (kind == 0 || fields.is_empty()) {
                let on = self.overlapping(random, on);
                let below = self.selections(random, on, depth - 1);
                found.push(Selection::Inline { on, when, below });
            } else if kind == 1 && !self.fragments.is_empty() {
                let fragment = random.upto(self.fragments.len());
                let other = self.fragments[fragment].0;
                if self.overlap(on, other) {
                    found.push(Selection::Spread { fragment, when });
                }
            } else if !fields.is_empty() {
                let field = fields[random.upto(fields.len())];
                found.extend(self.field(random, field, when, depth));
            }
        }
        found
    }

    fn field(
        &mut self,
        random: &mut Random,
        field: usize,
        when: Option<Condition>,
        depth: u32,
    ) -> Option<Selection> {
        let it = &self.world.catalogue[field];
        let slice = match random.below(5) {
            _ if it.slicing.is_none() => Slice::Absent,
            0 => Slice::Absent,
            1 => Slice::Null,
            2 => Slice::Literal(u32::try_from(random.below(4)).unwrap()),
            _ => Slice::Variable(random.upto(2)),
        };
        let weighed = it.weighs && random.one_in(2);
        let below = match it.returns {
            Returns::Leaf => Vec::new(),
            Returns::Type(_) if depth < 2 || self.budget == 0 => return None,
            Returns::Type(ty) => self.selections(random, ty, depth - 2),
        };
        Some(Selection::Field { field, slice, weighed, when, below })
    }

    fn overlapping(&self, random: &mut Random, on: usize) -> usize {
        let all: Vec<_> = (0..self.world.types.len()).filter(|it| self.overlap(on, *it)).collect();
        all[random.upto(all.len())]
    }

    fn overlap(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.world.types[a].possible, &self.world.types[b].possible);
        a.iter().any(|it| b.contains(it))
    }
}

struct Writing<'a> {
    query: &'a Query,
    world: &'a World,
    spelling: Spelling,
}

impl Writing<'_> {
    fn selections(&self, selections: &[Selection]) -> String {
        let mut texts: Vec<_> = selections.iter().map(|it| self.selection(it)).collect();
        // A place must not be empty; this costs nothing.
        texts.push("__typename".to_owned());
        if self.spelling.reversed {
            texts.reverse();
        }
        if self.spelling.doubled {
            let short: Vec<_> = texts.iter().filter(|it| it.len() < SHORT).cloned().collect();
            texts.extend(short);
        }
        if self.spelling.with_skipped {
            let short = texts.iter().filter(|it| it.len() < SHORT);
            let skipped = short.map(|it| format!("... @skip(if: true) {{ {it} }}"));
            texts.extend(skipped.collect::<Vec<_>>());
        }
        let all = texts.join(" ");
        if self.spelling.wrapped {
            return format!("{{ ... {{ ... @include(if: true) {{ {all} }} }} }}");
        }
        format!("{{ {all} }}")
    }

    fn selection(&self, selection: &Selection) -> String {
        match selection {
            Selection::Field { field, slice, weighed, when, below } => {
                let it = &self.world.catalogue[*field];
                let mut arguments = Vec::new();
                let written =
                    if self.spelling.literals { self.query.resolved(*slice) } else { *slice };
                match written {
                    Slice::Absent => {}
                    Slice::Literal(value) => arguments.push(format!("n: {value}")),
                    Slice::Null => arguments.push("n: null".to_owned()),
                    Slice::Variable(at) => arguments.push(format!("n: $n{at}")),
                }
                if *weighed {
                    arguments.push("w: { x: 1, in: {} }".to_owned());
                }
                let arguments = if arguments.is_empty() {
                    String::new()
                } else {
                    format!("({})", arguments.join(", "))
                };
                let key = key(self.world, selection).unwrap();
                let below = if it.returns == Returns::Leaf {
                    String::new()
                } else {
                    self.selections(below)
                };
                let prefix = self.spelling.aliases;
                format!("{prefix}{key}: {}{arguments}{} {below}", it.name, self.when(*when))
            }
            Selection::Inline { on, when, below } => self.inline(*on, *when, below),
            Selection::Spread { fragment, when } if self.spelling.inlined => {
                let (on, below) = &self.query.fragments[*fragment];
                self.inline(*on, *when, below)
            }
            Selection::Spread { fragment, when } => format!("...F{fragment}{}", self.when(*when)),
        }
    }

    fn inline(&self, on: usize, when: Option<Condition>, below: &[Selection]) -> String {
        let on = &self.world.types[on].name;
        format!("... on {on}{} {}", self.when(when), self.selections(below))
    }

    fn when(&self, when: Option<Condition>) -> String {
        match when {
            None => String::new(),
            Some((variable, must_be)) => {
                let directive = if must_be { "include" } else { "skip" };
                let value = if self.spelling.literals {
                    self.query.booleans[variable].to_string()
                } else {
                    format!("$b{variable}")
                };
                format!(" @{directive}(if: {value})")
            }
        }
    }
}

/// What is longer is not written twice: doubled at every level it would grow without end.
const SHORT: usize = 70;

/// The response key of a field: it tells the field and its arguments.
pub(crate) fn key(world: &World, selection: &Selection) -> Option<String> {
    let Selection::Field { field, slice, weighed, .. } = selection else { return None };
    let name = &world.catalogue[*field].name;
    let slice = match slice {
        Slice::Absent => String::new(),
        Slice::Literal(value) => format!("_{value}"),
        Slice::Null => "_null".to_owned(),
        Slice::Variable(at) => format!("_n{at}"),
    };
    let weighed = if *weighed { "_w" } else { "" };
    Some(format!("{name}{slice}{weighed}"))
}
