//! A key server that does what it is told, and counts what it is asked.

use std::{
    io::{BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::support::wire::read_message;

/// What it answers, by path; what is not there is 404.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// 200 with this body.
    Body(String),
    /// These bytes, and then silence until the other side gives up.
    Silence(&'static str),
    /// These bytes, and the end.
    Raw(String),
}

/// A key server. Its thread ends with the process.
pub(crate) struct KeyServer {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<(&'static str, Answer)>>>,
    asked: Arc<AtomicUsize>,
}

impl KeyServer {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(vec![("/keys", answer)]));
        let asked = Arc::new(AtomicUsize::new(0));
        let server = Self { address, answer, asked };
        let (answer, asked) = (Arc::clone(&server.answer), Arc::clone(&server.asked));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                thread::spawn(move || serve(stream, &answer, &asked));
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on.
    pub(crate) fn answers(&self, path: &'static str, answer: Answer) {
        let mut all = self.answer.lock().unwrap();
        all.retain(|(it, _)| *it != path);
        all.push((path, answer));
    }

    /// How often it was asked.
    pub(crate) fn n_asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, answers: &Mutex<Vec<(&'static str, Answer)>>, asked: &AtomicUsize) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let Ok(Some(message)) = read_message(&mut reader) else { return };
    let path = message.first.split(' ').nth(1).unwrap().to_owned();
    let answer = answers.lock().unwrap().iter().find(|(it, _)| *it == path).map(|it| it.1.clone());
    asked.fetch_add(1, Ordering::SeqCst);
    // Whoever does not wait for the end does not hear it.
    let _heard = match answer {
        Some(Answer::Body(body)) => writer.write_all(
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes(),
        ),
        Some(Answer::Raw(text)) => writer.write_all(text.as_bytes()),
        Some(Answer::Silence(text)) => {
            let _heard = writer.write_all(text.as_bytes());
            reader.read(&mut [0]).map(|_end| ())
        }
        None => writer.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    };
}
