//! Sets up the log: to standard error, for a person or as JSON lines.
//!
//! A thread of its own writes it, so that no request waits for whoever reads standard error: when
//! the bounded queue is full, the line is dropped and counted.

use std::{
    fmt,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use tracing_subscriber::fmt::{self as format, MakeWriter};

use crate::{
    diagnostic::Colour,
    telemetry::{
        COUNTERS, LogFilter,
        lines::{Kind, Output, Queue},
    },
};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For a person.
    Pretty(Colour),
}

/// Why the log could not be set up.
#[derive(Debug)]
pub enum LoggingError {
    /// Another part of this process did so before.
    AlreadyStarted,
    /// There is no thread for it.
    Thread(io::Error),
}

impl fmt::Display for LoggingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => f.write_str("the log is already set up"),
            Self::Thread(why) => write!(f, "the log has no thread: {why}"),
        }
    }
}

impl std::error::Error for LoggingError {}

/// A log that is written. When it is dropped, what was reported is written, if that does not take
/// long.
#[derive(Debug)]
pub struct Logging(Arc<Queue>);

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.finish(PATIENCE);
    }
}

/// Starts writing events to standard error.
///
/// # Errors
/// When a log was set up before, or there is no thread for it.
pub fn start_logging(format: LogFormat, filter: &LogFilter) -> Result<Logging, LoggingError> {
    let queue = Queue::start(KIND, Box::new(Stderr), CAPACITY).map_err(LoggingError::Thread)?;
    let queue = Arc::new(queue);
    let builder =
        format::fmt().with_env_filter(filter.filter()).with_writer(Lines(Arc::clone(&queue)));
    match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Pretty(colour) => {
            builder.with_target(false).with_ansi(colour == Colour::Ansi).try_init()
        }
    }
    .map_err(|_already| LoggingError::AlreadyStarted)?;
    Ok(Logging(queue))
}

/// Where lines are put.
struct Lines(Arc<Queue>);

/// One line; it is written in one piece.
struct Line<'q>(&'q Queue);

impl<'q> MakeWriter<'q> for Lines {
    type Writer = Line<'q>;

    fn make_writer(&'q self) -> Line<'q> {
        Line(&self.0)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.put(|| String::from_utf8_lossy(text).into_owned());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Stderr;

impl Output for Stderr {
    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        io::stderr().write_all(text)
    }
}

const KIND: Kind = Kind {
    name: "log",
    dropped: &COUNTERS.log_dropped,
    failed: &COUNTERS.log_failed,
    // There is nowhere to say it but the metrics.
    complain: |_why| {},
};
/// 8192 lines of 300 bytes or so: a second of the worst flood.
const CAPACITY: usize = 8192;
/// 2 s: who has not read by then does not at all.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes the panic hook tell where, and not what: a message may quote what a client sent.
pub fn hide_panic_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(tracing::field::display);
        tracing::error!(event = "panic", location);
    }));
}
