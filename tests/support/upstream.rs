//! An upstream that records what reaches it and answers `{"data":{}}`.

use std::{
    io::{BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::support::wire::{Message, read_message};

/// A recording upstream; it stops when it is dropped.
pub struct Upstream {
    address: SocketAddr,
    records: Arc<Mutex<Vec<Message>>>,
    stopped: Arc<AtomicBool>,
}

impl Upstream {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let records = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let upstream = Self { address, records, stopped };
        let (records, stopped) = (Arc::clone(&upstream.records), Arc::clone(&upstream.stopped));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let records = Arc::clone(&records);
                thread::spawn(move || serve(stream, &records));
            }
        });
        upstream
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has reached it since the last call.
    pub fn take(&self) -> Vec<Message> {
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

fn serve(stream: TcpStream, records: &Mutex<Vec<Message>>) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let _ = writer.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    // A connection that breaks off is the end of it; what was read is on record.
    while let Ok(Some(message)) = read_message(&mut reader) {
        let n_items = message.json().and_then(|it| it.as_array().map(Vec::len));
        records.lock().expect("no thread panics with the records").push(message);
        let answer = match n_items {
            Some(n) => format!("[{}]", vec![r#"{"data":{}}"#; n].join(",")),
            None => r#"{"data":{}}"#.to_owned(),
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
        if write!(writer, "{head}{}\r\n\r\n{answer}", answer.len()).is_err() {
            return;
        }
    }
}
