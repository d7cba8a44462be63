//! What the thread does that writes the log. Everything that takes time is done here: hashing, taking values
//! out, asking the conditions, and waiting for a disk.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    time::{Duration, Instant},
};

use crate::{
    digest::Digest,
    telemetry::{TrafficLost, TrafficNotWritten},
    traffic::{
        Details, Observed, Queue, line, memory::Memories, page::Page, panics::caught,
        rotation::Files,
    },
};

pub(super) struct Scribe {
    files: Files,
    details: Details,
    buffer: String,
    memories: Memories,
    key: [u8; 32],
    is_failing: bool,
    /// Until when nothing is tried again, after a failure.
    rests_until: Option<Instant>,
    /// Until when no other file is begun, after a failure.
    keeps_until: Option<Instant>,
    /// Requests that are not in the log.
    n_lost: u64,
    /// Requests in the buffer.
    n_held: u64,
}

impl Scribe {
    pub(super) fn new(files: Files, details: Details) -> Self {
        Self {
            files,
            details,
            buffer: String::new(),
            memories: Memories::default(),
            key: random_key(),
            is_failing: false,
            rests_until: None,
            keeps_until: None,
            n_lost: 0,
            n_held: 0,
        }
    }

    /// Whether a request is lost because the disk took none a moment ago. Every try begins with the
    /// policy anew, which takes more than the requests themselves.
    fn rests(&mut self) -> bool {
        let rests = self.rests_until.is_some_and(|it| Instant::now() < it);
        if rests {
            self.lose(1);
        }
        rests
    }

    fn lose(&mut self, n: u64) {
        for _ in 0..n {
            self.n_lost = self.n_lost.saturating_add(1);
            TrafficLost { n: self.n_lost }.emit();
        }
    }

    pub(super) fn run(mut self, queue: &Queue) {
        while let Some(observed) = queue.wait() {
            if self.rests() {
                continue;
            }
            self.try_add(&observed);
            while self.buffer.len() < BUFFER
                && let Some(observed) = queue.next()
            {
                self.try_add(&observed);
            }
            self.flush();
        }
    }

    /// A request that makes us panic is lost, and what was half written of it goes.
    fn try_add(&mut self, observed: &Observed) {
        let (before, n_held) = (self.buffer.len(), self.n_held);
        if caught(observed.id, || self.add(observed)).is_some() {
            return;
        }
        if self.n_held == n_held {
            self.buffer.truncate(before);
        } else {
            // Those before it are gone, to a file or not: then a line that broke off ends here.
            self.buffer.clear();
            self.buffer.push('\n');
        }
        self.memories.tell_again();
        self.lose(1);
    }

    /// Notes a request in this file, or in the next one when it does not fit. What does not fit into
    /// a whole file has one of its own.
    fn add(&mut self, observed: &Observed) {
        let before = self.buffer.len();
        self.note(observed);
        let is_alone = before == 0 && self.files.is_empty();
        if !is_alone && !self.files.has_room(self.buffer.len()) && !self.keeps_file() {
            let added = self.buffer.split_off(before);
            self.flush();
            self.next_file();
            // INVARIANT: a file can be read without those before it.
            if self.memories.is_told() {
                self.buffer.push_str(&added);
            } else {
                self.note(observed);
            }
        }
        self.n_held = self.n_held.saturating_add(1);
    }

    fn note(&mut self, observed: &Observed) {
        if self.memories.turn_to(&observed.policy) {
            line::policy(&mut self.buffer, &observed.policy, self.details);
        }
        let Some(memory) = self.memories.present() else { return };
        let mut page =
            Page { out: &mut self.buffer, memory, details: self.details, key: &self.key };
        for (item, sent) in observed.sent.iter().enumerate() {
            page.operation(observed, (item, sent));
        }
    }

    fn flush(&mut self) {
        match self.files.write(self.buffer.as_bytes()) {
            Ok(()) => self.is_failing = false,
            Err(error) => {
                self.failed(&error);
                self.lose(self.n_held);
                self.rests_until = Instant::now().checked_add(REST);
                // Documents that are lost are told again; a line that broke off ends here.
                self.memories.tell_again();
                self.buffer.clear();
                self.buffer.push('\n');
                self.n_held = 0;
                return;
            }
        }
        self.buffer.clear();
        self.n_held = 0;
    }

    fn next_file(&mut self) {
        match self.files.rotate() {
            Ok(()) => self.memories.tell_again(),
            Err(error) => {
                self.failed(&error);
                self.keeps_until = Instant::now().checked_add(REST);
            }
        }
    }

    /// Whether this file grows on, since it could not be put aside a moment ago.
    fn keeps_file(&self) -> bool {
        self.keeps_until.is_some_and(|it| Instant::now() < it)
    }

    fn failed(&mut self, error: &io::Error) {
        TrafficNotWritten { detail: error, is_first: !self.is_failing }.emit();
        self.is_failing = true;
    }
}

/// The standard library seeds its hashers with what the system calls random.
fn random_key() -> [u8; 32] {
    let words = [0_u64; 4].map(|it| RandomState::new().hash_one(it).to_be_bytes());
    Digest::of_all(&words.each_ref().map(|it| it.as_slice())).0
}

/// 64 KiB are written at a time.
const BUFFER: usize = 64 * 1024;
/// 1 s after a failure: a disk that is full stays so for longer, as a rule.
const REST: Duration = Duration::from_secs(1);
