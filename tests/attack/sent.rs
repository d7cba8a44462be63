//! Holes in what is sent: what it costs, which document it is, which files come with it.

use crate::Case;

#[test]
fn holes_in_what_things_cost() {
    let schema = "
type Query {
  people(first: Int = 5): [User!]!
  find(filter: FindInput!): [User!]!
  page(first: Int!): [User!]!
  plain(n: Int): String
}
type User { id: ID! name: String friends(first: Int): [User!]! }
input FindInput { limit: Int text: String }
";
    let policy = |find: &str, page: &str, max: u32| {
        format!(
            "http: {{ batch: 2, get: on }}
cost:
  max: {max}
  lists:
    Query.people: {{ slicing: [first] }}
    Query.find: {{ {find} }}
    Query.page: {{ {page} }}
    User.friends: {{ slicing: [first] }}
inputs:
  - {{ at: [\"Query.page(first:)\"], range: 1..50 }}
"
        )
    };
    let intended = policy("slicing: [filter.limit]", "slicing: [first]", 200);
    let check = |running: &str, holes: &[(&str, &str)]| {
        Case { schema, ..Case::new("cost", &intended, running) }.check(holes);
    };
    let (find, page) = (("cost", "Query.find(limit:)"), ("cost", "Query.page(first:)"));
    // A size inside of an object is not looked at; one that is bounded by itself is forgotten.
    check(&policy("assumed: 5", "assumed: 5", 200), &[find, page]);
    let others = [("cost", "Query.people(first:)"), ("cost", "User.friends(first:)")];
    let all = [[find, page], others].concat();
    check(&policy("slicing: [filter.limit]", "slicing: [first]", 201), &all);
}

/// Where no single size is large enough, several in each other are, to the number.
#[test]
fn holes_in_what_nested_lists_cost() {
    let plain = "
type Query { products(first: Int, last: Int): [Product!]! }
type Product { id: ID! related(first: Int, last: Int): [Product!]! }
";
    let connected = "
type Query { products(first: Int!, last: Int): Products! }
type Products { edges: [Edge!]! }
type Edge { node: Product! }
type Product { id: ID! related(first: Int, last: Int): Products! }
";
    for (schema, sized) in [(plain, ""), (connected, ", sized: [edges]")] {
        let policy = |max: &str| {
            format!(
                "cost:
  max: {max}
  lists:
    Query.products: {{ slicing: [first, last]{sized} }}
    Product.related: {{ slicing: [first, last]{sized} }}
inputs:
  - {{ at: [\"*(first:)\", \"*(last:)\"], range: 0..100 }}
"
            )
        };
        let intended = policy("5000");
        for running in ["off", "5001"] {
            let running = policy(running);
            Case { schema, ..Case::new("nested", &intended, &running) }
                .check(&[("cost", "Product.related(first:)")]);
        }
    }
}

/// A way that is deep and cheap: lists of one item.
#[test]
fn a_hole_in_depth_is_found_below_a_small_cost() {
    let schema = "
type Query { products(first: Int): [Product!]! tags: [Tag!]! }
type Product { id: ID! related(first: Int): [Product!]! tags: [Tag!]! }
type Tag { product: Product }
";
    let policy = |depth: u32| {
        format!(
            "limits: {{ depth: {depth} }}
cost:
  max: 500
  lists:
    Query.products: {{ slicing: [first] }}
    Product.related: {{ slicing: [first] }}
"
        )
    };
    let (intended, running) = (policy(8), policy(9));
    Case { schema, ..Case::new("depth", &intended, &running) }.check(&[("max-depth", "9")]);
}

#[test]
fn holes_in_trusted_documents() {
    let manifest = r#"{
        "shop-1": "query Shop { people(first: 2) { name } }",
        "shop-2": "mutation Login { login(email: \"a@b.example\") { id } }"
    }"#;
    let intended =
        "http: { get: on, batch: 2 }\ndocuments: { manifests: [m.json], require: true }\n";
    let running = "http: { get: on, batch: 2 }
documents: { manifests: [m.json], require: { mode: report }, apq: on }
";
    let case = Case::new("documents", intended, running);
    Case { beside: &[("m.json", manifest)], ..case }.check(&[
        ("documents", "unlisted"),
        ("documents", "shop-1"),
        ("documents", "shop-2"),
    ]);
}

#[test]
fn holes_in_what_comes_with_files() {
    let schema = "
scalar Upload
type Query { a: String }
type Mutation { put(file: Upload!, note: String): String deep(input: In!): String }
input In { file: Upload! name: String }
";
    let check = |intended: &str, running: &str, holes: &[(&str, &str)]| {
        let arguments = &["--header", "x-always: 1"];
        Case { schema, arguments, ..Case::new("uploads", intended, running) }.check(holes);
    };
    let some = "http: { uploads: { files: 2, bytes: 1KiB } }\n";
    check("", some, &[("upload", "off")]);
    // One file and one byte more, and a header that every request has.
    let more = "http: { uploads: { files: 3, bytes: 1025B }, csrf_header: [x-always] }\n";
    check(some, more, &[("upload", "3 files"), ("upload", "1025 bytes"), ("upload", "csrf")]);
}
