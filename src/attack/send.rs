//! The client of an attack: one connection for each attempt, read to its end.
//!
//! Plain HTTP/1.1, since what is tried is what a request says and not how it is framed.

use std::{
    fmt::Write as _,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{
    attack::{Attempt, Persona, Transport, frames},
    verdict::Code,
};

/// Whom to attack, and as whom.
#[derive(Debug)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// The `Host`.
    pub host: String,
    /// The path.
    pub path: String,
    /// Headers that every request has.
    pub headers: Vec<(String, String)>,
    /// The header that no page of another site can send.
    pub asked_for: Option<String>,
    /// As whom else requests are sent.
    pub personas: Vec<Persona>,
}

/// What came back.
#[derive(Debug)]
pub struct Told {
    /// The whole answer, head and body.
    pub text: String,
}

impl Told {
    /// Whether the firewall itself has answered with data.
    #[must_use]
    pub fn has_schema(&self) -> bool {
        let body = self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        body.contains("\"__schema\":{") || body.contains("\"__type\":{")
    }

    /// Whether it was refused with this code.
    #[must_use]
    pub fn says(&self, code: &str) -> bool {
        self.text.contains(&format!("\"{code}\""))
    }

    /// Whether a rule may have refused it: neither load nor a failure has been in the way.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        let code = self.code().and_then(|code| Code::ALL.iter().find(|it| it.as_str() == code));
        match code {
            Some(code) => !matches!(code.status(), 429 | 500..),
            None => !self.text.starts_with("HTTP/1.1 5"),
        }
    }

    /// The first code in it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("\"code\":\"")?;
        rest.split('"').next()
    }
}

impl Target {
    /// Sends an attempt, and reads until the other side closes.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn send(&self, attempt: &Attempt) -> io::Result<Told> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        if attempt.transport == Transport::WebSocket {
            let payload = attempt.requests.first().map(|it| it.json().to_string());
            let text = frames::converse(&mut stream, self, attempt, &payload.unwrap_or_default())?;
            return Ok(Told { text });
        }
        let written = stream.write_all(self.http(attempt).as_bytes());
        let mut answer = Vec::new();
        // What was refused early may be closed on us while we write; the answer still counts.
        let read = (&mut stream).take(MAX_ANSWER).read_to_end(&mut answer);
        if answer.is_empty() {
            written?;
            read?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Told { text: String::from_utf8_lossy(&answer).into_owned() })
    }

    fn http(&self, attempt: &Attempt) -> String {
        let (method, target, body) = match attempt.transport {
            Transport::Get => ("GET", self.query_of(attempt), String::new()),
            Transport::Batch | Transport::Events | Transport::Post | Transport::WebSocket => {
                ("POST", self.path.clone(), attempt.body())
            }
        };
        let accept = match attempt.transport {
            Transport::Events => "text/event-stream",
            _ => "application/json",
        };
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: {accept}\r\n",
            self.host
        );
        self.headers_into(attempt, &mut head);
        if method == "POST" {
            let _infallible = write!(
                head,
                "Content-Type: {}\r\nContent-Length: {}\r\n",
                attempt.media(),
                body.len()
            );
        }
        format!("{head}\r\n{body}")
    }

    /// Adds the headers of every request, and those of whoever sends it: one's own win.
    pub(super) fn headers_into(&self, attempt: &Attempt, head: &mut String) {
        let who = self.personas.iter().find(|it| it.name() == attempt.who.as_ref());
        let own = who.map(Persona::headers).unwrap_or_default();
        let is_own = |name: &str| own.iter().any(|(it, _)| it.eq_ignore_ascii_case(name));
        let is_asked_for = attempt.parcel.as_ref().is_none_or(|it| it.is_asked_for);
        let asked_for = self.asked_for.as_ref().filter(|_| is_asked_for);
        let asked_for = asked_for.map(|it| (it.clone(), "1".to_owned()));
        let shared = self.headers.iter().filter(|(name, _)| !is_own(name));
        for (name, value) in asked_for.iter().chain(shared).chain(own) {
            let _infallible = write!(head, "{name}: {value}\r\n");
        }
    }

    fn query_of(&self, attempt: &Attempt) -> String {
        let Some(request) = attempt.requests.first() else { return self.path.clone() };
        let mut target = format!("{}?", self.path);
        if !request.query.is_empty() {
            let _infallible = write!(target, "query={}", percent(&request.query));
        }
        if !request.variables.is_empty() {
            let variables = serde_json::Value::Object(request.variables.clone()).to_string();
            let _infallible = write!(target, "&variables={}", percent(&variables));
        }
        if let Some(operation) = &request.operation {
            let _infallible = write!(target, "&operationName={}", percent(operation));
        }
        for (name, value) in &request.members {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _infallible = write!(target, "&{name}={}", percent(&text));
        }
        target
    }
}

fn percent(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            written.push(char::from(byte));
        } else {
            let _infallible = write!(written, "%{byte:02X}");
        }
    }
    written
}

/// How long anything may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// What is read of an answer, in bytes.
const MAX_ANSWER: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_and_failures_are_no_refusals() {
        let is_refusal = |text: &str| Told { text: text.into() }.is_refusal();
        assert!(is_refusal("HTTP/1.1 422 \r\n\r\n{\"code\":\"MAX_DEPTH_LIMIT\"}"));
        assert!(is_refusal("HTTP/1.1 200 OK\r\n\r\n{\"code\":\"FORBIDDEN\"}"));
        assert!(is_refusal("HTTP/1.1 405 Method Not Allowed\r\n\r\n"));
        assert!(!is_refusal("HTTP/1.1 200 OK\r\n\r\n{\"code\":\"UPSTREAM_UNAVAILABLE\"}"));
        assert!(!is_refusal("HTTP/1.1 429 \r\n\r\n{\"code\":\"REQUEST_RATE_LIMITED\"}"));
        assert!(!is_refusal("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    }
}
