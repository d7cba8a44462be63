//! A log from the beginning: each operation judged again, under one policy or more.
//!
//! Says nothing of what follows; whoever asks compares.

use std::{
    borrow::Cow,
    io::{self, BufRead},
    num::NonZeroUsize,
    sync::Arc,
};

use ahash::HashMap;
use lru::LruCache;

use crate::{
    admission::{Alike, Judged, Past, Recalled, Recollection, Request, Ruling, UnixSeconds},
    calendar::parse_rfc3339,
    digest::Digest,
    json::{self, Literal, Tree},
    policy::Policy,
    traffic::{
        Entry, Logged, LoggedDocument, LoggedPolicy,
        graphs::Graphs,
        read::{LIMITS, read_entry},
        told::Told,
    },
};

/// Judges what a log holds.
#[derive(Debug)]
pub struct Replay {
    pasts: Vec<Past>,
    /// By policy of the log, then as `pasts`.
    alike: Vec<Vec<Alike>>,
    in_force: HashMap<Box<str>, usize>,
    present: usize,
    documents: Told,
    graphs: Graphs,
    /// By all that a verdict depends on: a digest, since requests may be large.
    memo: LruCache<Digest, Arc<Vec<Vec<Judged>>>>,
    /// Items of a batch that is not complete yet.
    open: Vec<String>,
    /// Lines that could not be read.
    pub unreadable: u64,
}

/// An operation and what was found of it.
#[derive(Debug)]
pub struct Replayed<'r> {
    /// As it stands in the log.
    pub logged: Logged<'r>,
    /// Its document, when the log holds it.
    pub document: Option<&'r LoggedDocument>,
    /// What the verdict was then.
    pub then: Ruling,
    /// What each policy decides.
    pub now: Vec<&'r Judged>,
}

impl Replayed<'_> {
    /// Whether it went on then: the verdict let it pass, and so did what came after that.
    #[must_use]
    pub fn was_admitted(&self) -> bool {
        self.then == Ruling::Admitted && self.logged.refused_later().is_none()
    }
}

impl Replay {
    /// Under these policies.
    #[must_use]
    pub fn new(policies: impl IntoIterator<Item = Arc<Policy>>) -> Self {
        let pasts: Vec<_> = policies.into_iter().map(Past::new).collect();
        // Until a line says what was in force, nothing is known to be as it was.
        let unknown = LoggedPolicy::default();
        let alike = vec![pasts.iter().map(|it| unknown.alike(it.policy())).collect()];
        Self {
            pasts,
            alike,
            in_force: HashMap::default(),
            present: 0,
            documents: Told::default(),
            graphs: Graphs::default(),
            memo: LruCache::new(MEMO),
            open: Vec::new(),
            unreadable: 0,
        }
    }

    /// Passes over operations of other graphs from here on; without a name there are no others.
    pub fn want(&mut self, graph: Option<&str>) {
        self.graphs.want(graph);
    }

    /// The graphs that operations were met of, wanted or not, by their names; nothing stands for
    /// those of which no graph is told.
    pub fn graphs(&self) -> impl Iterator<Item = Option<&str>> {
        self.graphs.met()
    }

    /// Reads a log to its end; `each` is told of every operation, `read` of the bytes so far.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn run(
        &mut self,
        mut lines: impl BufRead,
        mut read: impl FnMut(u64),
        mut each: impl FnMut(&Replayed<'_>),
    ) -> io::Result<()> {
        let mut line = Vec::new();
        let mut n_bytes = 0_u64;
        loop {
            line.clear();
            let n = lines.read_until(b'\n', &mut line)?;
            if n_bytes == 0 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            if n == 0 {
                self.unreadable = self.unreadable.saturating_add(self.open.len() as u64);
                self.open.clear();
                return Ok(());
            }
            n_bytes = n_bytes.saturating_add(n as u64);
            read(n_bytes);
            if !line.trim_ascii().is_empty() {
                self.line(&line, &mut each);
            }
        }
    }

    fn line(&mut self, line: &[u8], each: &mut impl FnMut(&Replayed<'_>)) {
        let Ok(tree) = json::read(line, LIMITS) else { return self.lose() };
        match read_entry(&tree) {
            None => self.lose(),
            Some(Entry::Document(document)) => self.documents.keep(self.present, document),
            Some(Entry::Policy(policy)) => self.policy(&policy),
            Some(Entry::Operation(logged)) => self.operation(line, logged, each),
        }
    }

    fn operation(&mut self, line: &[u8], logged: Logged<'_>, each: &mut impl FnMut(&Replayed<'_>)) {
        if !self.graphs.wants(logged.graph().as_deref()) {
            return;
        }
        let (item, of) = logged.item();
        if of < 2 {
            return self.judge(&[logged], each);
        }
        if item != self.open.len() as u64 {
            self.unreadable = self.unreadable.saturating_add(self.open.len() as u64);
            self.open.clear();
        }
        self.open.push(String::from_utf8_lossy(line).into_owned());
        if self.open.len() as u64 >= of {
            self.batch(each);
        }
    }

    fn lose(&mut self) {
        self.unreadable = self.unreadable.saturating_add(1);
    }

    fn policy(&mut self, policy: &LoggedPolicy) {
        if let Some(known) = self.in_force.get(&policy.digest) {
            self.present = *known;
            return;
        }
        self.present = self.alike.len();
        self.alike.push(self.pasts.iter().map(|it| policy.alike(it.policy())).collect());
        self.in_force.insert(policy.digest.clone(), self.present);
    }

    fn batch(&mut self, each: &mut impl FnMut(&Replayed<'_>)) {
        let lines = std::mem::take(&mut self.open);
        let trees: Vec<Tree<'_>> =
            lines.iter().filter_map(|it| json::read(it.as_bytes(), LIMITS).ok()).collect();
        let logged: Vec<Logged<'_>> = trees
            .iter()
            .filter_map(|it| match read_entry(it) {
                Some(Entry::Operation(logged)) => Some(logged),
                Some(Entry::Document(_) | Entry::Policy(_)) | None => None,
            })
            .collect();
        self.judge(&logged, each);
    }

    fn judge(&mut self, items: &[Logged<'_>], each: &mut impl FnMut(&Replayed<'_>)) {
        let key = key(self.present, items);
        let judged = match self.memo.get(&key) {
            Some(judged) => Arc::clone(judged),
            None => {
                let judged = Arc::new(self.judge_anew(items));
                self.memo.put(key, Arc::clone(&judged));
                judged
            }
        };
        for (n, logged) in items.iter().enumerate() {
            let document = logged.document().and_then(|it| self.documents.get(self.present, it));
            let now = judged.iter().filter_map(|it| it.get(n)).collect();
            let then = match logged.refused() {
                None => Ruling::Admitted,
                Some((rule, code)) => Ruling::Refused {
                    rule: rule.into(),
                    code: code.into(),
                    detail: "as it was then".into(),
                },
            };
            let document = document.map(|it| &**it);
            each(&Replayed { logged: *logged, document, then, now });
        }
    }

    /// By policy, then by item.
    fn judge_anew(&mut self, items: &[Logged<'_>]) -> Vec<Vec<Judged>> {
        let Some(first) = items.first() else { return Vec::new() };
        let at = UnixSeconds(parse_rfc3339(&first.at()).unwrap_or_default() / 1000);
        let (profile, conditions) = (first.profile(), first.conditions());
        let conditions: Vec<_> = conditions.iter().map(|(name, it)| (&**name, *it)).collect();
        let remembered: Vec<_> = items.iter().map(|it| Remembered::of(*it)).collect();
        let recalled = items.iter().zip(&remembered).map(|(logged, it)| {
            let document = logged.document().and_then(|it| self.documents.get(self.present, it));
            it.recalled(*logged, document)
        });
        let recalled: Vec<_> = recalled.collect();
        let past = Recollection {
            at,
            way: first.way(),
            profile: profile.as_deref(),
            conditions: &conditions,
            items: &recalled,
        };
        let alike = self.alike.get(self.present).map(Vec::as_slice).unwrap_or_default();
        self.pasts.iter_mut().zip(alike).map(|(it, alike)| it.judge(&past, alike)).collect()
    }
}

/// All that verdicts depend on, beside the documents: under what they were judged, the day, since
/// an exception ends with one, the requests, and what was said of them then.
fn key(present: usize, items: &[Logged<'_>]) -> Digest {
    let (present, at) = (present.to_string(), items.first().map(|it| it.at()));
    let day = at.as_ref().and_then(|it| it.get(..10)).unwrap_or_default();
    let mut parts = vec![present.as_bytes(), day.as_bytes()];
    for it in items {
        let (request, verdict) = it.written();
        parts.extend([request.as_bytes(), verdict.as_bytes()]);
    }
    Digest::of_all(&parts)
}

/// What of a line others borrow from.
struct Remembered<'t> {
    found: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    refused: Option<(Cow<'t, str>, Cow<'t, str>)>,
}

impl<'t> Remembered<'t> {
    fn of(logged: Logged<'t>) -> Self {
        Self { found: logged.found(), refused: logged.refused() }
    }

    fn recalled<'r>(
        &'r self,
        logged: Logged<'r>,
        document: Option<&Arc<LoggedDocument>>,
    ) -> Recalled<'r> {
        let text = document.and_then(|it| it.text.as_deref());
        Recalled {
            request: Request {
                query: text.map(Literal::of),
                document_id: logged.document_id(),
                operation_name: logged.name(),
                variables: logged.variables(),
                ..Request::default()
            },
            has_text: logged.has_text(),
            document: logged.document(),
            bytes: document.map_or(0, |it| it.bytes),
            variables_bytes: logged.variables_bytes(),
            hidden: logged.hidden(),
            found: self.found.iter().map(|(rule, code)| (&**rule, &**code)).collect(),
            refused: self.refused.as_ref().map(|(rule, code)| (&**rule, &**code)),
        }
    }
}

/// Some editors and shells write it at the start.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// 65,536 kinds of request are remembered, at a kilobyte or two each.
const MEMO: NonZeroUsize = match NonZeroUsize::new(65_536) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether two lines of a log are of one kind.
    fn are_alike(one: &str, other: &str) -> bool {
        let of = |request: &str| {
            let line = format!(
                "{{\"kind\":\"operation\",\"at\":\"2026-11-23T00:00:00.000Z\",\"id\":\"1\",\
                 \"item\":0,\"of\":1,\"request\":{request},\"verdict\":{{\"is\":\"admit\"}}}}"
            );
            let tree = json::read(line.as_bytes(), LIMITS).unwrap();
            let Some(Entry::Operation(logged)) = read_entry(&tree) else { panic!("{line}") };
            key(0, &[logged])
        };
        of(one) == of(other)
    }

    #[test]
    fn a_large_request_is_remembered_by_its_digest() {
        let large = |last: char| format!("{{\"name\":\"{}{last}\"}}", "x".repeat(100_000));
        assert!(are_alike(&large('a'), &large('a')) && !are_alike(&large('a'), &large('b')));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut replay = Replay::new([]);
        for n in 0..=MEMO.get() {
            replay.memo.put(Digest::of(&n.to_be_bytes()), Arc::default());
        }
        assert_eq!(replay.memo.len(), MEMO.get());
    }
}
