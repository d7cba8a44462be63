//! A real redis-server on a free loopback port, for the tests that need one.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
};

use portcullis::config::{LinkKey, Redis, RedisUrl, Secret};

/// A server; it is killed when it is dropped.
pub(crate) struct RedisServer {
    address: SocketAddr,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl RedisServer {
    /// Nothing when none is installed, which is said.
    #[expect(clippy::print_stderr, reason = "whoever runs the tests wants to know")]
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let is_there = Command::new("redis-server").arg("--version").output().is_ok();
        if !is_there {
            let is_required = std::env::var("PORTCULLIS_REQUIRE").is_ok_and(|it| it == "all");
            assert!(!is_required, "`redis-server` is not installed");
            eprintln!("left out: `redis-server` is not installed");
            return None;
        }
        let free = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = free.local_addr().expect("address");
        drop(free);
        let arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
        let mut server = Self { address, arguments, process: None };
        server.begin();
        Some(server)
    }

    /// Starts it, or starts it again at its old address, without what it knew.
    pub(crate) fn begin(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let port = self.address.port().to_string();
        let is_tls = self.arguments.iter().any(|it| it == "--tls-cert-file");
        let ports = if is_tls {
            ["--port", "0", "--tls-port", &port]
        } else {
            ["--port", &port, "--loglevel", "notice"]
        };
        command.args(ports).args(&self.arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut log = BufReader::new(child.stdout.take().expect("a log"));
        let mut line = String::new();
        while !line.contains("Ready to accept connections") {
            line.clear();
            assert!(log.read_line(&mut line).expect("a log") > 0, "it has ended");
        }
        // A full pipe would stop it.
        thread::spawn(move || log.read_to_end(&mut Vec::new()));
        self.process = Some(child);
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ended_already = process.kill();
            let _status = process.wait();
        }
    }

    /// Has the kernel stop it, or let it go on.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", name, &process.id().to_string()]).status();
        assert!(sent.expect("it can be sent").success());
    }

    /// What it answers to a command, roughly.
    pub(crate) fn say(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("connect");
        write!(stream, "{command}\r\nQUIT\r\n").expect("write");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("read");
        answer
    }

    /// Has it take a command, and does not wait for what that does.
    pub(crate) fn tell(&self, command: &str) {
        let mut stream = TcpStream::connect(self.address).expect("connect");
        write!(stream, "{command}\r\n").expect("write");
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).expect("read");
        assert_eq!(&answer, b"+OK\r\n");
    }

    /// How to reach it, for all replicas the same.
    pub(crate) fn config(&self) -> Redis {
        config(&format!("redis://{}", self.address))
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// How to reach a server, for all replicas the same.
pub(crate) fn config(url: &str) -> Redis {
    let key = LinkKey::new(&Secret::new(&[b'k'; 32])).expect("long enough");
    Redis { url: RedisUrl::parse(url).expect("a URL"), password: None, ca: None, key }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
