//! The tool `slowhttptest` (Debian's package of that name) with 1,000 connections.

use std::{
    io,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

/// Which of its attacks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attack {
    /// Heads that never end.
    Heads,
    /// Bodies that never end.
    Bodies,
    /// Many overlapping ranges.
    Ranges,
}

/// The tool at work.
pub(crate) struct Attacking(Child);

impl Attacking {
    /// Starts it: it opens its connections within a second, which disturbs like the rest.
    pub(crate) fn start(to: SocketAddr, attack: Attack) -> io::Result<Self> {
        let flags: &[&str] = match attack {
            Attack::Heads => &["-H"],
            Attack::Bodies => &["-B", "-t", "POST", "-f", "application/json", "-s", "65536"],
            Attack::Ranges => &["-R"],
        };
        let mut command = Command::new("slowhttptest");
        command.args(flags).args(["-c", "1000", "-r", "1000", "-i", "1", "-l", "30", "-v", "0"]);
        command.arg("-u").arg(format!("http://{to}/graphql"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Attacking {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Whether it is installed.
pub(crate) fn is_there() -> bool {
    Command::new("slowhttptest")
        .arg("-h")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
