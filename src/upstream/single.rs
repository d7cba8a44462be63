//! One HTTP/1.1 connection to the upstream, driven by whoever uses it.
//!
//! There is no task behind a connection: the request in progress polls it, so that an exchange
//! wakes one task instead of two. A connection without work is not polled at all; whether it is
//! still good is asked when it is used again.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::Response;
use hyper::{
    body::{Body as _, Frame, Incoming},
    client::conn::http1::{Builder, Connection, SendRequest},
};
use hyper_util::rt::TokioIo;

use crate::{
    sources::{Ended, Wire},
    upstream::{
        bell::Bell,
        fault::Failure,
        files::Body,
        link::{Broken, Parcel},
    },
};

type Running = Box<Connection<TokioIo<Wire>, Body>>;

/// A connection and what drives it.
#[derive(Debug)]
pub(super) struct Single {
    sender: SendRequest<Body>,
    /// Nothing once the connection has ended. Boxed, since links are handed from hand to hand.
    connection: Option<Running>,
    bell: Bell,
    ended: Ended,
}

impl Single {
    /// Speaks HTTP/1.1 over what was opened.
    pub(super) async fn open(wire: Wire, max_head: usize) -> Result<Self, Failure> {
        let ended = wire.ended();
        let mut builder = Builder::new();
        builder.max_buf_size(max_head);
        let (sender, connection) = builder
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|it| Failure::broken(it, &ended))?;
        let connection = Some(Box::new(connection));
        Ok(Self { sender, connection, bell: Bell::new(), ended })
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn exchange(&mut self, request: Parcel) -> Result<Response<Incoming>, Broken> {
        let Self { sender, connection, bell, ended } = self;
        let mut answer = pin!(sender.try_send_request(*request));
        let answer = poll_fn(|ctx| {
            bell.poll(ctx, |ctx| {
                if let Poll::Ready(answer) = answer.as_mut().poll(ctx) {
                    return Poll::Ready(answer);
                }
                drive(connection, ctx);
                answer.as_mut().poll(ctx)
            })
        });
        answer.await.map_err(|mut it| Broken {
            unsent: it.take_message().map(Box::new),
            failure: Failure::broken(it.into_error(), ended),
        })
    }

    /// The next piece of an answer.
    pub(super) fn poll_frame(
        &mut self,
        answer: &mut Incoming,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let connection = &mut self.connection;
        self.bell.poll(ctx, |ctx| {
            if let Poll::Ready(frame) = Pin::new(&mut *answer).poll_frame(ctx) {
                return Poll::Ready(frame);
            }
            drive(connection, ctx);
            Pin::new(&mut *answer).poll_frame(ctx)
        })
    }

    /// True when another request can be sent: the last answer is complete, and the upstream has
    /// not closed the connection meanwhile as far as the system has told us.
    pub(super) fn is_ready(&mut self) -> bool {
        // Nobody waits for this connection, so nobody is to be woken.
        drive(&mut self.connection, &mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && self.sender.is_ready()
    }
}

fn drive(connection: &mut Option<Running>, ctx: &mut Context<'_>) {
    if let Some(running) = connection
        && Pin::new(running).poll(ctx).is_ready()
    {
        // How it ended is told to the one who waits for the answer.
        *connection = None;
    }
}
