//! The shop over HTTP: POST /graphql, and nothing else.
//!
//! Counts what arrives. Has no limits of its own but one on the body.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::net::{TcpListener, TcpStream};

use crate::demo::{Shop, mutation::user_of, shop, social::User};

/// Largest body that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// How long a client may take for its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// How long open requests may take once `shutdown` is ready.
const DRAIN: Duration = Duration::from_secs(2);
/// The pause after a failed accept; without it, a full file table would keep a core busy.
const BREATHER: Duration = Duration::from_millis(50);

/// Serves the shop on `listener` until `shutdown` is ready; `received` counts its requests.
///
/// A request counts as soon as its head has arrived, whatever its method, path or body.
pub async fn upstream(
    listener: TcpListener,
    received: Arc<AtomicU64>,
    shutdown: impl Future<Output = ()>,
) {
    let door = Door { shop: shop(), received };
    let open = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve(stream, door.clone(), &open),
                Err(_) => tokio::time::sleep(BREATHER).await,
            },
        }
    }
    // What is still open then is cut off: there is nothing here to lose.
    let _ = tokio::time::timeout(DRAIN, open.shutdown()).await;
}

#[derive(Clone)]
struct Door {
    shop: Shop,
    received: Arc<AtomicU64>,
}

fn serve(stream: TcpStream, door: Door, open: &GracefulShutdown) {
    let service = service_fn(move |request| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
    // A connection that breaks off is the client's business.
    tokio::spawn(open.watch(connection));
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.received.fetch_add(1, Ordering::Relaxed);
        if request.uri().path() != "/graphql" {
            return empty(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::POST {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let viewer = viewer(request.headers());
        match Limited::new(request.into_body(), MAX_BODY).collect().await {
            Ok(body) => self.execute(&body.to_bytes(), viewer).await,
            Err(_) => empty(StatusCode::PAYLOAD_TOO_LARGE),
        }
    }

    async fn execute(&self, body: &[u8], viewer: Option<User>) -> Response<Full<Bytes>> {
        let Ok(mut request) = serde_json::from_slice::<async_graphql::Request>(body) else {
            return empty(StatusCode::BAD_REQUEST);
        };
        if let Some(viewer) = viewer {
            request = request.data(viewer);
        }
        match serde_json::to_vec(&self.shop.execute(request).await) {
            Ok(answer) => json(answer),
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn viewer(headers: &HeaderMap) -> Option<User> {
    user_of(headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?)
}

fn json(body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::oneshot,
    };

    /// Sends one request and returns the answer's status line and body.
    async fn check(head: &str, body: &str, expect: (&str, &str)) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let received = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(super::upstream(listener, Arc::clone(&received), async {
            let _ = stopped.await;
        }));
        let request = format!(
            "{head}\r\nhost: shop\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!((head.lines().next().unwrap(), body), expect);
        assert_eq!(received.load(Ordering::Relaxed), 1);
        stop.send(()).unwrap();
        server.await.unwrap();
    }

    #[tokio::test]
    async fn post_is_answered_and_counted() {
        let body = r#"{"query":"{ viewer { username } }"}"#;
        check("POST /graphql HTTP/1.1", body, ("HTTP/1.1 200 OK", r#"{"data":{"viewer":null}}"#))
            .await;
    }

    #[tokio::test]
    async fn token_names_the_viewer() {
        let head = "POST /graphql HTTP/1.1\r\nauthorization: Bearer demo-ada";
        let body = r#"{"query":"{ viewer { email } }"}"#;
        let answer = r#"{"data":{"viewer":{"email":"ada@shop.example"}}}"#;
        check(head, body, ("HTTP/1.1 200 OK", answer)).await;
    }

    #[tokio::test]
    async fn anything_else_is_counted_and_not_answered() {
        check("GET /graphql HTTP/1.1", "", ("HTTP/1.1 405 Method Not Allowed", "")).await;
        check("POST / HTTP/1.1", "{}", ("HTTP/1.1 404 Not Found", "")).await;
        check("POST /graphql HTTP/1.1", "[", ("HTTP/1.1 400 Bad Request", "")).await;
    }
}
