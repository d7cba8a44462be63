//! What everyone is given to do: a page of a shop, and floods of 100 KB.

use crate::{
    contest::{End, Task, same},
    pieces::API_KEY,
    support::{PRODUCT_PAGE, floods},
};

/// Whether it must pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Flood,
    Page,
}

impl Kind {
    /// Where it ends at a server that lets floods end at `floods`.
    pub(crate) fn end(self, floods: End) -> End {
        match self {
            Self::Flood => floods,
            Self::Page => End::AtTheUpstream,
        }
    }
}

/// With few turns compilers are not warm first: that is for a first look.
pub(crate) fn tasks(n_turns: usize) -> Vec<(Kind, Task)> {
    let page = |name, first: usize, n_distinct: usize| {
        // The compiler of Node takes thousands of requests, however few documents there are. Some
        // caches keep what comes a second time: whatever one can hold, it holds after two rounds.
        let rounds = if n_distinct == NEVER_AGAIN { 0 } else { 2 * n_distinct };
        let n_warm = rounds.max(N_PAGES).max(1_600 * n_turns);
        let body = Box::new(move |it| PRODUCT_PAGE.renamed(first + it % n_distinct).into());
        (Kind::Page, Task { name, head: API_KEY, n_warm, n_requests: N_PAGES, body })
    };
    let flood = |name, body| {
        let body = same(body);
        (Kind::Flood, Task { name, head: API_KEY, n_warm: 100, n_requests: 150, body })
    };
    vec![
        page("one document", 0, 1),
        page("200 documents", 1_000, 200),
        page("8,000 documents", 10_000, 8_000),
        page("new documents", 100_000, NEVER_AGAIN),
        flood("100 KB of aliases", floods::aliases()),
        flood("100 KB of depth", floods::depth()),
        flood("100 KB of lists", floods::lists()),
    ]
}

/// So many documents that none comes twice.
const NEVER_AGAIN: usize = 1_000_000;
/// In a turn: a second of CPU for the slowest, and enough of a sample for the fastest.
const N_PAGES: usize = 1_000;
