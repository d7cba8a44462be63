//! The documents that cost most.

use maud::{Markup, html};

use crate::{
    admission::Use,
    console::{GraphView, View, chart, format},
    verdict::hex,
};

pub(super) fn documents(view: &View) -> Markup {
    let all =
        view.graphs.iter().flat_map(|graph| graph.documents.iter().map(move |it| (graph, it)));
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| b.1.cost.cmp(&a.1.cost).then(b.1.admitted.cmp(&a.1.admitted)));
    let most = all.first().map_or(0, |it| it.1.cost);
    html! {
        h2 #documents-title { "Documents by cost" }
        @if all.is_empty() {
            p.empty { "No document came yet." }
        } @else {
            div.scroll tabindex="0" role="region" aria-labelledby="documents-title" {
                table.costly {
                    caption.hidden { "The documents with the highest cost in all, since they are in the cache" }
                    (columns())
                    tbody { @for (graph, it) in all.iter().take(ROWS) {
                        tr {
                            (operation(view, graph, it))
                            (document(it))
                            td.n { (format::count(it.admitted)) }
                            td.n { (format::count(it.refused)) }
                            td.n { (format::count(it.largest)) }
                            td.n { (format::count(it.cost)) }
                            td.bars { (chart::bar(it.cost, most, "yes")) }
                        }
                    } }
                }
            }
        }
    }
}

fn columns() -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { "Operation" }
                th scope="col" { "Document" }
                th.n scope="col" { "Admitted" }
                th.n scope="col" { "Refused" }
                th.n scope="col" { "Largest" }
                th.n scope="col" { "Cost in all" }
                th.bars scope="col" { span.hidden { "Share" } }
            }
        }
    }
}

fn operation(view: &View, graph: &GraphView, it: &Use) -> Markup {
    html! {
        th scope="row" {
            span.kind { (it.kind.keyword()) } " "
            (it.name.as_deref().unwrap_or("anonymous").trim_matches('"'))
            @if view.graphs.len() > 1 { div.sub { (graph.title()) } }
        }
    }
}

fn document(it: &Use) -> Markup {
    let hash = hex(&it.document);
    html! {
        td {
            code title={ "sha256:" (hash) } { (format::short(&hash)) }
            @if let Some(id) = &it.trusted { " " span.chip { "trusted" } div.sub { (id) } }
        }
    }
}

/// 10 documents.
const ROWS: usize = 10;
