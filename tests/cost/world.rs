//! Random schemas and operations as plain data, and their text.
//!
//! Every field of the catalogue has one type and one set of arguments wherever it stands, and a
//! response key tells the field and its argument, so that every document merges.

use std::fmt::Write as _;

/// A small generator of numbers: the seed of a case is all that has to be kept.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % n
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn upto(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap()
    }
}

/// What a field returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    Leaf,
    Type(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) returns: Returns,
    pub(crate) list_depth: u32,
    /// It has an argument `n` that bounds it, with this default.
    pub(crate) slicing: Option<Option<u32>>,
    pub(crate) assumed: Option<u32>,
    /// Names of fields below that take over its size.
    pub(crate) sized: bool,
    /// It has an argument `w: In`, which weighs.
    pub(crate) weighs: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// Object types it can be.
    pub(crate) possible: Vec<usize>,
    /// Into the catalogue.
    pub(crate) fields: Vec<usize>,
    pub(crate) weight: i64,
    /// By position in `fields`: the weight of the call there.
    pub(crate) calls: Vec<i64>,
}

/// A schema.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) types: Vec<Type>,
    pub(crate) catalogue: Vec<Field>,
}

/// What a list without any size counts as.
pub(crate) const DEFAULT_LIST: u32 = 2;

impl World {
    /// The root is type 0; the objects come first.
    pub(crate) fn random(random: &mut Random) -> Self {
        let n_objects = 2 + random.upto(4);
        let n_abstract = random.upto(3);
        let n_fields = 3 + random.upto(6);
        let n_types = n_objects + n_abstract;
        let mut catalogue: Vec<Field> =
            (0..n_fields).map(|at| field(random, at, n_types)).collect();
        let mut types: Vec<Type> = (0..n_objects)
            .map(|at| ty(format!("O{at}"), "type", vec![at]))
            .chain((n_objects..n_types).map(|at| {
                let kind = if random.one_in(2) { "interface" } else { "union" };
                let mut possible: Vec<_> = (1..n_objects).filter(|_| random.one_in(2)).collect();
                if possible.is_empty() {
                    possible.push(1);
                }
                ty(format!("A{at}"), kind, possible)
            }))
            .collect();
        for ty in types.iter_mut().filter(|it| it.kind != "union") {
            ty.fields = (0..n_fields).filter(|_| random.one_in(2)).collect();
            if ty.fields.is_empty() {
                ty.fields.push(random.upto(n_fields));
            }
        }
        for at in n_objects..n_types {
            for object in types[at].possible.clone() {
                let inherited = types[at].fields.clone();
                types[object].fields.extend(inherited);
            }
        }
        if random.one_in(2) {
            connection(random, &mut types, &mut catalogue);
        }
        for ty in &mut types {
            ty.fields.sort_unstable();
            ty.fields.dedup();
        }
        weigh(random, &mut types, &catalogue);
        Self { types, catalogue }
    }

    /// True when a key costs the same on every type.
    pub(crate) fn is_uniform(&self) -> bool {
        let call = |ty: &Type, field: usize| {
            ty.fields.iter().position(|it| *it == field).map(|at| ty.calls[at])
        };
        (0..self.catalogue.len()).all(|field| {
            let calls: Vec<_> = self
                .types
                .iter()
                .filter(|it| it.kind == "type")
                .filter_map(|it| call(it, field))
                .collect();
            calls.windows(2).all(|it| it[0] == it[1])
        })
    }

    /// What one value of a type weighs: of an abstract type the heaviest.
    pub(crate) fn weight(&self, ty: usize) -> i64 {
        self.types[ty].possible.iter().map(|it| self.types[*it].weight).max().unwrap()
    }

    pub(crate) fn call(&self, object: usize, field: usize) -> i64 {
        let ty = &self.types[object];
        ty.calls[ty.fields.iter().position(|it| *it == field).unwrap()]
    }

    pub(crate) fn sdl(&self) -> String {
        let mut text = String::from(
            "directive @cost(weight: String!) on ARGUMENT_DEFINITION | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | INPUT_OBJECT | OBJECT\n\
             directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION\n\
             schema { query: O0 }\n\
             input In @cost(weight: \"1\") { x: Int @cost(weight: \"2\") y: Int = 1 @cost(weight: \"-4\") in: In }\n",
        );
        for (at, ty) in self.types.iter().enumerate() {
            let names = |all: &[usize]| {
                all.iter().map(|it| self.types[*it].name.clone()).collect::<Vec<_>>()
            };
            if ty.kind == "union" {
                writeln!(text, "union {} = {}", ty.name, names(&ty.possible).join(" | ")).unwrap();
                continue;
            }
            write!(text, "{} {}", ty.kind, ty.name).unwrap();
            let above: Vec<_> = (0..self.types.len())
                .filter(|it| {
                    self.types[*it].kind == "interface" && self.types[*it].possible.contains(&at)
                })
                .collect();
            if ty.kind == "type" {
                if !above.is_empty() {
                    write!(text, " implements {}", names(&above).join(" & ")).unwrap();
                }
                write!(text, " @cost(weight: \"{}\")", ty.weight).unwrap();
            }
            text.push_str(" {\n");
            for (field, call) in ty.fields.iter().zip(&ty.calls) {
                let cost = if ty.kind == "type" { Some(*call) } else { None };
                writeln!(text, "  {}", self.field(*field, cost)).unwrap();
            }
            text.push_str("}\n");
        }
        text
    }

    fn field(&self, field: usize, call: Option<i64>) -> String {
        let Field { name, returns, list_depth, slicing, assumed, sized, weighs } =
            &self.catalogue[field];
        let mut arguments = Vec::new();
        if let Some(default) = slicing {
            let default = default.map(|it| format!(" = {it}")).unwrap_or_default();
            arguments.push(format!("n: Int{default}"));
        }
        if *weighs {
            arguments.push("w: In @cost(weight: \"1\")".to_owned());
        }
        let arguments = if arguments.is_empty() {
            String::new()
        } else {
            format!("({})", arguments.join(", "))
        };
        let named = match returns {
            Returns::Leaf => "Int",
            Returns::Type(at) => &self.types[*at].name,
        };
        let depth = usize::try_from(*list_depth).unwrap();
        let mut text =
            format!("{name}{arguments}: {}{named}{}", "[".repeat(depth), "]".repeat(depth));
        if let Some(call) = call {
            write!(text, " @cost(weight: \"{call}\")").unwrap();
        }
        let mut says = Vec::new();
        if slicing.is_some() {
            says.push("slicingArguments: [\"n\"]".to_owned());
        }
        if let Some(assumed) = assumed {
            says.push(format!("assumedSize: {assumed}"));
        }
        if *sized {
            says.push("sizedFields: [\"edges\", \"nodes\"]".to_owned());
        }
        if !says.is_empty() {
            write!(text, " @listSize({})", says.join(", ")).unwrap();
        }
        text
    }
}

fn ty(name: String, kind: &'static str, possible: Vec<usize>) -> Type {
    Type { name, kind, possible, fields: Vec::new(), weight: 1, calls: Vec::new() }
}

fn field(random: &mut Random, at: usize, n_types: usize) -> Field {
    let returns =
        if random.one_in(4) { Returns::Leaf } else { Returns::Type(random.upto(n_types)) };
    let list_depth = [0, 0, 1, 1, 1, 2][random.upto(6)];
    let default = random.one_in(3).then(|| u32::try_from(random.below(4)).unwrap());
    let slicing = (list_depth > 0 && random.one_in(2)).then_some(default);
    let assumed = list_depth > 0 && random.one_in(3);
    let assumed = assumed.then(|| u32::try_from(random.below(4)).unwrap());
    let weighs = random.one_in(4);
    Field { name: format!("f{at}"), returns, list_depth, slicing, assumed, sized: false, weighs }
}

/// Weights of types and calls: all of them, or none that is not the default.
fn weigh(random: &mut Random, types: &mut [Type], catalogue: &[Field]) {
    let weighs = random.one_in(2);
    for ty in types {
        ty.weight = if weighs { i64::try_from(random.below(4)).unwrap() } else { 1 };
        let call = |it: &usize| match (weighs, catalogue[*it].returns) {
            (true, _) => i64::try_from(random.below(4)).unwrap(),
            (false, Returns::Leaf) => 0,
            (false, Returns::Type(_)) => 1,
        };
        ty.calls = ty.fields.iter().map(call).collect();
    }
}

/// A field of the root that returns a connection.
fn connection(random: &mut Random, types: &mut Vec<Type>, catalogue: &mut Vec<Field>) {
    let node = Returns::Type(random.upto(types.len()));
    let plain = |name: &str, returns, list_depth| Field {
        name: name.into(),
        returns,
        list_depth,
        slicing: None,
        assumed: None,
        sized: false,
        weighs: false,
    };
    let at = types.len();
    let first = catalogue.len();
    types.push(ty("Page".into(), "type", vec![at]));
    types.push(ty("Edge".into(), "type", vec![at + 1]));
    catalogue.push(plain("edges", Returns::Type(at + 1), 1));
    catalogue.push(plain("nodes", node, 1));
    catalogue.push(plain("node", node, 0));
    catalogue.push(plain("total", Returns::Leaf, 0));
    let slicing = Some(random.one_in(2).then_some(3));
    catalogue.push(Field { slicing, sized: true, ..plain("page", Returns::Type(at), 0) });
    types[at].fields = vec![first, first + 1, first + 3];
    types[at + 1].fields = vec![first + 2];
    types[0].fields.push(first + 4);
}
