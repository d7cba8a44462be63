//! The rules of the house that a program can check: sizes, first lines, words that must not stay.
//!
//! Reads text only; what the compiler or clippy can hold is theirs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The longest a file may be, in lines, tests included.
const MAX_LINES: usize = 400;

/// Words that say a change is not finished, in two halves so that this file has none of them.
const UNFINISHED: &[(&str, &str)] = &[("TO", "DO"), ("FIX", "ME")];

/// What leads out of the package.
const OUTSIDE: (&str, &str) = ("../sha", "red");

/// What makes a test depend on patience, or not run: in two halves again.
const IDLE: &[(&str, &str)] = &[("#[ign", "ore"), ("sle", "ep(")];

#[test]
fn sources_keep_the_house_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "tests", "benches"].map(|it| rust_files(&root.join(it))).concat();
    let mut found = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        breaches(path.strip_prefix(root).unwrap().to_str().unwrap(), &text, &mut found);
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// A folder that is not there has no files.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Adds what a file does against the rules.
fn breaches(file: &str, text: &str, found: &mut Vec<String>) {
    let n_lines = text.lines().count();
    if n_lines > MAX_LINES {
        found.push(format!("{file}:{MAX_LINES}: {n_lines} lines, at most {MAX_LINES}"));
    }
    if file.starts_with("src/") && !text.starts_with("//!") {
        found.push(format!("{file}:1: does not start with `//!`"));
    }
    let mut in_tests = !file.starts_with("src/");
    for (at, line) in (1..).zip(text.lines()) {
        in_tests |= line.starts_with("#[cfg(test)]");
        let bad = words(line).chain(in_tests.then(|| idle(line)).into_iter().flatten());
        found.extend(bad.map(|it| format!("{file}:{at}: `{it}`")));
    }
}

fn words(line: &str) -> impl Iterator<Item = String> {
    UNFINISHED.iter().chain([&OUTSIDE]).map(joined).filter(|it| line.contains(it))
}

fn idle(line: &str) -> impl Iterator<Item = String> {
    IDLE.iter().map(joined).filter(|it| line.contains(it))
}

fn joined((head, tail): &(&str, &str)) -> String {
    format!("{head}{tail}")
}

fn check(file: &str, text: &str, expect: &[&str]) {
    let mut found = Vec::new();
    breaches(file, text, &mut found);
    assert_eq!(found, expect);
}

#[test]
fn four_hundred_lines_are_enough() {
    check("src/a.rs", &"//!\n".repeat(MAX_LINES), &[]);
    check("src/a.rs", &"//!\n".repeat(MAX_LINES + 1), &["src/a.rs:400: 401 lines, at most 400"]);
}

#[test]
fn first_line_says_what_for() {
    check("src/a.rs", "use std::fmt;", &["src/a.rs:1: does not start with `//!`"]);
    check("tests/a.rs", "use std::fmt;", &[]);
}

#[test]
fn nothing_unfinished_stays() {
    let word = joined(&UNFINISHED[0]);
    check("src/a.rs", &format!("//!\n// {word}"), &[&format!("src/a.rs:2: `{word}`")]);
    let path = joined(&OUTSIDE);
    check("tests/a.rs", &path, &[&format!("tests/a.rs:1: `{path}`")]);
}

#[test]
fn tests_neither_wait_nor_rest() {
    let [ignored, waits] = [joined(&IDLE[0]), joined(&IDLE[1])];
    check("tests/a.rs", &format!("{ignored}]"), &[&format!("tests/a.rs:1: `{ignored}`")]);
    check("src/a.rs", &format!("//!\n{waits})"), &[]);
    let inline = format!("//!\n#[cfg(test)]\nmod tests {{ {waits}) }}");
    check("src/a.rs", &inline, &[&format!("src/a.rs:3: `{waits}`")]);
}
