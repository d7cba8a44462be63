//! Holes in what values may be: where they lead, how large they are, and who alone can send them.

use crate::Case;

#[test]
fn holes_in_where_urls_lead() {
    let schema = "
type Query { a: String preview(url: String!): String feed(url: String): String }
";
    let policy = |schemes: &str, hosts: &str, rest: &str| {
        format!(
            "inputs:
  - {{ at: [\"Query.preview(url:)\"], url: {{ schemes: {schemes} }} }}
  - {{ at: [\"Query.feed(url:)\"], url: {{ hosts: {hosts}{rest} }} }}
"
        )
    };
    let intended = policy("[https]", "[feeds.example.com]", "");
    let (preview, feed) =
        (("input-url", "Query.preview(url:) (url)"), ("input-url", "Query.feed(url:) (url)"));
    for (running, hole) in [
        (policy("[https, http]", "[feeds.example.com]", ""), preview),
        (policy("[https, wss]", "[feeds.example.com]", ""), preview),
        (policy("[https]", "public", ""), feed),
        (policy("[https]", "[feeds.example.com]", ", ports: [8080]"), feed),
        (policy("[https]", "[feeds.example.com]", ", fragment: allow"), feed),
    ] {
        Case { schema, ..Case::new("url", &intended, &running) }.check(&[hole]);
    }
}

#[test]
fn holes_in_how_large_a_free_form_value_is() {
    let schema = "scalar JSON type Query { a: String find(filter: JSON): String }";
    let policy =
        |json: &str| format!("inputs: [{{ at: [\"Query.find(filter:)\"], json: {{ {json} }} }}]\n");
    let intended = policy("depth: 3, keys: 10, allow: [$eq]");
    for running in [
        "depth: 3, keys: 11, allow: [$eq]",
        "depth: 4, keys: 10, allow: [$eq]",
        "depth: 3, keys: 10, allow: [$eq, $where]",
    ] {
        Case { schema, ..Case::new("json", &intended, &policy(running)) }
            .check(&[("input-json", "Query.find(filter:) (filter)")]);
    }
}

/// By one item and by one character, as a list and as the single value that counts as one.
#[test]
fn holes_in_how_long_a_list_is() {
    let schema = "
type Query { a: String some(ids: [ID!]): Int tags(t: [String!]!, of: Of): Int grid(rows: [[Int!]!]): Int }
input Of { more: [String!] }
";
    let policy = |ids: &str, tags: &str, more: &str, rows: &str| {
        format!(
            "inputs:
  - {{ at: [\"Query.some(ids:)\"], length: {ids} }}
  - {{ at: [\"Query.tags(t:)\"], length: {tags} }}
  - {{ at: [Of.more], length: {more} }}
  - {{ at: [\"Query.grid(rows:)\"], length: {rows} }}
"
        )
    };
    let tags = "{ items: 1..2, text: 2..4 }";
    let intended = policy("..3", tags, "2..", "1..2");
    let (ids, tag) = ("Query.some(ids:) (ids)", "Query.tags(t:) (t)");
    let (more, rows) = ("Of.more (more)", "Query.grid(rows:) (rows)");
    for (running, hole) in [
        (policy("..4", tags, "2..", "1..2"), ids),
        (policy("..3", "{ items: 1..3, text: 2..4 }", "2..", "1..2"), tag),
        (policy("..3", "{ items: 0..2, text: 2..4 }", "2..", "1..2"), tag),
        (policy("..3", "{ items: 1..2, text: 2..5 }", "2..", "1..2"), tag),
        (policy("..3", "{ text: 2..4 }", "2..", "1..2"), tag),
        (policy("..3", tags, "1..", "1..2"), more),
        (policy("..3", tags, "2..", "1..3"), rows),
    ] {
        let case = Case { schema, ..Case::new("lists", &intended, &running) };
        case.check(&[("input-length", hole)]);
    }
}
