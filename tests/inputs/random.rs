//! Random worlds, and operations that are valid in them.

use crate::{
    model::{
        Base, Demand, Input, Kind, On, Operation, Selection, Ty, Value, Variable, World, Wrap,
    },
    support::tape::Tape,
};

const N_OBJECTS: usize = 3;
const TEXTS: [&str; 5] = ["a", "bb", "ccc", "", "3"];
const INTS: [i64; 5] = [0, 3, 5, 6, -1];

pub(crate) fn world(tape: &mut Tape<'_>) -> World {
    let objects: Vec<Vec<Input>> = (0..N_OBJECTS)
        .map(|n| (0..3).map(|f| input(&format!("In{n}.f{f}"), &format!("f{f}"), tape)).collect())
        .collect();
    let fields: Vec<Vec<Input>> = (0..3)
        .map(|q| {
            let argument = |a: usize, tape: &mut Tape<'_>| {
                input(&format!("Query.q{q}(a{a}:)"), &format!("a{a}"), tape)
            };
            (0..2).map(|a| argument(a, tape)).collect()
        })
        .collect();
    let directive = input("@d(a:)", "a", tape);
    let shared = input("N.h(x:)", "x", tape);
    let mut world = World {
        objects,
        fields,
        shared: ["N.h(x:)", "A.h(x:)", "B.h(x:)"]
            .map(|at| Input { at: at.into(), ..shared.clone() }),
        directive,
        demands: Vec::new(),
    };
    // Defaults come last: they need every type.
    let copy = world.clone();
    let default = |it: &mut Input, tape: &mut Tape<'_>| {
        if tape.chance(25) {
            it.default = Some(Writer::constant(&copy).value(&it.ty, 2, tape));
        }
    };
    world.fields.iter_mut().flatten().for_each(|it| default(it, tape));
    world.shared.iter_mut().for_each(|it| default(it, tape));
    default(&mut world.directive, tape);
    for it in world.objects.iter_mut().flatten().filter(|it| !matches!(it.ty.base, Base::Object(_)))
    {
        default(it, tape);
    }
    world.demands = (0..1 + tape.below(3)).map(|_| demand(&world, tape)).collect();
    world
}

fn input(at: &str, name: &str, tape: &mut Tape<'_>) -> Input {
    let is_field = at.starts_with("In");
    let base = match tape.below(8) {
        0 | 1 => Base::Int,
        2 | 3 => Base::String,
        4 => Base::Id,
        5 => Base::Word,
        _ => Base::Object(tape.below(N_OBJECTS)),
    };
    // An object that must hold itself cannot be given.
    let may_demand = !(is_field && matches!(base, Base::Object(_)));
    let mut wraps = Vec::new();
    for _ in 0..tape.below(3) {
        if may_demand && tape.chance(25) {
            wraps.push(Wrap::NonNull);
        }
        wraps.push(Wrap::List);
    }
    if may_demand && tape.chance(25) {
        wraps.push(Wrap::NonNull);
    }
    Input { at: at.into(), name: name.into(), ty: Ty { base, wraps }, default: None }
}

fn demand(world: &World, tape: &mut Tape<'_>) -> Demand {
    let inputs = world.objects.iter().chain(&world.fields).flatten();
    let inputs: Vec<&Input> = inputs.chain(&world.shared).chain([&world.directive]).collect();
    let (at, ty) = if tape.chance(25) {
        let (name, base) = tape.pick(&[
            ("Int", Base::Int),
            ("String", Base::String),
            ("ID", Base::Id),
            ("Word", Base::Word),
        ]);
        (format!("scalar {name}"), Ty { base, wraps: Vec::new() })
    } else {
        let input = inputs[tape.below(inputs.len())];
        (input.at.clone(), input.ty.clone())
    };
    let is_text = matches!(ty.base, Base::Id | Base::String | Base::Word);
    let can_be = is_text && !ty.is_list();
    let mut kinds = vec![Kind::Allow, if can_be { Kind::Require } else { Kind::RequireMade }];
    if ty.base == Base::Int {
        kinds.extend([Kind::Range, Kind::Range, Kind::OneOf]);
    }
    if is_text {
        kinds.extend([Kind::OneOf, Kind::OneOf]);
    }
    if is_text || ty.is_list() {
        kinds.extend([Kind::Length, Kind::Length]);
    }
    let kind = kinds[tape.below(kinds.len())];
    let required =
        !matches!(kind, Kind::Allow | Kind::Require | Kind::RequireMade) && tape.chance(25);
    Demand { at, kind, required }
}

pub(crate) fn operation(world: &World, tape: &mut Tape<'_>) -> Operation {
    let mut writer = Writer { world, variables: Vec::new(), with_variables: true };
    let n = 1 + tape.below(3);
    let selections = (0..n).map(|_| writer.selection(tape)).collect();
    Operation { selections, variables: writer.variables }
}

struct Writer<'w> {
    world: &'w World,
    variables: Vec<Variable>,
    with_variables: bool,
}

impl<'w> Writer<'w> {
    const fn constant(world: &'w World) -> Self {
        Self { world, variables: Vec::new(), with_variables: false }
    }

    fn selection(&mut self, tape: &mut Tape<'_>) -> Selection {
        let world = self.world;
        let field = match tape.below(4) {
            0 => Err(tape.pick(&[On::A, On::B, On::Interface])),
            n => Ok(n - 1),
        };
        let inputs: Vec<&Input> = match field {
            Ok(field) => world.fields[field].iter().collect(),
            // As it is written: an implementer with a default may be asked without a value.
            Err(On::A) => vec![&world.shared[1]],
            Err(On::B) => vec![&world.shared[2]],
            Err(On::Interface) => vec![&world.shared[0]],
        };
        let given = |it: &&Input, tape: &mut Tape<'_>| {
            (it.ty.is_required() && it.default.is_none()) || tape.chance(70)
        };
        let mut arguments = Vec::new();
        for it in inputs {
            if given(&it, tape) {
                arguments.push((it.name.clone(), self.placed(&it.ty, tape)));
            }
        }
        let directive = tape.chance(25).then(|| {
            let it = &world.directive;
            given(&it, tape).then(|| self.placed(&it.ty, tape))
        });
        let guard = tape.chance(30).then(|| (tape.chance(50), tape.chance(50)));
        Selection { field, arguments, directive, guard, in_fragment: tape.chance(30) }
    }

    /// A value for an argument, or a variable of its type.
    fn placed(&mut self, ty: &Ty, tape: &mut Tape<'_>) -> Value {
        self.below(ty, 3, tape)
    }

    fn below(&mut self, ty: &Ty, depth: usize, tape: &mut Tape<'_>) -> Value {
        if self.with_variables && tape.chance(30) {
            return Value::Variable(self.variable(ty, tape));
        }
        self.value(ty, depth, tape)
    }

    fn variable(&mut self, ty: &Ty, tape: &mut Tape<'_>) -> usize {
        let known = self.variables.iter().position(|it| it.ty == *ty);
        if let Some(known) = known.filter(|_| tape.chance(50)) {
            return known;
        }
        let constant = |tape: &mut Tape<'_>| Writer::constant(self.world).value(ty, 2, tape);
        let default = tape.chance(25).then(|| constant(tape));
        let may_miss = !ty.is_required() || default.is_some();
        let given = (!may_miss || tape.chance(70)).then(|| constant(tape));
        self.variables.push(Variable { ty: ty.clone(), default, given });
        self.variables.len() - 1
    }

    fn value(&mut self, ty: &Ty, depth: usize, tape: &mut Tape<'_>) -> Value {
        let (wraps, may_be_null) = match ty.wraps.split_first() {
            Some((Wrap::NonNull, inner)) => (inner, false),
            _ => (&*ty.wraps, true),
        };
        if may_be_null && (depth == 0 || tape.chance(12)) {
            return Value::Null;
        }
        let Some((_, inner)) = wraps.split_first() else { return self.named(ty.base, depth, tape) };
        let inner = Ty { base: ty.base, wraps: inner.to_vec() };
        // GraphQL §3.11: a single value counts as a list of one, in lists of lists too.
        if tape.chance(15) {
            let one = Ty { wraps: vec![Wrap::NonNull], ..inner };
            return Writer::constant(self.world).value(&one, depth.max(1), tape);
        }
        let items = (0..tape.below(4)).map(|_| self.below(&inner, depth, tape));
        Value::List(items.collect())
    }

    fn named(&mut self, base: Base, depth: usize, tape: &mut Tape<'_>) -> Value {
        match base {
            Base::Id if tape.chance(30) => Value::Text(tape.pick(&["3", "a"]).to_owned()),
            Base::Id | Base::String | Base::Word => Value::Text(tape.pick(&TEXTS).to_owned()),
            Base::Int => Value::Int(tape.pick(&INTS)),
            Base::Object(n) => {
                let world = self.world;
                let mut members = Vec::new();
                for field in &world.objects[n] {
                    let is_due = field.ty.is_required() && field.default.is_none();
                    if is_due || (depth > 1 && tape.chance(50)) {
                        let value = self.below(&field.ty, depth.saturating_sub(1), tape);
                        members.push((field.name.clone(), value));
                    }
                }
                Value::Object(members)
            }
        }
    }
}
