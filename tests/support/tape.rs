//! Choices for a generator, taken from a list of numbers.
//!
//! A list shrinks well: fewer and smaller numbers make smaller inputs, and behind its end every
//! choice is the first one.

/// The choices that are left.
pub(crate) struct Tape<'t> {
    choices: std::slice::Iter<'t, u32>,
}

impl<'t> Tape<'t> {
    pub(crate) fn new(choices: &'t [u32]) -> Self {
        Self { choices: choices.iter() }
    }

    /// The next `n` choices as a tape of their own, so that nobody else can use them up.
    pub(crate) fn split(&mut self, n: usize) -> Self {
        let (first, rest) = self.choices.as_slice().split_at(n.min(self.choices.len()));
        self.choices = rest.iter();
        Self::new(first)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let choice = self.choices.next().copied().unwrap_or(0);
        choice as usize % n.max(1)
    }

    /// True in so many of a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
