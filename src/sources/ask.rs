//! One request over a connection of its own, and its answer: bounded, no redirects, no compression,
//! no second try. For what is asked now and then; requests of clients go through `upstream`.

use std::{error::Error, pin::pin};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::sources::wire::Wire;

/// Why there is no answer, or not all of it.
pub(crate) type Broken = Box<dyn Error + Send + Sync>;

/// An answer, as far as it came.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Result<Bytes, Broken>,
}

/// Sends a request, and reads an answer whose body has at most `max` bytes. Knows no deadline.
pub(crate) async fn ask(
    wire: Wire,
    request: Request<Full<Bytes>>,
    max: usize,
) -> Result<Answer, Broken> {
    let ended = wire.ended();
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = builder.handshake(TokioIo::new(wire)).await?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|it| match ended.said() {
            // A server that refuses our certificate says so only after the handshake.
            Some(said) => Broken::from(said),
            None => Broken::from(it),
        })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), max).collect().await;
        Ok(Answer { status, body: body.map(http_body_util::Collected::to_bytes) })
    };
    let mut answer = pin!(answer);
    tokio::select! {
        answer = answer.as_mut() => answer,
        // What breaks the connection its exchange is told, too.
        _ended = connection => answer.await,
    }
}

/// 16 KiB: ten times what servers write.
const MAX_HEAD: usize = 16 * 1024;
