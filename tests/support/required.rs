//! Suites that need something from outside: left out with a word, or, where all are required, failed.

use std::io::{Write, stderr};

/// Whether a suite can run. When it cannot, it says so past the capture of the test harness; under
/// `PORTCULLIS_REQUIRE=all` it panics.
pub(crate) fn can_run(suite: &str, needs: &str, found: bool) -> bool {
    if !found {
        let required = std::env::var("PORTCULLIS_REQUIRE").is_ok_and(|it| it == "all");
        assert!(!required, "{suite}: {needs} is missing");
        // The harness captures `eprintln`, not the stream itself.
        let _written = writeln!(stderr(), "left out: {suite}, for want of {needs}");
    }
    found
}

/// Whether a program is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|it| it.join(program).is_file())
}
