//! What the page promises, whatever is on it.

use super::*;
use crate::{
    admission::Use,
    schema::OperationKind,
    telemetry::{Carrier, RecentRefusal},
    verdict::Code,
};

fn view() -> View {
    let hostile = "<script src=\"https://evil.example/x.js\">alert(1)</script>";
    let refusal = RecentRefusal {
        at: 1_700_000_000_000,
        graph: None,
        code: Code::MAX_DEPTH_LIMIT,
        rule: "max-depth",
        coordinate: Some(hostile.into()),
        detail: hostile.into(),
        document: Some("ab".repeat(32).into()),
        cost: Some(7),
        carrier: Carrier::Post,
        request: "0123".into(),
        exception: Some(hostile.into()),
    };
    let used = Use {
        document: [3; 32],
        trusted: Some(hostile.into()),
        name: Some(hostile.into()),
        kind: OperationKind::Query,
        admitted: 5,
        refused: 1,
        cost: 50,
        largest: 10,
    };
    let graph = GraphView {
        policy: hostile.into(),
        digest: "cd".repeat(32),
        failed: Some((1, hostile.into())),
        documents: vec![used],
        ..GraphView::default()
    };
    View { refusals: vec![refusal], graphs: vec![graph], ..View::default() }
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_hostile_gets_in() {
    let Page { html, csp } = page(&view());
    assert!(!html.contains("<script src") && html.matches("<script").count() == 1, "{html}");
    for before in ["src=\"", "href=\"http", "href=\"//", "url(", "@import", " style=\""] {
        assert!(!html.contains(before), "{before}");
    }
    assert!(csp.starts_with("default-src 'none'; style-src 'sha256-") && !csp.contains("unsafe"));
    assert!(html.contains("MAX_DEPTH_LIMIT") && html.contains("/explain/max-depth"));
}

#[test]
fn tables_have_captions_and_parts_have_places() {
    let html = page(&view()).html;
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
    assert!(html.matches("<th ").count() == html.matches("scope=\"").count(), "{html}");
    for (id, part) in parts(&view()) {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
        assert!(html.contains(&part), "{id}");
        assert!(!part.contains('\n'), "{id} would end an event");
    }
}
