//! The bounded queue between those who report and the thread that writes: for the log and for the
//! audit log.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use crate::telemetry::Counter;

/// Takes whole lines.
pub(super) trait Output: Send + fmt::Debug {
    fn put(&mut self, text: &[u8]) -> io::Result<()>;
}

/// What is written, and who counts what is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Of the thread.
    pub(super) name: &'static str,
    /// Lines for which there was no room.
    pub(super) dropped: &'static Counter,
    /// Lines that could not be written.
    pub(super) failed: &'static Counter,
    /// Tells the operator why not, once until it works again.
    pub(super) complain: fn(&io::Error),
}

/// Lines on their way to the writer.
#[derive(Debug)]
pub(super) struct Queue {
    kind: Kind,
    sender: SyncSender<Message>,
    waiting: Arc<AtomicU64>,
    capacity: u64,
}

#[derive(Debug)]
enum Message {
    Line(String),
    /// Everything before it is written when the sender of this is gone.
    Written(SyncSender<()>),
}

impl Queue {
    pub(super) fn start(kind: Kind, output: Box<dyn Output>, capacity: usize) -> io::Result<Self> {
        // One more, for the message that asks whether all is written.
        let (sender, receiver) = sync_channel(capacity.saturating_add(1));
        let waiting = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&waiting);
        thread::Builder::new()
            .name(kind.name.into())
            .spawn(move || write(kind, &receiver, (&counts, output)))?;
        Ok(Self { kind, sender, waiting, capacity: u64::try_from(capacity).unwrap_or(u64::MAX) })
    }

    /// Hands a line over, or drops it. When there is no room it is not even made.
    pub(super) fn put(&self, line: impl FnOnce() -> String) {
        if self.backlog() >= self.capacity {
            return self.kind.dropped.count();
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.sender.try_send(Message::Line(line())) {
            Ok(()) => {}
            Err(TrySendError::Disconnected(_) | TrySendError::Full(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.kind.dropped.count();
            }
        }
    }

    pub(super) fn backlog(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, but not longer.
    pub(super) fn finish(&self, patience: Duration) {
        let (told, written) = sync_channel(1);
        if self.sender.try_send(Message::Written(told)).is_ok() {
            let _in_time = written.recv_timeout(patience);
        }
    }
}

/// Until nobody can report any more.
fn write(
    kind: Kind,
    receiver: &Receiver<Message>,
    (waiting, mut output): (&AtomicU64, Box<dyn Output>),
) {
    let mut lines = Lines::default();
    while let Ok(first) = receiver.recv() {
        let mut told = Vec::new();
        let mut next = Some(first);
        // Budget: what the queue holds, or a buffer full of it.
        while let Some(message) = next.take() {
            match message {
                Message::Line(line) => lines.add(&line),
                Message::Written(sender) => told.push(sender),
            }
            next = if lines.text.len() < BUFFER { receiver.try_recv().ok() } else { None };
        }
        lines.write(kind, output.as_mut(), waiting);
        drop(told);
    }
}

/// Lines that go out together.
#[derive(Debug, Default)]
struct Lines {
    text: Vec<u8>,
    n: u64,
    /// The last one may have broken off in the middle.
    is_torn: bool,
}

impl Lines {
    fn add(&mut self, line: &str) {
        self.text.extend_from_slice(line.as_bytes());
        // Whoever formats for a person ends his lines himself.
        if !line.ends_with('\n') {
            self.text.push(b'\n');
        }
        self.n = self.n.saturating_add(1);
    }

    fn write(&mut self, kind: Kind, output: &mut dyn Output, waiting: &AtomicU64) {
        if self.n > 0 {
            let mend: &[u8] = if self.is_torn { b"\n" } else { b"" };
            let written = output.put(mend).and_then(|()| output.put(&self.text));
            if let Err(error) = &written {
                kind.failed.add(self.n);
                if !self.is_torn {
                    (kind.complain)(error);
                }
            }
            self.is_torn = written.is_err();
        }
        waiting.fetch_sub(self.n, Ordering::Relaxed);
        self.text.clear();
        self.n = 0;
    }
}

/// 64 KiB at a time.
const BUFFER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;
    use crate::telemetry::COUNTERS;

    const KIND: Kind = Kind {
        name: "test",
        dropped: &COUNTERS.audit_dropped,
        failed: &COUNTERS.audit_failed,
        complain: |_why| {},
    };

    /// Writes only what it is let through.
    #[derive(Debug)]
    struct Gated {
        written: Arc<Mutex<Vec<u8>>>,
        gate: Receiver<io::Result<()>>,
    }

    impl Output for Gated {
        fn put(&mut self, text: &[u8]) -> io::Result<()> {
            if text.is_empty() {
                return Ok(());
            }
            self.gate.recv().unwrap_or(Ok(()))?;
            self.written.lock().unwrap().extend_from_slice(text);
            Ok(())
        }
    }

    #[test]
    fn a_stalled_sink_costs_lines_and_no_time() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (open, gate) = mpsc::channel();
        let output = Gated { written: Arc::clone(&written), gate };
        let queue = Queue::start(KIND, Box::new(output), 4).unwrap();
        let dropped = COUNTERS.audit_dropped.value();
        (0..10).for_each(|n| queue.put(|| n.to_string()));
        assert_eq!(queue.backlog(), 4);
        assert!(COUNTERS.audit_dropped.value() - dropped >= 6);
        drop(open);
        queue.finish(Duration::from_secs(10));
        // Whatever was dropped was dropped at the end.
        assert_eq!(*written.lock().unwrap(), b"0\n1\n2\n3\n");
        assert_eq!(queue.backlog(), 0);
    }

    #[test]
    fn a_full_disk_is_survived() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (open, gate) = mpsc::channel();
        let output = Gated { written: Arc::clone(&written), gate };
        let queue = Queue::start(KIND, Box::new(output), 4).unwrap();
        let failed = COUNTERS.audit_failed.value();
        open.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        queue.put(|| "lost".into());
        queue.finish(Duration::from_secs(10));
        assert!(COUNTERS.audit_failed.value() > failed);
        drop(open);
        queue.put(|| "kept".into());
        queue.finish(Duration::from_secs(10));
        assert_eq!(*written.lock().unwrap(), b"\nkept\n");
    }
}
