//! Seeds, and what becomes of them.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    ROOT,
    support::{documents::edited, tape::Tape},
};

/// A law, and inputs to begin with.
pub(crate) struct Target {
    /// Also of the folder of what was found before.
    pub(crate) name: &'static str,
    pub(crate) seeds: Vec<Vec<u8>>,
    pub(crate) law: Law,
}

/// Panics where it does not hold, and tells whether the input was worth the while.
pub(crate) type Law = Box<dyn Fn(&[u8]) -> bool>;

impl Target {
    pub(crate) fn new(
        name: &'static str,
        seeds: Vec<Vec<u8>>,
        law: impl Fn(&[u8]) -> bool + 'static,
    ) -> Self {
        Self { name, seeds, law: Box::new(law) }
    }

    /// Tries changed seeds, a few unless more are asked for.
    pub(crate) fn fuzz(&self, few: usize) {
        fuzz(self.name, few, &self.seeds, &self.law);
    }
}

/// Runs a law on mutated seeds.
pub(crate) fn fuzz(target: &str, few: usize, seeds: &[Vec<u8>], law: impl Fn(&[u8]) -> bool) {
    let (mut random, wanted) = Random::of_run();
    let mut pool = [seeds.to_vec(), kept(target)].concat();
    assert!(!pool.is_empty(), "{target} has no seeds");
    let mut n_worth = 0_usize;
    for seed in &pool {
        n_worth += usize::from(tried(target, seed, &law));
    }
    let n = wanted.unwrap_or(few);
    for _ in 0..n {
        let input = mutated(&pool, &mut random);
        let worth = tried(target, &input, &law);
        n_worth += usize::from(worth);
        // What was read goes on being changed, within bounds.
        if worth && input.len() < 4096 && random.below(8) == 0 {
            let at = random.below(pool.len().max(POOL));
            match pool.get_mut(at) {
                Some(place) => *place = input,
                None => pool.push(input),
            }
        }
    }
    println!("{target}: {n} executions, {n_worth} of them worth the while");
}

fn tried(target: &str, input: &[u8], law: &impl Fn(&[u8]) -> bool) -> bool {
    match catch_unwind(AssertUnwindSafe(|| law(input))) {
        Ok(worth) => worth,
        Err(_) => panic!("{target}: {:?}", String::from_utf8_lossy(input)),
    }
}

fn mutated(pool: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let choices: Vec<u32> = (0..24).map(|_| random.next()).collect();
    let tape = &mut Tape::new(&choices);
    let seed = &pool[tape.below(pool.len())];
    let seed = match tape.below(5) {
        // Two of them, cut and put together.
        0 => {
            let other = &pool[tape.below(pool.len())];
            let (a, b) = (tape.below(seed.len() + 1), tape.below(other.len() + 1));
            [&seed[..a], &other[b..]].concat()
        }
        1 | 2 => return nudged(seed, tape),
        _ => seed.clone(),
    };
    edited(&seed, tape)
}

/// One small edit, which often leaves what can be read.
fn nudged(seed: &[u8], tape: &mut Tape<'_>) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let at = tape.below(bytes.len());
    let words = || bytes.iter().enumerate().filter(|(_, it)| it.is_ascii_alphanumeric());
    let word = words().map(|(n, _)| n).find(|it| *it >= at);
    match (tape.below(4), word) {
        (0, Some(n)) => bytes[n] = tape.pick(b"abTF01_9"),
        (1, Some(n)) => drop(bytes.splice(n..n, tape.pick(WORDS).bytes())),
        (2, Some(n)) => drop(bytes.remove(n)),
        _ => {
            let end = (at + 1 + tape.below(30)).min(bytes.len());
            let copy = bytes.get(at..end).unwrap_or_default().to_vec();
            bytes.splice(at..at, copy);
        }
    }
    bytes
}

/// What may stand beside a word.
const WORDS: &[&str] =
    &["a ", "1", "a:", "-", "...", "null ", "$a ", "\u{feff}", "é", ",", "\\u0041"];

/// What was found before.
pub(crate) fn kept(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(ROOT).join("tests/corpus/fuzz").join(target);
    let files = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = files.map(|it| it.unwrap().path()).collect();
    files.sort();
    files.iter().map(|it| fs::read(it).unwrap()).collect()
}

/// The lines of a file of the repository that are longer than nothing.
pub(crate) fn lines(file: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    text.lines().filter(|it| !it.is_empty()).map(|it| it.as_bytes().to_vec()).collect()
}

/// xorshift: enough to choose by.
pub(crate) struct Random(u64);

impl Random {
    /// That of this run, and how many executions are asked for; without, the same every time.
    pub(crate) fn of_run() -> (Self, Option<usize>) {
        let wanted = std::env::var("PORTCULLIS_FUZZ").ok().map(|it| it.parse::<usize>().unwrap());
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
        let seed = since.as_secs() ^ u64::from(since.subsec_nanos()) << 20 | 1;
        (Self(if wanted.is_some() { seed } else { 0x9e37_79b9 }), wanted)
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n.max(1)
    }
}

/// Inputs that are changed further, at most.
const POOL: usize = 500;
