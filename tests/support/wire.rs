//! HTTP/1.1 as bytes over blocking sockets: what a test sends and gets, nothing hidden.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// An answer that takes longer is a hang, which fails the test.
const HANG: Duration = Duration::from_secs(20);

/// The head and body of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// The request line or status line.
    pub(crate) first: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Of an upstream: its how-manieth connection it came over.
    pub(crate) connection: usize,
}

impl Message {
    pub(crate) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Sends bytes on a connection of its own and reads one answer; `None` when the peer only closes.
pub(crate) fn exchange(to: SocketAddr, bytes: &[u8]) -> Option<Message> {
    let mut stream = TcpStream::connect(to).expect("connect");
    stream.set_read_timeout(Some(HANG)).expect("set a timeout");
    // A peer that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes);
    read_message(&mut BufReader::new(stream)).expect("an answer or a close, not a hang")
}

/// Reads one message; `None` at a clean or reset end before its first byte.
pub(crate) fn read_message(reader: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut message = Message::default();
    let Some(first) = line(reader)? else { return Ok(None) };
    message.first = first;
    while let Some(header) = line(reader)?.filter(|it| !it.is_empty()) {
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        message.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if message.header("transfer-encoding").is_some_and(|it| it.contains("chunked")) {
        message.body = chunks(reader)?;
    } else if let Some(length) = message.header("content-length") {
        message.body = vec![0; length.parse().map_err(io::Error::other)?];
        reader.read_exact(&mut message.body)?;
    }
    Ok(Some(message))
}

fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    match reader.read_until(b'\n', &mut bytes) {
        Ok(0) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        read => read?,
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(reader)?.unwrap_or_default();
        let digits = size.split(';').next().unwrap_or_default().trim();
        let n_bytes = usize::from_str_radix(digits, 16).map_err(io::Error::other)?;
        if n_bytes == 0 {
            while line(reader)?.is_some_and(|it| !it.is_empty()) {}
            return Ok(body);
        }
        let start = body.len();
        body.resize(start + n_bytes, 0);
        reader.read_exact(&mut body[start..])?;
        line(reader)?;
    }
}

/// A request head with its body, `Content-Length` added.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        bytes += &format!("{name}: {value}\r\n");
    }
    if body.is_some() || method == "POST" {
        bytes += &format!("Content-Length: {}\r\n", body.unwrap_or_default().len());
    }
    bytes += "\r\n";
    [bytes.as_bytes(), body.unwrap_or_default()].concat()
}

/// A POST of a JSON body to `/graphql`.
pub(crate) fn post(body: &str) -> Vec<u8> {
    let headers = [("Host", "shop.example"), ("Content-Type", "application/json")];
    request("POST", "/graphql", &headers, Some(body.as_bytes()))
}
