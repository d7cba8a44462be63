//! The cost of an answer, counted while it passes: what the tree of `serde_json` shows, however
//! the bytes are split.

use std::{collections::BTreeMap, sync::Arc};

use portcullis::{
    cost::{Counter, Model, Settings, Shape},
    diagnostic::Source,
    document::{OperationId, ReadLimits, read},
    json,
    operation::{Skipped, Variables, spread},
    schema::Schema,
};
use serde_json::Value;

use crate::mutate::Target;

#[test]
fn counts() {
    target().fuzz(10_000);
}

pub(crate) fn target() -> Target {
    let shape = shape();
    let seeds = [
        r#"{"data":{"items":[{"id":"1","parts":[{"n":1},{"n":2},null],"tags":["a","b"]},null],"n":3}}"#,
        r#"{"data":{"one":{"parts":[{"n":1.5e3}]},"grid":[[{"id":1}],[],null,[null,{"id":2}]]}}"#,
        r#"{"errors":[{"message":"a","path":["one"]}],"data":{"one":null,"\u006e":0}}"#,
        r#"{"data":{"items":{"id":1},"one":[{"parts":[[{"n":1}]]}],"grid":{}},"data2":[{"a":{}}]} "#,
        r#"[{"data":{"n":1}},{"data":null}]"#,
    ]
    .map(|it| it.as_bytes().to_vec());
    Target::new("count", seeds.to_vec(), move |input| {
        let counted = count(&shape, input, input.len().max(1));
        for step in [1, 3, 7] {
            assert_eq!(count(&shape, input, step), counted, "in pieces of {step}");
        }
        // No key twice, of which the tree would keep one.
        if json::read(input, json::Limits::default()).is_err() {
            return false;
        }
        let tree = serde_json::from_slice(input).expect("what we read");
        assert_eq!(counted, Some(Tally::of(&tree)));
        true
    })
}

/// The operation of all answers.
fn shape() -> Arc<Shape> {
    let text = "type Query { items: [Item] one: Item grid: [[Item]] n: Int }
        type Item { id: ID parts: [Part] tags: [String] } type Part { n: Int }";
    let source = Source { name: "schema".into(), text: text.into() };
    let schema = Arc::new(Schema::load(Arc::new(source)).expect("a schema").0);
    let text = "{ items { id parts { n } tags } one { parts { n } } grid { id } n }";
    let document = read(text, &ReadLimits::CEILINGS).expect("a document").document;
    let operation = spread(&schema, &document, OperationId(0), Skipped::Ignore).expect("its types");
    let model = Model::new(&schema, &Settings::default()).expect("no mistakes").0;
    Arc::new(Shape::new(&Arc::new(model), &operation))
}

/// What is counted, or nothing for what is no answer.
fn count(shape: &Arc<Shape>, input: &[u8], step: usize) -> Option<Tally> {
    let mut counter = Counter::new(shape, &Variables::default());
    input.chunks(step).for_each(|it| counter.push(it));
    let actual = counter.finish();
    let mut lists: Vec<_> = actual.lists.iter().map(|it| (it.n, it.longest, it.total)).collect();
    lists.sort_unstable();
    let tally = Tally { types: actual.price.types, fields: actual.price.fields, lists };
    actual.is_complete.then_some(tally)
}

/// Objects, calls of fields that have some, and of each list how often it was there, its longest
/// and all of its elements.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    types: u64,
    fields: u64,
    lists: Vec<(u64, u64, u64)>,
}

impl Tally {
    fn of(answer: &Value) -> Self {
        let mut tally = Self::default();
        let mut lists = BTreeMap::new();
        if let Some(Value::Object(_)) = answer.get("data") {
            tally.object(&mut lists, "", &answer["data"]);
        }
        tally.lists = lists.into_values().collect();
        tally.lists.sort_unstable();
        tally
    }

    fn object(&mut self, lists: &mut Lists, path: &str, object: &Value) {
        for (key, value) in object.as_object().into_iter().flatten() {
            let path = format!("{path}/{key}");
            if let Some((_, n_lists)) = OBJECTS.iter().find(|it| it.0 == path) {
                self.fields += 1;
                self.value(lists, (&path, *n_lists, 0), value);
            }
        }
    }

    /// A value of a field of so many lists, inside some of them.
    fn value(&mut self, lists: &mut Lists, at: (&str, usize, usize), value: &Value) {
        let (path, n_lists, level) = at;
        match value {
            Value::Null => {}
            Value::Array(items) if level < n_lists => {
                let seen = lists.entry((path.to_owned(), level)).or_default();
                let n = items.len() as u64;
                *seen = (seen.0 + 1, seen.1.max(n), seen.2 + n);
                for it in items {
                    self.value(lists, (path, n_lists, level + 1), it);
                }
            }
            Value::Array(_) => {}
            Value::Object(_) => {
                self.types += 1;
                self.object(lists, path, value);
            }
            _ => self.types += 1,
        }
    }
}

/// By path and level.
type Lists = BTreeMap<(String, usize), (u64, u64, u64)>;

/// The fields that return objects, which cost something, and inside how many lists.
const OBJECTS: [(&str, usize); 5] =
    [("/grid", 2), ("/items", 1), ("/items/parts", 1), ("/one", 0), ("/one/parts", 1)];
