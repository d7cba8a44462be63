//! The layers of `src/lib.rs`, held: who may name whom, and what the core may not touch.
//!
//! Reads the sources as tokens, without macros expanded; a path that a macro makes is not seen.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What a core file may not name: a verdict depends on policy, request, caller and time alone.
const IMPURE: &[&str] = &[
    "hyper",
    "hyper_util",
    "std::env",
    "std::fs",
    "std::net",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tracing",
    "tracing_subscriber",
];

/// What of it is a plain value and opens nothing.
const PLAIN: &[&str] = &["std::net::IpAddr"];

/// Crates that more than one module may name: a language that modules speak with each other.
const SHARED: &[&str] = &[
    "ahash",
    "aws_lc_rs",
    "bytes",
    "http",
    "http_body",
    "http_body_util",
    "hyper",
    "hyper_util",
    "lru",
    "maud",
    "serde",
    "serde_json",
    "tokio",
    "tracing",
];

/// Crates whose types cross from one module into the other, and the two modules.
const BETWEEN: (&str, [&str; 2]) = ("bluejay_", ["document", "schema"]);

#[test]
fn sources_keep_to_the_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let layers = Layers::read(&text(&root.join("src/lib.rs")), &text(&root.join("Cargo.toml")));
    let mut found = Vec::new();
    let mut users = BTreeMap::new();
    for path in rust_files(&root.join("src")) {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        layers.check(&file, &text(&path), &mut users, &mut found);
    }
    found.extend(strangers(&users));
    found.dedup();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Where each crate is named: crate, then module, then the first place.
type Users = BTreeMap<String, BTreeMap<String, String>>;

/// What `src/lib.rs` and `Cargo.toml` say.
struct Layers {
    /// Lowest first.
    modules: Vec<String>,
    n_core: usize,
    /// Dependencies, as paths name them.
    crates: BTreeSet<String>,
}

impl Layers {
    fn read(lib: &str, manifest: &str) -> Self {
        let (mut modules, mut n_core) = (Vec::new(), None);
        for line in lib.lines() {
            if line.starts_with("// Shell") {
                n_core = Some(modules.len());
            } else if let Some((_visibility, name)) =
                line.split_once(" mod ").filter(|(it, _)| it.starts_with("pub"))
            {
                modules.push(name.trim_end_matches(';').to_owned());
            }
        }
        let n_core = n_core.expect("lib.rs has the line `// Shell`");
        let section = manifest.split("\n[").find_map(|it| it.strip_prefix("dependencies]"));
        let crates = section.expect("[dependencies]").lines();
        let crates = crates.filter_map(|it| it.split_once('=')).map(|(name, _)| name.trim());
        let crates = crates.filter(|it| !it.starts_with('#')).map(|it| it.replace('-', "_"));
        Self { modules, n_core, crates: crates.collect() }
    }

    /// Adds to `found` what a file does against the layers, and to `users` the crates it names.
    fn check(&self, file: &str, text: &str, users: &mut Users, found: &mut Vec<String>) {
        let Some(module) = top_module(file) else { return };
        let Some(rank) = self.rank(module) else {
            return found.push(format!("{file}:1: module `{module}` is not in the list of lib.rs"));
        };
        for path in paths(&tokens(text)) {
            let place = format!("{file}:{}", path.line);
            found.extend(self.edge(module, rank, &path, file).map(|it| format!("{place}: {it}")));
            if path.in_tests || file.ends_with("/tests.rs") {
                continue;
            }
            let name = path.names.join("::");
            let begins = |it: &&&str| name == **it || name.starts_with(&format!("{it}::"));
            let is_impure = rank < self.n_core && !PLAIN.contains(&&*name);
            if let Some(impure) = IMPURE.iter().find(begins).filter(|_| is_impure) {
                found.push(format!("{place}: the core names `{impure}`"));
            }
            if self.crates.contains(&path.names[0]) {
                let places = users.entry(path.names[0].clone()).or_default();
                places.entry(module.to_owned()).or_insert(place);
            }
        }
    }

    /// What is wrong with a path that leads to another module of this crate.
    fn edge(&self, module: &str, rank: usize, path: &NamedPath, file: &str) -> Option<String> {
        let n_up = path.names.iter().take_while(|it| *it == "super").count();
        let n_down = file.split('/').filter(|it| *it != "src" && *it != "mod.rs").count();
        let target = match path.names[0].as_str() {
            "crate" => path.names.get(1)?,
            // Inside `mod tests` one more `super` is needed to leave the file.
            "super" if n_up >= n_down + usize::from(path.in_tests) => path.names.get(n_up)?,
            _ => return None,
        };
        match self.rank(target) {
            _ if target == "self" => None,
            Some(other) if other <= rank => None,
            Some(_) => Some(format!("`{module}` names `{target}`, which stands above it")),
            None => Some(format!("`{target}` is not in the list of lib.rs")),
        }
    }

    fn rank(&self, module: &str) -> Option<usize> {
        self.modules.iter().position(|it| it == module)
    }
}

/// `rules` for `src/rules/depth.rs`; nothing for the two roots.
fn top_module(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    match inside.split_once('/') {
        Some((folder, _)) => Some(folder),
        None => inside.strip_suffix(".rs").filter(|it| !["lib", "main"].contains(it)),
    }
}

/// Crates that are named in more modules than they may.
fn strangers(users: &Users) -> Vec<String> {
    let mut found = Vec::new();
    for (name, places) in users {
        let between = name.starts_with(BETWEEN.0);
        let allowed = |module: &String| between && BETWEEN.1.contains(&module.as_str());
        let alone = places.len() < 2 || places.keys().all(allowed);
        if !alone && !SHARED.contains(&name.as_str()) {
            found.extend(places.values().map(|at| format!("{at}: `{name}` has several modules")));
        }
    }
    found
}

/// One path with all its groups resolved: `use std::{fs, io}` gives two.
struct NamedPath {
    names: Vec<String>,
    line: usize,
    in_tests: bool,
}

struct Token {
    text: String,
    line: usize,
}

/// Every path of two names or more, and every `use` of one.
fn paths(tokens: &[Token]) -> Vec<NamedPath> {
    let mut found = Vec::new();
    let at = |i: usize| tokens.get(i).map_or("", |it: &Token| it.text.as_str());
    let tests_from = (0..tokens.len())
        .find(|&i| at(i) == "#" && at(i + 2) == "cfg" && at(i + 4) == "test" && at(i + 7) == "mod");
    let tests_from = tests_from.unwrap_or(tokens.len());
    let (mut prefix, mut open): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut start = 0;
    for (i, token) in tokens.iter().enumerate() {
        let (name, next) = (is_name(&token.text), at(i + 1));
        // In a group, `a as b` names only `a`.
        if start > 0 && (token.text == "as" || i > 0 && at(i - 1) == "as") {
            continue;
        }
        if name && next == "::" {
            prefix.push(token.text.clone());
        } else if token.text == "::" || (token.text == "{" && i > 0 && at(i - 1) == "::") {
            if token.text == "{" {
                open.push(start);
                start = prefix.len();
            }
        } else if token.text == "," || token.text == "}" {
            prefix.truncate(start);
            if token.text == "}" && start > 0 {
                start = open.pop().unwrap_or(0);
                prefix.truncate(start);
            }
        } else {
            let alone = i > 0 && at(i - 1) == "use" && [";", "as"].contains(&next);
            if alone || !prefix.is_empty() && (name || token.text == "*") {
                let mut names = prefix.clone();
                names.push(token.text.clone());
                found.push(NamedPath { names, line: token.line, in_tests: i >= tests_from });
            }
            prefix.truncate(start);
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_alphabetic() || it == '_')
}

/// Names and punctuation; comments, strings and characters are left out.
fn tokens(text: &str) -> Vec<Token> {
    let bare = without_literals(text);
    let mut found = Vec::new();
    for (line, text) in (1..).zip(bare.lines()) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|it: char| !it.is_alphanumeric() && it != '_');
            let len = match word.unwrap_or(rest.len()) {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                len => len,
            };
            let (token, behind) = rest.split_at(len);
            found.push(Token { text: token.to_owned(), line });
            rest = behind.trim_start();
        }
    }
    found
}

/// The text without comments, strings and characters; lines stay where they are.
fn without_literals(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = literal(rest, bare.chars().next_back()).unwrap_or(0);
        let (gone, behind) = rest.split_at(len.max(first.len_utf8()));
        if len == 0 {
            bare.push(first);
        } else {
            bare.extend(gone.chars().filter(|it| *it == '\n').chain([' ']));
        }
        rest = behind;
    }
    bare
}

/// The length of the comment or literal at the start of `rest`.
fn literal(rest: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let upto = |end: &str, from: usize| Some(from + rest[from..].find(end)? + end.len());
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return upto("*/", 2);
    }
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !in_word || before == Some('b')) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return upto(&format!("\"{}", "#".repeat(hashes)), hashes + 2);
        }
    }
    match rest.as_bytes() {
        [b'"', ..] => quoted(rest, '"'),
        [b'\'', b'\\', ..] => quoted(rest, '\''),
        // Otherwise it is a lifetime.
        [b'\'', ..] => rest.char_indices().nth(2).filter(|it| it.1 == '\'').map(|it| it.0 + 1),
        _ => None,
    }
}

fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, it) in rest.char_indices().skip(1) {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if it == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Checks one file against three modules, of which `low` and `mid` are the core.
fn check(file: &str, text: &str, expect: &[&str]) {
    let lib = "pub mod low;\npub mod mid;\n// Shell: x\npub mod high;\n";
    let layers = Layers::read(lib, "[package]\n\n[dependencies]\nsha2 = \"1\"\ntokio = \"1\"\n");
    let (mut users, mut found) = (Users::new(), Vec::new());
    users.entry("sha2".into()).or_default().insert("high".into(), "src/high.rs:1".into());
    layers.check(file, text, &mut users, &mut found);
    found.extend(strangers(&users));
    assert_eq!(found, expect, "{text}");
}

#[test]
fn downward_edges_are_fine() {
    check("src/mid.rs", "use crate::{low as a, mid::{A as B, C}};\nfn f(x: crate::low::D) {}", &[]);
    check("src/mid/a.rs", "use super::b::C; use std::{fmt, time::Duration};", &[]);
    check("src/high/a.rs", "use std::{fs, time::Instant};\nuse tokio::net;", &[]);
}

#[test]
fn upward_edges_are_found_in_every_spelling() {
    let breach = "src/mid/a.rs:2: `mid` names `high`, which stands above it";
    check("src/mid/a.rs", "\nuse crate::high::A;", &[breach]);
    check("src/mid/a.rs", "use crate::{low::{X, Y},\n high::{A}};", &[breach]);
    check("src/mid/a.rs", "use crate::{low,\n high};", &[breach]);
    check("src/mid/a.rs", "\nfn f() { crate::high::run(); }", &[breach]);
    check("src/mid/a.rs", "\nfn f() { super::super::high::run(); }", &[breach]);
    check("src/mid/a.rs", "\n#[cfg(test)] mod tests { use crate::high::A; }", &[breach]);
}

#[test]
fn unknown_modules_are_found() {
    check(
        "src/mid.rs",
        "use crate::gone::A;",
        &["src/mid.rs:1: `gone` is not in the list of lib.rs"],
    );
    check("src/new/a.rs", "", &["src/new/a.rs:1: module `new` is not in the list of lib.rs"]);
}

#[test]
fn core_touches_nothing_outside() {
    check("src/low.rs", "use std::{io, fs};", &["src/low.rs:1: the core names `std::fs`"]);
    let socket = "fn f() -> std::net::TcpStream {}";
    check("src/low.rs", socket, &["src/low.rs:1: the core names `std::net`"]);
    check("src/low.rs", "use std::net::IpAddr;", &[]);
    let clock = "use std::{\n  time::{Duration, Instant}};";
    check("src/low.rs", clock, &["src/low.rs:2: the core names `std::time::Instant`"]);
    check("src/low.rs", "use tokio;", &["src/low.rs:1: the core names `tokio`"]);
    check("src/low.rs", "use std::fmt;\n#[cfg(test)]\nmod tests { use std::fs; }", &[]);
}

#[test]
fn one_crate_belongs_to_one_module() {
    let both =
        ["src/high.rs:1: `sha2` has several modules", "src/mid.rs:2: `sha2` has several modules"];
    check("src/mid.rs", "\nuse sha2::Digest;", &both);
    check("src/mid.rs", "\n#[derive(sha2::Derive)] struct A;", &both);
    check("src/high/a.rs", "use sha2::Digest;", &[]);
}

#[test]
fn comments_and_literals_name_nothing() {
    check("src/low.rs", "//! crate::high\n/* tokio::x */ /// [`std::fs`]\n", &[]);
    check("src/low.rs", r##"const A: &str = r#"" crate::high::A"#; const B: char = '"';"##, &[]);
    check(
        "src/low.rs",
        "fn f<'a>(x: &'a str) { g(\"\\\" tokio::x\", '\\'', \"std::fs::x\") }",
        &[],
    );
}
