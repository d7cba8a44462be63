//! Sets up the log: to standard error, for a person or as JSON lines.
//!
//! The level comes from `PORTCULLIS_LOG`, in the syntax of `tracing-subscriber`'s filters.

use std::{fmt, io};

use tracing_subscriber::{EnvFilter, fmt as format};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For a person.
    #[default]
    Pretty,
}

/// Why the log could not be set up.
#[derive(Debug)]
pub enum LoggingError {
    /// Another part of this process did so before.
    AlreadyStarted,
    /// `PORTCULLIS_LOG` cannot be read.
    Filter(String),
}

impl fmt::Display for LoggingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => f.write_str("the log is already set up"),
            Self::Filter(why) => write!(f, "`PORTCULLIS_LOG` cannot be read: {why}"),
        }
    }
}

impl std::error::Error for LoggingError {}

/// Our events from `info` up; of the libraries only what is wrong.
const DEFAULT_FILTER: &str = "warn,portcullis=info,hyper=error";

/// Starts writing events to standard error. `filter` is the value of `PORTCULLIS_LOG`, if any.
///
/// # Errors
/// When the filter cannot be read, or a log was set up before.
pub fn start_logging(format: LogFormat, filter: Option<&str>) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT_FILTER))
        .map_err(|it| LoggingError::Filter(it.to_string()))?;
    let builder = format::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Pretty => builder.with_target(false).try_init(),
    }
    .map_err(|_already| LoggingError::AlreadyStarted)
}

/// Makes the panic hook tell where, and not what: a message may quote what a client sent.
pub fn hide_panic_messages() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(tracing::field::display);
        tracing::error!(event = "panic", location);
    }));
}
