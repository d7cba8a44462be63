//! What a traffic log loses is counted, all of it. A process of its own: the counters are global.

mod support;

use std::path::PathBuf;

use portcullis::{
    config::{Sample, TrafficFile},
    telemetry::COUNTERS,
    traffic::{Bounds, Details, Writing},
};
use support::{
    proxy::Proxy,
    upstream::Upstream,
    wire::{exchange, post},
};

const POLICY: &str = "version: 1\nname: losses\nschema: { file: test.graphql }\n";

#[test]
fn a_full_disk_loses_what_it_is_given() {
    let upstream = Upstream::start();
    let path = PathBuf::from("/dev/full");
    let writing = Writing { path, bounds: Bounds::default(), details: Details::Values };
    let file = TrafficFile { writing, sample: Sample::ALL };
    let proxy = Proxy::with(POLICY, "type Query { a: Int }", upstream.address(), |config| {
        config.traffic = Some(file);
    });
    for _ in 0..20 {
        let answer = exchange(proxy.address(), &post(r#"{"query":"{ a }"}"#));
        assert_eq!(answer.expect("an answer").status(), 200);
    }
    // Waits until what was taken is written, or is not.
    let _cut_off = proxy.stop();
    assert!(COUNTERS.traffic_failures.value() > 0);
    assert_eq!(COUNTERS.traffic_lost.value(), 20);
}
