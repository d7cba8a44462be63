//! A server of another make, with all the processes that it starts.
//!
//! They are one process group, whose CPU is added up and which is killed as a whole. When this
//! program is killed, the first process is told to end, and takes the others with it: the workers
//! of Node go when the first is gone, those of nginx when they are told.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::contest::Server;

/// A running server; it ends when it is dropped.
pub(crate) struct Process {
    address: SocketAddr,
    first: Child,
    _folder: Option<TempDir>,
}

impl Process {
    /// Starts `command` with its arguments, which will listen at `address`.
    pub(crate) fn start(
        command: &[&str],
        address: SocketAddr,
        folder: Option<TempDir>,
    ) -> io::Result<Self> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/node");
        let first = Command::new("setpriv")
            .args(["--pdeathsig", if command.first() == Some(&"node") { "KILL" } else { "TERM" }])
            .args(command)
            .current_dir(place)
            .env("NODE_ENV", "production")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { address, first, _folder: folder })
    }
}

impl Server for Process {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn cpu(&self) -> io::Result<Duration> {
        let group = self.first.id().to_string();
        let mut sum = Duration::ZERO;
        for process in fs::read_dir("/proc")? {
            let process = process?.path();
            // What ends meanwhile is not there.
            let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
            // After the name, which may hold anything: state, parent, group.
            let after = stat.rsplit_once(')').map_or("", |(_, it)| it);
            if after.split_whitespace().nth(2) == Some(group.as_str()) {
                sum += threads(&process)?;
            }
        }
        Ok(sum)
    }
    fn wait(&mut self) -> io::Result<()> {
        for _ in 0..N_TRIES {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.first.try_wait()? {
                return Err(io::Error::other(format!("it ended at once: {status}")));
            }
            // None of them says when it listens.
            thread::park_timeout(TRY);
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

fn threads(process: &Path) -> io::Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(process.join("task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|it| it.parse().ok());
        sum += Duration::from_nanos(nanos.unwrap_or(0));
    }
    Ok(sum)
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = format!("-{}", self.first.id());
        let _gone = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ended = self.first.wait();
    }
}

/// A port that nobody listens at.
pub(crate) fn free() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Two minutes: Node loads thousands of files, and the machine may be busy.
const N_TRIES: usize = 1_200;
const TRY: Duration = Duration::from_millis(100);
