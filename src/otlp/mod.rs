//! Sends spans and metrics to an OpenTelemetry collector: OTLP over HTTP, as protobuf.
//!
//! A thread of its own, which nobody waits for. While the collector is slow or away, spans pile up
//! in a bounded queue, and then they are dropped and counted; nothing is kept for a second try. The
//! collector is asked again after a pause that grows to half a minute. Only this module names the
//! crates of the protocol.

mod metrics;
mod post;
mod resource;
mod signal;
mod traces;

use std::{
    io,
    sync::{Arc, mpsc::Receiver},
    thread::{self, JoinHandle},
    time::Duration,
};

use opentelemetry_proto::tonic::resource::v1::Resource;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    config::Collector,
    otlp::{post::Poster, signal::Signal},
    telemetry::{Family, Span, Spans, now_nanos, spans},
};

/// Makes the metrics of the moment.
pub type Source = Arc<dyn Fn() -> Vec<Family> + Send + Sync>;

/// The thread that exports, until it is told to stop.
#[derive(Debug)]
pub struct Exporter {
    spans: Spans,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Exporter {
    /// Starts it.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(collector: &Collector, source: Source) -> io::Result<Self> {
        let (spans, waiting) = spans(CAPACITY);
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = Work {
            traces: Signal::new(Poster::new(collector, "v1/traces")),
            metrics: Signal::new(Poster::new(collector, "v1/metrics")),
            resource: resource::of(collector),
            every: collector.metrics_every,
            begun: now_nanos(),
            waiting,
            source,
            batch: Vec::new(),
        };
        let run = move || runtime.block_on(work.run(stopped));
        let thread = thread::Builder::new().name("otlp".into()).spawn(run)?;
        Ok(Self { spans, stop, thread })
    }

    /// Where spans are put.
    #[must_use]
    pub const fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Sends what there is, but does not wait for long.
    pub fn finish(self) {
        self.stop.send_replace(true);
        let _ended = self.thread.join();
    }
}

struct Work {
    traces: Signal,
    metrics: Signal,
    resource: Resource,
    every: Duration,
    /// When counting began, in nanoseconds since 1970.
    begun: u64,
    waiting: Receiver<Span>,
    source: Source,
    batch: Vec<Span>,
}

impl Work {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            () = self.work() => {}
            // An error means that nobody is left who could tell us to stop.
            _told = stopped.wait_for(|it| *it) => {}
        }
        let _in_time = timeout(PATIENCE, self.rest()).await;
        let n_left = self.batch.len().saturating_add(self.waiting.try_iter().count());
        if n_left > 0 {
            self.traces.failed("it did not take them before the end", n_left);
        }
    }

    /// Never ends.
    async fn work(&mut self) {
        let (mut sent, mut measured) = (Instant::now(), Instant::now());
        loop {
            tokio::time::sleep(LOOK).await;
            self.take();
            let is_full = self.batch.len() >= BATCH;
            let is_due = is_full || (!self.batch.is_empty() && sent.elapsed() >= LINGER);
            if is_due && !self.traces.rests() {
                self.send_spans().await;
                sent = Instant::now();
            }
            if measured.elapsed() >= self.every && !self.metrics.rests() {
                measured = Instant::now();
                self.send_metrics().await;
            }
        }
    }

    /// Takes what waits, up to a batch.
    fn take(&mut self) {
        let room = BATCH.saturating_sub(self.batch.len());
        self.batch.extend(self.waiting.try_iter().take(room));
    }

    /// Everything that is left, once.
    async fn rest(&mut self) {
        // Budget: the queue, and the patience of the caller.
        loop {
            self.take();
            if self.batch.is_empty() || self.traces.is_failing() {
                break;
            }
            self.send_spans().await;
        }
        if !self.metrics.is_failing() {
            self.send_metrics().await;
        }
    }

    async fn send_spans(&mut self) {
        let message = traces::message(&self.batch, &self.resource);
        let answer = self.traces.send(&message, self.batch.len()).await;
        // Not before: who is told to stop meanwhile has it still.
        self.batch.clear();
        if let Some(answer) = answer {
            self.traces.rejected(traces::rejected(&answer));
        }
    }

    async fn send_metrics(&mut self) {
        let times = (self.begun, now_nanos());
        let message = metrics::message(&(self.source)(), times, &self.resource);
        let _answer = self.metrics.send(&message, 0).await;
    }
}

/// 8192 spans of 1 KiB or so.
const CAPACITY: usize = 8192;
/// 512 spans in a message, as OpenTelemetry says.
const BATCH: usize = 512;
/// 20 ms: some 25,000 spans in a second find room in a message, and an idle look costs nothing.
const LOOK: Duration = Duration::from_millis(20);
/// 1 s: somebody who looks for his trace waits no longer.
const LINGER: Duration = Duration::from_secs(1);
/// 2 s for what is left when the process stops.
const PATIENCE: Duration = Duration::from_secs(2);
