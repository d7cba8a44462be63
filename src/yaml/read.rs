//! Text → tree, by the event parser `granit-parser`; the only file that names it.
//!
//! Refused, because readers of YAML differ or people are surprised: duplicate keys, tags, merge
//! keys, directives, keys that are no text, a second document. Aliases are copied, on a budget.

use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Source},
    yaml::{
        Node, Value,
        tree::{AnchorId, Builder},
    },
};

/// Reads one file. No tree without a diagnostic; a tree may come with diagnostics.
#[must_use]
pub fn read(source: &Arc<Source>) -> (Option<Node>, Diagnostics) {
    let mut found = Diagnostics::default();
    if source.text.len() > MAX_BYTES {
        let size = source.text.len();
        let message = format!("the file has {size} bytes, the most that is read is {MAX_BYTES}");
        found.push(Diagnostic::error("file-too-large", message).at(source, 0..0));
        return (None, found);
    }
    let root = events(source, &mut found);
    (root, found)
}

fn events(source: &Arc<Source>, found: &mut Diagnostics) -> Option<Node> {
    let mut options = granit_parser::Options::default();
    options.disallow_directives = true;
    // The builder has the exact bound; these only keep the parser's own stacks small.
    options.flow_nesting_limit = PARSER_NESTING;
    options.block_nesting_limit = PARSER_NESTING;
    let mut builder = Builder::new(source);
    let mut n_documents = 0_u32;
    // The budget of this loop is the size of the file: every event spends at least one byte of it,
    // or closes what another one opened.
    for event in Parser::new_from_str_with_options(&source.text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(source.text.len());
                found.push(syntax_error(source, at, &error.info()));
                return None;
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            n_documents = n_documents.saturating_add(1);
        }
        if n_documents > 1 {
            let message = "a second document begins here; the file must hold one";
            let at = span.byte_range().unwrap_or_default();
            found.push(Diagnostic::error("several-documents", message).at(source, at));
            return None;
        }
        builder_event(&mut builder, event, span, found)?;
    }
    let root = builder.finish();
    if root.as_ref().is_none_or(Node::is_null) {
        found.push(Diagnostic::error("empty-file", "the file is empty").at(source, 0..0));
        return None;
    }
    root
}

/// Hands one event on; `None` when reading cannot go on.
fn builder_event(
    builder: &mut Builder,
    event: Event<'_>,
    span: Span,
    found: &mut Diagnostics,
) -> Option<()> {
    let at = span.byte_range().unwrap_or_default();
    let is_negation = tagged(builder, &event, &span, found);
    match event {
        Event::Alias(anchor) => builder.alias(AnchorId(anchor), at, found),
        // What stands behind the sign says nothing by itself.
        Event::Scalar(_, _, anchor, _) if is_negation => {
            let value = Value::Scalar { text: ALWAYS_READ.into(), quoted: false };
            builder.scalar(value, AnchorId(anchor), at, found)
        }
        Event::Scalar(text, style, anchor, _) => {
            let quoted = !matches!(style, ScalarStyle::Plain);
            let text = if !quoted && at.is_empty() { String::new() } else { text.into_owned() };
            builder.scalar(Value::Scalar { text, quoted }, AnchorId(anchor), at, found)
        }
        Event::MappingStart(_, anchor, _) => {
            builder.open(Value::Mapping(Vec::new()), AnchorId(anchor), at, found)
        }
        Event::SequenceStart(_, anchor, _) => {
            builder.open(Value::Sequence(Vec::new()), AnchorId(anchor), at, found)
        }
        Event::MappingEnd | Event::SequenceEnd => builder.close(at, found),
        // Not switched on, or without content.
        _ => Some(()),
    }
}

/// Adds what is to be said of a tag; true when it is the beginning of an expression: `!signed_in`.
fn tagged(builder: &Builder, event: &Event<'_>, span: &Span, found: &mut Diagnostics) -> bool {
    let Some(tag) = event.tag() else { return false };
    let value = span.byte_range().unwrap_or_default();
    let at = span.tag_span().and_then(|it| it.byte_range()).unwrap_or_else(|| value.clone());
    let written = tag.original();
    let name = written.strip_prefix('!').unwrap_or_default();
    // A word behind it is a value of its own; an anchor is what YAML takes `&&` for.
    let is_word = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric());
    let is_sign = match event {
        Event::Scalar(text, ScalarStyle::Plain, anchor, _) => *anchor != 0 || !is_word(text),
        _ => false,
    };
    if !is_sign || name.is_empty() || name.starts_with('!') {
        let error = builder.error("tag", format!("tag `{written}` is not read"), at);
        found.push(error.help("delete it: what a value is follows from its place"));
        return false;
    }
    let text = builder.text(at.start..value.end.max(at.end));
    let text = text.lines().next().unwrap_or_default().trim_end();
    let quote = if text.contains('"') { '\'' } else { '"' };
    let error = builder.error("tag", "an expression that begins with `!` needs quotes", at);
    found.push(error.help(format!("write `{quote}{text}{quote}`")));
    true
}

fn syntax_error(source: &Arc<Source>, at: usize, message: &str) -> Diagnostic {
    let text = &source.text;
    let start = text.floor_char_boundary(at);
    let rest = text.get(start..).unwrap_or_default();
    let width = rest.chars().next().filter(|it| *it != '\n').map_or(0, char::len_utf8);
    let message = message.lines().next().unwrap_or_default();
    let error =
        Diagnostic::error("yaml-syntax", message).at(source, start..start.saturating_add(width));
    let line = text.get(..start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    if line.contains('\t') || rest.starts_with('\t') {
        return error.help("indent with spaces: YAML does not allow tabs");
    }
    let whole = format!("{line}{}", rest.lines().next().unwrap_or_default());
    let Some(word) = negated(&whole).or_else(|| unquoted(rest)) else { return error };
    let quote = if word.contains('"') { '\'' } else { '"' };
    let quoted = format!("write it in quotes, as `{quote}{word}{quote}`");
    error.help(match word.strip_prefix('@').filter(|it| !it.contains('(')) {
        Some(name) => format!("{quoted}; in a list of directives, as `{name}`"),
        None => quoted,
    })
}

/// A condition of which YAML takes the `!` for a tag, and a `|` behind it for a block of text.
fn negated(line: &str) -> Option<&str> {
    let (_, value) = line.split_once(": ").or_else(|| line.split_once("- "))?;
    let value = value.split(" #").next()?.trim();
    // Where it ends between brackets, or how to quote both quotes, is not for us to guess.
    let is_unclear = line.contains(['{', '[']) || value.contains('"') && value.contains('\'');
    (value.starts_with('!') && value.len() <= LONGEST_WORD && !is_unclear).then_some(value)
}

/// A word that YAML takes for a sign of its own: `*.field`, `*(first:)` for the name of an anchor,
/// `@skip` for nothing.
fn unquoted(rest: &str) -> Option<&str> {
    let line = rest.lines().next().filter(|it| it.starts_with(['*', '@']))?;
    let is_end = |it: char| it.is_whitespace() || ",[]{}".contains(it);
    let word = line.split(is_end).next()?;
    let word = match word.contains('(') {
        true => line.split_inclusive(')').next().filter(|it| it.ends_with(')'))?,
        false => word,
    };
    // That of a key.
    let word = word.strip_suffix(':').unwrap_or(word);
    (word.len() <= LONGEST_WORD).then_some(word)
}

/// A policy of a large company is a few hundred KiB at most.
const MAX_BYTES: usize = 1024 * 1024;
const PARSER_NESTING: usize = 64;
/// Right wherever an expression or a word of older YAML stands; beside the mistake nothing comes of
/// it.
const ALWAYS_READ: &str = "true";
/// A coordinate of long names; what is longer is no word.
const LONGEST_WORD: usize = 200;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        diagnostic::Source,
        yaml::{Node, Value, read},
    };

    fn shown(node: &Node) -> String {
        match &node.value {
            Value::Mapping(entries) => {
                let entries = entries.iter().map(|(k, v)| format!("{}: {}", shown(k), shown(v)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Value::Scalar { text, quoted: true } => format!("{text:?}"),
            Value::Scalar { text, quoted: false } => text.clone(),
            Value::Sequence(items) => {
                format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "t.yaml".into(), text: text.into() })
    }

    /// The tree, then `code@text`.
    #[track_caller]
    fn check(text: &str, tree: &str, problems: &[&str]) {
        let (root, found) = read(&source(text));
        assert_eq!(root.as_ref().map_or("none".into(), shown), tree);
        let found: Vec<_> = found
            .iter()
            .map(|it| format!("{}@{}", it.code, text.get(it.place.clone().unwrap().1).unwrap()))
            .collect();
        assert_eq!(found, problems);
    }

    #[test]
    fn scalars_stay_text() {
        check("a: off\nb: 012\nc: 'x'\nd: \"1\"\n", r#"{a: off, b: 012, c: "x", d: "1"}"#, &[]);
        check("a: |\n  x\n  y\nb: yes", r#"{a: "x\ny\n", b: yes}"#, &[]);
        check("a:\nb: ~\n", "{a: , b: ~}", &[]);
        check("[a, {b: c}, []]", "[a, {b: c}, []]", &[]);
        check("\u{feff}a: 1", "{a: 1}", &[]);
    }

    #[test]
    fn spans_are_those_of_the_text() {
        let text = "# ä\nlimits:\n  depth: 15   # why\n  list: [a, b]\n\nname: \"x\"\n";
        let (root, _) = read(&source(text));
        let Value::Mapping(entries) = root.unwrap().value else { panic!() };
        let spans: Vec<_> =
            entries.iter().map(|(_, it)| text.get(it.span.clone()).unwrap()).collect();
        assert_eq!(spans, ["depth: 15   # why\n  list: [a, b]", "\"x\""]);
        let Value::Mapping(inner) = &entries[0].1.value else { panic!() };
        let spans: Vec<_> =
            inner.iter().map(|(_, it)| text.get(it.span.clone()).unwrap()).collect();
        assert_eq!(spans, ["15", "[a, b]"]);
    }

    #[test]
    fn duplicate_key_is_an_error_and_the_first_stays() {
        check("a: 1\nb: 2\na: 3\n", "{a: 1, b: 2}", &["duplicate-key@a"]);
        check("a: 1\n\"a\": 3\n", "{a: 1}", &["duplicate-key@\"a\""]);
    }

    #[test]
    fn aliases_are_copied() {
        check("a: &x [1]\nb: *x\n", "{a: [1], b: [1]}", &[]);
        check("a: &x [*x]\n", "{a: []}", &["alias-loop@*x"]);
        check("b: *x\n", "none", &["yaml-syntax@*"]);
    }

    #[test]
    fn an_alias_bomb_spends_the_budget() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..10 {
            let items = vec![format!("*a{}", n - 1); 10].join(", ");
            text.push_str(&format!("a{n}: &a{n} [{items}]\n"));
        }
        let (root, found) = read(&source(&text));
        assert!(root.is_none());
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["too-many-values"]);
    }

    #[test]
    fn aliases_do_not_evade_the_depth() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for n in 1..40 {
            text.push_str(&format!("a{n}: &a{n} [*a{}]\n", n - 1));
        }
        let (root, found) = read(&source(&text));
        assert!(root.is_none());
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["too-deep"]);
    }

    #[test]
    fn surprises_of_yaml_are_errors() {
        check("<<: {a: 1}\nb: 2", "{b: 2}", &["merge-key@<<"]);
        check("a: !!str 1", "{a: 1}", &["tag@!!str"]);
        check("a: !x [1]", "{a: [1]}", &["tag@!x"]);
        check("a: !x 7", "{a: 7}", &["tag@!x"]);
        check("a: !x\nb: 1", "{a: true, b: 1}", &["tag@!x"]);
        check("[a]: 1", "{}", &["key-not-text@[a]"]);
        check("? {a: b}\n: 1\nc: d", "{c: d}", &["key-not-text@{a: b}"]);
        check("~: 1", "{}", &["key-not-text@~"]);
        check("a: 1\n---\nb: 2\n", "none", &["several-documents@---"]);
        check("%YAML 1.2\n---\na: 1\n", "none", &["yaml-syntax@%"]);
        check("", "none", &["empty-file@"]);
        check("# nothing\n", "none", &["empty-file@"]);
        check("---\n...\n", "none", &["empty-file@"]);
    }

    #[test]
    fn an_expression_that_begins_with_a_sign_needs_quotes() {
        let help = |text: &str| {
            let (_, found) = read(&source(text));
            let all: Vec<_> = found.iter().map(|it| it.help.clone().unwrap()).collect();
            all.join("; ")
        };
        assert_eq!(help("{ on: [a], allow: !signed_in }"), "write `\"!signed_in\"`");
        assert_eq!(help("allow: !a && b"), "write `\"!a && b\"`");
        assert_eq!(help("allow: !a == \"b\""), "write `'!a == \"b\"'`");
        assert_eq!(help("a: !!str 1"), "delete it: what a value is follows from its place");
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        check("a: 1\nb: [1, 2\nc: 3\n", "none", &["yaml-syntax@:"]);
        check("a:\n\tb: 1\n", "none", &["yaml-syntax@b"]);
    }

    #[test]
    fn a_word_that_needs_quotes_is_told() {
        let check = |text: &str, help: Option<&str>| {
            let found = read(&source(text)).1;
            let found: Vec<_> = found.iter().map(|it| (it.code, it.help.as_deref())).collect();
            assert_eq!(found, [("yaml-syntax", help)], "{text}");
        };
        let quoted = |text: &str, word: &str| {
            check(text, Some(&format!("write it in quotes, as `\"{word}\"`")));
        };
        quoted("a: !has(claims.sub) || b\n", "!has(claims.sub) || b");
        quoted("- !a || b", "!a || b");
        quoted("a: !b || c # d", "!b || c");
        check("a: !b || c == 'd' || e == \"f\"", None);
        quoted("inputs:\n  - at: [*(first:)]\n", "*(first:)");
        quoted("a: [b, *.id, c]", "*.id");
        quoted("a: { *.id: 3 }", "*.id");
        quoted("a:\n  *.id: 3\n", "*.id");
        quoted("a:\n  - *\n", "*");
        quoted("a: { *.b(c:): 3 }", "*.b(c:)");
        quoted("at: [@a(b:), c]", "@a(b:)");
        let tag = "write it in quotes, as `'@tag(name: \"b\")'`";
        check("on: [@tag(name: \"b\"), c]", Some(tag));
        let skip = "write it in quotes, as `\"@skip\"`; in a list of directives, as `skip`";
        for text in ["directives: [@skip]", "a: [b, @skip, c]", "a: @skip # c", "a: @skip"] {
            check(text, Some(skip));
        }
        check("at: [@a(b: c]", None);
        check("a: [b", None);
        check("a: \"b\nc: d", None);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| format!("{}x{}", "[".repeat(n), "]".repeat(n));
        assert!(read(&source(&nested(32))).0.is_some());
        let (root, found) = read(&source(&nested(33)));
        assert!(root.is_none());
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["too-deep"]);
        assert!(read(&source(&nested(100_000))).0.is_none());
        assert!(read(&source(&"- ".repeat(100_000))).0.is_none());
        assert!(read(&source(&"? ".repeat(100_000))).0.is_none());
    }

    #[test]
    fn size_is_bounded() {
        let sized = |n: usize| format!("a: {}", "x".repeat(n - 3));
        assert!(read(&source(&sized(1024 * 1024))).0.is_some());
        let (root, found) = read(&source(&sized(1024 * 1024 + 1)));
        assert!(root.is_none());
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), ["file-too-large"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_says_why(text in "[-a-c:?*&!<~%# \t\n{}\\[\\],'\"|>ä]{0,60}") {
            let (root, found) = read(&source(&text));
            proptest::prop_assert!(root.is_some() || found.has_errors());
        }
    }
}
