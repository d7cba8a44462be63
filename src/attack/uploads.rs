//! Requests with files: where none are taken, and with maps, files and headers that must not pass.

use serde_json::{Value, json};

use crate::{
    attack::{Attempt, Order, Parcel, Request, Side, World, deliver, sample::VARIABLE},
    policy::Uploads,
};

/// Attempts against `http.uploads`.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let Some(uploads) = world.policy.http.uploads else { return shut() };
    let filled = filled(world, 1);
    // Without a place for a file everything is refused all the same.
    let nowhere = || Request::new("{ __typename }").with("f0", Value::Null);
    let one = filled.clone().unwrap_or_else(nowhere);
    let mut all = maps(&one);
    all.extend(bounds(world, uploads));
    let parcel = Parcel { is_asked_for: false, ..single("variables.f0") };
    all.push(attempt("CSRF_HEADER_REQUIRED", &one, parcel).about("csrf", "no header"));
    all.extend(filled.map(|it| {
        let due = attempt("INVALID_UPLOAD", &it, single("variables.f0"));
        due.about("map", "as it is due").on(Side::Within)
    }));
    all
}

/// Where nothing comes with files.
fn shut() -> Vec<Attempt> {
    let harmless = Request::new("{ __typename }");
    let code = "CONTENT_TYPE_NOT_SUPPORTED";
    let empty = Parcel::new("{}".to_owned(), Vec::new());
    let filed = harmless.clone().with("f0", Value::Null);
    vec![
        attempt(code, &harmless, empty.clone()).about("off", "no file"),
        attempt(code, &filed, single("variables.f0")).about("off", "one file"),
        attempt(code, &harmless, Parcel { is_asked_for: false, ..empty }).about("off", "no header"),
    ]
}

/// Maps and parts that are not what they should be.
fn maps(one: &Request) -> Vec<Attempt> {
    let mut all = Vec::new();
    let taken = one.clone().with("other", "x".into());
    let undeclared = one.clone().with("other", Value::Null);
    let code = "INVALID_UPLOAD";
    for (way, request, path) in [
        ("a value that is there", &taken, "variables.other"),
        ("nowhere", one, "variables.nobody"),
        ("the document", one, "query"),
        ("all variables", one, "variables"),
        ("the name of the operation", one, "operationName"),
        ("another item", one, "0.variables.f0"),
        ("another way of writing", one, "variables.f0."),
        ("a prototype", one, "variables.__proto__.f0"),
    ] {
        all.push(attempt(code, request, single(path)).about("map", way));
    }
    let wrong = attempt("", &undeclared, single("variables.other"));
    all.push(wrong.about("map", "a variable that is not declared"));
    let file = || vec![("a".to_owned(), 1)];
    let map = || json!({ "a": ["variables.f0"] });
    let twice = json!({ "a": ["variables.f0"], "b": ["variables.f0"] });
    let both = json!({ "a": ["variables.f0", "variables.f0"] });
    let other = vec![("b".to_owned(), 1)];
    for (way, map, files, order) in [
        ("two files in one place", twice, [file(), other.clone()].concat(), Order::Due),
        ("one place twice", both, file(), Order::Due),
        ("a file that no map names", json!({}), file(), Order::Due),
        ("a file of another name", map(), other, Order::Due),
        ("no file", map(), Vec::new(), Order::Due),
        ("one file twice", map(), [file(), file()].concat(), Order::Due),
        ("no list", json!({ "a": "variables.f0" }), file(), Order::Due),
        ("the file first", map(), file(), Order::FilesFirst),
        ("operations twice", map(), file(), Order::Twice),
    ] {
        // Without a file for its variable it is another mistake.
        let code = if way == "a file that no map names" { "" } else { code };
        let parcel = Parcel { order, ..Parcel::new(map.to_string(), files) };
        all.push(attempt(code, one, parcel).about("map", way));
    }
    all
}

/// As many files and bytes as may come, and one more.
fn bounds(world: &World<'_>, uploads: Uploads) -> Vec<Attempt> {
    let mut all = Vec::new();
    let max = uploads.files.get() as usize;
    for (n, side) in [(max, Side::Within), (max.saturating_add(1), Side::Beyond)] {
        let Some(request) = filled(world, n) else { continue };
        let files: Vec<_> = (0..n).map(|it| (format!("f{it}"), 1)).collect();
        let map = (0..n).map(|it| (format!("f{it}"), json!([format!("variables.f{it}")])));
        let map = map.collect::<serde_json::Map<_, _>>();
        let parcel = Parcel::new(Value::Object(map).to_string(), files);
        let attempt = attempt("MAX_UPLOAD_FILES_LIMIT", &request, parcel).on(side);
        all.push(attempt.about(format!("{n} files"), "files"));
    }
    let Ok(max) = usize::try_from(uploads.bytes) else { return all };
    for (n, side) in [(max, Side::Within), (max.saturating_add(1), Side::Beyond)] {
        if n > MAX_BYTES {
            continue;
        }
        let Some(request) = filled(world, 1) else { continue };
        let parcel = Parcel { files: vec![("a".to_owned(), n)], ..single("variables.f0") };
        let attempt = attempt("MAX_UPLOAD_BYTES_LIMIT", &request, parcel).on(side);
        all.push(attempt.about(format!("{n} bytes"), "one file"));
    }
    all
}

/// An operation with so many files, each in a variable of its own.
fn filled(world: &World<'_>, n: usize) -> Option<Request> {
    let site = deliver::first_site(world, "Upload")?;
    let mut request = Request::default();
    let mut calls = Vec::new();
    for it in 0..n {
        let name = format!("f{it}");
        // The text of a variable, as it is written inside objects.
        let (argument, whole) = site.whole(world, format!("{VARIABLE}_{name}").into())?;
        let ty = &world.schema().input(argument).ty;
        calls.push((format!("a{it}"), world.literal(ty, &whole).replace("attack_", "")));
        request.variables.insert(name, Value::Null);
    }
    let leaf = &world.schema().input(site.leaf()?).ty;
    let ty = deliver::type_text(world.schema(), leaf);
    let defined: Vec<_> = (0..n).map(|it| format!("$f{it}: {ty}")).collect();
    let calls: Vec<_> = calls.iter().map(|(alias, it)| (alias.as_str(), it.as_str())).collect();
    request.query = site.several(world, &defined.join(" "), &calls, false)?;
    Some(request)
}

fn attempt(code: &'static str, request: &Request, parcel: Parcel) -> Attempt {
    let attempt = Attempt::beyond("upload", code, request.clone());
    Attempt { parcel: Some(parcel), ..attempt }
}

/// One file at a place.
fn single(path: &str) -> Parcel {
    Parcel::new(json!({ "a": [path] }).to_string(), vec![("a".to_owned(), 1)])
}

/// Larger files are not sent.
const MAX_BYTES: usize = 32 * 1024 * 1024;
