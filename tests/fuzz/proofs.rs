//! What is proven valid is valid for the validator, on real documents and random ones, with words
//! exchanged.

use std::{fs::read_to_string, sync::Arc};

use portcullis::{
    diagnostic::Source,
    document::{Ceilings, Document, ReadLimits, count, is_proven, objections, read},
    schema::Schema,
};
use serde_json::Value;

use crate::{
    ROOT, documents,
    mutate::{Random, Target, lines},
    support::{documents::Sample, tape::Tape},
};

/// The same over bytes: a document under each of the small schemas.
pub(crate) fn target() -> Target {
    let corpora = small();
    let texts = corpora.iter().flat_map(|it| &it.documents).map(|it| it.join(" ").into_bytes());
    let seeds = texts.chain(documents::seeds()).collect();
    let mut schemas: Vec<_> = corpora.into_iter().map(|it| it.schema).collect();
    schemas.push(documents::schema());
    Target::new("proof", seeds, move |input| {
        let Some(first) = documents::read_bytes(input) else { return false };
        let is_counted = count(&first.document, &Ceilings::default()).is_ok();
        is_counted && schemas.iter().filter(|it| check_proof(it, &first.document)).count() > 0
    })
}

#[test]
fn proofs_of_bytes() {
    target().fuzz(3_000);
}

/// True when there is a proof, which then holds.
fn check_proof(schema: &Schema, document: &Document) -> bool {
    let is_proven = is_proven(schema, document);
    if is_proven {
        let found = objections(schema, document);
        assert!(found.is_empty(), "{found:?}\n{}", document.text());
    }
    is_proven
}

/// A schema and the words of documents over it.
struct Corpus {
    schema: Schema,
    documents: Vec<Vec<String>>,
}

impl Corpus {
    fn real(name: &str) -> Self {
        let folder = format!("tests/corpus/real/{name}");
        let texts = lines(&format!("{folder}/operations.jsonl")).into_iter().map(|it| {
            let line: Value = serde_json::from_slice(&it).unwrap();
            line["query"].as_str().unwrap().to_owned()
        });
        Self::new(&format!("{folder}/schema.graphql"), texts)
    }

    fn new(schema: &str, texts: impl Iterator<Item = String>) -> Self {
        Self::over(read_to_string(format!("{ROOT}/{schema}")).unwrap(), texts)
    }

    fn over(schema: String, texts: impl Iterator<Item = String>) -> Self {
        let source = Source { name: "schema".into(), text: schema.into() };
        let schema = Schema::load(Arc::new(source)).expect("a schema").0;
        // Small ones are tried more often in the same time.
        let small = texts.filter(|it| it.len() < 3_000);
        Self { schema, documents: small.map(|it| words(&it)).collect() }
    }

    /// A document that somebody wrote, or a random one.
    fn document(&self, random: &mut Random) -> Vec<String> {
        if random.below(3) > 0 {
            return self.documents[random.below(self.documents.len())].clone();
        }
        let choices: Vec<_> = (0..20 + random.below(280)).map(|_| random.next()).collect();
        words(&Sample::new(&self.schema, 2, &mut Tape::new(&choices)).text)
    }

    /// A document with some words deleted, repeated, or taken from another one.
    fn changed(&self, random: &mut Random) -> String {
        let mut words = self.document(random);
        for _ in 0..random.below(4) {
            let at = random.below(words.len());
            let end = (at + 1 + random.below(12)).min(words.len());
            let other = &self.documents[random.below(self.documents.len())];
            let is_name = |it: &&String| it.starts_with(|it: char| it.is_alphabetic());
            let names: Vec<_> =
                if random.below(2) == 0 { &words } else { other }.iter().filter(is_name).collect();
            let sites: Vec<_> = words.iter().enumerate().filter(|(_, it)| is_name(it)).collect();
            if names.is_empty() || sites.is_empty() {
                break;
            }
            let name = names[random.below(names.len())].clone();
            let site = sites[random.below(sites.len())].0;
            match random.below(8) {
                0 => drop(words.remove(at)),
                1 => drop(words.splice(at..at, words[at..end].to_vec()).count()),
                2 => words.insert(at, SMALL[random.below(SMALL.len())].to_owned()),
                3 => words[site] = SMALL[random.below(SMALL.len())].to_owned(),
                4 => words.insert(site, format!("{name}:")),
                5 => drop(copied(&mut words, random)),
                _ => words[site] = name,
            }
            if words.is_empty() {
                break;
            }
        }
        words.join(" ")
    }
}

/// Repeats what stands between two braces, so that its fields have to merge.
fn copied(words: &mut Vec<String>, random: &mut Random) -> Option<()> {
    let open: Vec<_> = words.iter().enumerate().filter(|(_, it)| *it == "{").collect();
    let start = open.get(random.below(open.len()))?.0;
    let mut depth = 0_usize;
    let end = start
        + words.get(start..)?.iter().position(|it| {
            depth =
                if it == "{" { depth + 1 } else { depth.saturating_sub(usize::from(it == "}")) };
            depth == 0
        })?;
    let inner = words[start + 1..end].to_vec();
    words.splice(end..end, inner);
    Some(())
}

const SMALL: [&str; 14] = [
    "1",
    "null",
    "\"x\"",
    "[",
    "]",
    "$v",
    "true",
    "__typename",
    "@include(if:true)",
    "...{",
    "}",
    "x:",
    "1.5",
    "{",
];

/// Over `laws.graphql`, which has what the real schemas lack.
const WRITTEN: [&str; 7] = [
    "{ node(id: 1) { id ...on Item { name parts(first: 2) { id } } ...on User { name x: items { id } } ...F } } fragment F on Named { label name related { id ...on Item { kind } } }",
    "query Q($k: [Kind!], $p: Point!, $i: Int = 3, $t: String!) { items(first: $i, kinds: $k, filter: {limit: 1, range: {max: 2}, kinds: NEW}) { id } search(text: $t, at: $p) { ...on Node { id } ...on Shop { stock { __typename } } } }",
    "query A($x: Float!, $n: ID!) { ratio(x: $x) pick(by: {id: $n}) { ...I } root { ...R } } query B { root { count ...R } } fragment I on Item { id owner { id } } fragment R on Root { count flag(on: true) }",
    "mutation M($id: ID!, $n: String = \"a\", $s: String!) @tag(label: $n) { rename(id: $id, name: $s) { id name } point(to: {x: 1, at: \"now\"}) { id } }",
    "subscription S($k: [Kind!]) { changed(kinds: $k) { ...on Item @tag @tag(n: [1]) { id } ...on User { friends { id } } } }",
    "query ($m: [[Int!]], $n: Int!, $j: JSON, $v: Int) { matrix(rows: $m) m: matrix(rows: [1 [2 $n] null]) raw(json: {a: [$v], b: $j}, when: 1) items(filter: {and: [{raw: [1 $v]} {not: {text: \"x\"}}]}) { id } }",
    "{ nodes(ids: [1 \"b\"]) { ...on Item { a: id b: label } ...on User { a: label b: id } id } __schema { types { name fields(includeDeprecated: true) { name args { name isDeprecated x: isDeprecated @skip(if: true) } } x: isOneOf isOneOf @include(if: true) } } }",
];

/// Types that have the same fields in different ways.
const MIXED: &str = "type Query { p: P o: O b: B u: U q: Query }
    interface P { a: Int s: P r(i: Int): Int } interface O { a: Int! s: O c: Int r(i: Int): Int }
    type B implements P & O { a: Int! s: B! c: Int r(i: Int): Int p: P }
    type C implements P { a: Int s: C r(i: Int): Int c: Int! p: B! }
    union U = B | C";

const MIXED_DOCUMENTS: [&str; 5] = [
    "{ p { ...F ...G a } o { ...F s { ...F } } } fragment F on O { x: a ...on B { x: a } } fragment G on B { s { a } p { a } }",
    "{ p { s { a } ...on B { s { a ...on O { c } } } ...on C { s { a } c } } b { ...F s { ...F } } } fragment F on O { s { a ...on P { a } } }",
    "{ u { ...on B { x: r(i: 1) y: p { a } } ...on C { x: r(i: 2) y: p { a } } ...on P { a s { a } } ...on O { z: a } } }",
    "query Q($i: Int) { q { ...F } ...F p { r(i: $i) } b { r(i: $i) r(i: $i) } } fragment F on Query { p { ...P } u { ...P } } fragment P on P { a s { a s { a } } ...B } fragment B on B { c s { c } }",
    "{ o { c x: c ...{ a } ...on B { a c } } p { x: a ...on C { y: c } ...on B { y: a } } }",
];

/// Names, strings and signs.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut in_string = false;
    let mut in_comment = false;
    let mut was_name = false;
    for it in text.chars() {
        in_comment = (in_comment || it == '#' && !in_string) && it != '\n';
        if in_comment {
            continue;
        }
        let is_name = it.is_alphanumeric() || it == '_';
        let goes_on = in_string
            || is_name && was_name
            || it == '.' && words.last().is_some_and(|it| it.len() < 3 && it.starts_with('.'));
        match words.last_mut() {
            Some(last) if goes_on => last.push(it),
            _ if it.is_whitespace() || it == ',' => {}
            _ => words.push(it.to_string()),
        }
        in_string ^= it == '"';
        was_name = is_name || it == '$' || it == '@' || it == '-';
    }
    words
}

fn small() -> [Corpus; 2] {
    [
        Corpus::new("tests/support/laws.graphql", WRITTEN.into_iter().map(str::to_owned)),
        Corpus::over(MIXED.to_owned(), MIXED_DOCUMENTS.into_iter().map(str::to_owned)),
    ]
}

#[test]
fn proofs() {
    let (mut random, wanted) = Random::of_run();
    let [written, mixed] = small();
    let real = ["linear", "shopify-storefront", "swapi"].map(Corpus::real);
    let corpora: Vec<_> = [written, mixed].into_iter().chain(real).collect();
    let (n, mut n_counted, mut n_proven) = (wanted.unwrap_or(4_000), 0, 0);
    for turn in 0..n {
        let corpus = &corpora[turn % corpora.len()];
        let text = corpus.changed(&mut random);
        let Ok(first) = read(&text, &ReadLimits::CEILINGS) else { continue };
        if count(&first.document, &Ceilings::default()).is_ok() {
            n_counted += 1;
            n_proven += usize::from(check_proof(&corpus.schema, &first.document));
        }
    }
    println!("proofs: {n} executions, {n_counted} of them counted, {n_proven} proven");
}
