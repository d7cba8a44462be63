//! An upstream that does to every request what it is told.

use std::{
    io::{BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use crate::support::wire::read_message;

/// What it does next; then it closes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Answers with a status and a media type.
    Answer(&'static str, &'static str, &'static str),
    /// Says that an answer has another length.
    Lying(u32, &'static str),
    /// Writes this.
    Say(&'static str),
    /// Writes this until nobody takes it any more.
    Forever(&'static str),
    /// Writes this so many times.
    Times(usize, &'static str),
    /// Breaks the connection off.
    Reset,
    /// Says nothing until the other side gives up.
    Wait,
}

pub(crate) struct Upstream(SocketAddr);

impl Upstream {
    pub(crate) fn start(acts: &'static [Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || serve(stream, acts));
            }
        });
        Self(address)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.0
    }
}

fn serve(stream: TcpStream, acts: &[Act]) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Ok(Some(_request)) = read_message(&mut reader) else { return };
    let mut stream = stream;
    for act in acts {
        match act {
            Act::Answer(status, media, body) => {
                let _ = stream.write_all(answer(status, media, body.len(), body).as_bytes());
            }
            Act::Lying(length, body) => {
                let length = usize::try_from(*length).unwrap();
                let head = answer("200 OK", "application/json", length, body);
                let _ = stream.write_all(head.as_bytes());
            }
            Act::Forever(text) => while stream.write_all(text.as_bytes()).is_ok() {},
            Act::Reset => {
                let option = socket2::SockRef::from(&stream);
                option.set_linger(Some(Duration::ZERO)).unwrap();
                return;
            }
            Act::Say(text) => drop(stream.write_all(text.as_bytes())),
            Act::Times(n, text) => {
                for _ in 0..*n {
                    if stream.write_all(text.as_bytes()).is_err() {
                        return;
                    }
                }
            }
            Act::Wait => drop(stream.read(&mut [0])),
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn answer(status: &str, media: &str, length: usize, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nServer: secret/1.0\r\nX-Powered-By: secret\r\n\
         Content-Type: {media}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
