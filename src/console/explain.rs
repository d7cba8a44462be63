//! The page of a rule, from its Markdown.

use maud::{Markup, PreEscaped, html};

use crate::{
    console::layout::{Live, Page, frame},
    rules::REGISTRY,
};

/// The page of a rule; nothing for one that is in no registry.
#[must_use]
pub fn explain(rule: &str) -> Option<Page> {
    let meta = REGISTRY.iter().map(|it| it.meta).find(|it| it.id == rule)?;
    let body = html! {
        header { h1 { a href="/" { "Portcullis" } } p.state { span.chip { (meta.code.as_str()) } " " span.chip { "OWASP " (meta.owasp) } } }
        main { article.card {
            h2 { (meta.title) }
            dl.facts { dt { "Rule" } dd { code { (meta.id) } } dt { "Setting" } dd { code { (meta.setting) } } }
            (markdown(meta.page))
        } }
        footer { a href="/" { "Back to the console" } }
    };
    Some(frame(&format!("{} · Portcullis", meta.id), &body, Live::No))
}

/// The name of a rule, which leads to its page when it has one.
pub(super) fn link(rule: &str) -> Markup {
    html! {
        @if REGISTRY.iter().any(|it| it.meta.id == rule) {
            a href={ "/explain/" (rule) } { (rule) }
        } @else { (rule) }
    }
}

/// What the pages of rules use of Markdown: headings, paragraphs, lists, tables and code.
fn markdown(text: &str) -> Markup {
    let mut out = String::new();
    let mut open = Block::None;
    for line in text.lines() {
        let next = Block::of(line, open);
        if next != open || next == Block::None {
            out.push_str(open.end());
            out.push_str(next.begin());
        }
        if !(line.starts_with("```") || line.starts_with("|-") || line.starts_with("| -")) {
            out.push_str(&next.line(line));
        }
        open = if line.starts_with("```") && open == Block::Code { Block::None } else { next };
        if open == Block::None && next == Block::Code {
            out.push_str(Block::Code.end());
        }
    }
    out.push_str(open.end());
    PreEscaped(out)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Code,
    Heading,
    List,
    None,
    Paragraph,
    Table,
}

impl Block {
    fn of(line: &str, open: Self) -> Self {
        match line.trim_start() {
            _ if open == Self::Code => Self::Code,
            it if it.starts_with("```") => Self::Code,
            "" => Self::None,
            it if it.starts_with('#') => Self::Heading,
            it if it.starts_with('|') => Self::Table,
            it if it.starts_with("- ") || it.starts_with("* ") => Self::List,
            _ if open == Self::List && line.starts_with(' ') => Self::List,
            _ => Self::Paragraph,
        }
    }

    const fn begin(self) -> &'static str {
        match self {
            Self::Code => "<pre tabindex=\"0\"><code>",
            Self::Heading | Self::None => "",
            Self::List => "<ul>",
            Self::Paragraph => "<p>",
            Self::Table => "<table><tbody>",
        }
    }

    const fn end(self) -> &'static str {
        match self {
            Self::Code => "</code></pre>",
            Self::Heading | Self::None => "",
            Self::List => "</ul>",
            Self::Paragraph => "</p>",
            Self::Table => "</tbody></table>",
        }
    }

    fn line(self, line: &str) -> String {
        match self {
            Self::Code => format!("{}\n", escaped(line)),
            Self::Heading => format!("<h3>{}</h3>", inline(line.trim_start_matches(['#', ' ']))),
            Self::List => match line.trim_start().strip_prefix(['-', '*']) {
                Some(item) => format!("<li>{}", inline(item)),
                None => format!(" {}", inline(line.trim_start())),
            },
            Self::None => String::new(),
            Self::Paragraph => format!("{} ", inline(line)),
            Self::Table => {
                let cells = line.trim().trim_matches('|').split('|');
                let cells = cells.map(|it| format!("<td>{}</td>", inline(it.trim())));
                format!("<tr>{}</tr>", cells.collect::<String>())
            }
        }
    }
}

/// Text with `code` in it.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (n, piece) in text.split('`').enumerate() {
        let piece = escaped(piece);
        out.push_str(&if n % 2 == 1 { format!("<code>{piece}</code>") } else { piece });
    }
    out
}

fn escaped(text: &str) -> String {
    html! { (text) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(markdown(text).into_string(), expect);
    }

    #[test]
    fn blocks_follow_each_other() {
        check("# A\n\nb\n`c<d`\n", "<h3>A</h3><p>b <code>c&lt;d</code> </p>");
        check("- a\n  b\n- c\n", "<ul><li> a b<li> c</ul>");
        check(
            "```yaml\na: <b>\n\n# c\n```\nd\n",
            "<pre tabindex=\"0\"><code>a: &lt;b&gt;\n\n# c\n</code></pre><p>d </p>",
        );
    }

    #[test]
    fn every_rule_has_a_page() {
        for entry in REGISTRY {
            let page = explain(entry.meta.id).expect("a page").html;
            assert!(page.contains("<h2>"), "{}", entry.meta.id);
            assert!(!page.contains("<script"));
        }
        assert!(explain("nothing").is_none());
    }
}
