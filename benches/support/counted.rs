//! Instructions that a piece of work takes: a number that noise does not move.
//!
//! The program runs itself under callgrind, which counts inside [`measured`] only.

use std::{
    env,
    ffi::OsString,
    io,
    process::{Command, Stdio},
};

/// What is counted. Never inlined, so that callgrind finds it by its name.
#[inline(never)]
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Whether there is a valgrind.
pub(crate) fn can_count() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|it| it.success())
}

/// The instructions that are counted in a child with these arguments.
pub(crate) fn count(args: &[&str]) -> io::Result<Option<usize>> {
    let keep = env::var_os("PORTCULLIS_CALLGRIND_OUT").unwrap_or_else(|| "/dev/null".into());
    let mut out = OsString::from("--callgrind-out-file=");
    out.push(keep);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*measured*"])
        .arg(out)
        .arg(env::current_exe()?)
        .args(args)
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|it| it.split_once("Collected :"));
    Ok(collected.and_then(|(_, number)| number.trim().parse().ok()))
}
