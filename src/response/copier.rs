//! Where the bytes of an answer go: on, aside, or nowhere. Runs are copied, not bytes.

/// Where bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Aside, up to [`MAX_HELD`].
    Held,
    /// Nowhere.
    Nowhere,
    /// On.
    Out,
}

/// The bytes that are read, and where they go.
#[derive(Debug)]
pub(super) struct Copier {
    to: To,
    held: Vec<u8>,
    /// More was put aside than is held.
    is_over: bool,
    /// The first byte of the piece that did not go anywhere yet.
    from: usize,
}

/// A piece that is read, and what goes on.
#[derive(Debug)]
pub(super) struct Run<'r> {
    pub(super) piece: &'r [u8],
    pub(super) out: &'r mut Vec<u8>,
}

impl Copier {
    pub(super) const fn new() -> Self {
        Self { to: To::Out, held: Vec::new(), is_over: false, from: 0 }
    }

    /// Begins another text.
    pub(super) fn restart(&mut self) {
        self.to = To::Out;
        self.held.clear();
        self.is_over = false;
    }

    /// Begins the next piece.
    pub(super) const fn begin(&mut self) {
        self.from = 0;
    }

    /// Sends all bytes before `at` where bytes went so far, and those from there on elsewhere.
    pub(super) fn turn(&mut self, at: usize, to: To, run: &mut Run<'_>) {
        let bytes = run.piece.get(self.from..at).unwrap_or_default();
        match self.to {
            To::Held => {
                self.is_over |= self.held.len().saturating_add(bytes.len()) > MAX_HELD;
                if !self.is_over {
                    self.held.extend_from_slice(bytes);
                }
            }
            To::Nowhere => {}
            To::Out => run.out.extend_from_slice(bytes),
        }
        (self.from, self.to) = (at, to);
    }

    /// The same without another direction.
    pub(super) fn flush(&mut self, run: &mut Run<'_>) {
        self.turn(run.piece.len(), self.to, run);
    }

    /// What was put aside; nothing when it was too much.
    pub(super) fn held(&self) -> Option<&[u8]> {
        (!self.is_over).then_some(self.held.as_slice())
    }

    /// Forgets what was put aside.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.is_over = false;
    }
}

/// 64 KiB: an error with the stack traces of a few causes.
pub(super) const MAX_HELD: usize = 64 * 1024;
