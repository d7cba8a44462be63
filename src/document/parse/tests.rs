//! Our reading against that of `bluejay-parser`: the same texts, the same arenas, byte for byte.
//!
//! `PORTCULLIS_FUZZ=n` tries n changed texts instead of a few thousand.

use std::{collections::BTreeMap, fs, path::Path};

use crate::document::{ReadLimits, convert, print, read};

/// Both read it alike, or it is one of the texts that only we read. True when we do.
#[track_caller]
fn check(text: &str) -> bool {
    let theirs = convert::read(text, &ReadLimits::CEILINGS);
    match (read(text, &ReadLimits::CEILINGS), theirs) {
        (Ok(ours), Some(theirs)) => {
            assert_eq!(format!("{:?}", ours.document), format!("{theirs:?}"), "{text}");
            true
        }
        (Ok(ours), None) => {
            assert!(is_only_ours(text), "only we read {text:?}");
            let printed = print(&ours.document);
            let theirs = convert::read(&printed, &ReadLimits::CEILINGS);
            assert!(theirs.is_some_and(|it| it.same_syntax(&ours.document)), "{text:?}: {printed}");
            true
        }
        (Err(why), Some(_)) => panic!("{}: only they read {text:?}", why.detail()),
        (Err(_), None) => false,
    }
}

/// Legal, and unknown to the other parser: something between `$` and the name, and a pair of
/// surrogates behind an odd number of other escapes, of which it takes two at a time.
fn is_only_ours(text: &str) -> bool {
    let is_name = |it: char| it.is_ascii_alphabetic() || it == '_';
    let has_blank = text.split('$').skip(1).any(|it| !it.starts_with(is_name));
    has_blank || text.to_ascii_lowercase().matches(r"\ud").count() > 1
}

#[test]
fn every_form_of_the_language_is_read() {
    for text in FORMS {
        assert!(check(text), "{text}");
    }
}

#[test]
fn nothing_else_is_read() {
    for text in NONE {
        assert!(!check(text), "{text}");
    }
}

#[test]
fn every_beginning_of_a_document_is_read_alike() {
    for text in FORMS {
        for (end, _) in text.char_indices() {
            check(text.get(..end).unwrap());
            check(text.get(end..).unwrap());
        }
    }
}

#[test]
fn the_corpora_are_read_alike() {
    let texts = corpora();
    assert!(texts.iter().filter(|it| check(it)).count() > 300, "{}", texts.len());
}

#[test]
fn changed_texts_are_read_alike() {
    let wanted = std::env::var("PORTCULLIS_FUZZ").ok().map(|it| it.parse::<usize>().unwrap());
    let mut seeds = corpora();
    seeds.retain(|it| it.len() < 3_000 && check(it));
    seeds.extend([FORMS, FORMS, NONE].concat().into_iter().map(ToOwned::to_owned));
    let mut random = Random(wanted.map_or(1, |_| u64::from(std::process::id()) << 20 | 1));
    let mut n_read = 0_usize;
    let n = wanted.unwrap_or(5_000);
    for _ in 0..n {
        let mut text = random.pick(&seeds).clone();
        for _ in 0..=random.below(3) {
            text = changed(&text, &seeds, &mut random);
        }
        n_read += usize::from(check(&text));
    }
    assert!(n_read > n / 20, "{n_read} of {n} are read");
}

/// A piece taken out, repeated, or put in.
fn changed(text: &str, seeds: &[String], random: &mut Random) -> String {
    let mut cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    cuts.push(text.len());
    let start = random.below(cuts.len());
    let end = (start + random.below(8)).min(cuts.len() - 1);
    let (before, piece) = text.split_at(cuts[end]);
    let (kept, gone) = before.split_at(cuts[start]);
    match random.below(5) {
        0 => format!("{kept}{piece}"),
        1 => format!("{before}{gone}{piece}"),
        2 => format!("{kept}{}{piece}", random.pick(PIECES)),
        3 => format!("{before}{}{piece}", random.pick(PIECES)),
        _ => format!("{before} {}", random.pick(seeds)),
    }
}

/// The documents that are kept as examples.
fn corpora() -> Vec<String> {
    let mut found = BTreeMap::new();
    let kept = ["reader/probes", "cost/golden", "bazaar/attacks-public", "bazaar/benign-public"];
    let real = ["github", "linear", "shopify-storefront", "swapi"];
    let files = kept.map(ToOwned::to_owned).into_iter();
    let files = files.chain(real.map(|it| format!("real/{it}/operations")));
    for file in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/corpus/{file}.jsonl"));
        for line in fs::read_to_string(path).unwrap().lines() {
            collect(&serde_json::from_str(line).unwrap(), &mut found);
        }
    }
    found.into_keys().collect()
}

fn collect(value: &serde_json::Value, found: &mut BTreeMap<String, ()>) {
    match value {
        serde_json::Value::String(it) if it.len() < 20_000 => drop(found.insert(it.clone(), ())),
        serde_json::Value::Array(items) => items.iter().for_each(|it| collect(it, found)),
        serde_json::Value::Object(members) => members.values().for_each(|it| collect(it, found)),
        _ => {}
    }
}

/// xorshift: enough to choose by.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n.max(1)
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

const PIECES: &[&str] = &[
    " ",
    ",",
    "\n",
    "\r\n",
    "\u{feff}",
    "#",
    "!",
    "$",
    "$a",
    "&",
    "(",
    ")",
    "...",
    ":",
    "=",
    "@",
    "[",
    "]",
    "{",
    "|",
    "}",
    "a",
    "on",
    "on T",
    "fragment",
    "query",
    "true",
    "null",
    "\"",
    "\"\"\"",
    "\\",
    "\\u00e9",
    "\\u{1F600}",
    "\\ud83d",
    "\\ude00",
    "\\n",
    "0",
    "-1",
    "1.5",
    "1e3",
    ".",
    "é",
    "{a}",
    "(a:1)",
    "@a",
    "\"d\"",
    "\"\"\"\n  d\n \"\"\"",
    "=1",
    "!",
    "mutation",
    "subscription",
    "type",
    "  ",
    "\t",
];

const FORMS: &[&str] = &[
    "{a}",
    "\u{feff}{a}",
    "{,a,,b:c,}",
    "query{a}",
    "query Q{a}mutation query{a}subscription on{a}",
    "fragment F on T{a}",
    "fragment fragment on on{on}",
    "fragment F on T @a(b:$c){a} {b} fragment G on T{c(d:\"\\n\")} query Q($a:[A!]=[\"\\t\" {b:1}]@c){e(f:\"\\r\")}",
    "\"d\" query Q{a}",
    "\"\"\"d\"\"\" fragment F on T{a}",
    "\"\\u00e9\" mutation{a}",
    "query(\"d\" $a:A \"\"\"e\"\"\" $b:B){a}",
    "query Q($a:A,$b:[B],$c:C!,$d:[[D!]!]!,$e:[[E]!]){a}",
    "query($a:A=1 $b:B={} $c:C=[] @d $e:E=null@f(g:[E,{h:\"i\"}])@j){a}",
    "query@a{b}",
    "query($a:A)@b(c:$a)@d{e}",
    "{a{b{c}d}e}",
    "{query mutation subscription fragment on true false null type}",
    "{on:on ...on on{on}}",
    "{...F...G@a ...{b} ...@c{d} ...on T@e(f:1){g}}",
    "{...fragment ...true}",
    "{a(b:1,c:-0,d:1.50,e:-1E+5,f:1e999,g:12345678901234567890)}",
    "{a(b:true,c:false,d:null,e:E,f:trueish,g:on)}",
    "{a(b:[],c:{},d:[[],{}],e:{f:[1{g:2}]h:$i},j:[$k])}",
    "{a(b:$b c:[$query]d:{on:$on})}",
    "{a(b:\"\",c:\"é\u{1f600}\",d:\"#,\")}",
    r#"{a(b:"\"\\\/\b\f\n\r\t\u00e9\uFFFF\u{10FFFF}\u{0}",c:"\ud83d\ude00",d:"\\u",e:"x\u0041y")}"#,
    r#"{a(b:"\u00e9\ud83d\ude00",c:"\n\uD83D\uDE00")}"#,
    "query($ a:A){a(b:$\n#c\nb)}",
    "{a(b:\"\"\"\"\"\",c:\"\"\"a\"\"\",d:\"\"\" \" \"\" \\\"\"\" \\\\ \\u \\ud83d\"\"\")}",
    "{a(b:\"\"\"\n    a\n      b\r\n\r    c\n\t\n   \"\"\",c:\"\"\"a\nb\"\"\",d:\"\"\"\n\n\"\"\",e:\"\"\" a\n  b\"\"\")}",
    "{a(b:\"\"\"\u{2028}\n é\"\"\",c:[\"\"\"\n  x\"\"\"\"y\"]){d}}",
    "#\n{#}\r a#\r\n}#",
];

const NONE: &[&str] = &[
    "",
    " # {a}",
    "{",
    "}",
    "{}",
    "{a{}}",
    "{a}}",
    "{a",
    "a",
    "query",
    "query Q",
    "query Q()",
    "query Q(){a}",
    "query($a){a}",
    "query($a:){a}",
    "query($a:[A){a}",
    "query($a:[]){a}",
    "query($a:A]){a}",
    "query($a:A!!){a}",
    "query($a:!A){a}",
    "query($a:$b){a}",
    "query(a:A){a}",
    "query($a:A=){a}",
    "query($a:A=$b){a}",
    "query($a:A=[{b:$c}]){a}",
    "query($a:A@b(c:$d)){a}",
    "query($a:A@b=1){a}",
    "query Q R{a}",
    "query{a}@b",
    "query @a Q{b}",
    "querie{a}",
    "\"d\"{a}",
    "\"d\"\"e\"query{a}",
    "\"d\"",
    "{\"d\" a}",
    "{a \"d\"}",
    "fragment{a}",
    "fragment F{a}",
    "fragment on on T{a}",
    "fragment F on{a}",
    "fragment F in T{a}",
    "fragment F on T",
    "fragment F on T{}",
    "fragment F($a:A) on T{a}",
    "fragment F on T!{a}",
    "{...}",
    "{... on}",
    "{...on{a}}",
    "{...on T}",
    "{...on T!{a}}",
    "{...F{a}}",
    "{...@a}",
    "{..F}",
    "{....F}",
    "{a:}",
    "{:a}",
    "{a:b:c}",
    "{a:b c:}",
    "{a:...F}",
    "{a()}",
    "{a(b)}",
    "{a(b:)}",
    "{a(b:1}",
    "{a(:1)}",
    "{a(b:1)(c:1)}",
    "{a{b}(c:1)}",
    "{a@}",
    "{a@b@}",
    "{a@@b}",
    "{a@b()}",
    "{a@b{c}(d:1)}",
    "{a(b:[)}",
    "{a(b:[1)}",
    "{a(b:{)}",
    "{a(b:{c})}",
    "{a(b:{c:})}",
    "{a(b:{1:1})}",
    "{a(b:{$c:1})}",
    "{a(b:[c:1])}",
    "{a(b:{c:1]})}",
    "{a(b:$)}",
    "{a(b:$1)}",
    "{a(b:$$c)}",
    "{a(b:@c)}",
    "{a(b:01)}",
    "{a(b:0xF)}",
    "{a(b:1.)}",
    "{a(b:1.e)}",
    "{a(b:1.e5)}",
    "{a(b:.5)}",
    "{a(b:+1)}",
    "{a(b:-)}",
    "{a(b:1e)}",
    "{a(b:1a)}",
    "{a(b:1_)}",
    "{a(b:[1.2.3])}",
    "{a(b:[1...])}",
    "{a(b:\")}",
    "{a(b:\"\n\")}",
    "{a(b:\"\r\")}",
    r#"{a(b:"\")}"#,
    r#"{a(b:"\a")}"#,
    r#"{a(b:"\u12")}"#,
    r#"{a(b:"\u{}")}"#,
    r#"{a(b:"\u{110000}")}"#,
    r#"{a(b:"\u{000000041}")}"#,
    r#"{a(b:"\ud83d")}"#,
    r#"{a(b:"\ude00\ud83d")}"#,
    r#"{a(b:"\ud83d\u{de00}")}"#,
    r#"{a(b:"""")}"#,
    r#"{a(b:"""\""")}"#,
    "{a(b:'c')}",
    "{a-b}",
    "{a|b}",
    "{a&b}",
    "{é}",
    "{a\u{a0}b}",
    "{a\u{2028}b}",
    "{a\u{feff}b}",
    "{a\u{c}b}",
    "{a}#\u{0}",
    "schema{query:Q}",
    "type T{a:A}",
    "\"d\"type T{a:A}",
    "extend type T{a:A}",
    "directive@a on FIELD",
    "{a}scalar S",
];
