//! The log of this process, kept for tests to read.

use std::{
    io,
    sync::{Mutex, Once},
};

static LINES: Mutex<String> = Mutex::new(String::new());
static START: Once = Once::new();

/// Begins to keep what is logged.
pub(crate) fn start() {
    START.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::INFO)
            .with_writer(|| Keep)
            .init();
    });
}

/// The lines that hold a text.
pub(crate) fn lines_with(text: &str) -> String {
    let lines = LINES.lock().unwrap();
    lines.lines().filter(|it| it.contains(text)).collect::<Vec<_>>().join("\n")
}

struct Keep;

impl io::Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
