//! The policy that is judged beside the one in force, and what it would decide otherwise.

use maud::{Markup, html};

use crate::{
    calendar::rfc3339,
    console::{View, explain::link, format},
};

/// How the next policy did so far.
#[derive(Clone, Debug, Default)]
pub struct ShadowView {
    /// What it calls itself.
    pub policy: String,
    /// Its digest.
    pub digest: String,
    /// Operations that were judged by both.
    pub n: u64,
    /// How many it refuses and the one in force does not.
    pub newly_refused: u64,
    /// How many it admits and the one in force does not.
    pub newly_admitted: u64,
    /// How many were not judged by both.
    pub left_out: u64,
    /// What that says, in words.
    pub criterion: String,
    /// What differs, by rule and document; the last one first.
    pub differences: Vec<DifferenceView>,
}

/// Operations of one document that the next policy decides otherwise, by one rule.
#[derive(Clone, Debug, Default)]
pub struct DifferenceView {
    /// Whether it is refused now, and was not, or the other way round.
    pub is_refused: bool,
    /// The rule that refuses, by whichever policy does.
    pub rule: &'static str,
    /// Its code.
    pub code: &'static str,
    /// SHA-256 of the document, in hexadecimal digits.
    pub document: Option<String>,
    /// How often.
    pub n: u64,
    /// The last time, in milliseconds since 1970.
    pub at: u64,
}

pub(super) fn shadow(view: &View) -> Markup {
    html! {
        h2 #shadow-title { "Next policy" }
        @match &view.shadow {
            None => p.empty { "None is judged beside the one in force. " code { "serve --shadow FILE" } " does so, and changes no answer." },
            Some(it) => (seen(view, it)),
        }
    }
}

fn seen(view: &View, shadow: &ShadowView) -> Markup {
    let is_quiet = shadow.newly_refused == 0;
    html! {
        p.above {
            strong { (shadow.policy) } " " code title={ "sha256:" (shadow.digest) } { (format::short(&shadow.digest)) } " "
            @if is_quiet { span.chip.good { "no new refusals" } } @else { span.chip.alarm { (format::count(shadow.newly_refused)) " new refusals" } }
        }
        dl.facts {
            dt { "Judged by both" } dd { (format::count(shadow.n)) " operations" }
            dt { "Newly refused" } dd { (format::count(shadow.newly_refused)) }
            dt { "Newly admitted" } dd { (format::count(shadow.newly_admitted)) }
            dt { "Not judged" } dd { (format::count(shadow.left_out)) }
            dt { "So far" } dd { (shadow.criterion) }
        }
        @if !shadow.differences.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Differences of the next policy" {
                table.differences {
                    caption.hidden { "What the next policy decides otherwise, the last one first" }
                    thead { tr {
                        th scope="col" { "Change" }
                        th scope="col" { "Rule" }
                        th scope="col" { "Document" }
                        th.n scope="col" { "Operations" }
                        th scope="col" { "Last" }
                    } }
                    tbody { @for it in shadow.differences.iter().take(ROWS) {
                        tr {
                            th scope="row" { @if it.is_refused { span.alarm { "refused" } } @else { span.good { "admitted" } } }
                            td { (link(it.rule)) div.sub { code { (it.code) } } }
                            td { @match &it.document { Some(hash) => code title={ "sha256:" (hash) } { (format::short(hash)) }, None => span.none { "–" } } }
                            td.n { (format::count(it.n)) }
                            td.when { time datetime=(rfc3339(it.at)) title=(rfc3339(it.at)) { (format::ago(view.now, it.at)) } }
                        }
                    } }
                }
            }
        }
    }
}

/// 8 differences: the log has all of them.
const ROWS: usize = 8;
