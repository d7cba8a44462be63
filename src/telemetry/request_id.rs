//! Our own request ids: 128 bits, unique in a process and, by chance of 2⁻⁶⁴, between processes.
//!
//! Not secret and not a credential. A client's `x-request-id` never becomes ours. Beside the id
//! stands the graph that the request is for, so that whoever tells of it tells that, too.

use std::{
    cell::Cell,
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
};

use crate::telemetry::GraphIndex;

/// The id of one HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId {
    prefix: u64,
    n: u64,
    graph: GraphIndex,
}

impl RequestId {
    /// The graph that it is for.
    #[must_use]
    pub const fn graph(self) -> GraphIndex {
        self.graph
    }

    /// As it is told: 32 hexadecimal digits.
    #[must_use]
    pub fn digits(self) -> [u8; N_DIGITS] {
        let all = (u128::from(self.prefix) << u64::BITS) | u128::from(self.n);
        std::array::from_fn(|it| {
            let right = N_DIGITS.saturating_sub(1).saturating_sub(it).saturating_mul(4);
            let nibble = (all >> right) as usize & 0xf;
            DIGITS.get(nibble).copied().unwrap_or_default()
        })
    }

    /// Its name, as it is told.
    pub(super) fn graph_name(self) -> Option<&'static str> {
        self.graph.name()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

/// Four bits each.
const N_DIGITS: usize = 32;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Makes the ids of one worker.
#[derive(Debug)]
pub struct RequestIds {
    prefix: u64,
    next: Cell<u64>,
}

impl RequestIds {
    /// A maker with a random prefix of its own, so that workers need not share a counter.
    #[must_use]
    pub fn random() -> Self {
        Self { prefix: RandomState::new().build_hasher().finish(), next: Cell::new(0) }
    }

    /// The next id, for no graph in particular.
    pub fn next(&self) -> RequestId {
        self.next_of(GraphIndex::NONE)
    }

    /// The next id, of a request for a graph.
    pub fn next_of(&self, graph: GraphIndex) -> RequestId {
        let n = self.next.get();
        self.next.set(n.wrapping_add(1));
        RequestId { prefix: self.prefix, n, graph }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_32_hexadecimal_digits_and_differ() {
        let (one, other) = (RequestIds::random(), RequestIds::random());
        let ids = [one.next(), one.next(), other.next()].map(|it| it.to_string());
        assert!(ids.iter().all(|it| it.len() == 32));
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        assert_eq!(ids[0].get(..16), ids[1].get(..16));
    }
}
