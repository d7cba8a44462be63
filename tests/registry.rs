//! Every rule is complete: a page, a code, a setting, and cases on both sides.
//!
//! Does not judge the cases; it only sees that they are there and well formed.

use std::{collections::BTreeSet, fs, path::Path};

use portcullis::{
    rules::{Entry, REGISTRY},
    verdict::Code,
};
use serde_json::Value;

/// The sections of a rule's page, in their order.
const SECTIONS: &[&str] =
    &["What it rejects", "Why", "Example", "Settings", "OWASP entry", "Turning it off"];

/// What a case may say: `expect` is `admit` or `reject`; `policy` is YAML that is laid under
/// `version`, `name` and `schema`; `schema` names a file in `tests/rules`; `claims` are those of the
/// caller, who is anonymous without them.
const CASE_KEYS: &[&str] =
    &["case", "claims", "document", "expect", "operationName", "policy", "schema", "variables"];

#[test]
fn every_rule_is_complete() {
    let mut found = Vec::new();
    for entry in REGISTRY {
        let problems = [name(entry), page(entry), cases(entry)].concat();
        found.extend(problems.iter().map(|it| format!("{}: {it}", entry.meta.id)));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn ids_and_settings_are_unique() {
    let ids: BTreeSet<_> = REGISTRY.iter().map(|it| it.meta.id).collect();
    let settings: BTreeSet<_> = REGISTRY.iter().map(|it| it.meta.setting).collect();
    assert_eq!((ids.len(), settings.len()), (REGISTRY.len(), REGISTRY.len()));
}

#[test]
fn every_file_of_cases_belongs_to_a_rule() {
    let known: BTreeSet<_> = REGISTRY.iter().map(|it| case_file(it.meta.id)).collect();
    for entry in fs::read_dir(folder()).into_iter().flatten() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(!file.ends_with(".jsonl") || known.contains(&file), "{file} has no rule");
    }
}

/// Codes are a promise to clients: a line of the golden file may be added, never changed.
#[test]
fn codes_are_those_we_promised() {
    let mut codes: Vec<_> =
        Code::ALL.iter().map(|it| format!("{} {}", it.as_str(), it.status())).collect();
    let written = codes.clone();
    codes.sort();
    assert_eq!(written, codes, "in alphabetical order");
    assert_eq!(codes, include_str!("golden/codes.txt").lines().collect::<Vec<_>>());
    for code in Code::ALL {
        let screaming = |it: char| it.is_ascii_uppercase() || it == '_';
        assert!(code.as_str().chars().all(screaming), "{code}");
    }
}

fn name(entry: &Entry) -> Vec<String> {
    let id = entry.meta.id;
    let kebab = |part: &str| !part.is_empty() && part.chars().all(|it| it.is_ascii_lowercase());
    let mut found = Vec::new();
    if !id.split('-').all(kebab) {
        found.push("the id is not kebab-case".to_owned());
    }
    if entry.meta.setting.is_empty() || entry.meta.title.is_empty() {
        found.push("setting or title is empty".to_owned());
    }
    if !Code::ALL.contains(&entry.meta.code) {
        found.push(format!("the code {} is not in Code::ALL", entry.meta.code));
    }
    found
}

fn page(entry: &Entry) -> Vec<String> {
    let mut sections = entry.meta.page.split("\n## ");
    let title = sections.next().unwrap_or_default();
    let sections: Vec<_> = sections.map(|it| it.split_once('\n').unwrap_or((it, ""))).collect();
    let mut found = Vec::new();
    if !title.starts_with("# ") {
        found.push("the page does not start with `# `".to_owned());
    }
    let headings: Vec<_> = sections.iter().map(|it| it.0.trim()).collect();
    if headings != SECTIONS {
        found.push(format!("the page has {headings:?}, not {SECTIONS:?}"));
    }
    for (heading, text) in sections {
        let must_name = match heading.trim() {
            "Settings" => entry.meta.setting,
            "OWASP entry" => entry.meta.owasp,
            _ => "",
        };
        if text.trim().is_empty() || !text.contains(must_name) {
            found.push(format!("section `{heading}` is empty or does not name `{must_name}`"));
        }
    }
    found
}

fn cases(entry: &Entry) -> Vec<String> {
    let file = case_file(entry.meta.id);
    let Ok(text) = fs::read_to_string(folder().join(&file)) else {
        return vec![format!("tests/rules/{file} is missing")];
    };
    let (mut found, mut names, mut expected) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (at, line) in (1..).zip(text.lines()) {
        match case(line) {
            Ok((name, expect)) => {
                if !names.insert(name) {
                    found.push(format!("tests/rules/{file}:{at}: this `case` is there twice"));
                }
                expected.insert(expect);
            }
            Err(why) => found.push(format!("tests/rules/{file}:{at}: {why}")),
        }
    }
    let missing = ["admit", "reject"].into_iter().filter(|it| !expected.contains(*it));
    found.extend(missing.map(|it| format!("tests/rules/{file} has no case that expects `{it}`")));
    found
}

/// The name of a case and what it expects.
fn case(line: &str) -> Result<(String, String), String> {
    let case: Value = serde_json::from_str(line).map_err(|why| why.to_string())?;
    let case = case.as_object().ok_or("not an object")?;
    if let Some(key) = case.keys().find(|it| !CASE_KEYS.contains(&it.as_str())) {
        return Err(format!("unknown key `{key}`"));
    }
    let text = |key: &str| match case.get(key) {
        Some(Value::String(it)) if !it.is_empty() => Ok(it.clone()),
        _ => Err(format!("`{key}` is not a text")),
    };
    text("document")?;
    if case.contains_key("schema") && !folder().join(text("schema")?).is_file() {
        return Err("no such schema in tests/rules".to_owned());
    }
    match text("expect")?.as_str() {
        it @ ("admit" | "reject") => Ok((text("case")?, it.to_owned())),
        it => Err(format!("`expect` is `{it}`, neither `admit` nor `reject`")),
    }
}

/// `max-depth` has its cases in `max_depth.jsonl`.
fn case_file(id: &str) -> String {
    format!("{}.jsonl", id.replace('-', "_"))
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules"))
}

#[test]
fn broken_cases_are_seen() {
    let good = r#"{"case":"a","expect":"admit","document":"{ a }","policy":"limits: {}"}"#;
    assert_eq!(case(good), Ok(("a".to_owned(), "admit".to_owned())));
    for bad in ["", "[]", r#"{"case":"a"}"#, r#"{"case":"a","expect":"pass","document":"{ a }"}"#] {
        assert!(case(bad).is_err(), "{bad}");
    }
    assert!(case(&good.replace("policy", "polisy")).is_err());
    assert!(case(&good.replace("limits: {}\"", "\",\"schema\":\"gone.graphql\"")).is_err());
}
