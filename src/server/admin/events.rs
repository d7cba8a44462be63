//! What watches the console is sent: the parts of the page that have changed, once a second.

use std::{
    cell::Cell,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::Frame;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{
    console,
    server::admin::{Desk, show},
};

/// The body of an answer to an operator.
#[derive(Debug)]
pub(super) enum Body {
    Events(Events),
    Whole(Option<Bytes>),
}

/// Goes on until the operator goes.
#[derive(Debug)]
pub(super) struct Events {
    desk: Rc<Desk>,
    _seat: Seat,
    ticks: Interval,
    quiet: u32,
    /// The parts as they were sent last.
    sent: Vec<(&'static str, String)>,
}

/// How many watch.
#[derive(Debug, Default)]
pub(super) struct Seats(Rc<Cell<usize>>);

/// One who watches.
#[derive(Debug)]
pub(super) struct Seat(Rc<Cell<usize>>);

impl Seats {
    pub(super) fn take(&self) -> Option<Seat> {
        let taken = self.0.get();
        (taken < MAX_SEATS).then(|| {
            self.0.set(taken.saturating_add(1));
            Seat(Rc::clone(&self.0))
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Body {
    pub(super) const fn whole(text: Bytes) -> Self {
        Self::Whole(Some(text))
    }

    pub(super) fn events(desk: Rc<Desk>, seat: Seat) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self::Events(Events { desk, _seat: seat, ticks, quiet: 0, sent: Vec::new() })
    }
}

impl Events {
    /// What has changed since.
    fn changes(&mut self) -> String {
        let parts = console::parts(&show::view(&self.desk));
        let is_new = |it: &&(&'static str, String)| !self.sent.contains(it);
        let mut text = String::new();
        for (id, html) in parts.iter().filter(is_new) {
            // INVARIANT: a part is one line; a second one would end the event.
            let html = html.replace(['\n', '\r'], " ");
            text.push_str(&format!("event: {id}\ndata: {html}\n\n"));
        }
        self.sent = parts;
        text
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let events = match self.get_mut() {
            Self::Whole(text) => {
                let text = text.take().filter(|it| !it.is_empty());
                return Poll::Ready(text.map(|it| Ok(Frame::data(it))));
            }
            Self::Events(events) => events,
        };
        // Budget: one turn in a second.
        loop {
            ready!(events.ticks.poll_tick(cx));
            let text = events.changes();
            if !text.is_empty() {
                events.quiet = 0;
                return Poll::Ready(Some(Ok(Frame::data(text.into()))));
            }
            events.quiet = events.quiet.saturating_add(1);
            if events.quiet >= KEEP_ALIVE {
                events.quiet = 0;
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b": still here\n\n")))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Events(_) => false,
            Self::Whole(text) => text.as_ref().is_none_or(Bytes::is_empty),
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self {
            Self::Events(_) => http_body::SizeHint::default(),
            Self::Whole(text) => {
                let n = text.as_ref().map_or(0, Bytes::len);
                http_body::SizeHint::with_exact(u64::try_from(n).unwrap_or(u64::MAX))
            }
        }
    }
}

/// 16 watch: scrapers and probes have room beside them.
const MAX_SEATS: usize = 16;
/// 1 s: faster than anyone reads.
const TICK: Duration = Duration::from_secs(1);
/// 15 s without a change; proxies cut off what is silent for 30.
const KEEP_ALIVE: u32 = 15;
