//! The console in a real browser, when there is one.

use std::process::Command;

use crate::support::{
    bench::start,
    required::{can_run, on_path},
};

/// The page after the browser has run what it runs of it.
fn dom(browser: &str, url: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
    command.args(["--disable-background-networking", "--timeout=4000", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", profile.path().display())).arg(url);
    String::from_utf8_lossy(&command.output().expect("it runs").stdout).into_owned()
}

#[test]
fn a_browser_shows_refusals_as_they_happen() {
    let found =
        ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|it| on_path(it));
    if !can_run("the console in a browser", "chromium", found.is_some()) {
        return;
    }
    let bench = start();
    let url = format!("http://{}/", bench.proxy.admin_address());
    // Refused while the browser looks: the server's first page has none of these.
    let refused = std::thread::scope(|threads| {
        let page = threads.spawn(|| dom(found.expect("a browser"), &url));
        while !page.is_finished() {
            bench.post(r#"{"query":"{ b { b { a } } }"}"#);
            std::thread::yield_now();
        }
        page.join().expect("a page")
    });
    assert!(
        refused.contains("MAX_DEPTH_LIMIT") && refused.contains("/explain/max-depth"),
        "{refused}"
    );
}
