//! Sends spans and metrics to an OpenTelemetry collector: OTLP over HTTP, as protobuf.
//!
//! A thread of its own, which nobody waits for. While the collector is slow or away, spans pile up
//! in a bounded queue, and then they are dropped and counted; nothing is kept for a second try. The
//! collector is asked again after a pause that grows to half a minute. Only this module names the
//! crates of the protocol.

mod metrics;
mod post;
mod resource;
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
    otlp::post::{NotTaken, Poster},
    telemetry::{CollectorFound, Family, NotCollected, Span, Spans, now_nanos, spans},
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
            traces: Poster::new(collector, "v1/traces"),
            metrics: Poster::new(collector, "v1/metrics"),
            resource: resource::of(collector),
            every: collector.metrics_every,
            begun: now_nanos(),
            waiting,
            source,
            batch: Vec::new(),
            n_failed: 0,
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
    traces: Poster,
    metrics: Poster,
    resource: Resource,
    every: Duration,
    /// When counting began, in nanoseconds since 1970.
    begun: u64,
    waiting: Receiver<Span>,
    source: Source,
    batch: Vec<Span>,
    /// Exports in a row that the collector did not take.
    n_failed: u32,
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
            self.failed("it did not take them before the end", n_left);
        }
    }

    /// Never ends.
    async fn work(&mut self) {
        let (mut sent, mut measured) = (Instant::now(), Instant::now());
        loop {
            tokio::time::sleep(LOOK).await;
            self.take();
            let is_full = self.batch.len() >= BATCH;
            if is_full || (!self.batch.is_empty() && sent.elapsed() >= LINGER) {
                self.send_spans().await;
                sent = Instant::now();
            }
            if measured.elapsed() >= self.every {
                measured = Instant::now();
                self.send_metrics().await;
            }
            if let Some(pause) = self.pause() {
                tokio::time::sleep(pause).await;
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
            if self.batch.is_empty() || self.n_failed > 0 {
                break;
            }
            self.send_spans().await;
        }
        if self.n_failed == 0 {
            self.send_metrics().await;
        }
    }

    async fn send_spans(&mut self) {
        let message = traces::message(&self.batch, &self.resource);
        match self.traces.post(&message).await {
            Ok(answer) => {
                self.batch.clear();
                self.taken(traces::rejected(&answer));
            }
            Err(NotTaken(why)) => {
                let n = std::mem::take(&mut self.batch).len();
                self.failed(&why, n);
            }
        }
    }

    async fn send_metrics(&mut self) {
        let times = (self.begun, now_nanos());
        let message = metrics::message(&(self.source)(), times, &self.resource);
        match self.metrics.post(&message).await {
            Ok(_answer) => self.taken(None),
            Err(NotTaken(why)) => self.failed(&why, 0),
        }
    }

    fn taken(&mut self, rejected: Option<(usize, String)>) {
        if let Some((n, why)) = rejected {
            return self.failed(&why, n);
        }
        if std::mem::take(&mut self.n_failed) > 0 {
            CollectorFound.emit();
        }
    }

    fn failed(&mut self, detail: &str, n_spans: usize) {
        let n_spans = u64::try_from(n_spans).unwrap_or(u64::MAX);
        NotCollected { detail, n_spans, is_first: self.n_failed == 0 }.emit();
        self.n_failed = self.n_failed.saturating_add(1);
    }

    /// How long a collector that does not take what it is sent is left alone.
    fn pause(&self) -> Option<Duration> {
        let doublings = self.n_failed.checked_sub(1)?.min(5);
        Some(Duration::from_secs(1).saturating_mul(1 << doublings).min(MAX_PAUSE))
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
/// 30 s between two tries at the most.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// 2 s for what is left when the process stops.
const PATIENCE: Duration = Duration::from_secs(2);
