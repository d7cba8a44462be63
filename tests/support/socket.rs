//! WebSocket over blocking sockets: a client, and an upstream that records what reaches it.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{
    self, Error, HandshakeError, Message, WebSocket, accept_hdr,
    client::client,
    handshake::{
        client::{Request, generate_key},
        server,
    },
};

/// An answer that takes longer is a hang, which fails the test.
const HANG: Duration = Duration::from_secs(20);

/// Whose credential an upstream refuses, wherever it stands.
pub(crate) const NOBODY: &str = "Bearer nobody";

/// A client's open socket.
pub(crate) struct Client(pub(crate) WebSocket<TcpStream>);

impl Client {
    /// Opens a socket; the status when the handshake is refused.
    pub(crate) fn open(to: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::open_at(to, "/graphql", headers)
    }

    pub(crate) fn open_at(
        to: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let stream = TcpStream::connect(to).expect("connect");
        stream.set_read_timeout(Some(HANG)).expect("set a timeout");
        stream.set_nodelay(true).expect("set an option");
        let mut request = Request::builder().uri(format!("ws://{to}{path}")).header("host", "a");
        let ours = [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", &generate_key()),
            ("sec-websocket-protocol", "graphql-transport-ws"),
        ];
        let is_ours = |name: &str| headers.iter().all(|it| !it.0.eq_ignore_ascii_case(name));
        for (name, value) in ours.iter().filter(|it| is_ours(it.0)).chain(headers) {
            request = request.header(*name, *value);
        }
        match client(request.body(()).expect("a request"), stream) {
            Ok((socket, _answer)) => Ok(Self(socket)),
            Err(HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a socket and begins.
    pub(crate) fn begun(to: SocketAddr, headers: &[(&str, &str)]) -> Self {
        let mut client = Self::open(to, headers).expect("a handshake");
        client.say(r#"{"type":"connection_init"}"#);
        assert_eq!(client.hear(), r#"{"type":"connection_ack"}"#);
        client
    }

    pub(crate) fn say(&mut self, text: &str) {
        // A peer that has closed says so when it is listened to.
        let _ = self.0.send(Message::text(text));
    }

    pub(crate) fn subscribe(&mut self, id: &str, query: &str) {
        self.say(
            &json!({ "id": id, "type": "subscribe", "payload": { "query": query } }).to_string(),
        );
    }

    /// The next text; `close` and its code; `gone` when the connection ends without one.
    pub(crate) fn hear(&mut self) -> String {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return text.as_str().to_owned(),
                Ok(Message::Close(Some(frame))) => {
                    return format!("close {}", u16::from(frame.code));
                }
                Ok(Message::Close(None)) => return "close".to_owned(),
                Ok(_control) => {}
                Err(Error::Io(it)) if it.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("nothing is said")
                }
                Err(_gone) => return "gone".to_owned(),
            }
        }
    }

    /// Type, id, and code of the first error.
    pub(crate) fn hear_short(&mut self) -> String {
        let heard = self.hear();
        let Ok(message) = serde_json::from_str::<Value>(&heard) else { return heard };
        let code = &message["payload"][0]["extensions"]["code"];
        let parts = [&message["type"], &message["id"], code];
        let parts: Vec<_> = parts.iter().filter_map(|it| it.as_str()).collect();
        parts.join(" ")
    }
}

/// What an upstream has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Headers of every handshake.
    pub(crate) handshakes: Vec<Vec<(String, String)>>,
    /// Every message.
    pub(crate) messages: Vec<Value>,
    /// How many sockets have ended.
    pub(crate) ended: usize,
    /// Whether what is held is answered.
    released: bool,
}

impl Seen {
    /// The payloads of its operations.
    pub(crate) fn operations(&self) -> Vec<&Value> {
        let is_one = |it: &&Value| it["type"] == "subscribe" || it["type"] == "start";
        let all = self.messages.iter().filter(is_one);
        all.map(|it| &it["payload"]).collect()
    }

    pub(crate) fn header(&self, n: usize, name: &str) -> Option<&str> {
        let handshake = self.handshakes.get(n)?;
        handshake.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }
}

/// What has been seen, and who waits for more.
type Record = (Mutex<Seen>, Condvar);

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `graphql-transport-ws`
    New,
    /// None that was offered.
    None,
    /// `graphql-ws`
    Old,
}

/// An upstream that speaks `graphql-transport-ws`, or what it is told to. What it does with an operation is told by a word
/// in its text: `once`, `items`, `fail`, `fault`, `busy`, `flood`, `large`, `huge`, `twice`, `vanish`, `nonsense`;
/// `held` is answered once it is released; any other gets one answer and stays.
pub(crate) struct SocketUpstream {
    address: SocketAddr,
    record: Arc<Record>,
    stopped: Arc<AtomicBool>,
}

impl SocketUpstream {
    pub(crate) fn start() -> Self {
        Self::speaking(Dialect::New)
    }

    pub(crate) fn speaking(dialect: Dialect) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let (record, stopped) = (Arc::<Record>::default(), Arc::<AtomicBool>::default());
        let upstream = Self { address, record, stopped };
        let (record, stopped) = (Arc::clone(&upstream.record), Arc::clone(&upstream.stopped));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let record = Arc::clone(&record);
                thread::spawn(move || {
                    serve(stream, dialect, &record);
                    note(&record, |it| it.ended += 1);
                });
            }
        });
        upstream
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn seen(&self) -> Seen {
        self.record.0.lock().expect("no thread panics with the record").clone()
    }

    pub(crate) fn forget(&self) {
        note(&self.record, |it| *it = Seen::default());
    }

    /// Waits until it has seen what is wanted.
    pub(crate) fn wait(&self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        wait(&self.record, wanted)
    }

    /// Answers what is held.
    pub(crate) fn release(&self) {
        note(&self.record, |it| it.released = true);
    }
}

impl Drop for SocketUpstream {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the accept loop, which then sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

fn note(record: &Record, change: impl FnOnce(&mut Seen)) {
    change(&mut record.0.lock().expect("no thread panics with the record"));
    record.1.notify_all();
}

fn wait(record: &Record, wanted: impl Fn(&Seen) -> bool) -> Seen {
    let seen = record.0.lock().expect("no thread panics with the record");
    let waited = record.1.wait_timeout_while(seen, HANG, |it| !wanted(it));
    let (seen, timeout) = waited.expect("no thread panics with the record");
    assert!(!timeout.timed_out(), "{seen:?}");
    seen.clone()
}

fn serve(stream: TcpStream, dialect: Dialect, record: &Record) {
    let Ok(mut socket) = handshake(stream, dialect, record) else { return };
    while let Ok(message) = socket.read() {
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).expect("JSON");
        note(record, |it| it.messages.push(message.clone()));
        let said = match message["type"].as_str() {
            Some("connection_init") if message["payload"]["authorization"] == NOBODY => {
                let code = tungstenite::protocol::frame::coding::CloseCode::Library(4403);
                let frame = tungstenite::protocol::CloseFrame { code, reason: "".into() };
                socket.close(Some(frame))
            }
            Some("connection_init") => {
                if dialect == Dialect::Old {
                    drop(socket.send(Message::text(r#"{"type":"ka"}"#)));
                }
                socket.send(Message::text(r#"{"type":"connection_ack"}"#))
            }
            Some("subscribe" | "start") => {
                let query = message["payload"]["query"].as_str().unwrap_or_default();
                if query.contains("held") {
                    wait(record, |it| it.released);
                }
                answer(&mut socket, dialect, &message["id"], query)
            }
            _ => Ok(()),
        };
        if said.is_err() {
            return;
        }
    }
}

#[expect(clippy::result_large_err, reason = "the library's")]
fn handshake(
    stream: TcpStream,
    dialect: Dialect,
    record: &Record,
) -> Result<WebSocket<TcpStream>, ()> {
    let look = |request: &server::Request, mut answer: server::Response| {
        let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = request.headers().iter().map(text).collect();
        note(record, |it| it.handshakes.push(headers));
        if request.headers().get("authorization").is_some_and(|it| it == NOBODY) {
            let mut refusal = http::Response::new(None);
            *refusal.status_mut() = http::StatusCode::UNAUTHORIZED;
            return Err(refusal);
        }
        let protocol = match dialect {
            Dialect::New => "graphql-transport-ws",
            Dialect::None => return Ok(answer),
            Dialect::Old => "graphql-ws",
        };
        let protocol = http::HeaderValue::from_static(protocol);
        answer.headers_mut().insert("sec-websocket-protocol", protocol);
        Ok(answer)
    };
    accept_hdr(stream, look).map_err(|_broken| ())
}

/// An answer with an error.
fn wrong(id: &Value) -> Value {
    let errors = [json!({ "message": "no", "path": ["login"] })];
    let payload = json!({ "data": { "login": null }, "errors": errors });
    json!({ "id": id, "type": "next", "payload": payload })
}

fn error(id: &Value, message: &str) -> Value {
    json!({ "id": id, "type": "error", "payload": [{ "message": message }] })
}

fn answer(
    socket: &mut WebSocket<TcpStream>,
    dialect: Dialect,
    id: &Value,
    query: &str,
) -> Result<(), Error> {
    let next = json!({ "id": id, "type": "next", "payload": { "data": { "tick": 1 } } });
    let complete = json!({ "id": id, "type": "complete" });
    let messages = match () {
        () if query.contains("once") || query.contains("held") => vec![next, complete],
        () if query.contains("twice") => vec![next.clone(), next],
        () if query.contains("fail") => vec![error(id, "no")],
        () if query.contains("fault") => vec![error(id, &"x".repeat(100_000))],
        () if query.contains("wrong") => vec![wrong(id), complete],
        () if query.contains("items") => [items(id, query), vec![complete]].concat(),
        () if query.contains("busy") => {
            let small = json!({ "data": { "busy": "x".repeat(1000) } });
            let next = json!({ "id": id, "type": "next", "payload": small });
            [vec![next; 200], vec![complete]].concat()
        }
        () if query.contains("flood") => {
            let large = json!({ "data": { "flood": "x".repeat(100_000) } });
            vec![json!({ "id": id, "type": "next", "payload": large }); 1000]
        }
        () if query.contains("large") => vec![of_size(id, 11)],
        () if query.contains("huge") => vec![of_size(id, 21)],
        () if query.contains("vanish") => return socket.close(None),
        () if query.contains("nonsense") => vec![json!({ "id": id, "type": "what" })],
        // Of an operation that nobody knows, before its own.
        () => vec![json!({ "id": "999", "type": "next", "payload": {} }), next],
    };
    for mut it in messages {
        if dialect == Dialect::Old {
            it["type"] = match it["type"].as_str() {
                Some("next") => "data".into(),
                other => other.into(),
            };
            if it["type"] == "error" {
                it["payload"] = it["payload"][0].take();
            }
        }
        socket.send(Message::text(it.to_string()))?;
    }
    Ok(())
}

/// One answer of so many MiB.
fn of_size(id: &Value, mebibytes: usize) -> Value {
    let data = json!({ "large": "x".repeat(mebibytes << 20) });
    json!({ "id": id, "type": "next", "payload": { "data": data } })
}

/// One item; when some of it is deferred, in two parts.
fn items(id: &Value, query: &str) -> Vec<Value> {
    let next = |payload: Value| json!({ "id": id, "type": "next", "payload": payload });
    let data = json!({ "items": [{ "id": "1" }] });
    if !query.contains("@defer") {
        return vec![next(json!({ "data": data }))];
    }
    let later = json!([{ "path": ["items", 0], "data": { "id": "1" } }]);
    vec![
        next(json!({ "data": data, "hasNext": true })),
        next(json!({ "incremental": later, "hasNext": false })),
    ]
}
