//! Node: the real server, and the scripts of the clients.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::support::required;

/// Whether Node and the packages of the scripts are there.
pub(crate) fn can_run(suite: &str) -> bool {
    let installed = folder().join("node_modules/.package-lock.json").is_file();
    let needs = "Node and `npm ci --prefix tests/clients/node`";
    required::can_run(suite, needs, installed && required::on_path("node"))
}

/// GraphQL Yoga; it ends when this is dropped.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start() -> Self {
        let mut command = script("server");
        // The server ends when this process does, since its standard input then closes.
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut port = String::new();
        let mut told = BufReader::new(process.stdout.take().expect("its output"));
        told.read_line(&mut port).expect("its port");
        let port: u16 = port.trim().parse().expect("a port");
        Self { process, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Runs a script against a port to its end; what it printed. It fails when the script does.
#[track_caller]
pub(crate) fn run(name: &str, port: u16, arguments: &[&str]) -> String {
    let mut command = script(name);
    let output = command.arg(port.to_string()).args(arguments).output().expect("it runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {complaint}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn script(name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(folder().join(name).with_extension("mjs"));
    command
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/node")
}
