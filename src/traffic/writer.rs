//! What the thread does that writes the log. Everything that takes time is done here: hashing, taking values
//! out, asking the conditions, and waiting for a disk.

use std::{
    hash::{BuildHasher, RandomState},
    io,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use ahash::HashSet;
use lru::LruCache;

use crate::{
    admission::{Past, Request},
    digest::Digest,
    document::{self, ReadLimits, print, with_holes},
    identity::Caller,
    json::{self, Literal},
    policy::{Policy, manifest::DocumentId},
    telemetry::{TrafficLost, TrafficNotWritten},
    traffic::{
        Details, Observed, Queue, Sent,
        line::{self, DocumentLine, OperationLine},
        panics::caught,
        rotation::Files,
        values::{Vocabulary, push_variables},
    },
};

/// A document as it is written.
struct Written {
    hash: Digest,
    text: Option<String>,
    is_hidden: bool,
    is_trusted: bool,
    bytes: usize,
}

pub(super) struct Scribe {
    files: Files,
    details: Details,
    buffer: String,
    /// Under which policy, and what it says.
    now: Option<(Past, Vocabulary)>,
    texts: LruCache<Box<str>, Arc<Written>>,
    /// Documents that stand in the present file.
    told: HashSet<Digest>,
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
            now: None,
            texts: LruCache::new(TEXTS),
            told: HashSet::default(),
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
        self.forget();
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
            match self.now {
                None => self.note(observed),
                Some(_) => self.buffer.push_str(&added),
            }
        }
        self.n_held = self.n_held.saturating_add(1);
    }

    fn note(&mut self, observed: &Observed) {
        self.policy(&observed.policy);
        for (item, sent) in observed.sent.iter().enumerate() {
            self.operation(observed, (item, sent));
        }
    }

    /// Says what is in force, when it is another than before.
    fn policy(&mut self, policy: &Arc<Policy>) {
        if self.now.as_ref().is_some_and(|(it, _)| Arc::ptr_eq(it.policy(), policy)) {
            return;
        }
        let vocabulary = Vocabulary::of(&policy.schema);
        self.now = Some((Past::new(Arc::clone(policy)), vocabulary));
        // What is trusted is another question now.
        self.texts.clear();
        self.told.clear();
        line::policy(&mut self.buffer, policy, self.details);
    }

    fn operation(&mut self, observed: &Observed, (item, sent): (usize, &Sent)) {
        let written = self.document(&observed.policy, sent);
        if self.told.len() > TOLD {
            self.told.clear();
        }
        if let Some(it) = &written
            && self.told.insert(it.hash)
        {
            let Written { hash, is_hidden, is_trusted, bytes, .. } = **it;
            let text = it.text.as_deref();
            DocumentLine { hash, text, is_hidden, is_trusted, bytes }.write(&mut self.buffer);
        }
        let tree = sent.variables.as_deref();
        let tree = tree.and_then(|it| json::read(it.as_bytes(), LIMITS).ok());
        let mut variables = String::new();
        let Some((past, vocabulary)) = &mut self.now else { return };
        let mut is_hidden = written.as_ref().is_some_and(|it| it.is_hidden);
        if let Some(tree) = &tree {
            let hides = self.details == Details::Shapes;
            is_hidden |= push_variables(&mut variables, tree.root(), hides.then_some(&*vocabulary));
        }
        let cost = written.as_ref().and_then(|it| cost(past, sent, tree.as_ref(), it.hash));
        let caller = caller(&self.key, &observed.caller);
        OperationLine {
            observed,
            item,
            hash: written.as_ref().map(|it| it.hash).or_else(|| named(sent)),
            variables: tree.is_some().then_some(&*variables),
            is_hidden,
            caller: caller.as_deref(),
            cost,
        }
        .write(&mut self.buffer);
    }

    /// The document that an operation came with, or that its id names.
    fn document(&mut self, policy: &Policy, sent: &Sent) -> Option<Arc<Written>> {
        let library = &policy.documents.library;
        let Some(literal) = sent.query.as_deref() else {
            let id = DocumentId::parse(sent.document_id.as_deref()?).ok()?;
            let listed = library.document(library.with_id(&id)?)?;
            return Some(self.written(&listed.text, &listed.text, true));
        };
        if let Some(written) = self.texts.get(literal) {
            return Some(Arc::clone(written));
        }
        let tree = json::read(literal.as_bytes(), LIMITS).ok()?;
        let text = tree.root().string()?;
        let is_trusted = library.with_text(&text).is_some();
        Some(self.written(literal, &text, is_trusted))
    }

    fn written(&mut self, key: &str, text: &str, is_trusted: bool) -> Arc<Written> {
        if let Some(written) = self.texts.get(key) {
            return Arc::clone(written);
        }
        let shows_all = is_trusted || self.details == Details::Values;
        let read = || document::read(text, &ReadLimits::CEILINGS).ok();
        let (kept, is_hidden) = if text.len() > DOCUMENT {
            (None, true)
        } else if shows_all {
            (Some(text.to_owned()), false)
        } else if let Some(read) = read() {
            let (text, is_hidden) = with_holes(&print(&read.document));
            (Some(text), is_hidden)
        } else {
            (None, true)
        };
        let (hash, bytes) = (Digest::of(text.as_bytes()), text.len());
        let written = Arc::new(Written { hash, text: kept, is_hidden, is_trusted, bytes });
        self.texts.put(key.into(), Arc::clone(&written));
        written
    }

    fn flush(&mut self) {
        match self.files.write(self.buffer.as_bytes()) {
            Ok(()) => self.is_failing = false,
            Err(error) => {
                self.failed(&error);
                self.lose(self.n_held);
                self.rests_until = Instant::now().checked_add(REST);
                // Documents that are lost are told again; a line that broke off ends here.
                self.forget();
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
            Ok(()) => self.forget(),
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

    /// Tells everything again with what comes next.
    fn forget(&mut self) {
        self.now = None;
    }

    fn failed(&mut self, error: &io::Error) {
        TrafficNotWritten { detail: error, is_first: !self.is_failing }.emit();
        self.is_failing = true;
    }
}

/// The document that is meant by its hash alone.
fn named(sent: &Sent) -> Option<Digest> {
    match DocumentId::parse(sent.document_id.as_deref()?).ok()? {
        DocumentId::Content(hash) => Some(hash),
        DocumentId::Custom(_) => None,
    }
}

fn cost(
    past: &mut Past,
    sent: &Sent,
    variables: Option<&json::Tree<'_>>,
    hash: Digest,
) -> Option<u64> {
    let listed = DocumentId::Content(hash);
    let policy = Arc::clone(past.policy());
    let library = &policy.documents.library;
    let listed = library.with_id(&listed).and_then(|it| library.document(it));
    let query = match (&sent.query, listed) {
        (Some(literal), _) => {
            let tree = json::read(literal.as_bytes(), LIMITS).ok()?;
            Literal::of(&tree.root().string()?)
        }
        (None, Some(listed)) => Literal::of(&listed.text),
        (None, None) => return None,
    };
    let request = Request {
        query: Some(query),
        operation_name: sent.name.as_deref().map(Into::into),
        variables: variables.map(json::Tree::root),
        ..Request::default()
    };
    let measures = past.measure(&request, hash);
    measures.into_iter().find(|(rule, _)| *rule == "cost").map(|(_, it)| it)
}

/// Who it was, so that two lines can be told to be of the same caller, by nobody else and only as
/// long as this process runs.
fn caller(key: &[u8], caller: &Caller) -> Option<String> {
    let subject = caller.identity.as_ref()?.subject()?;
    let mut hash = Digest::of_all(&[key, subject.as_bytes()]).to_string();
    hash.truncate(32);
    Some(hash)
}

/// The standard library seeds its hashers with what the system calls random.
fn random_key() -> [u8; 32] {
    let words = [0_u64; 4].map(|it| RandomState::new().hash_one(it).to_be_bytes());
    Digest::of_all(&words.each_ref().map(|it| it.as_slice())).0
}

/// As large as requests may ever be: they were read before.
const LIMITS: json::Limits = json::Limits { depth: 1000, values: u32::MAX, lists: None };
/// 64 KiB: twice what the default admits. Of a larger document only hash and size are kept.
const DOCUMENT: usize = 64 * 1024;
/// 64 KiB are written at a time.
const BUFFER: usize = 64 * 1024;
/// A million documents in one file; what is told twice is told to no harm.
const TOLD: usize = 1_000_000;
/// 4,096 documents are remembered.
const TEXTS: NonZeroUsize = match NonZeroUsize::new(4_096) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};
/// 1 s after a failure: a disk that is full stays so for longer, as a rule.
const REST: Duration = Duration::from_secs(1);
