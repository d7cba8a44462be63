//! What lasts: counted when it begins and when it ends, however that is.

use crate::telemetry::{GraphIndex, counters::GraphCounter};

/// Something that has begun; it ends when this is dropped, by a panic as well.
#[derive(Debug)]
#[must_use = "it ends when this is dropped"]
pub struct Lasting {
    graph: GraphIndex,
    ended: &'static GraphCounter,
}

impl Lasting {
    pub(super) fn begin(
        graph: GraphIndex,
        (begun, ended): (&'static GraphCounter, &'static GraphCounter),
    ) -> Self {
        begun.count(graph);
        Self { graph, ended }
    }
}

impl Drop for Lasting {
    fn drop(&mut self) {
        self.ended.count(self.graph);
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::*;

    #[test]
    fn a_panic_is_an_end() {
        static BEGUN: GraphCounter = GraphCounter::new();
        static ENDED: GraphCounter = GraphCounter::new();
        let begin = || Lasting::begin(GraphIndex::default(), (&BEGUN, &ENDED));
        let lasting = begin();
        assert_eq!((BEGUN.value(), ENDED.value()), (1, 0));
        let caught = panic::catch_unwind(|| {
            let _lasting = begin();
            panic!("on purpose");
        });
        assert!(caught.is_err());
        assert_eq!((BEGUN.value(), ENDED.value()), (2, 1));
        drop(lasting);
        assert_eq!(ENDED.value(), 2);
    }
}
