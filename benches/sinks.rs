//! What requests cost when nobody takes what is written of them: a log that nobody reads, a disk
//! that is full, a collector that is silent.
//!
//! Each is a process beside one whose sinks are well; both get the same requests in turns, half of
//! them refused, and the ratio of the CPU of two neighbouring turns is one of seven. Two processes
//! that are well, measured the same way, say what such a ratio is worth.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![expect(clippy::indexing_slicing, reason = "there are seven pairs")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Pairs of turns.
const PAIRS: usize = 7;
/// Requests of a turn, over all connections.
const TURN: usize = 2_000;
const CONNECTIONS: usize = 4;
/// More than every queue has room for.
const WARM_UP: usize = 20_000;
/// What a ratio may be above the spread of two processes that are well.
const GOAL: f64 = 0.05;

const POLICY: &str = "\
version: 1
name: sinks
schema: { file: test.graphql }
limits: { depth: 2 }
";
const SCHEMA: &str = "type Query { a: Int b: Query }";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
/// What is asked for of the metrics.
const LOST: [&str; 7] = [
    "log_dropped",
    "log_write_failures",
    "audit_dropped",
    "audit_write_failures",
    "traffic_dropped",
    "traffic_write_failures",
    "spans_dropped",
];

/// How the sinks of a process are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sinks {
    Well,
    /// The log is a pipe, and the audit log another one, that nobody reads.
    Stalled,
    /// The log, the audit log and the traffic log are on a full disk.
    Full,
    /// The collector takes connections, and nothing else.
    Silent,
}

struct Process {
    child: Child,
    proxy: SocketAddr,
    admin: SocketAddr,
    /// What must stay open, and unread.
    _held: Vec<File>,
}

fn main() -> ExitCode {
    match compare() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> io::Result<bool> {
    let upstream = serve("{\"data\":{\"a\":1}}")?;
    let collector = serve("")?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("policy.yaml"), POLICY)?;
    fs::write(folder.path().join("test.graphql"), SCHEMA)?;
    let start = |name: &str, sinks| {
        let place = folder.path().join(name);
        fs::create_dir(&place)?;
        let collector = if sinks == Sinks::Silent { silent.local_addr()? } else { collector };
        let process = Process::start(&place, sinks, (upstream, collector))?;
        process.turn(WARM_UP)?;
        Ok::<_, io::Error>(process)
    };
    let well = start("well", Sinks::Well)?;
    println!(
        "{:<10}{:>8}{:>8}{:>8}{:>12}{:>10}",
        "", "median", "least", "most", "us/request", "ms/turn"
    );
    let spread = row("well", &well, &start("again", Sinks::Well)?)?;
    let allowed = 1.0 + spread.1 + GOAL;
    let mut is_met = true;
    for (name, sinks) in
        [("stalled", Sinks::Stalled), ("full disk", Sinks::Full), ("collector", Sinks::Silent)]
    {
        if sinks == Sinks::Silent && cfg!(not(feature = "otel")) {
            println!("{name:<10} left out: built without the feature `otel`");
            continue;
        }
        let process = start(name, sinks)?;
        is_met &= row(name, &well, &process)?.0 <= allowed;
        process.lost()?;
    }
    println!("at most {allowed:.3}: the spread of two that are well, and 5 %");
    Ok(is_met)
}

/// The median of the ratios, and how far the furthest of them is from 1.
fn row(name: &str, well: &Process, other: &Process) -> io::Result<(f64, f64)> {
    let (mut ratios, mut cpus, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..PAIRS {
        // The first of two has the colder caches.
        let ((base, _), (cpu, time)) = if n % 2 == 0 {
            (well.turn(TURN)?, other.turn(TURN)?)
        } else {
            let second = other.turn(TURN)?;
            (well.turn(TURN)?, second)
        };
        ratios.push(cpu / base);
        cpus.push(cpu * 1e6 / TURN as f64);
        times.push(time * 1e3);
    }
    let (median, least, most) = (middle(&mut ratios), ratios[0], ratios[PAIRS - 1]);
    let (cpu, time) = (middle(&mut cpus), middle(&mut times));
    println!("{name:<10}{median:>8.3}{least:>8.3}{most:>8.3}{cpu:>12.0}{time:>10.0}");
    Ok((median, (1.0 - least).max(most - 1.0)))
}

/// Sorts, and gives the one in the middle.
fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Process {
    fn start(
        place: &Path,
        sinks: Sinks,
        (upstream, collector): (SocketAddr, SocketAddr),
    ) -> io::Result<Self> {
        let (audit, traffic) = (place.join("audit"), place.join("traffic"));
        let mut held = Vec::new();
        let full = || OpenOptions::new().write(true).open("/dev/full");
        let log: Stdio = match sinks {
            Sinks::Well | Sinks::Silent => File::create(place.join("log"))?.into(),
            Sinks::Stalled => {
                Command::new("mkfifo").arg(&audit).status()?;
                held.push(OpenOptions::new().read(true).write(true).open(&audit)?);
                Stdio::piped()
            }
            Sinks::Full => {
                symlink("/dev/full", &audit)?;
                symlink("/dev/full", &traffic)?;
                full()?.into()
            }
        };
        let (proxy, admin) = (free()?, free()?);
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--log-format", "json", "--workers", "2"]);
        command.args(["--listen", &proxy.to_string(), "--admin", &admin.to_string()]);
        command.arg("--policy").arg(place.join("../policy.yaml"));
        command.arg("--upstream").arg(format!("http://{upstream}/graphql"));
        command.arg("--audit-log").arg(audit).arg("--traffic-log").arg(traffic);
        if cfg!(feature = "otel") {
            command.arg("--otlp-endpoint").arg(format!("http://{collector}"));
        }
        let child = command.stderr(log).spawn()?;
        let process = Self { child, proxy, admin, _held: held };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(proxy).is_err() {
            if Instant::now() > until {
                return Err(io::Error::other("it does not listen"));
            }
            thread::yield_now();
        }
        Ok(process)
    }

    /// Seconds of CPU, and of time.
    fn turn(&self, n: usize) -> io::Result<(f64, f64)> {
        let (before, begun) = (self.cpu()?, Instant::now());
        thread::scope(|scope| {
            let client = || scope.spawn(|| self.client(n / CONNECTIONS));
            let clients: Vec<_> = (0..CONNECTIONS).map(|_| client()).collect();
            clients.into_iter().try_for_each(|it| {
                it.join().unwrap_or_else(|_| Err(io::Error::other("a client has ended")))
            })
        })?;
        let time = begun.elapsed();
        Ok(((self.cpu()? - before).as_secs_f64(), time.as_secs_f64()))
    }

    fn client(&self, n: usize) -> io::Result<()> {
        let mut stream = BufReader::new(TcpStream::connect(self.proxy)?);
        stream.get_ref().set_nodelay(true)?;
        stream.get_ref().set_read_timeout(Some(Duration::from_secs(20)))?;
        let requests = ["{ b { a } }", "{ b { b { a } } }"].map(|query| {
            let body = format!("{{\"query\":\"{query}\"}}");
            let length = body.len();
            let head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
            format!("{head}Content-Length: {length}\r\n\r\n{body}")
        });
        for request in requests.iter().cycle().take(n) {
            stream.get_mut().write_all(request.as_bytes())?;
            read(&mut stream)?;
        }
        Ok(())
    }

    /// What its threads have spent on a core so far.
    fn cpu(&self) -> io::Result<Duration> {
        let mut sum = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let nanos = text.split(' ').next().and_then(|it| it.parse().ok());
            sum += Duration::from_nanos(nanos.unwrap_or(0));
        }
        Ok(sum)
    }

    /// Tells what was lost, by its own metrics.
    fn lost(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.admin)?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let value = |name: &str| {
            let of =
                |it: &str| Some(it.strip_prefix("portcullis_")?.strip_prefix(name)?.to_owned());
            let found =
                text.lines().find_map(|it| of(it)?.strip_prefix("_total ").map(String::from));
            found.unwrap_or_default()
        };
        let told: Vec<_> = LOST.iter().map(|it| (it, value(it))).filter(|it| it.1 != "0").collect();
        println!(
            "{:<10}{}",
            "",
            told.iter().map(|(name, n)| format!("{name} {n}  ")).collect::<String>()
        );
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}

fn free() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Answers every request with the same body, for as long as this process lives.
fn serve(body: &'static str) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let answer = format!("{OK}{}\r\n\r\n{body}", body.len());
                let mut stream = BufReader::new(stream);
                while read(&mut stream).is_ok() {
                    if stream.get_mut().write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(address)
}

/// Reads one message.
fn read(stream: &mut impl BufRead) -> io::Result<()> {
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let head = line.to_ascii_lowercase();
        if let Some(value) = head.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            io::copy(&mut stream.take(length), &mut io::sink())?;
            return Ok(());
        }
    }
}
