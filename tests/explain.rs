//! `portcullis explain` as a person and as a program see it: the cost of one document, and many.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

/// A page of products, with the last reviews of each.
const SHELF: &str = "query ($n: Int) { shelf: products(first: $n) { nodes { id \
    reviews(first: 50) { edges { node { author { handle } } } } } } }";

/// Runs the verb on the bazaar's policy.
fn explain(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["explain", "--policy", "tests/corpus/bazaar/policy.yaml"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("PORTCULLIS_UPSTREAM")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Explains one document; exit code and standard output.
fn one(document: &str, variables: &str, format: &str) -> (Option<i32>, String) {
    let arguments = ["-", "--variables", variables, "--format", format];
    let output = explain(&arguments, document);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn cost(document: &str, variables: &str) -> Value {
    let told: Value = serde_json::from_str(&one(document, variables, "json").1).unwrap();
    told.get("cost").cloned().unwrap_or_default()
}

#[test]
fn what_is_too_expensive_is_taken_apart() {
    let (code, text) = one(SHELF, r#"{"n": 100}"#, "text");
    assert_eq!(code, Some(1));
    let head = "refused: COST_ESTIMATED_TOO_EXPENSIVE by `cost`\n  \
        `cost.max` is 5000, the operation has 15302\n";
    assert!(text.starts_with(head), "{text}");
    let (_, cost) = text.split_once("\n\ncost ").unwrap();
    insta::assert_snapshot!(cost);
}

/// The operation is refused for the number of another, which stood beside one that is within.
#[test]
fn it_is_said_whose_number_is_too_high() {
    let shelf = SHELF.replacen("query", "query Shelf", 1).replace("$n: Int", "$n: Int = 100");
    let deep = "{ related ".repeat(14);
    let deep = format!("query Deep {{ product(id: 1) {deep} {{ id }} {} }}", "}".repeat(14));
    let cart = "query Cart { cart { id } }";
    let told = |others: &str, format: &str| {
        let arguments = ["-", "--operation-name", "Cart", "--format", format];
        let output = explain(&arguments, &format!("{cart} {others}"));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = told(&shelf, "text");
    let head = "`cost.max` is 5000, operation `Shelf`, which is not selected, has 15302\n";
    assert!(text.contains(head), "{text}");
    let line = "15302 of 5000: over the limit (operation `Shelf`, which is not selected)\n";
    assert!(text.contains(line), "{text}");
    let cost = "to spare\n  of the selected operation; operation `Shelf`, which is judged too, has 15302\n";
    assert!(text.contains(cost), "{text}");
    let json = |others: &str, rule: &str| {
        let told: Value = serde_json::from_str(&told(others, "json")).unwrap();
        let line = told["rules"].as_array().unwrap().iter().find(|it| it["rule"] == rule).unwrap();
        (line["measured"].clone(), line["not_selected"].clone(), told["deciding"]["detail"].clone())
    };
    let (measured, whose, detail) = json(&shelf, "cost");
    assert_eq!((measured, whose), (json!(15302), json!("operation `Shelf`")));
    assert_eq!(detail, head.trim_end());
    let (_, whose, detail) = json(&deep, "max-depth");
    assert_eq!(whose, json!("operation `Deep`"));
    assert!(detail.as_str().unwrap().contains("operation `Deep`, which is not selected, has "));
    // The number of the selected one, or of both, is nobody else's.
    assert_eq!(json("query Other { cart { id } }", "max-depth").1, Value::Null);
    assert_eq!(json("query Other { cart { id } }", "cost").1, Value::Null);
}

#[test]
fn the_advice_is_the_last_that_passes() {
    assert_eq!(one(SHELF, r#"{"n": 32}"#, "text").0, Some(0));
    assert_eq!(one(SHELF, r#"{"n": 33}"#, "text").0, Some(1));
    let narrow = |n| SHELF.replace("50", n);
    assert_eq!(one(&narrow("15"), r#"{"n": 100}"#, "text").0, Some(0));
    assert_eq!(one(&narrow("16"), r#"{"n": 100}"#, "text").0, Some(1));
}

#[test]
fn a_program_gets_the_same_numbers() {
    let mut cost =
        cost("query ($n: Int) { products(first: $n) { nodes { id name } } }", r#"{"n": 2500}"#);
    let coordinates = cost["coordinates"].take();
    assert_eq!(coordinates[0], json!({ "coordinate": "Product.id", "type": 0, "field": 2500 }));
    let row = |depth, key, coordinate, sizes: &[u64], calls, field| {
        json!({ "depth": depth, "key": key, "coordinate": coordinate, "sizes": sizes,
            "calls": calls, "type": 0, "field": field })
    };
    let expect = json!({
        "type": 0, "field": 5002, "combined": 5002, "measure": "both",
        "exact": true, "saturated": false, "limit": 5000, "margin": -2,
        "tree": [
            row(1, "products", "Query.products", &[], 1, 5002),
            row(2, "nodes", "ProductConnection.nodes", &[2500], 1, 5001),
            row(3, "id", "Product.id", &[], 2500, 2500),
            row(3, "name", "Product.name", &[], 2500, 2500),
        ],
        "coordinates": null,
        "slices": [{ "coordinate": "Query.products(first:)", "variable": "n", "largest": 2499,
            "advice": "`first` (`$n`) of Query.products ≤ 2499 would pass" }],
    });
    assert_eq!(cost, expect);
}

#[test]
fn what_another_rule_refuses_is_priced_too() {
    let deep = "{ product(id: 1) { related { related { related { related { related { related { \
        related { related { id } } } } } } } } } }";
    let (code, text) = one(deep, "{}", "json");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &told["deciding"]["code"]), (Some(1), &json!("MAX_DEPTH_LIMIT")));
    // 1 + (1 + 5 + … + 5⁷) + 5⁸
    assert_eq!(told["cost"]["combined"], 488_282);
    // More tokens than the reader takes under this policy.
    let long = format!("{{ {} }}", "cart { id } ".repeat(505));
    assert_eq!(cost(&long, "{}")["combined"], 2);
    assert_eq!(cost("{ nothing }", "{}"), Value::Null);
}

#[test]
fn variables_that_are_no_object_are_refused_as_a_server_refuses_them() {
    let document = "{ products(first: 1) { nodes { id } } }";
    for variables in ["[]", "3", "\"x\"", "[1]"] {
        let (code, text) = one(document, variables, "text");
        let expect = "refused: INVALID_REQUEST by `request`\n  `variables` must be an object\n";
        assert_eq!((code, text.as_str()), (Some(1), expect), "{variables}");
        let (code, text) = one(document, variables, "json");
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &told["verdict"]), (Some(1), &json!("reject")), "{variables}");
        assert_eq!(told["deciding"]["code"], "INVALID_REQUEST", "{variables}");
    }
    assert_eq!(one(document, "{}", "text").0, Some(0));
    assert_eq!(one(document, "null", "json").0, Some(0));
}

#[test]
fn many_are_answered_line_by_line() {
    let lines = [
        r#"{"document": "{ cart { id } }"}"#,
        r#"{"document": "query A($n: Int) { products(first: $n) { nodes { id } } } query B { cart { id } }", "operationName": "A", "variables": {"n": 2}, "claims": {"sub": "u"}, "response": {"data": {"products": {"nodes": [{"id": 1}]}}}}"#,
        "no JSON",
        r#"{"document": "{ a: __schema { types { name } } products(first: 5000) { nodes { id } } }", "variables": null}"#,
        r#"{"document": "{ products(first: -1) { nodes { id } } }"}"#,
        r#"{"document": 1}"#,
        // Known by now: by another name it is another operation, with other variables dearer.
        r#"{"document": "query A($n: Int) { products(first: $n) { nodes { id } } } query B { cart { id } }", "operationName": "B", "claims": {"sub": "u"}}"#,
        r#"{"document": "query A($n: Int) { products(first: $n) { nodes { id } } } query B { cart { id } }", "operationName": "A", "variables": {"n": 9}, "claims": {"sub": "u"}}"#,
    ];
    let output = explain(&["--batch", "-", "--format", "json"], &lines.join("\n"));
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let cost = |field: u64| json!({ "type": 0, "field": field, "combined": field, "exact": true, "saturated": false });
    let expect = [
        json!({ "verdict": "reject", "codes": ["FORBIDDEN"], "cost": cost(2) }),
        json!({ "verdict": "admit", "codes": [], "cost": cost(4), "actual": { "type": 0, "field": 3 } }),
        json!({ "error": "not JSON: unexpected character at byte 0" }),
        json!({ "verdict": "reject", "cost": cost(5002),
            "codes": ["COST_ESTIMATED_TOO_EXPENSIVE", "INTROSPECTION_DISABLED", "INPUT_NOT_ALLOWED"] }),
        json!({ "verdict": "reject", "codes": ["COST_SLICE_INVALID", "INPUT_NOT_ALLOWED"], "cost": null }),
        json!({ "error": "`document` is not a string" }),
        json!({ "verdict": "admit", "codes": [], "cost": cost(2) }),
        json!({ "verdict": "admit", "codes": [], "cost": cost(11) }),
    ];
    assert_eq!(answers, expect);
}

#[test]
fn a_batch_without_a_bad_line_is_fine() {
    let output = explain(&["--batch", "-"], "{\"document\": \"{ nothing }\"}\n");
    assert_eq!(output.status.code(), Some(0));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes = ["GRAPHQL_VALIDATION_FAILED"];
    assert_eq!(answer, json!({ "verdict": "reject", "codes": codes, "cost": null }));
}

#[test]
fn a_listed_document_is_asked_for_by_its_id() {
    let manifest = include_str!("corpus/bazaar/persisted.json");
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    let (id, text) = manifest["hashes"].as_object().unwrap().iter().next().unwrap();
    let text = text.as_str().unwrap();
    let told = |arguments: &[&str], input: &str| {
        let output = explain(&[arguments, &["--format", "json"]].concat(), input);
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    assert_eq!(told(&["--id", id], ""), told(&["-"], text));
    let (code, unknown) = told(&["--id", "nothing"], "");
    let expect = "PERSISTED_QUERY_NOT_FOUND";
    assert_eq!((code, &unknown["deciding"]["code"]), (Some(1), &json!(expect)));
    let lines = [json!({ "documentId": id }), json!({ "document": text }), json!({})];
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let output = String::from_utf8(explain(&["--batch", "-"], &lines.join("\n")).stdout).unwrap();
    let answers: Vec<_> = output.lines().collect();
    assert_eq!(answers.first(), answers.get(1));
    assert!(answers.get(2).unwrap().contains("`document` is missing"));
}

#[test]
fn the_hash_for_exceptions_finds_every_layout() {
    let told = |document: &str, format: &str| one(document, "{}", format).1;
    let json = |document: &str| -> Value { serde_json::from_str(&told(document, "json")).unwrap() };
    let (one, other) = (json("{ cart { id } }"), json("query {\n  cart { id }\n}\n"));
    assert_ne!(one["document"], other["document"]);
    assert_eq!(one["exception"], other["exception"]);
    let line = format!("for `exceptions`: {}\n", one["exception"].as_str().unwrap());
    assert!(told("{ cart { id } }\n", "text").contains(&line));
    // It is the one that lifts.
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("s.graphql", "type Query { cart: Cart } type Cart { id: ID }");
    let head = "version: 1\nname: t\nschema: { file: s.graphql }\nlimits: { depth: 1 }\n";
    let exception = format!("document: '{}', owner: o", one["exception"].as_str().unwrap());
    let lift = "lift: [limits.depth], reason: r";
    write("p.yaml", &format!("{head}exceptions: [{{ {exception}, {lift} }}]\n"));
    for document in ["{ cart { id } }", "query {\n  cart { id }\n}\n"] {
        write("q.graphql", document);
        let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        program.args(["explain", "q.graphql", "--policy", "p.yaml"]).current_dir(folder.path());
        assert_eq!(program.status().unwrap().code(), Some(0), "{document}");
    }
}

/// Whichever profile were taken could be the wrong one: a server refuses, and so it is told.
#[test]
fn a_profile_that_nobody_can_choose_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("s.graphql", "type Query { me: Int }");
    write("q.graphql", "{ me }");
    let policy = "version: 1\nname: t\nschema: { file: s.graphql }\n\
        conditions: { partner: 'claims.partner == \"a\"' }\n\
        profiles: [{ name: partners, when: partner, limits: { depth: 9 } }]\n";
    write("p.yaml", policy);
    let explain = |format: &str, claims: &str| {
        write("c.json", claims);
        let output = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["explain", "--policy", "p.yaml", "--claims", "c.json", "q.graphql"])
            .args(["--format", format])
            .current_dir(folder.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = explain("text", "{}");
    assert_eq!(code, Some(1));
    assert!(text.starts_with("refused: FORBIDDEN by `profile`\n  "), "{text}");
    assert!(text.contains("condition partner") && text.contains("no answer"), "{text}");
    let (code, told) = explain("json", "{}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let decided = (told.get("verdict"), told.pointer("/deciding/code"));
    assert_eq!(code, Some(1));
    assert_eq!(decided, (Some(&json!("reject")), Some(&json!("FORBIDDEN"))));
    assert_eq!(explain("text", r#"{"partner": "a"}"#).0, Some(0));
}
