//! The real program as a process.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use serde_json::Value;

/// A process of the real program; it is killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts it and waits until it says where it listens.
    pub(crate) fn start(policy: &Path, upstream: SocketAddr) -> (Self, SocketAddr) {
        let (process, address, _admin) = Self::start_both(policy, upstream);
        (process, address)
    }

    /// The same with where its operators connect.
    pub(crate) fn start_both(
        policy: &Path,
        upstream: SocketAddr,
    ) -> (Self, SocketAddr, SocketAddr) {
        let upstream = format!("http://{upstream}/graphql");
        Self::start_with(|it| it.arg("--policy").arg(policy).args(["--upstream", &upstream]))
    }

    /// With what is to be served, as the command line says it.
    pub(crate) fn start_with(
        say: impl FnOnce(&mut Command) -> &mut Command,
    ) -> (Self, SocketAddr, SocketAddr) {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_portcullis")), say)
    }

    /// With no more open files than these.
    pub(crate) fn start_with_files(
        files: usize,
        say: impl FnOnce(&mut Command) -> &mut Command,
    ) -> (Self, SocketAddr, SocketAddr) {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_portcullis")]);
        Self::start_as(command, say)
    }

    fn start_as(
        mut command: Command,
        say: impl FnOnce(&mut Command) -> &mut Command,
    ) -> (Self, SocketAddr, SocketAddr) {
        command.args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0"]);
        command.args(["--admin", "127.0.0.1:0"]);
        say(&mut command);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut log = BufReader::new(child.stderr.take().expect("a log"));
        let mut line = String::new();
        let (address, admin) = loop {
            line.clear();
            assert!(log.read_line(&mut line).expect("a log") > 0, "it has ended");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if event["event"] == "started" {
                let at = |key: &str| event[key].as_str()?.parse().ok();
                break (at("listen").expect("address"), at("admin").expect("address"));
            }
        };
        // A full pipe would stop it.
        thread::spawn(move || log.read_to_end(&mut Vec::new()));
        (Self(child), address, admin)
    }

    /// Sends it a signal, such as `-TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let told = Command::new("kill").args([name, &id]).status();
        assert!(told.expect("`kill` is there").success());
    }

    /// Waits until it ends.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.0.wait().expect("it ends")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}
