//! The spans of operations over a socket: each is below the handshake of its socket.

use std::rc::Rc;

use http::HeaderValue;

use crate::{
    server::{
        logged,
        traced::{Traced, open::Open, value},
    },
    telemetry::{Kind, RequestId, TraceContext, Tracer},
    transport::Refusal,
    upstream::Trace,
    verdict::Item,
};

/// The handshake of a socket, of which a trace tells.
#[derive(Debug)]
pub(in crate::server) struct Handshake {
    tracer: Rc<Tracer>,
    context: TraceContext,
    state: Option<Box<str>>,
    forwarded: Trace,
}

/// An operation over a socket; nothing, when nobody wants to know. It begins with its message, and
/// ends with the first that the client is told of it: a subscription may go on for days.
#[derive(Debug, Default)]
pub(in crate::server) struct Subscribed(Option<Box<Open>>);

impl Traced {
    /// What a WebSocket to the upstream is told, of which this is the handshake.
    pub(in crate::server) fn handshake(&self) -> Handshake {
        let open = self.open.borrow();
        let context = open.span.context;
        let parent: HeaderValue = value(context);
        Handshake {
            tracer: Rc::clone(&open.tracer),
            context,
            state: open.span.state.clone(),
            forwarded: Trace { parent, is_theirs: self.is_theirs },
        }
    }
}

impl Handshake {
    /// What the upstream is told.
    pub(in crate::server) const fn forwarded(&self) -> &Trace {
        &self.forwarded
    }

    /// Begins the span of an operation.
    pub(in crate::server) fn begin(&self, id: RequestId) -> Subscribed {
        if !self.context.is_sampled {
            return Subscribed::default();
        }
        let name = "subscribe".into();
        let mut open = Open::begin(&self.tracer, Some(self.context), Kind::Server, name);
        open.span.state.clone_from(&self.state);
        open.request(id);
        Subscribed(Some(Box::new(open)))
    }
}

impl Subscribed {
    /// Takes note of what may go on.
    pub(in crate::server) fn tell(&mut self, items: &[Item], name: Option<&str>) {
        self.0.iter_mut().for_each(|it| it.operations(items, name));
    }

    /// Ends with an answer.
    pub(in crate::server) fn answered(&mut self) {
        self.0.take().into_iter().for_each(|mut it| it.succeed());
    }

    /// Ends with a refusal; our upstream's failures are ours.
    pub(in crate::server) fn refused(&mut self, refusal: &Refusal) {
        let Some(mut open) = self.0.take() else { return };
        open.text("error.type", logged::code(refusal).as_str());
        if matches!(refusal, Refusal::Fault(_)) { open.fail() } else { open.succeed() }
    }
}
