//! Files over HTTP/2: the same bytes reach the upstream, and one that is refused leaves its
//! connection to the others.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http2::{SendRequest, handshake},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, task::spawn_blocking};

use crate::{Case, OPERATIONS, POLICY, headers, one_file, owned, parts_of};

type Sender = SendRequest<Full<Bytes>>;

async fn connect(case: &Case) -> Sender {
    let stream = TcpStream::connect(case.proxy.address()).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn send(sender: &mut Sender, content: &str) -> Response<Incoming> {
    let mut request = Request::post("http://shop.example/graphql");
    for (name, value) in headers().into_iter().filter(|(name, _)| *name != "Host") {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(one_file(content).into())).unwrap();
    sender.send_request(request).await.unwrap()
}

async fn code(answer: Response<Incoming>) -> String {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    json["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn files_pass_over_http2() {
    let case = Case::start();
    let mut sender = connect(&case).await;
    for content in ["", "0123456789"] {
        let answer = send(&mut sender, content).await;
        assert_eq!(answer.status(), 200);
        let [got] = &case.upstream.take()[..] else { panic!("not one request") };
        let (query, file) = (&parts_of(got)[0], &parts_of(got)[2]);
        assert_eq!(query.0, owned(&[OPERATIONS])[0].0);
        assert_eq!(file.1, content);
    }
    spawn_blocking(|| drop(case)).await.unwrap();
}

#[tokio::test]
async fn large_files_pass_over_http2() {
    let case = Case::with(&POLICY.replace("10B", "1MiB"));
    let mut sender = connect(&case).await;
    for n in [1, 64 * 1024, 1 << 20] {
        let answer = send(&mut sender, &"x".repeat(n)).await;
        assert_eq!((answer.status().as_u16(), &*code(answer).await), (200, "none"), "{n}");
        let [got] = &case.upstream.take()[..] else { panic!("not one request") };
        assert_eq!(parts_of(got)[2].1.len(), n);
    }
    spawn_blocking(|| drop(case)).await.unwrap();
}

#[tokio::test]
async fn a_refused_file_leaves_the_connection_to_others() {
    let case = Case::start();
    let mut sender = connect(&case).await;
    let (large, small) = (&"x".repeat(1 << 20), "0123456789");
    let mut other = sender.clone();
    let (refused, passed) = tokio::join!(send(&mut sender, large), send(&mut other, small));
    assert_eq!(code(refused).await, "MAX_UPLOAD_BYTES_LIMIT");
    assert_eq!(passed.status(), 200);
    assert_eq!(send(&mut sender, small).await.status(), 200);
    let whole = case.upstream.take().iter().filter(|it| parts_of(it).len() == 3).count();
    assert_eq!(whole, 2);
    spawn_blocking(|| drop(case)).await.unwrap();
}
