//! What is generated: types, demands, values, an operation; and each as text.

/// A wrapper of a type, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrap {
    List,
    NonNull,
}

/// The innermost type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Id,
    Int,
    Object(usize),
    String,
    Word,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ty {
    pub(crate) base: Base,
    pub(crate) wraps: Vec<Wrap>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Int(i64),
    List(Vec<Value>),
    Null,
    Object(Vec<(String, Value)>),
    Text(String),
    Variable(usize),
}

/// An argument or input field.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// Its coordinate: `In0.f1`, `Query.q0(a:)`, `@d(a:)`.
    pub(crate) at: String,
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) default: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Never.
    Allow,
    /// `1..2`
    Length,
    /// `a`, `bb` and 3.
    OneOf,
    /// `0..5`
    Range,
    /// `value == "a"`
    Require,
    /// The same where no value can be that: written so that loading cannot tell.
    RequireMade,
}

#[derive(Clone, Debug)]
pub(crate) struct Demand {
    /// A coordinate, or `scalar Name`.
    pub(crate) at: String,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// A schema and demands. `N` is an interface with the field `h`, `A` and `B` implement it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) objects: Vec<Vec<Input>>,
    /// The arguments of `Query.q0`, …
    pub(crate) fields: Vec<Vec<Input>>,
    /// The argument of `N.h`, `A.h`, `B.h`; they differ in their defaults only.
    pub(crate) shared: [Input; 3],
    pub(crate) directive: Input,
    pub(crate) demands: Vec<Demand>,
}

/// Which types can answer a selection of `h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    A,
    B,
    Interface,
}

#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The field of the query, or `h` below `n`.
    pub(crate) field: Result<usize, On>,
    pub(crate) arguments: Vec<(String, Value)>,
    /// What is given for `@d(a:)`, when the directive is there; the value may be left out.
    pub(crate) directive: Option<Option<Value>>,
    /// A Boolean variable by its value, and whether the directive is `@include`.
    pub(crate) guard: Option<(bool, bool)>,
    /// Whether it stands in a fragment.
    pub(crate) in_fragment: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) ty: Ty,
    pub(crate) default: Option<Value>,
    pub(crate) given: Option<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) selections: Vec<Selection>,
    pub(crate) variables: Vec<Variable>,
}

impl Ty {
    pub(crate) fn text(&self) -> String {
        let name = match self.base {
            Base::Id => "ID".to_owned(),
            Base::Int => "Int".to_owned(),
            Base::Object(n) => format!("In{n}"),
            Base::String => "String".to_owned(),
            Base::Word => "Word".to_owned(),
        };
        self.wraps.iter().rev().fold(name, |text, wrap| match wrap {
            Wrap::List => format!("[{text}]"),
            Wrap::NonNull => format!("{text}!"),
        })
    }

    pub(crate) fn is_required(&self) -> bool {
        self.wraps.first() == Some(&Wrap::NonNull)
    }

    pub(crate) fn is_list(&self) -> bool {
        self.wraps.contains(&Wrap::List)
    }
}

impl Value {
    /// As a literal, or as JSON with keys in quotes.
    pub(crate) fn text(&self, is_json: bool) -> String {
        let all = |items: Vec<String>| items.join(",");
        match self {
            Self::Int(n) => n.to_string(),
            Self::List(items) => {
                format!("[{}]", all(items.iter().map(|it| it.text(is_json)).collect()))
            }
            Self::Null => "null".to_owned(),
            Self::Object(members) => {
                let quote = if is_json { "\"" } else { "" };
                let member = |(key, it): &(String, Self)| {
                    format!("{quote}{key}{quote}:{}", it.text(is_json))
                };
                format!("{{{}}}", all(members.iter().map(member).collect()))
            }
            Self::Text(text) => format!("\"{text}\""),
            Self::Variable(n) => format!("$v{n}"),
        }
    }
}

impl World {
    pub(crate) fn schema(&self) -> String {
        let input = |it: &Input| {
            let default = it.default.as_ref().map(|it| format!(" = {}", it.text(false)));
            format!("{}: {}{}", it.name, it.ty.text(), default.unwrap_or_default())
        };
        let inputs = |all: &[Input]| all.iter().map(input).collect::<Vec<_>>().join(" ");
        let [on_interface, on_a, on_b] = self.shared.each_ref().map(input);
        let mut text = format!(
            "scalar Word directive @d({}) on FIELD\n\
             interface N {{ h({on_interface}): Int }}\n\
             type A implements N {{ h({on_a}): Int }} type B implements N {{ h({on_b}): Int }}\n\
             type Query {{ n: N z: Int",
            input(&self.directive)
        );
        for (n, arguments) in self.fields.iter().enumerate() {
            text.push_str(&format!(" q{n}({}): Int", inputs(arguments)));
        }
        text.push_str(" }\n");
        for (n, fields) in self.objects.iter().enumerate() {
            text.push_str(&format!("input In{n} {{ {} }}\n", inputs(fields)));
        }
        text
    }

    pub(crate) fn policy(&self) -> String {
        let demand = |it: &Demand| {
            let kind = match it.kind {
                Kind::Allow => "allow: never",
                Kind::Length => "length: 1..2",
                Kind::OneOf => "one_of: [a, bb, 3]",
                Kind::Range => "range: 0..5",
                Kind::Require => "require: 'value == \"a\"'",
                Kind::RequireMade => "require: 'value == \"a\" + \"\"'",
            };
            format!("  - {{ at: [\"{}\"], {kind}, required: {} }}\n", it.at, it.required)
        };
        let demands: String = self.demands.iter().map(demand).collect();
        format!(
            "version: 1\nname: t\nschema: {{ file: s }}\ndirectives: [skip, include, d]\n\
             limits: {{ document: 512KiB, body: 1MiB, tokens: 50000, variables: {{ count: 500, depth: 32 }} }}\n\
             inputs:\n{demands}"
        )
    }

    /// The types that can answer `h`, as positions in `shared`.
    pub(crate) fn answering(on: On) -> &'static [usize] {
        match on {
            On::A => &[1],
            On::B => &[2],
            On::Interface => &[1, 2],
        }
    }
}

impl Operation {
    pub(crate) fn body(&self) -> String {
        let (mut text, mut fragments) = (String::new(), String::new());
        for (n, selection) in self.selections.iter().enumerate() {
            let written = selection.text(n);
            if selection.in_fragment {
                text.push_str(&format!(" ...F{n}"));
                fragments.push_str(&format!(" fragment F{n} on Query {{ {written} }}"));
            } else {
                text.push_str(&written);
            }
        }
        let variables = self.variables.iter().enumerate();
        let definitions = variables.clone().map(|(n, it)| {
            let default = it.default.as_ref().map(|it| format!(" = {}", it.text(false)));
            format!("$v{n}: {}{} ", it.ty.text(), default.unwrap_or_default())
        });
        let definitions: String = definitions.collect();
        let given = variables
            .filter_map(|(n, it)| Some(format!("\"v{n}\":{}", it.given.as_ref()?.text(true))));
        let given: Vec<_> = given.chain(["\"yes\":true,\"no\":false".to_owned()]).collect();
        let document = format!(
            "query({definitions}$yes: Boolean! $no: Boolean!) {{ z @skip(if: $yes) \
             y: z @skip(if: $no){text} }}{fragments}"
        );
        let document = document.replace('"', "\\\"");
        format!("{{\"query\":\"{document}\",\"variables\":{{{}}}}}", given.join(","))
    }
}

impl Selection {
    fn text(&self, n: usize) -> String {
        let arguments: Vec<_> =
            self.arguments.iter().map(|(name, it)| format!("{name}:{}", it.text(false))).collect();
        let arguments = match arguments.is_empty() {
            true => String::new(),
            false => format!("({})", arguments.join(",")),
        };
        let directive = match &self.directive {
            Some(Some(value)) => format!(" @d(a:{})", value.text(false)),
            Some(None) => " @d".to_owned(),
            None => String::new(),
        };
        let guard = match self.guard {
            Some((value, is_include)) => {
                let name = if is_include { "include" } else { "skip" };
                format!(" @{name}(if:{})", if value { "$yes" } else { "$no" })
            }
            None => String::new(),
        };
        let behind = format!("{arguments}{directive}{guard}");
        match self.field {
            Ok(field) => format!(" s{n}: q{field}{behind}"),
            Err(On::A) => format!(" s{n}: n {{ ... on A {{ h{behind} }} }}"),
            Err(On::B) => format!(" s{n}: n {{ ... on B {{ h{behind} }} }}"),
            Err(On::Interface) => format!(" s{n}: n {{ h{behind} }}"),
        }
    }
}
