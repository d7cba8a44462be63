//! Laws that hold for every document and every body, tried on random ones.
//!
//! `PORTCULLIS_CASES=n` tries about n cases altogether, new ones each time; without it 100,000 that
//! are always the same.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and prints what a person may ask for"
)]

mod support;

use std::{cell::Cell, collections::HashMap, num::NonZeroUsize, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate},
    document::{
        Ceilings, Counts, Document, OperationId, Range, ReadLimits, SelectionId, SelectionKind,
        canonical_text, count, print, read, validate,
    },
    json,
    operation::{Skipped, spread},
    policy::Policy,
    schema::Schema,
    verdict::Verdict,
};
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use support::{
    documents::{Sample, edited},
    judge,
    tape::Tape,
};

/// Tries a law on so many of a hundred of all cases. A law panics where it does not hold, and says
/// whether the case was worth the while: a third of them must be.
fn try_law(percent: u32, law: impl Fn(&mut Tape<'_>) -> bool) {
    let n_worth = Cell::new(0);
    let wanted = std::env::var("PORTCULLIS_CASES").ok().map(|it| it.parse::<u32>().unwrap());
    let cases = wanted.unwrap_or(100_000).div_ceil(100) * percent;
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = match wanted {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let choices = vec(any::<u32>(), EDITS..300);
    let outcome = runner.run(&choices, |it| {
        n_worth.set(n_worth.get() + u32::from(law(&mut Tape::new(&it))));
        Ok(())
    });
    // The choices say nothing to a person; the law's own words do.
    match outcome {
        Ok(()) => {}
        Err(TestError::Abort(why) | TestError::Fail(why, _)) => panic!("{why}"),
    }
    println!("{cases} cases, {} of them worth the while", n_worth.get());
    assert!(n_worth.get() > cases / 3, "most cases show nothing");
}

/// Choices that are kept for what is done with a sample.
const EDITS: usize = 22;

const POLICY: &str = "
directives: [skip, include, tag]
limits: { document: off, tokens: off, depth: 6, fields: 40, aliases: 10, repeats: 5 }
profiles:
  - { name: wide, when: never, introspection: allow, limits: { depth: 60, fields: 5000, aliases: 900, repeats: 99 } }
  - { name: narrow, when: never, limits: { depth: 3, fields: 8, aliases: 1 } }
";

fn policy() -> Arc<Policy> {
    let text = format!("version: 1\nname: laws\nschema: {{ file: laws.graphql }}\n{POLICY}");
    Arc::new(judge::policy(&text, "tests/support"))
}

fn gate(policy: &Arc<Policy>) -> Gate {
    let few = NonZeroUsize::new(16).unwrap();
    let limits = CacheLimits { documents: few, refused: few, ..CacheLimits::default() };
    Gate::new(Arc::clone(policy), limits)
}

/// What a client and an upstream see of a verdict.
fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Admit(it) => String::from_utf8(it.body().to_vec()).unwrap(),
        Verdict::Answer(_) => "answered".to_owned(),
        Verdict::Reject(it) => {
            let one = |it: &portcullis::verdict::Violation| {
                format!("{} {} {}", it.rule, it.code.as_str(), it.public)
            };
            it.items.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What is refused, without the words.
fn code(verdict: &Verdict) -> Option<(&'static str, &'static str)> {
    match verdict {
        Verdict::Admit(_) | Verdict::Answer(_) => None,
        Verdict::Reject(it) => it.items.first().map(|it| (it.rule, it.code.as_str())),
    }
}

fn sample(policy: &Policy, n_operations: usize, tape: &mut Tape<'_>) -> Sample {
    Sample::new(&policy.schema, n_operations, tape)
}

#[test]
fn what_is_printed_reads_as_the_same_document() {
    let policy = policy();
    try_law(15, |tape| {
        let (is_edited, edit) = (tape.chance(40), &mut tape.split(EDITS));
        let text = sample(&policy, 3, tape).text;
        let text = if is_edited { edited(text.as_bytes(), edit) } else { text.into_bytes() };
        let text = String::from_utf8_lossy(&text);
        let first = match read(&text, &ReadLimits::CEILINGS) {
            Ok(first) => first.document,
            Err(why) => {
                assert!(is_edited, "{why}: {text}");
                return false;
            }
        };
        let printed = print(&first);
        let second = read(&printed, &ReadLimits::CEILINGS).unwrap().document;
        assert!(first.same_syntax(&second), "{text}\n{printed}");
        assert_eq!(print(&second), printed, "{text}");
        true
    });
}

#[test]
fn any_bytes_get_a_verdict() {
    let policy = policy();
    let gate = gate(&policy);
    try_law(30, |tape| {
        let edits = tape.below(10);
        let edit = &mut tape.split(EDITS);
        let mut sample = sample(&policy, 2, tape);
        if edits == 9 {
            let text = edited(sample.text.as_bytes(), edit);
            sample.text = String::from_utf8_lossy(&text).into_owned();
        }
        let body = sample.body().into_bytes();
        let body = match edits {
            6 => (0..20).map(|_| u8::try_from(edit.below(256)).unwrap()).collect(),
            7 | 8 => edited(&body, edit),
            _ => body,
        };
        let first = judge::judge(&gate, &body);
        // Known by now, and still the same.
        assert_eq!(told(&judge::judge(&gate, &body)), told(&first), "{body:?}");
        match &first {
            Verdict::Admit(admitted) => check_forwarded(admitted.body(), &policy.schema),
            Verdict::Answer(_) | Verdict::Reject(_) => {}
        }
        matches!(first, Verdict::Admit(_))
    });
}

/// A forwarded body has no key twice and only variables that are declared.
fn check_forwarded(body: &[u8], schema: &Schema) {
    let shown = String::from_utf8_lossy(body);
    let strict = json::Limits { depth: 64, ..json::Limits::default() };
    let tree = json::read(body, strict).unwrap_or_else(|it| panic!("{it}: {shown}"));
    let text = tree.root().member("query").and_then(json::Value::string).unwrap();
    let read = read(&text, &ReadLimits::CEILINGS).unwrap();
    assert_eq!(validate(schema, &read), Ok(()), "{shown}");
    let document = &read.document;
    assert_eq!(document.operations().len(), 1, "{shown}");
    assert_eq!(canonical_text(document, OperationId(0)), text);
    let operation = document.operations()[0];
    let name = tree.root().member("operationName").and_then(json::Value::string);
    assert_eq!(operation.name.map(|it| document.str(it)), name.as_deref(), "{shown}");
    let declared: Vec<_> =
        document.variables(operation.variables).iter().map(|it| document.str(it.name)).collect();
    let given = tree.root().member("variables").into_iter().flat_map(json::Value::children);
    for key in given.filter_map(json::Value::key) {
        assert!(declared.contains(&&*key), "{key}: {shown}");
    }
}

#[test]
fn the_canonical_text_has_the_verdict_of_the_text() {
    let policy = policy();
    try_law(7, |tape| {
        let (is_edited, edit) = (tape.chance(20), &mut tape.split(EDITS));
        let mut sample = sample(&policy, 1, tape);
        if is_edited {
            let text = edited(sample.text.as_bytes(), edit);
            sample.text = String::from_utf8_lossy(&text).into_owned();
        }
        let gate = gate(&policy);
        let first = judge::judge(&gate, sample.body().as_bytes());
        if let Verdict::Admit(admitted) = &first {
            assert_eq!(told(&judge::judge(&gate, admitted.body())), told(&first));
        }
        // Canonical text drops the fragments and operations that nothing reaches, and with them
        // what is wrong there.
        let Ok(read) = read(&sample.text, &policy.reading) else { return false };
        if read.document.operations().len() != 1 || has_unused(&read.document) {
            return false;
        }
        sample.text = canonical_text(&read.document, OperationId(0));
        let second = judge::judge(&gate, sample.body().as_bytes());
        assert_eq!(code(&second), code(&first), "{}", sample.text);
        true
    });
}

fn has_unused(document: &Document) -> bool {
    let text = canonical_text(document, OperationId(0));
    let canonical = read(&text, &ReadLimits::CEILINGS).unwrap().document;
    canonical.fragments().len() != document.fragments().len()
}

#[test]
fn counts_are_the_sizes_of_the_built_operations() {
    let policy = policy();
    try_law(10, |tape| {
        let skipped = tape.pick(&[Skipped::Ignore, Skipped::Judge]);
        let text = sample(&policy, 3, tape).text;
        let read = read(&text, &ReadLimits::CEILINGS).unwrap();
        let Ok(counts) = count(&read.document, &Ceilings::default()) else {
            return false;
        };
        if validate(&policy.schema, &read).is_err() {
            return false;
        }
        for (id, counted) in (0..).map(OperationId).zip(counts) {
            let built = spread(&policy.schema, &read.document, id, skipped).unwrap();
            let nodes = built.nodes();
            let range = read.document.operation(id).unwrap().selections;
            let all = size(&read.document, range);
            assert_eq!(counted.fields, nodes.len() as u64, "{text}");
            let depth = nodes.iter().map(|it| u64::from(it.depth)).max();
            assert_eq!(counted.depth, depth.unwrap(), "{text}");
            let aliases = nodes.iter().filter(|it| it.alias.is_some()).count();
            assert_eq!(counted.aliases, aliases as u64, "{text}");
            assert_eq!(counted.root_fields, built.children(None).count() as u64, "{text}");
            assert_eq!(counted, all, "{text}");
        }
        true
    });
}

/// The same sizes by the definition, spread by spread.
fn size(document: &Document, range: Range) -> Counts {
    let mut sum = Counts::default();
    let mut next = range.start;
    while next < range.end {
        let selection = document.selection(SelectionId(next)).unwrap();
        let inside = Range { start: next + 1, end: selection.end.0 };
        let (below, is_field) = match &selection.kind {
            SelectionKind::Field { .. } => (size(document, inside), true),
            SelectionKind::Inline { .. } => (size(document, inside), false),
            SelectionKind::Spread { name } => {
                let fragment = document.fragment_named(document.str(*name)).unwrap();
                (size(document, fragment.selections), false)
            }
        };
        let is_aliased = matches!(&selection.kind, SelectionKind::Field { alias: Some(_), .. });
        sum.fields += below.fields + u64::from(is_field);
        sum.selections += below.selections + 1;
        sum.aliases += below.aliases + u64::from(is_aliased);
        sum.depth = sum.depth.max(below.depth + u64::from(is_field));
        sum.nesting = sum.nesting.max(below.nesting + 1);
        sum.root_fields += if is_field { 1 } else { below.root_fields };
        next = selection.end.0;
    }
    sum
}

#[test]
fn one_selection_more_never_lowers_a_count() {
    let policy = policy();
    let sizes = |text: &str| {
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        count(&read.document, &Ceilings::default())
    };
    try_law(10, |tape| {
        let place = tape.below(1 << 16);
        let more = tape.pick(&["more ", "k1:more{x} ", "...{more} ", "...on Root@tag{k1:more} "]);
        let sample = sample(&policy, 3, tape);
        let Some(at) = sample.openings.get(place % sample.openings.len().max(1)) else {
            return false;
        };
        let mut longer = sample.text.clone();
        longer.insert_str(*at, more);
        let Ok(after) = sizes(&longer) else { return false };
        let before = sizes(&sample.text).unwrap();
        for (before, after) in before.iter().zip(&after) {
            let pairs = [
                (before.fields, after.fields),
                (before.selections, after.selections),
                (before.depth, after.depth),
                (before.nesting, after.nesting),
                (before.aliases, after.aliases),
                (before.root_fields, after.root_fields),
            ];
            assert!(pairs.iter().all(|(before, after)| before <= after), "{longer}");
        }
        true
    });
}

#[test]
fn profiles_and_operation_names_never_mix() {
    let policy = policy();
    let profiles = ["wide", "narrow", "base"].map(|it| policy.profile_named(it));
    try_law(3, |tape| {
        let order = [(); 12].map(|()| (tape.below(profiles.len()), tape.below(3)));
        let sample = sample(&policy, 2, tape);
        let shared = gate(&policy);
        let mut alone = HashMap::new();
        for (profile, name) in order {
            let named = sample.names.get(name).cloned().flatten();
            let named = named.map_or_else(|| "null".to_owned(), |it| format!("\"{it}\""));
            let body = format!(
                "{{\"query\":{},\"variables\":{},\"operationName\":{named}}}",
                json::escape(&sample.text),
                sample.variables,
            );
            let judged =
                |gate: &Gate| told(&judge::judge_under(gate, profiles[profile], body.as_bytes()));
            let expect = alone.entry((profile, name)).or_insert_with(|| judged(&gate(&policy)));
            assert_eq!(*expect, judged(&shared), "{body}");
        }
        let n_admitted = alone.values().filter(|it| it.starts_with('{')).count();
        n_admitted > 0
    });
}

#[test]
fn json_is_never_read_more_freely_than_serde_json_reads_it() {
    let policy = policy();
    try_law(25, |tape| {
        let (is_body, is_edited) = (tape.chance(50), tape.chance(60));
        let edit = &mut tape.split(EDITS);
        let text = sample(&policy, 1, tape);
        let text = if is_body { text.body() } else { text.variables };
        let text = if is_edited { edited(text.as_bytes(), edit) } else { text.into() };
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        let shown = String::from_utf8_lossy(&text);
        match (json::read(&text, json::Limits::default()), theirs) {
            (Ok(ours), Ok(theirs)) => assert!(is_same(ours.root(), &theirs), "{shown}"),
            (Ok(_), Err(why)) => panic!("{why}: {shown}"),
            (Err(_), Err(_)) => {}
            (Err(why), Ok(_)) => {
                let stricter =
                    matches!(why.problem, json::Problem::DuplicateKey | json::Problem::TooDeep);
                assert!(stricter, "{why}: {shown}");
            }
        }
        true
    });
}

fn is_same(ours: json::Value<'_>, theirs: &serde_json::Value) -> bool {
    let n_children = ours.n_children() as usize;
    match (ours.kind(), theirs) {
        (json::Kind::Array, serde_json::Value::Array(items)) => {
            n_children == items.len() && ours.children().zip(items).all(|(a, b)| is_same(a, b))
        }
        (json::Kind::Boolean(a), serde_json::Value::Bool(b)) => a == *b,
        (json::Kind::Null, serde_json::Value::Null) => true,
        (json::Kind::Number, serde_json::Value::Number(it)) => {
            serde_json::from_str::<serde_json::Number>(ours.text()).is_ok_and(|text| text == *it)
        }
        (json::Kind::Object, serde_json::Value::Object(members)) => {
            n_children == members.len()
                && ours
                    .children()
                    .zip(members)
                    .all(|(a, (key, b))| a.key().as_deref() == Some(key) && is_same(a, b))
        }
        (json::Kind::String, serde_json::Value::String(it)) => ours.string().as_deref() == Some(it),
        _ => false,
    }
}
