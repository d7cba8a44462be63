//! A server whose every field takes a known time, and operations to ask it.

use std::{
    collections::BTreeMap,
    io::{BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use portcullis::{
    calibration::Random,
    diagnostic::Source,
    document::{OperationId, ReadLimits, read},
    operation::{NodeId, Operation, Skipped, spread},
    schema::Schema,
};
use serde_json::{Map, Value, json};

use crate::support::wire::{Message, read_message};

/// What the server has.
pub(crate) const SCHEMA: &str = "
directive @listSize(slicingArguments: [String!], assumedSize: Int) on FIELD_DEFINITION
type Query {
  products(first: Int): [Product] @listSize(slicingArguments: [\"first\"])
  search(text: String, first: Int): [Product] @listSize(slicingArguments: [\"first\"])
  customer(id: ID): Customer
  stats: Stats
}
type Product {
  id: ID
  name: String
  price: Float
  score: Float
  vendor: Vendor
  reviews(first: Int): [Review] @listSize(slicingArguments: [\"first\"])
  tags: [Tag]
}
type Vendor { id: ID name: String address: String }
type Review { id: ID text: String stars: Int author: Customer }
type Customer { id: ID name: String orders(first: Int): [Order] @listSize(slicingArguments: [\"first\"]) }
type Order { id: ID total: Float lines: [Product] }
type Stats { visits: Int revenue: Float }
type Tag { id: ID label: String }
";

/// What a call takes, in milliseconds; every other one nothing.
pub(crate) const TRUTH: &[(&str, f64)] = &[
    ("Query.products", 1.0),
    ("Query.search", 6.0),
    ("Query.customer", 0.8),
    ("Query.stats", 12.0),
    ("Product.vendor", 0.5),
    ("Product.reviews", 1.5),
    ("Product.tags", 0.2),
    ("Product.score", 2.5),
    ("Review.author", 0.7),
    ("Customer.orders", 2.0),
    ("Order.lines", 3.0),
];

/// Whatever is asked for, in milliseconds.
const REQUEST: f64 = 1.0;

/// How many elements there are at most of each list.
const THERE: &[(&str, u64)] = &[
    ("Query.products", 40),
    ("Query.search", 6),
    ("Product.reviews", 3),
    ("Product.tags", 4),
    ("Customer.orders", 5),
    ("Order.lines", 2),
];

/// How the server spends its time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// It only says so, in `Server-Timing`, give or take five percent.
    Told,
    /// It does so.
    Done,
    /// It says that everything takes anything.
    Noise,
}

/// Starts a server; it ends with the process.
pub(crate) fn start(work: Work) -> SocketAddr {
    serve(move |message| {
        let source = Arc::new(Source { name: "s".into(), text: SCHEMA.into() });
        let schema = Arc::new(Schema::load(source).unwrap().0);
        let body = message.json().unwrap();
        let text = body["query"].as_str().unwrap();
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        let operation = spread(&schema, &read.document, OperationId(0), Skipped::Ignore).unwrap();
        let mut run = Run { operation: &operation, calls: BTreeMap::new(), n: 0 };
        let data = run.object(None);
        let takes = |(on, n): (&String, &u64)| {
            TRUTH.iter().find(|it| it.0 == on).map_or(0.0, |it| it.1) * *n as f64
        };
        let mut took = REQUEST + run.calls.iter().map(takes).sum::<f64>();
        let mut random = Random::seeded(text.len() as u64 ^ run.n << 7);
        match work {
            Work::Done => {
                let end = Instant::now() + Duration::from_secs_f64(took / 1000.0);
                while Instant::now() < end {
                    std::hint::spin_loop();
                }
            }
            Work::Told => took *= 0.95 + 0.1 * random.fraction(),
            Work::Noise => took = 1.0 + 100.0 * random.fraction(),
        }
        let head = format!("HTTP/1.1 200 OK\r\nServer-Timing: cache;desc=miss, cpu;dur={took:.4}");
        (head, json!({ "data": data }).to_string())
    })
}

/// A server that answers everything alike.
pub(crate) fn answering(head: &'static str, body: &'static str) -> SocketAddr {
    serve(move |_| (head.to_owned(), body.to_owned()))
}

fn serve(answer: impl Fn(&Message) -> (String, String) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            thread::spawn(move || talk(stream, answer));
        }
    });
    address
}

fn talk(stream: TcpStream, answer: impl Fn(&Message) -> (String, String)) {
    stream.set_nodelay(true).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Ok(Some(message)) = read_message(&mut reader) {
        let (head, body) = answer(&message);
        let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

struct Run<'a> {
    operation: &'a Operation,
    calls: BTreeMap<String, u64>,
    n: u64,
}

impl Run<'_> {
    fn object(&mut self, of: Option<NodeId>) -> Value {
        let below: Vec<_> = self.operation.children(of).map(|(id, it)| (id, *it)).collect();
        let mut members = Map::new();
        for (id, node) in below {
            let coordinate = self.operation.coordinate(&node);
            *self.calls.entry(coordinate.clone()).or_default() += 1;
            self.n += 1;
            let there = THERE.iter().find(|it| it.0 == coordinate).map(|it| it.1);
            let has_below = self.operation.children(Some(id)).next().is_some();
            let value = match (there, has_below) {
                (Some(there), _) => {
                    let first = self.first(&node).unwrap_or(u64::MAX);
                    // Some have fewer.
                    let n = first.min(there - Random::seeded(self.n).below(2) as u64);
                    (0..n).map(|_| self.object(Some(id))).collect()
                }
                (None, true) => self.object(Some(id)),
                (None, false) => json!("a value"),
            };
            members.insert(self.operation.key(&node).into(), value);
        }
        Value::Object(members)
    }

    /// The number that an operation has written.
    fn first(&self, node: &portcullis::operation::Node) -> Option<u64> {
        let document = self.operation.document();
        let schema = self.operation.schema();
        let given = self.operation.arguments(node).iter();
        let mut first = given.filter(|it| &*schema.input(it.input).name == "first");
        match document.value(first.next()?.value)?.kind {
            portcullis::document::ValueKind::Int(text) => document.str(text).parse().ok(),
            _ => None,
        }
    }
}

/// Operations that ask for anything.
pub(crate) fn operations(n: usize) -> Vec<String> {
    let mut random = Random::seeded(11);
    (0..n).map(|it| format!("query Q{it} {{ {} }}", roots(&mut random))).collect()
}

fn roots(random: &mut Random) -> String {
    let mut out = Vec::new();
    for _ in 0..=random.below(2) {
        let first = random.below(12) + 1;
        let n = out.len();
        out.push(match random.below(4) {
            0 => format!("a{n}: products(first: {first}) {{ {} }}", product(random, 2)),
            1 => format!("b{n}: search(text: \"x\", first: {first}) {{ {} }}", product(random, 2)),
            2 => format!("c{n}: customer(id: 1) {{ {} }}", customer(random, 2)),
            _ => format!("d{n}: stats {{ visits {} }}", maybe(random, "revenue")),
        });
    }
    out.join(" ")
}

fn maybe<'t>(random: &mut Random, text: &'t str) -> &'t str {
    if random.below(3) == 0 { text } else { "" }
}

fn product(random: &mut Random, depth: usize) -> String {
    let mut out = vec!["id".to_owned()];
    out.extend(["name", "price", "score"].map(|it| maybe(random, it).to_owned()));
    if random.below(3) == 0 {
        out.push(format!("vendor {{ id {} }}", maybe(random, "name")));
    }
    if random.below(4) == 0 {
        out.push("tags { id label }".to_owned());
    }
    if depth > 0 && random.below(3) == 0 {
        let author = if random.below(2) == 0 { "author { id name }" } else { "" };
        out.push(format!("reviews(first: {}) {{ text {author} }}", random.below(5) + 1));
    }
    out.join(" ")
}

fn customer(random: &mut Random, depth: usize) -> String {
    let mut out = vec!["id name".to_owned()];
    if depth > 0 && random.below(2) == 0 {
        let lines = if random.below(2) == 0 {
            format!("lines {{ {} }}", product(random, 0))
        } else {
            String::new()
        };
        out.push(format!("orders(first: {}) {{ id {lines} }}", random.below(8) + 1));
    }
    out.join(" ")
}

/// A folder with the policy and a manifest of so many operations.
pub(crate) fn folder(n: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "schema.graphql", SCHEMA);
    write(folder.path(), "shop.yaml", POLICY);
    let all: Map<String, Value> = operations(n)
        .into_iter()
        .enumerate()
        .map(|(at, it)| (format!("q{at}"), it.into()))
        .collect();
    write(folder.path(), "shop.json", &Value::Object(all).to_string());
    folder
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

const POLICY: &str = "\
version: 1
name: shop
schema: { file: schema.graphql }
cost:
  max: 1000          # a guess
  mode: report
";
