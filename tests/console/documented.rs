//! What the manual and `deploy/observability` name is there.

use std::{collections::BTreeSet, fs, path::Path};

use portcullis::rules::REGISTRY;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The metrics that a text names, without what the kind of a metric adds.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_other = |it: char| !it.is_ascii_lowercase() && it != '_';
    let names = text.split(is_other).filter_map(|it| it.strip_prefix("portcullis_"));
    let suffixes = ["_total", "_bucket", "_count", "_sum", "_info"];
    let bare = |it: &str| suffixes.iter().find_map(|end| it.strip_suffix(end)).unwrap_or(it).into();
    names.map(bare).collect()
}

#[test]
fn metrics_that_are_named_exist() {
    let sources = ["events", "mod", "requests", "state"]
        .map(|it| text(&format!("src/telemetry/exposition/{it}.rs")));
    let sources = sources.concat();
    for path in [
        "deploy/observability/alerts.yml",
        "deploy/observability/grafana.json",
        "deploy/observability/runbook.md",
        "src/manual/observing.md",
        "src/manual/continuous_integration.md",
    ] {
        for name in metrics(&text(path)) {
            assert!(sources.contains(&format!("\"{name}\"")), "{path}: portcullis_{name}");
        }
    }
}

#[test]
fn every_alert_has_a_page_in_the_runbook() {
    let (alerts, runbook) =
        (text("deploy/observability/alerts.yml"), text("deploy/observability/runbook.md"));
    let names: Vec<_> =
        alerts.lines().filter_map(|it| it.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() > 10);
    for name in names {
        assert!(runbook.contains(&format!("\n## {name}\n")), "{name}");
        assert!(alerts.contains(&format!("runbook.md#{}\n", name.to_lowercase())), "{name}");
    }
}

#[test]
fn every_rule_stands_beside_its_risk() {
    let page = text("src/manual/owasp.md");
    for entry in REGISTRY {
        let (id, risk) = (entry.meta.id, entry.meta.owasp);
        let is_row =
            |it: &str| it.starts_with(&format!("| {risk} ")) && it.contains(&format!("`{id}`"));
        assert!(page.lines().any(is_row), "{id} ({risk})");
    }
    let paths = page.split('`').filter(|it| it.starts_with("tests/") || it.starts_with("src/"));
    for path in paths {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path}");
    }
}

#[test]
fn settings_that_the_readme_is_said_to_explain_are_there() {
    let (page, readme) = (text("src/manual/owasp.md"), text("README.md"));
    let rows = page.lines().filter(|it| it.contains(" | README | "));
    let settings: Vec<_> = rows.filter_map(|it| it.split(" | ").nth(1)).collect();
    assert!(settings.len() > 3);
    for name in settings.iter().flat_map(|it| it.split('`').skip(1).step_by(2)) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let is_there =
            readme.contains(&format!("`{name}`")) || readme.contains(&format!("{last}:"));
        assert!(is_there, "{name}");
    }
}
