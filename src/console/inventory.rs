//! Which operations come, and when they came first and last.

use std::collections::HashMap;

use maud::{Markup, html};

use crate::{
    admission::Use,
    calendar::rfc3339,
    console::{GraphView, View, format},
    telemetry::GraphIndex,
    verdict::hex,
};

/// When operations were seen, as far as somebody looked from time to time.
#[derive(Clone, Debug, Default)]
pub struct Sightings(HashMap<Sighted, Sighting>);

/// An operation of a graph.
type Sighted = (GraphIndex, [u8; 32], Option<Box<str>>);

/// When an operation was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sighting {
    first: u64,
    last: u64,
    /// How often until then.
    n: u64,
}

impl Sightings {
    /// Looks at what has come of one graph, at a time in milliseconds since 1970. What the cache
    /// has forgotten is forgotten here, so that no more is kept than there.
    pub fn note(&mut self, at: u64, graph: GraphIndex, uses: &[Use]) {
        let mut known = HashMap::with_capacity(uses.len());
        for it in uses {
            let key = (graph, it.document, it.name.clone());
            let n = it.admitted.saturating_add(it.refused);
            let before = self.0.get(&key).copied();
            let mut seen = before.unwrap_or(Sighting { first: at, last: at, n });
            if seen.n != n {
                (seen.last, seen.n) = (at, n);
            }
            known.insert(key, seen);
        }
        self.0.retain(|(of, ..), _| *of != graph);
        self.0.extend(known);
    }

    fn of(&self, graph: &GraphView, used: &Use) -> Option<Sighting> {
        self.0.get(&(graph.graph, used.document, used.name.clone())).copied()
    }
}

pub(super) fn inventory(view: &View) -> Markup {
    let all =
        view.graphs.iter().flat_map(|graph| graph.documents.iter().map(move |it| (graph, it)));
    let mut all: Vec<Shown<'_>> =
        all.map(|(graph, it)| (view.sightings.of(graph, it), it, graph)).collect();
    let last = |it: &Shown<'_>| it.0.map_or(view.now, |it| it.last);
    let n = |it: &Use| it.admitted.saturating_add(it.refused);
    all.sort_by(|a, b| last(b).cmp(&last(a)).then(n(b.1).cmp(&n(a.1))));
    let n_trusted = all.iter().filter(|it| it.1.trusted.is_some()).count();
    html! {
        h2 #inventory-title { "Inventory" }
        @if all.is_empty() {
            p.empty { "No operation came yet." }
        } @else {
            p.sub.above { (format::count(all.len() as u64)) " operations, " (format::count(n_trusted as u64)) " of them trusted, as long as the cache has them. "
                code { "portcullis inventory" } " reads all, with fields and clients, from a traffic log." }
            div.scroll tabindex="0" role="region" aria-labelledby="inventory-title" {
                table.operations {
                    caption.hidden { "Operations that came, the last one first" }
                    thead { tr {
                        th scope="col" { "Operation" }
                        th scope="col" { "Document" }
                        th.n scope="col" { "Requests" }
                        th.n scope="col" { "Refused" }
                        th scope="col" { "First seen" }
                        th scope="col" { "Last seen" }
                    } }
                    tbody { @for it in all.iter().take(ROWS) { (row(view, *it)) } }
                }
            }
            @if all.len() > ROWS {
                p.sub { "and " (format::count(all.len().saturating_sub(ROWS) as u64)) " more" }
            }
        }
    }
}

/// An operation, when it was seen, and where.
type Shown<'v> = (Option<Sighting>, &'v Use, &'v GraphView);

fn row(view: &View, (seen, it, graph): Shown<'_>) -> Markup {
    let hash = hex(&it.document);
    let requests = it.admitted.saturating_add(it.refused);
    html! {
        tr {
            th scope="row" {
                span.kind { (it.kind.keyword()) } " "
                (it.name.as_deref().unwrap_or("anonymous").trim_matches('"'))
                @if view.graphs.len() > 1 { div.sub { (graph.title()) } }
            }
            td {
                code title={ "sha256:" (hash) } { (format::short(&hash)) }
                @if it.trusted.is_some() { " " span.chip { "trusted" } }
            }
            td.n { (format::count(requests)) }
            td.n { (format::count(it.refused)) }
            @match seen {
                Some(seen) => {
                    td.when { (time(view, seen.first)) }
                    td.when { (time(view, seen.last)) }
                }
                None => { td.when { "now" } td.when { "now" } }
            }
        }
    }
}

fn time(view: &View, at: u64) -> Markup {
    html! { time datetime=(rfc3339(at)) title=(rfc3339(at)) { (format::ago(view.now, at)) } }
}

/// 12 operations.
const ROWS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::OperationKind;

    fn used(document: u8, admitted: u64) -> Use {
        Use {
            document: [document; 32],
            trusted: None,
            name: None,
            kind: OperationKind::Query,
            admitted,
            refused: 0,
            cost: 0,
            largest: 0,
        }
    }

    fn check(sightings: &Sightings, document: u8, expect: Option<(u64, u64)>) {
        let graph = GraphView::default();
        let seen = sightings.of(&graph, &used(document, 0));
        assert_eq!(seen.map(|it| (it.first, it.last)), expect, "{document}");
    }

    #[test]
    fn an_operation_is_seen_when_its_number_has_grown() {
        let mut sightings = Sightings::default();
        sightings.note(10, GraphIndex::NONE, &[used(1, 1), used(2, 1)]);
        sightings.note(20, GraphIndex::NONE, &[used(1, 5), used(2, 1), used(3, 1)]);
        sightings.note(25, GraphIndex::named("inventory").unwrap(), &[used(9, 1)]);
        check(&sightings, 1, Some((10, 20)));
        check(&sightings, 2, Some((10, 10)));
        check(&sightings, 3, Some((20, 20)));
        // What the cache forgets is not kept.
        sightings.note(30, GraphIndex::NONE, &[used(3, 1)]);
        check(&sightings, 1, None);
        check(&sightings, 3, Some((20, 20)));
        check(&sightings, 9, None);
    }
}
