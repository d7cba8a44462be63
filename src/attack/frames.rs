//! As much of a WebSocket as an attempt needs: one operation in `graphql-transport-ws`.
//!
//! Short text frames are written, and whatever comes is read; no extension, no fragments.

use std::io::{self, Read as _};

use crate::attack::{Attempt, Target};

/// Sends one operation over a new socket, and reads until it is answered.
pub(super) fn converse(
    stream: &mut (impl io::Read + io::Write),
    target: &Target,
    attempt: &Attempt,
    payload: &str,
) -> io::Result<String> {
    let mut head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: graphql-transport-ws\r\n",
        target.path, target.host
    );
    target.headers_into(attempt, &mut head);
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let mut text = read_head(stream)?;
    if !text.starts_with("HTTP/1.1 101") {
        // Refused: the body may hold the reason, and may as well be all that is left.
        let mut body = vec![0; REASON];
        let n = stream.read(&mut body).unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(body.get(..n).unwrap_or_default()));
        return Ok(text);
    }
    stream.write_all(&masked(r#"{"type":"connection_init"}"#))?;
    let subscribe = format!(r#"{{"type":"subscribe","id":"1","payload":{payload}}}"#);
    stream.write_all(&masked(&subscribe))?;
    // An acknowledgement first; then the operation is answered or the socket closed.
    while let Some(message) = read_frame(stream)? {
        text.push_str(&message);
        if ["\"next\"", "\"error\"", "\"complete\""].iter().any(|it| message.contains(it)) {
            break;
        }
    }
    Ok(text)
}

fn read_head(stream: &mut impl io::Read) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    // Byte by byte: what follows the head belongs to the frames.
    while head.len() < MAX_HEAD && !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A text frame as a client sends it; the mask is zero, which masks nothing and is allowed.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(n @ ..126), _) => frame.push(0x80 | n),
        (_, Ok(n)) => {
            frame.push(0x80 | 126);
            frame.extend(n.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(0x80 | 127);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// The payload of the next frame; `None` when the socket is closed.
fn read_frame(stream: &mut impl io::Read) -> io::Result<Option<String>> {
    let mut head = [0; 2];
    if stream.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let [first, second] = head;
    let length = match second & 0x7f {
        126 => {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            u64::from(u16::from_be_bytes(length))
        }
        127 => {
            let mut length = [0; 8];
            stream.read_exact(&mut length)?;
            u64::from_be_bytes(length)
        }
        short => u64::from(short),
    };
    let mut payload = Vec::new();
    stream.by_ref().take(length.min(MAX_MESSAGE)).read_to_end(&mut payload)?;
    let is_close = first & 0x0f == 8;
    Ok((!is_close).then(|| String::from_utf8_lossy(&payload).into_owned()))
}

/// What is read of a refusal, in bytes.
const REASON: usize = 16 * 1024;
/// What is read of a head, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// What is read of a message, in bytes.
const MAX_MESSAGE: u64 = 1024 * 1024;
