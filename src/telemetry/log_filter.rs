//! What of the log is written: the value of `--log`.
//!
//! The syntax is that of `tracing-subscriber`, to which a word that is no level is the name of a
//! part of the program. So `debg` would be a part that does not exist, and all others silent.

use std::fmt;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::diagnostic::suggestion;

/// Levels, and of which parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(Box<str>);

impl LogFilter {
    /// Reads `debug`, or `warn,portcullis=debug`; nothing at all is what holds without it.
    ///
    /// # Errors
    /// When it cannot be read, or has a word that is neither a level nor a part of this program.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let directives: Vec<_> = text.split(',').map(str::trim).collect();
        // What has the brackets of a span is long enough to be meant.
        let plain = directives.iter().filter(|it| !it.contains('['));
        plain.copied().try_for_each(known)?;
        let read = directives.join(",");
        EnvFilter::try_new(&read).map(|_| Self(read.into())).map_err(|it| it.to_string())
    }

    /// The same for the one who filters.
    pub(super) fn filter(&self) -> EnvFilter {
        EnvFilter::new(&*self.0)
    }
}

impl Default for LogFilter {
    /// Our events from `info` up; of the libraries only what is wrong.
    fn default() -> Self {
        Self("warn,portcullis=info,hyper=error".into())
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `level`, `part` of this program, or `part=level`.
fn known(directive: &str) -> Result<(), String> {
    let (part, level) = match directive.split_once('=') {
        Some((part, level)) => (Some(part), level),
        None if is_ours(directive) => return Ok(()),
        None => (None, directive),
    };
    if level.parse::<LevelFilter>().is_err() {
        let ours = part.is_none().then_some(OURS);
        return Err(match suggestion(level, LEVELS.into_iter().chain(ours)) {
            Some(meant) => format!("`{level}` is no level: did you mean `{meant}`?"),
            None => format!("`{level}` is no level: they are `{}`", LEVELS.join("`, `")),
        });
    }
    match part.and_then(|it| it.split("::").next()) {
        Some(part) if part != OURS && suggestion(part, [OURS]).is_some() => {
            Err(format!("there is no `{part}` here: did you mean `{OURS}`?"))
        }
        Some(_) | None => Ok(()),
    }
}

fn is_ours(part: &str) -> bool {
    part.split("::").next() == Some(OURS)
}

const OURS: &str = "portcullis";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<&str, &str>) {
        let got = LogFilter::parse(text).map(|it| it.to_string());
        assert_eq!(got.as_deref().map_err(String::as_str), expect, "{text}");
    }

    #[test]
    fn levels_and_parts_are_read() {
        for text in [
            "debug",
            "WARN",
            "warn,portcullis=debug",
            "warn,hyper=trace",
            "portcullis::server",
            "off",
            "rustls=info",
            "warn,portcullis[request{id=1}]=trace",
        ] {
            check(text, Ok(text));
        }
        check("warn, hyper=trace", Ok("warn,hyper=trace"));
        check("", Ok("warn,portcullis=info,hyper=error"));
    }

    #[test]
    fn a_typo_does_not_silence_the_log() {
        check("debg", Err("`debg` is no level: did you mean `debug`?"));
        check("portculis", Err("`portculis` is no level: did you mean `portcullis`?"));
        check("warn,portcullis=inf", Err("`inf` is no level: did you mean `info`?"));
        check("portculis=debug", Err("there is no `portculis` here: did you mean `portcullis`?"));
        let levels = "`off`, `error`, `warn`, `info`, `debug`, `trace`";
        check("everything", Err(&format!("`everything` is no level: they are {levels}")));
    }
}
