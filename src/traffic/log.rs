//! A log that is being written: where to, what of it, and the thread that does it.

use std::{
    io,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use crate::traffic::{Bounds, Tap, queue::queue, rotation::Files, writer::Scribe};

/// How a log is written.
#[derive(Clone, Debug)]
pub struct Writing {
    /// Where to.
    pub path: PathBuf,
    /// How much of it is kept.
    pub bounds: Bounds,
    /// Whether values are written as they were sent.
    pub details: Details,
}

/// What is written of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Details {
    /// Their kinds and sizes.
    #[default]
    Shapes,
    /// All that was sent.
    Values,
}

/// A log that is being written.
#[derive(Debug)]
pub struct TrafficLog {
    tap: Option<Tap>,
    ended: Mutex<Receiver<()>>,
}

impl TrafficLog {
    /// Opens the file and starts the thread.
    ///
    /// # Errors
    /// When the file cannot be opened, or the thread not be started.
    pub fn start(writing: &Writing) -> io::Result<Self> {
        let (tap, queue) = queue();
        let files = Files::open(&writing.path, writing.bounds)?;
        let (over, ended) = channel();
        let scribe = Scribe::new(files, writing.details);
        thread::Builder::new().name("traffic-log".into()).stack_size(STACK).spawn(move || {
            scribe.run(&queue);
            // Whoever would hear it may have gone.
            let _ = over.send(());
        })?;
        Ok(Self { tap: Some(tap), ended: Mutex::new(ended) })
    }

    /// Where requests are offered.
    #[must_use]
    pub const fn tap(&self) -> Option<&Tap> {
        self.tap.as_ref()
    }
}

impl Drop for TrafficLog {
    /// Waits until what was taken is written, but not for a disk that does not answer.
    fn drop(&mut self) {
        drop(self.tap.take());
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        match ended.recv_timeout(PATIENCE) {
            Ok(()) | Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
        }
    }
}

/// 8 MiB, as the workers: documents are compiled here as well.
const STACK: usize = 8 * 1024 * 1024;
/// 2 s for what is still to be written when the server stops.
const PATIENCE: Duration = Duration::from_secs(2);
