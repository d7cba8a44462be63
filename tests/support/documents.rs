//! Random documents over a schema, most of them valid, and random edits of any bytes.

use portcullis::{
    json,
    schema::{FieldId, OperationKind, Schema, TypeId, TypeRef, Wrapper},
};

use crate::support::{
    tape::Tape,
    values::{Place, Syntax, Values, random},
};

/// A document and what fits it.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) text: String,
    /// The names of its operations, in order.
    pub(crate) names: Vec<Option<String>>,
    /// Where its selection sets begin: behind each opening brace.
    pub(crate) openings: Vec<usize>,
    /// Variables for its first operation, as JSON.
    pub(crate) variables: String,
}

impl Sample {
    /// A document of at most `n_operations` operations.
    pub(crate) fn new(schema: &Schema, n_operations: usize, tape: &mut Tape<'_>) -> Self {
        let n = 1 + tape.below(n_operations);
        let mut all = Self {
            text: String::new(),
            names: Vec::new(),
            openings: Vec::new(),
            variables: String::new(),
        };
        for index in 0..n {
            let name = (n > 1 || tape.chance(50)).then(|| format!("Op{index}"));
            let mut writer = Writer::new(schema, index);
            writer.operation(name.as_deref(), tape);
            if index == 0 {
                all.variables = writer.json_variables(tape);
            }
            writer.fragments.iter().for_each(|it| all.append(&it.text));
            all.append(&writer.out);
            all.names.push(name);
        }
        all
    }

    /// The body of a POST that runs the first operation.
    pub(crate) fn body(&self) -> String {
        let name = self.names[0].as_ref().map(|it| format!(",\"operationName\":\"{it}\""));
        format!(
            "{{\"query\":{},\"variables\":{}{}}}",
            json::escape(&self.text),
            self.variables,
            name.unwrap_or_default()
        )
    }

    fn append(&mut self, written: &Written) {
        let start = self.text.len();
        self.openings.extend(written.openings.iter().map(|it| start + it));
        self.text.push_str(&written.text);
        self.text.push('\n');
    }
}

/// A piece of a document.
#[derive(Default)]
struct Written {
    text: String,
    openings: Vec<usize>,
}

struct Fragment {
    name: String,
    on: TypeId,
    /// Empty while it is being written.
    text: Written,
}

/// Writes one operation with the fragments that only it spreads.
struct Writer<'a> {
    schema: &'a Schema,
    index: usize,
    out: Written,
    fragments: Vec<Fragment>,
    variables: Vec<(String, TypeRef)>,
    n_aliases: usize,
    n_selections: usize,
}

/// Nested selection sets, and selections altogether.
const MAX_DEPTH: usize = 7;
const MAX_SELECTIONS: usize = 50;

impl<'a> Writer<'a> {
    fn new(schema: &'a Schema, index: usize) -> Self {
        Self {
            schema,
            index,
            out: Written::default(),
            fragments: Vec::new(),
            variables: Vec::new(),
            n_aliases: 0,
            n_selections: 0,
        }
    }

    fn operation(&mut self, name: Option<&str>, tape: &mut Tape<'_>) {
        let kinds = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
        let kind = kinds[usize::from(tape.chance(15)) + usize::from(tape.chance(10))];
        let has_root = self.schema.root(kind).is_some();
        let kind = if has_root { kind } else { OperationKind::Query };
        let root = self.schema.root(kind).expect("a root");
        self.directives(tape, false);
        if kind == OperationKind::Subscription {
            self.out.text.push('{');
            self.field(root, 0, tape);
            self.out.text.push('}');
        } else {
            self.selection_set(root, 0, tape);
        }
        let definitions = self.definitions(tape);
        let is_short = kind == OperationKind::Query && name.is_none() && definitions.is_empty();
        let head = if is_short && self.out.text.starts_with('{') {
            String::new()
        } else {
            format!("{} {}{definitions}", kind.keyword(), name.unwrap_or_default())
        };
        self.out.openings.iter_mut().for_each(|it| *it += head.len());
        self.out.text.insert_str(0, &head);
    }

    /// The definitions of the variables that were used.
    fn definitions(&self, tape: &mut Tape<'_>) -> String {
        let values = Values { schema: self.schema, syntax: Syntax::Literal };
        let one = |(name, ty): &(String, TypeRef)| {
            let default = tape
                .chance(25)
                .then(|| values.of((&ty.wrappers, ty.named), tape, &mut |_, _| None));
            let default = default.map(|it| format!(" = {it}")).unwrap_or_default();
            format!("${name}: {}{default}", type_text(self.schema, (&ty.wrappers, ty.named)))
        };
        let all: Vec<_> = self.variables.iter().map(one).collect();
        if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
    }

    /// Values for the variables, some left out where they may be, and one that is not declared.
    fn json_variables(&self, tape: &mut Tape<'_>) -> String {
        let mut members = Vec::new();
        for (name, ty) in &self.variables {
            if ty.wrappers.first() == Some(&Wrapper::NonNull) || tape.chance(70) {
                members.push(format!("\"{name}\":{}", random(self.schema, ty, tape)));
            }
        }
        if tape.chance(20) {
            members.push("\"stray\":[1,{\"a\":null}]".to_owned());
        }
        format!("{{{}}}", members.join(","))
    }

    fn selection_set(&mut self, on: TypeId, depth: usize, tape: &mut Tape<'_>) {
        self.out.text.push('{');
        self.out.openings.push(self.out.text.len());
        for _ in 0..=tape.below(4) {
            self.selection(on, depth, tape);
            let separator = tape.pick(&[" ", ",", "\n", " # } note\n", " ,, "]);
            self.out.text.push_str(separator);
        }
        self.out.text.push('}');
    }

    fn selection(&mut self, on: TypeId, depth: usize, tape: &mut Tape<'_>) {
        self.n_selections += 1;
        if self.n_selections > MAX_SELECTIONS || depth >= MAX_DEPTH {
            self.out.text.push_str("__typename");
            return;
        }
        match tape.below(10) {
            8 => self.inline(on, depth, tape),
            9 => self.spread(on, depth, tape),
            _ => self.field(on, depth, tape),
        }
    }

    fn field(&mut self, on: TypeId, depth: usize, tape: &mut Tape<'_>) {
        let all: Vec<FieldId> = self
            .schema
            .fields(on)
            .filter(|it| !self.schema.field(*it).name.starts_with("__") || tape.chance(2))
            .filter(|it| depth + 1 < MAX_DEPTH || !self.is_composite(*it))
            .collect();
        if all.is_empty() {
            self.out.text.push_str("__typename");
            return;
        }
        let id = all[tape.below(all.len())];
        let arguments = self.arguments(id, tape);
        // Fields with the same key must merge: what has arguments gets a key of its own, nearly always.
        if !arguments.is_empty() && !tape.chance(3) || tape.chance(12) {
            self.n_aliases += 1;
            let alias = if tape.chance(3) { "id" } else { &format!("k{}", self.n_aliases) };
            self.out.text.push_str(&format!("{alias}:"));
        }
        self.out.text.push_str(&format!("{}{arguments}", self.schema.field(id).name));
        self.directives(tape, true);
        if self.is_composite(id) {
            self.selection_set(self.schema.field(id).ty.named, depth + 1, tape);
        }
    }

    fn is_composite(&self, field: FieldId) -> bool {
        self.schema.ty(self.schema.field(field).ty.named).is_composite()
    }

    fn arguments(&mut self, field: FieldId, tape: &mut Tape<'_>) -> String {
        let schema = self.schema;
        let mut written = Vec::new();
        for input in schema.arguments(field).map(|it| schema.input(it)) {
            let is_required =
                input.ty.wrappers.first() == Some(&Wrapper::NonNull) && input.default.is_none();
            if is_required || tape.chance(30) {
                let place = (&*input.ty.wrappers, input.ty.named);
                written.push(format!("{}:{}", input.name, self.value(place, tape)));
            }
        }
        if written.is_empty() { String::new() } else { format!("({})", written.join(" ")) }
    }

    /// A literal, in which places may be variables.
    fn value(&mut self, place: Place<'_>, tape: &mut Tape<'_>) -> String {
        let (schema, index) = (self.schema, self.index);
        let variables = &mut self.variables;
        let mut variable = |tape: &mut Tape<'_>, (wrappers, named): Place<'_>| {
            tape.chance(20).then(|| {
                let name = format!("v{index}_{}", variables.len());
                variables.push((name.clone(), TypeRef { named, wrappers: wrappers.into() }));
                format!("${name}")
            })
        };
        Values { schema, syntax: Syntax::Literal }.of(place, tape, &mut variable)
    }

    fn directives(&mut self, tape: &mut Tape<'_>, can_be_left_out: bool) {
        if tape.chance(5) {
            let tag = tape.pick(&[" @tag", " @tag(label:\"x\")", " @tag(n:[1]) @tag(n:2)"]);
            self.out.text.push_str(tag);
        }
        if can_be_left_out && tape.chance(10) {
            let name = tape.pick(&["skip", "include"]);
            let boolean = self.schema.type_named("Boolean").expect("a built-in type");
            let value = self.value((&[Wrapper::NonNull], boolean), tape);
            self.out.text.push_str(&format!(" @{name}(if: {value})"));
        }
    }

    fn inline(&mut self, on: TypeId, depth: usize, tape: &mut Tape<'_>) {
        self.out.text.push_str("...");
        let mut inner = on;
        if tape.chance(70) {
            inner = self.overlapping(on, tape);
            self.out.text.push_str(&format!(" on {}", self.schema.ty(inner).name));
        }
        self.directives(tape, true);
        self.selection_set(inner, depth, tape);
    }

    fn spread(&mut self, on: TypeId, depth: usize, tape: &mut Tape<'_>) {
        let finished: Vec<_> =
            self.fragments.iter().filter(|it| it.on == on && !it.text.text.is_empty()).collect();
        let name = if !finished.is_empty() && tape.chance(60) {
            finished[tape.below(finished.len())].name.clone()
        } else {
            self.fragment(on, depth, tape)
        };
        self.out.text.push_str(&format!("...{name}"));
        self.directives(tape, true);
    }

    /// Writes a new fragment that can stand on a type.
    fn fragment(&mut self, on: TypeId, depth: usize, tape: &mut Tape<'_>) -> String {
        let on = self.overlapping(on, tape);
        let name = format!("F{}_{}", self.index, self.fragments.len());
        let position = self.fragments.len();
        self.fragments.push(Fragment { name: name.clone(), on, text: Written::default() });
        let outer = std::mem::take(&mut self.out);
        self.out.text = format!("fragment {name} on {}", self.schema.ty(on).name);
        self.directives(tape, false);
        self.selection_set(on, depth, tape);
        self.fragments[position].text = std::mem::replace(&mut self.out, outer);
        name
    }

    /// A type that has an object type in common with another.
    fn overlapping(&self, on: TypeId, tape: &mut Tape<'_>) -> TypeId {
        let possible = &self.schema.ty(on).possible;
        let all: Vec<_> = self
            .schema
            .types()
            .filter(|(_, it)| it.is_composite() && it.possible.intersects(possible))
            .map(|(id, _)| id)
            .collect();
        if tape.chance(50) { all[tape.below(all.len())] } else { on }
    }
}

fn type_text(schema: &Schema, (wrappers, named): Place<'_>) -> String {
    match wrappers.split_first() {
        None => schema.ty(named).name.to_string(),
        Some((Wrapper::List, inner)) => format!("[{}]", type_text(schema, (inner, named))),
        Some((Wrapper::NonNull, inner)) => format!("{}!", type_text(schema, (inner, named))),
    }
}

/// What is put into bytes to break them.
const DICTIONARY: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\\",
    ":",
    ",",
    "$",
    "@",
    "!",
    "...",
    "\"\"\"",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\0",
    "#",
    "\n",
    "null",
    "true",
    "1e400",
    "-",
    "0",
    "on",
    "query",
    "fragment F on Root{count}",
    "...F",
    "__typename",
    "__schema{types{name}}",
    "\"query\":",
    "\"a\":1,\"a\":2",
    "@skip(if:true)",
    "$x:Int=1",
    "é",
    "\u{1f600}",
    "subscription",
];

/// Bytes with a few random edits.
pub(crate) fn edited(bytes: &[u8], tape: &mut Tape<'_>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=tape.below(4) {
        let (a, b) = (tape.below(bytes.len() + 1), tape.below(bytes.len() + 1));
        let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 40));
        match tape.below(6) {
            0 => bytes.truncate(a),
            1 => drop(bytes.drain(start..end)),
            2 => {
                let copy = bytes[start..end].to_vec();
                bytes.splice(a..a, copy);
            }
            3 if a < bytes.len() => bytes[a] = u8::try_from(tape.below(256)).expect("a byte"),
            _ => drop(bytes.splice(a..a, tape.pick(DICTIONARY).bytes())),
        }
    }
    bytes
}
