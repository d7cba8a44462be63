//! An upstream that records what reaches it.

use std::{
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::support::wire::{Message, read_message};

/// A recording upstream; it stops when it is dropped.
pub(crate) struct Upstream {
    address: SocketAddr,
    records: Arc<Mutex<Vec<Message>>>,
    stopped: Arc<AtomicBool>,
}

impl Upstream {
    /// Answers `{"data":{}}`, or an array of them for a batch.
    pub(crate) fn start() -> Self {
        Self::answering(r#"{"data":{}}"#)
    }

    /// Answers every request with the same body; a batch with as many of them in an array.
    pub(crate) fn answering(answer: &'static str) -> Self {
        Self::serving(move |stream, connection, records| {
            serve(stream, connection, records, answer);
        })
    }

    /// Answers every body with what is made of it.
    pub(crate) fn replying(reply: fn(&serde_json::Value) -> String) -> Self {
        Self::serving(move |stream, connection, records| {
            serve_with(stream, connection, records, |message| {
                reply(&message.json().unwrap_or_default())
            });
        })
    }

    /// Reads the beginning of a request on every connection and then does what it is told: writes
    /// the text, closes and records that, or, without a text, keeps silent.
    pub(crate) fn raw(text: Option<&'static str>) -> Self {
        Self::serving(move |mut stream, connection, records| {
            let _n = stream.read(&mut [0; 4096]);
            match text {
                Some(text) => {
                    // Before it is answered: whoever has the answer may count.
                    record(records, Message { connection, ..Message::default() });
                    let _written = stream.write_all(text.as_bytes());
                }
                // Until the other side gives up.
                None => drop(stream.read(&mut [0])),
            }
        })
    }

    /// An address at which nobody listens.
    pub(crate) fn nowhere() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        Self { address, records: Arc::default(), stopped: Arc::default() }
    }

    fn serving(
        serve: impl Fn(TcpStream, usize, &Mutex<Vec<Message>>) + Copy + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let records = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let upstream = Self { address, records, stopped };
        let (records, stopped) = (Arc::clone(&upstream.records), Arc::clone(&upstream.stopped));
        thread::spawn(move || {
            for (n, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let records = Arc::clone(&records);
                thread::spawn(move || serve(stream, n, &records));
            }
        });
        upstream
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has reached it since the last call.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.records.lock().expect("no thread panics with the records"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the accept loop, which then sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

fn record(records: &Mutex<Vec<Message>>, message: Message) {
    records.lock().expect("no thread panics with the records").push(message);
}

fn serve(
    stream: TcpStream,
    connection: usize,
    records: &Mutex<Vec<Message>>,
    answer: &'static str,
) {
    serve_with(stream, connection, records, |message| {
        match message.json().and_then(|it| it.as_array().map(Vec::len)) {
            Some(n) => format!("[{}]", vec![answer; n].join(",")),
            None => answer.to_owned(),
        }
    });
}

fn serve_with(
    stream: TcpStream,
    connection: usize,
    records: &Mutex<Vec<Message>>,
    reply: impl Fn(&Message) -> String,
) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let _ = writer.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    // A connection that breaks off is the end of it; what was read is on record.
    while let Ok(Some(mut message)) = read_message(&mut reader) {
        message.connection = connection;
        let answer = reply(&message);
        record(records, message);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Up: 1\r\n\
            Connection: x-hop\r\nX-Hop: 1\r\nContent-Length: ";
        if write!(writer, "{head}{}\r\n\r\n{answer}", answer.len()).is_err() {
            return;
        }
    }
}
