//! A hundred thousand lines of logs, and in none of them what clients sent.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use crate::{
    canary::{SECRET, bodies, start},
    support::{upstream::Upstream, wire::read_message},
};

/// What is written by the end: log, audit log and traffic log.
const LINES: usize = 100_000;
/// Every request is refused or admitted, has a line in two of them, and most have one in all.
const REQUESTS: usize = 40_000;
const CONNECTIONS: usize = 4;

#[test]
fn a_hundred_thousand_lines_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::answering(r#"{"data":{"a":1}}"#);
    let (mut program, address, _admin) = start(folder.path(), upstream.address());
    let next = AtomicUsize::new(0);
    let answered: usize = thread::scope(|scope| {
        let clients = (0..CONNECTIONS).map(|_| scope.spawn(|| client(address, &next)));
        let clients: Vec<_> = clients.collect();
        clients.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert_eq!(answered, REQUESTS);
    // What is written is all there is once the program has ended.
    assert!(Command::new("kill").arg(program.0.id().to_string()).status().unwrap().success());
    assert!(program.0.wait().unwrap().success());
    let logs = ["log", "audit", "traffic"].map(|it| lines(&folder.path().join(it)));
    assert!(logs.iter().all(|it| *it > LINES / 10), "{logs:?}");
    assert!(logs.iter().sum::<usize>() >= LINES, "{logs:?}");
}

/// How many lines a file has. None has the secret in it.
fn lines(path: &Path) -> usize {
    let lines = BufReader::new(File::open(path).unwrap()).lines();
    let count = |n, line: std::io::Result<String>| {
        let line = line.unwrap();
        assert!(!line.contains(SECRET), "{}: {line}", path.display());
        n + 1
    };
    let n = lines.fold(0, count);
    assert!(fs::metadata(path).unwrap().len() > 0);
    n
}

/// Asks until all was asked; how often there was an answer.
fn client(address: SocketAddr, next: &AtomicUsize) -> usize {
    let bodies = bodies();
    let (mut connection, mut answered) = (None, 0);
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= REQUESTS {
            return answered;
        }
        // Another secret, and so another document, each time.
        let secret = format!("{SECRET}{n}");
        let body = bodies[n % bodies.len()].replace(SECRET, &secret);
        let target =
            if n.is_multiple_of(7) { format!("/graphql?key={secret}") } else { "/graphql".into() };
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {secret}\r\n\
             Cookie: session={secret}\r\nX-Api-Key: {secret}\r\nX-Request-Id: {secret}\r\n\
             User-Agent: {secret}\r\nApollographql-Client-Name: {secret}\r\nTraceparent: {secret}\r\n\
             X-Forwarded-For: {secret}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        answered += usize::from(ask(&mut connection, address, request.as_bytes()));
    }
}

/// Over a connection that is kept as long as it lasts.
fn ask(connection: &mut Option<BufReader<TcpStream>>, to: SocketAddr, request: &[u8]) -> bool {
    // A connection that was kept may be closed meanwhile.
    for _ in 0..2 {
        let reader = connection.get_or_insert_with(|| {
            let stream = TcpStream::connect(to).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            BufReader::new(stream)
        });
        let answer = reader.get_mut().write_all(request).and_then(|()| read_message(reader));
        if let Ok(Some(answer)) = answer {
            if answer.header("connection") == Some("close") {
                *connection = None;
            }
            return true;
        }
        *connection = None;
    }
    false
}
