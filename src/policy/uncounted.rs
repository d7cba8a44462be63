//! Warns of lists and pages whose length an argument seems to tell, and the cost does not count it.
//!
//! A name is a guess: nothing but the policy says which arguments count.

use crate::{
    cost::{Model, Uncounted},
    diagnostic::Diagnostics,
    policy::{Profile, Stance},
    rules::Entry,
    verdict::Mode,
    yaml::{Node, Value},
};

/// Where the cost refuses, such a list fails a check; where it is only reported, and the policy says
/// something of it, it is good to know. That of a page is a longer guess, and never fails one.
pub(super) fn warn(
    registry: &'static [Entry],
    (root, profiles): (&Node, &[Profile]),
    cost: &Model,
    found: &mut Diagnostics,
) {
    let rule = registry.iter().position(|it| it.meta.setting == "cost.max");
    let stances = profiles.iter().filter_map(|it| it.stances().get(rule?));
    let mut modes = stances.filter_map(|it| match it {
        Stance::Off => None,
        Stance::On { mode, .. } => Some(*mode),
    });
    let Some(first) = modes.next() else { return };
    let is_enforced = first == Mode::Enforce || modes.any(|it| it == Mode::Enforce);
    let block = block(root);
    if block.is_none() && !is_enforced {
        return;
    }
    let node = block.unwrap_or(root);
    for it in cost.uncounted() {
        let message = message(it);
        let diagnostic = match is_enforced && it.sized.is_empty() {
            true => node.warning("uncounted-argument", message),
            false => node.note("uncounted-argument", message),
        };
        found.push(diagnostic.help(help(it)));
    }
}

/// The key of the block `cost`.
fn block(root: &Node) -> Option<&Node> {
    let Value::Mapping(entries) = &root.value else { return None };
    entries.iter().map(|(key, _)| key).find(|it| it.as_text() == Some("cost"))
}

fn message(Uncounted { at, arguments, sized }: &Uncounted) -> String {
    let word = if arguments.len() == 1 { "an argument" } else { "arguments" };
    let pages = match sized.as_slice() {
        [] => String::new(),
        sized => format!(" for {}", quoted(sized)),
    };
    format!("`{at}` has {word} {} that the cost does not count{pages}", quoted(arguments))
}

fn quoted(names: &[Box<str>]) -> String {
    let names: Vec<_> = names.iter().map(|it| format!("`{it}`")).collect();
    names.join(", ")
}

fn help(Uncounted { at, arguments, sized }: &Uncounted) -> String {
    let slicing = arguments.join(", ");
    if sized.is_empty() {
        let write = format!("write `lists: {{ {at}: {{ slicing: [{slicing}] }} }}` under `cost`");
        return format!("{write}; where it is no page length, say there how many are `assumed`");
    }
    let sized = sized.join(", ");
    format!(
        "if they are as long as it says, write \
         `lists: {{ {at}: {{ slicing: [{slicing}], sized: [{sized}] }} }}` under `cost`"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        diagnostic::{Severity, Source},
        policy::load,
    };

    /// What is told of a policy with this rest, over a schema.
    fn told(rest: &str, schema: &str) -> Vec<(Severity, String)> {
        let source = |text: &str| Arc::new(Source { name: "s".into(), text: text.into() });
        let policy = format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{rest}");
        let (made, found) = load(source(&policy), &mut |_| Ok(source(schema)));
        assert!(made.is_some(), "{rest}: {found:?}");
        let told = found.iter().filter(|it| it.code == "uncounted-argument");
        told.map(|it| (it.severity, it.message.clone())).collect()
    }

    /// The messages about the fields of `Query`, while the cost refuses.
    #[track_caller]
    fn check(cost: &str, fields: &str, expect: &[&str]) {
        let schema = format!(
            "directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION
             scalar PositiveInt  type P implements I {{ id: ID  tags(first: Int): [P] }}
             interface I {{ tags(first: Int): [P] }}  type R implements I {{ tags(first: Int): [P] }}
             type Users {{ edges(first: Int): [P] nodes: [P] pageInfo: Int }}
             type Query {{ i: I users(first: Int): Users {fields} }}"
        );
        let all = told(
            &format!("cost: {{ max: 1000, lists: {{ I.tags: {{ slicing: [first] }}{cost} }} }}"),
            &schema,
        );
        assert!(all.iter().all(|it| it.0 == Severity::Warning), "{all:?}");
        let told: Vec<_> = all.iter().map(|it| it.1.as_str()).collect();
        assert_eq!(told, expect, "{cost} {fields}");
    }

    #[test]
    fn a_page_length_that_nothing_counts_is_told() {
        let told =
            |name: &str| format!("`Query.a` has an argument `{name}` that the cost does not count");
        for name in ["first", "last", "limit", "take", "top", "size", "pageSize", "page_size"] {
            check("", &format!("a({name}: Int = 10): [P!]!"), &[&told(name)]);
        }
        for name in ["perPage", "per_page", "count", "n"] {
            check("", &format!("a({name}: PositiveInt!): [String]"), &[&told(name)]);
        }
        let both = "`Query.a` has arguments `first`, `last` that the cost does not count";
        check("", "a(first: Int, last: Int): [P]", &[both]);
    }

    #[test]
    fn what_is_counted_or_meant_is_not_told() {
        check(", Query.a: { slicing: [first] }", "a(first: Int): [P]", &[]);
        check(", '*.a': { slicing: [first] }", "a(first: Int): [P]", &[]);
        check(", 'Query.a(first:)': {}", "a(first: Int): [P]", &[]);
        check(", Query.a: { assumed: 5 }", "a(first: Int): [P]", &[]);
        check(", Query.a: { slicing: [first], max: 5 }", "a(first: Int): [P]", &[]);
        check("", "a(first: Int): [P] @listSize(slicingArguments: [\"first\"])", &[]);
        check("", "a(first: Int): [P] @listSize(assumedSize: 5)", &[]);
        check("", "a(first: Int): Users", &[]);
        check(
            "",
            "a(First: Int, offset: Int): [P] b(first: String, n: Float): [P] c(first: Int): P",
            &[],
        );
    }

    #[test]
    fn a_page_is_a_note() {
        let told = |rest: &str, fields: &str| {
            let schema = format!(
                "input Page {{ first: Int after: ID }}  type P {{ id: ID }}
                 type Ps {{ items: [P!]! more: [P] tags: [String] some(first: Int): [P] }}
                 type Query {{ {fields} }}"
            );
            told(
                &format!("cost: {{ max: 1000, lists: {{ Ps.some: {{ assumed: 5 }}{rest} }} }}"),
                &schema,
            )
        };
        let text = |arguments: &str| {
            format!("`Query.ps` has {arguments} that the cost does not count for `items`, `more`")
        };
        let note = |arguments: &str| vec![(Severity::Note, text(arguments))];
        assert_eq!(told("", "ps(first: Int): Ps"), note("an argument `first`"));
        assert_eq!(told("", "ps(page: Page!): Ps!"), note("an argument `page.first`"));
        let sized = ", Query.ps: { slicing: [page.first], sized: [items, more] }";
        assert_eq!(told(sized, "ps(page: Page!): Ps!"), []);
        assert_eq!(
            told(", Ps.items: { assumed: 5 }, Ps.more: { assumed: 5 }", "ps(first: Int): Ps"),
            []
        );
        assert_eq!(told("", "ps(count: Int, pages: [Page]): Ps  p(first: Int): P"), []);
    }

    #[test]
    fn a_page_is_looked_at_by_every_field_that_returns_it() {
        let types =
            "type E { node: Query } type PageInfo { hasNextPage: Boolean! } input In { first: Int }
            type C { edges: [E] items: [E] pageInfo: PageInfo! }";
        let of = |fields: &str| {
            let told = told("cost: { max: 1000 }", &format!("{types} type Query {{ {fields} }}"));
            told.into_iter().map(|it| it.1).collect::<Vec<_>>()
        };
        let text = |field: &str, argument: &str, lists: &str| {
            let has = format!("`Query.{field}` has an argument `{argument}`");
            format!("{has} that the cost does not count for {lists}")
        };
        // A connection has the size of its edges counted, and of nothing else.
        assert_eq!(of("a(first: Int): C!"), [text("a", "first", "`items`")]);
        let both = [text("a", "first", "`items`"), text("b", "in.first", "`edges`, `items`")];
        assert_eq!(of("a(first: Int): C! b(in: In!): C!"), both);
    }

    #[test]
    fn a_page_length_may_be_inside_an_input() {
        let schema = "input Page { first: Int }  type Query { a(page: Page): [Query] }";
        let text = "`Query.a` has an argument `page.first` that the cost does not count";
        assert_eq!(told("cost: { max: 1000 }", schema), [(Severity::Warning, text.to_owned())]);
        let said = "cost: { max: 1000, lists: { Query.a: { slicing: [page.first] } } }";
        assert_eq!(told(said, schema), []);
    }

    #[test]
    fn what_an_interface_declares_is_told_once() {
        let schema = "type Query { i: I a: A b: B } interface I { ps(first: Int): [A] }
            type A implements I { ps(first: Int): [A] } type B implements I { ps(first: Int): [A] }";
        let text = "`I.ps` has an argument `first` that the cost does not count";
        let told = told("cost: { max: 1000 }", schema);
        assert_eq!(told, [(Severity::Warning, text.to_owned())]);
    }

    #[test]
    fn it_fails_a_check_only_where_the_cost_refuses() {
        let of = |rest: &str| {
            let told = told(rest, "type Query { a(first: Int): [Query] }");
            told.into_iter().map(|it| it.0).collect::<Vec<_>>()
        };
        assert_eq!(of("cost: { max: 1000 }"), [Severity::Warning]);
        assert_eq!(of("cost: { max: 1000, mode: report }"), [Severity::Note]);
        assert_eq!(of("mode: report\ncost: { max: 1000 }"), [Severity::Note]);
        let staff = "profiles: [{ name: a, when: always, mode: enforce, cost: { max: 10 } }]";
        assert_eq!(of(&format!("mode: report\n{staff}")), [Severity::Warning]);
        assert_eq!(of(""), []);
        assert_eq!(of("cost: { max: off }"), []);
        assert_eq!(of("cost: { max: 1000, defaults: { list: refuse } }"), []);
    }
}
