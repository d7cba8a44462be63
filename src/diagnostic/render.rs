//! Draws diagnostics for a person: message, line, underline, help, and how many there were.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// All diagnostics as text for a terminal, with colours when asked for; empty when there is none.
#[must_use]
pub fn render(diagnostics: &Diagnostics, colour: Colour) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = match colour {
        Colour::Ansi => Renderer::styled(),
        Colour::Plain => Renderer::plain(),
    };
    let mut text = String::new();
    for it in diagnostics.iter() {
        text.push_str(&renderer.render(&[group(it)]));
        text.push_str("\n\n");
    }
    text.push_str(&summary(diagnostics));
    text
}

/// Whether to colour the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Escape sequences for a terminal.
    Ansi,
    /// Plain text.
    Plain,
}

fn group(it: &Diagnostic) -> Group<'_> {
    let level = match it.severity {
        Severity::Error => Level::ERROR,
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
    };
    // Titles are drawn as they are, so the user's words in them must not move the cursor.
    let title = level.primary_title(printable(&it.message)).id(it.code);
    let group = Group::with_title(title).elements(snippet(it));
    // A text that is empty has no line to draw.
    let group = match &it.place {
        Some((source, _)) if source.text.is_empty() => {
            group.element(Origin::path(&*source.name).line(1).char_column(1))
        }
        Some(_) | None => group,
    };
    group.elements(it.help.as_ref().map(|it| Level::HELP.message(printable(it))))
}

fn snippet(it: &Diagnostic) -> Option<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let (source, span) = it.place.as_ref().filter(|(source, _)| !source.text.is_empty())?;
    let text = &*source.text;
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.max(start));
    let underline = AnnotationKind::Primary.span(start..end);
    Some(Snippet::source(text).path(&*source.name).annotation(underline))
}

fn printable(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// `3 errors, 1 warning, 1 note`.
fn summary(diagnostics: &Diagnostics) -> String {
    let all = [Severity::Error, Severity::Warning, Severity::Note];
    let counts = all.into_iter().filter_map(|severity| {
        let n = diagnostics.n_of(severity);
        let word = severity.word();
        (n > 0).then(|| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") })
    });
    let mut line = counts.collect::<Vec<_>>().join(", ");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::diagnostic::{Colour, Diagnostic, Diagnostics, Source, render};

    fn drawn(text: &str, diagnostics: &[(&str, std::ops::Range<usize>)]) -> String {
        let source = Arc::new(Source { name: "strict.yaml".into(), text: text.into() });
        let mut found = Diagnostics::default();
        for (message, span) in diagnostics {
            let it = Diagnostic::error("unknown-key", *message).at(&source, span.clone());
            found.push(it.did_you_mean("dept", ["depth", "tokens"]));
        }
        render(&found, Colour::Plain)
    }

    #[test]
    fn line_underline_and_help() {
        let text = "version: 1\nlimits:\n  dept: 15\n";
        insta::assert_snapshot!(drawn(text, &[("unknown key `dept` in `limits`", 21..25)]));
    }

    #[test]
    fn any_span_can_be_drawn() {
        for span in [0..0, 0..99, 99..120, 2..3, 1..1] {
            assert!(drawn("äöü", &[("x", span)]).contains("strict.yaml"));
        }
        assert!(drawn("", &[("x", 0..0)]).contains("strict.yaml:1:1"));
        assert!(drawn("a\n", &[("x", 2..2)]).contains("strict.yaml"));
    }

    #[test]
    fn control_characters_stay_off_the_terminal() {
        assert!(!drawn("a\u{1b}[31m", &[("\u{1b}[31m", 0..1)]).contains('\u{1b}'));
    }

    #[test]
    fn summary_counts_all() {
        let mut found = Diagnostics::default();
        assert_eq!(render(&found, Colour::Plain), "");
        found.push(Diagnostic::warning("odd", "odd"));
        assert!(render(&found, Colour::Plain).ends_with("\n1 warning\n"));
        found.push(Diagnostic::error("bad", "bad"));
        found.push(Diagnostic::error("bad", "bad"));
        assert!(render(&found, Colour::Plain).ends_with("\n2 errors, 1 warning\n"));
        found.push(Diagnostic::note("so", "so"));
        assert!(render(&found, Colour::Plain).ends_with("\n2 errors, 1 warning, 1 note\n"));
    }

    #[test]
    fn colours_only_when_asked_for() {
        let mut found = Diagnostics::default();
        found.push(Diagnostic::error("bad", "bad"));
        assert!(render(&found, Colour::Ansi).contains('\u{1b}'));
        assert!(!render(&found, Colour::Plain).contains('\u{1b}'));
    }
}
