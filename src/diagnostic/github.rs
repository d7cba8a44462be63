//! Diagnostics as workflow commands of GitHub Actions, which shows them beside the line.

use std::fmt::Write;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, position};

/// All diagnostics, one line each: `::error file=…,line=…,col=…::…`.
#[must_use]
pub fn to_github(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().map(one).collect()
}

fn one(it: &Diagnostic) -> String {
    let command = match it.severity {
        Severity::Error | Severity::Warning => it.severity.word(),
        Severity::Note => "notice",
    };
    let mut line = format!("::{command} ");
    if let Some((source, start, end)) = position::range(it) {
        let file = escape_property(&source.name);
        // Writing to a string does not fail.
        let _ = write!(line, "file={file},line={},col={}", start.line, start.column);
        let _ = write!(line, ",endLine={},endColumn={},", end.line, end.column);
    }
    let help = it.help.as_ref().map(|it| format!(" (help: {it})")).unwrap_or_default();
    let message = escape(&format!("{}{help}", it.message));
    let _ = writeln!(line, "title={}::{message}", it.code);
    line
}

// The runner reads a command up to the end of the line: whoever could write a line break into a
// message could write a command of his own.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::diagnostic::{Diagnostic, Diagnostics, Source, to_github};

    #[track_caller]
    fn check(diagnostic: Diagnostic, expect: &str) {
        let mut found = Diagnostics::default();
        found.push(diagnostic);
        assert_eq!(to_github(&found), expect);
    }

    #[test]
    fn a_place_is_named() {
        let source = Arc::new(Source { name: "a.yaml".into(), text: "x\nyy".into() });
        check(
            Diagnostic::error("bad", "bad `yy`").at(&source, 2..4).help("delete it"),
            "::error file=a.yaml,line=2,col=1,endLine=2,endColumn=3,title=bad::bad `yy` (help: delete it)\n",
        );
    }

    #[test]
    fn a_note_is_a_notice() {
        check(Diagnostic::note("so", "so"), "::notice title=so::so\n");
    }

    #[test]
    fn a_message_cannot_smuggle_a_command() {
        check(
            Diagnostic::warning("odd", "100 %\n::error::x"),
            "::warning title=odd::100 %25%0A::error::x\n",
        );
    }

    #[test]
    fn a_file_name_cannot_smuggle_a_property() {
        let source = Arc::new(Source { name: "a,line=9:b".into(), text: "x".into() });
        check(
            Diagnostic::error("bad", "bad").at(&source, 0..1),
            "::error file=a%2Cline=9%3Ab,line=1,col=1,endLine=1,endColumn=2,title=bad::bad\n",
        );
    }
}
