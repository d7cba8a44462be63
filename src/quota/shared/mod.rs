//! What replicas share, in Redis or Valkey: the budgets of rates, and documents under their hash.
//!
//! One link for each worker, over one connection that carries many requests at a time. Nobody waits
//! for it longer than its deadline: while there is no connection, every question is answered at once
//! by [`Unavailable`], and what that means is for the policy to say. Keys leave as HMAC-SHA256 under
//! a secret that replicas share.
//!
//! Permits of a key that is busy are taken some at a time: half of a hundredth of the burst, which
//! lapse after a second. They are charged when they are taken, so that all replicas together admit
//! no more than there is; what lapses is given back.

mod asking;
mod connection;
mod leases;
mod script;

pub use connection::Lost;

use std::{cell::RefCell, fmt, rc::Rc, time::Duration};

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{Instant, sleep},
};

use crate::{
    config::Redis,
    digest::Digest,
    policy::{Counts, Paced, Rate},
    quota::{
        Key,
        exceeded::{Exceeded, Wait},
        shared::{
            asking::{Asking, WhenGone},
            connection::Connection,
            leases::{LAPSE, Leased, Leases, Unused},
            script::{Answer, Asked, Task},
        },
    },
    verdict::hex,
};

/// The way of one worker to what replicas share.
pub struct Link {
    connection: Connection,
    leases: RefCell<Leases>,
    hasher: hmac::Key,
    later: Sender<Task>,
    tasks: RefCell<Option<Receiver<Task>>>,
}

/// Redis could not be asked in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Why an amount was not taken from a shared budget.
#[derive(Debug)]
pub enum NotTaken {
    /// It is not left.
    Exceeded(Box<Exceeded>),
    /// Nobody knows.
    Unavailable,
}

/// What was taken from a shared budget, and may be given back.
#[derive(Clone, Debug)]
pub struct Taken {
    name: Rc<str>,
    interval: f64,
    /// When the key is at rest, by the clock of Redis, in µs.
    until: f64,
}

impl Link {
    /// Not connected yet: see [`Link::keep`].
    #[must_use]
    pub fn new(redis: &Redis, deadline: Duration) -> Self {
        let (later, tasks) = channel(MAX_TASKS);
        Self {
            connection: Connection::new(redis, deadline),
            leases: RefCell::new(Leases::new()),
            hasher: hmac::Key::new(HMAC_SHA256, redis.key.bytes()),
            later,
            tasks: RefCell::new(Some(tasks)),
        }
    }

    /// Connects, connects again whenever the connection is lost, and does what nobody waits for.
    /// Never ends; `lost` is told of every change.
    pub async fn keep(&self, lost: impl Fn(Lost)) {
        let Some(tasks) = self.tasks.borrow_mut().take() else { return };
        let lift = |name: &Rc<str>| self.leases.borrow_mut().lift(name);
        let lapsing = async {
            // Budget: none; every turn waits.
            loop {
                sleep(LAPSE).await;
                // What there is no room for has its turn later: nothing of it is lost.
                let lapsed = self.leases.borrow_mut().lapsed(self.later.capacity(), Instant::now());
                self.give_back_all(lapsed);
            }
        };
        tokio::select! {
            () = self.connection.keep(tasks, lift, lost) => {}
            () = lapsing => {}
        }
    }

    fn give_back_all(&self, unused: Vec<Unused>) {
        for (taken, amount) in unused {
            self.give_back(&taken, amount);
        }
    }

    /// True while Redis can be asked.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.connection.is_up()
    }

    /// Takes an amount from the budget of a key; `scope` is whose rates they are.
    ///
    /// # Errors
    /// When it is not left, or Redis could not be asked.
    pub async fn take(
        self: &Rc<Self>,
        (scope, rate, paced): (&str, &Rate, &Paced),
        key: &Key,
        amount: u64,
    ) -> Result<Taken, NotTaken> {
        let name = self.name(scope, (rate, paced), key);
        let nanos = u64::try_from(paced.interval().as_nanos()).unwrap_or(u64::MAX).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a float has digits for 100 days in ns")]
        let interval = nanos as f64 / 1_000.0;
        let refused = |micros: u64| {
            let wait = Wait::of(micros.saturating_mul(1_000), amount, nanos);
            NotTaken::Exceeded(Exceeded::new(rate, amount, Some(wait)))
        };
        let taken = |until| Taken { name: Rc::clone(&name), interval, until };
        let known = self.leases.borrow_mut().take(&name, amount, Instant::now());
        let more = match known {
            Leased::Granted(until) => return Ok(taken(until)),
            Leased::Refused { least, micros } => {
                let more = amount.saturating_sub(least).saturating_mul(nanos) / 1_000;
                return Err(refused(micros.saturating_add(more)));
            }
            Leased::Ask { is_busy: true } => self.more(&name, amount, paced),
            Leased::Ask { is_busy: false } => 0,
        };
        let full = interval * f64::from(paced.burst.get());
        let asked = Asked { name: Rc::clone(&name), interval, full, need: amount, more };
        let answer = self.ask(rate, taken(0.0), asked).await.map_err(|_| NotTaken::Unavailable)?;
        let (mut leases, now) = (self.leases.borrow_mut(), Instant::now());
        if answer.granted < amount {
            self.give_back_all(leases.refuse(&taken(0.0), (amount, answer.time), now));
            return Err(refused(answer.time));
        }
        #[expect(clippy::cast_precision_loss, reason = "µs since 1970 have 51 bits")]
        let taken = taken(answer.time as f64);
        self.give_back_all(leases.grant(&taken, answer.granted.saturating_sub(amount), now));
        Ok(taken)
    }

    /// How many permits are asked for beside those that are needed. Who needs more than that could
    /// not use them.
    fn more(&self, name: &Rc<str>, amount: u64, paced: &Paced) -> u64 {
        let lease = u64::from(paced.burst.get()) / LEASE;
        let mut leases = self.leases.borrow_mut();
        if amount <= lease && leases.may_ask(name, Instant::now()) { lease } else { 0 }
    }

    /// What is not answered in time is not charged, whatever becomes of the request.
    async fn ask(
        self: &Rc<Self>,
        rate: &Rate,
        taken: Taken,
        asked: Asked,
    ) -> Result<Answer, Unavailable> {
        let when_gone = match rate.counts {
            // A call that never reached the upstream has not failed, even if its client has gone.
            Counts::Failed(_) => WhenGone::GiveBack,
            Counts::Calls(_) | Counts::Cost | Counts::Requests => WhenGone::Spend,
        };
        let mut asking = Asking::new(self, taken, when_gone, self.connection.ask(asked)?);
        let answer = self.connection.in_time(&mut asking).await;
        asking.give_up();
        answer
    }

    /// Gives back an amount, when there is time for it.
    pub fn give_back(&self, taken: &Taken, amount: u64) {
        self.do_later(Task::GiveBack { taken: taken.clone(), amount });
    }

    /// The texts of documents that replicas have left with these hashes.
    ///
    /// # Errors
    /// When Redis could not be asked.
    pub async fn documents(
        &self,
        scope: &str,
        hashes: Vec<Digest>,
    ) -> Result<Vec<(Digest, String)>, Unavailable> {
        let names: Vec<_> = hashes.iter().map(|it| self.hashed("document", scope, &it.0)).collect();
        let texts = self.connection.documents(&names).await?;
        let named = hashes.into_iter().zip(texts).filter_map(|(hash, it)| Some((hash, it?)));
        // Whoever can write there may have written anything.
        Ok(named.filter(|(hash, text)| Digest::of(text.as_bytes()) == *hash).collect())
    }

    /// Leaves a document for replicas, when there is time for it.
    pub fn leave_document(&self, scope: &str, hash: Digest, text: &str) {
        let name = self.hashed("document", scope, &hash.0);
        self.do_later(Task::Document { name, text: text.into() });
    }

    /// When there is too much to do it is not done: nothing is given back, nothing remembered.
    fn do_later(&self, task: Task) {
        let _dropped = self.later.try_send(task);
    }

    fn name(&self, scope: &str, (rate, paced): (&Rate, &Paced), key: &Key) -> Rc<str> {
        let (nanos, burst) = (paced.interval().as_nanos(), paced.burst);
        let scope = format!("{scope}\n{}\n{}\n{nanos} {burst}", rate.name, rate.key);
        match key {
            Key::Address(it) => self.hashed("address", &scope, it.to_string().as_bytes()),
            Key::Named(it) => self.hashed("named", &scope, it),
            Key::Nowhere => self.hashed("nowhere", &scope, &[]),
        }
    }

    /// What a key is called where it is kept.
    fn hashed(&self, kind: &str, scope: &str, key: &[u8]) -> Rc<str> {
        let mut context = hmac::Context::with_key(&self.hasher);
        for part in [kind.as_bytes(), scope.as_bytes(), key] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        format!("portcullis:{}", hex(context.sign().as_ref())).into()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(..)")
    }
}

/// One in 200 of the burst: with two workers in each of two replicas, 2 % of it at most wait where
/// nobody asks for them.
const LEASE: u64 = 200;
/// 4,096: what a second of a slow Redis leaves behind.
const MAX_TASKS: usize = 4_096;
