//! Keys that somebody else publishes: fetched, kept for a while, asked for again.
//!
//! A request waits for keys in two cases only: before the first answer, and when its token names a
//! key that is not there and may be new. Everything else happens in the background.

mod fetch;
mod get;
mod keeper;
mod unknown;

pub use fetch::NoKeys;
pub use keeper::keep;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use crate::{
    admission::UnixSeconds,
    config::UpstreamTls,
    identity::{BadCredential, Identity, KeySet, Keyring, TokenRules},
    policy::RemoteOrigin,
    sources::keys::unknown::{Step, Unknown},
    telemetry::{GraphIndex, KeyLeftOut, KeysNotFetched, KeysReplaced},
};

/// Keys that somebody else publishes, as last heard.
#[derive(Debug)]
pub struct RemoteKeys {
    origin: RemoteOrigin,
    rules: TokenRules,
    access: KeyAccess,
    known: watch::Sender<Known>,
    unknown: Mutex<Unknown>,
    /// Wakes whoever keeps the keys current.
    wake: Arc<Notify>,
}

/// How keys are asked for.
#[derive(Clone, Debug)]
pub struct KeyAccess {
    /// Whose keys they are.
    pub graph: GraphIndex,
    /// Whom to trust over https; none: the system's authorities.
    pub tls: Option<UpstreamTls>,
    /// How long an answer may take, discovery and all.
    pub patience: Duration,
}

/// Why nobody knows who a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unidentified {
    /// The credential is bad.
    Bad(BadCredential),
    /// There are no keys, or they have not been confirmed for too long.
    NoKeys,
}

/// What is known of the keys.
#[derive(Clone, Debug, Default)]
struct Known {
    keyring: Option<Arc<Keyring>>,
    /// What they were read from.
    text: Option<Bytes>,
    /// When they were last heard, in seconds since 1970.
    confirmed: u64,
    /// How often they were asked for, with or without success.
    n_asked: u64,
}

impl RemoteKeys {
    /// Keys of which nothing was heard yet. Nothing is asked until somebody does.
    #[must_use]
    pub fn new(origin: RemoteOrigin, rules: TokenRules, access: KeyAccess) -> Self {
        let (known, unknown, wake) = Default::default();
        Self { origin, rules, access, known, unknown, wake }
    }

    /// Whether these are the keys that a policy means.
    #[must_use]
    pub fn are_of(&self, origin: &RemoteOrigin, rules: &TokenRules) -> bool {
        self.origin == *origin && self.rules == *rules
    }

    /// Takes over what others have heard from the same place, as far as it can be used by these
    /// rules: under another policy nobody has to wait for a key server that may be away.
    pub fn learn_from(&self, before: &Self) {
        let heard = before.known.borrow().clone();
        let Some(text) = heard.text.filter(|_| self.origin.place == before.origin.place) else {
            return;
        };
        if let Ok(Some((keyring, text))) = self.hear(text) {
            self.known.send_modify(|known| {
                (known.keyring, known.text) = (Some(keyring), Some(text));
                known.confirmed = heard.confirmed;
            });
        }
    }

    /// What tokens are verified with at the moment.
    #[must_use]
    pub fn keyring(&self) -> Option<Arc<Keyring>> {
        self.known.borrow().keyring.clone()
    }

    /// Whether there are keys, and they were confirmed lately enough.
    #[must_use]
    pub fn count(&self, now: UnixSeconds) -> bool {
        self.counting(now).is_some()
    }

    /// Whom a token tells of.
    ///
    /// # Errors
    /// When the token is bad, also with the keys as they are now, or there are no keys.
    pub async fn identify(
        &self,
        token: &str,
        now: UnixSeconds,
    ) -> Result<Arc<Identity>, Unidentified> {
        // Asked first: an answer that comes in between is one to look at again.
        let n_before = self.n_asked();
        let n_asked = match self.identify_now(token, now) {
            Err(Unidentified::NoKeys) if n_before == 0 => 0,
            Err(Unidentified::Bad(BadCredential::UnknownKey { kid })) => {
                match self.ask_for(&kid, now) {
                    Some(n_asked) => n_asked,
                    None => return Err(BadCredential::UnknownKey { kid }.into()),
                }
            }
            known => return known,
        };
        let mut known = self.known.subscribe();
        let heard = known.wait_for(|it| it.n_asked > n_asked);
        // Too late or never: what is known decides.
        drop(timeout(self.access.patience, heard).await.map(|it| it.map(|_known| ())));
        self.identify_now(token, now)
    }

    /// Asks for the keys once, and takes them if they can be used.
    ///
    /// # Errors
    /// When they cannot be had; those that are known count on, as long as they may.
    pub async fn refresh(&self, now: UnixSeconds) -> Result<(), NoKeys> {
        let asked = fetch::fetch(&self.origin.place, &self.access);
        let text = timeout(self.access.patience, asked).await.unwrap_or(Err(NoKeys::Timeout));
        let heard = text.and_then(|it| self.hear(it)).inspect_err(|error| {
            KeysNotFetched { graph: self.access.graph, detail: &error.to_string() }.emit();
        });
        self.known.send_modify(|known| {
            known.n_asked = known.n_asked.saturating_add(1);
            match &heard {
                Ok(None) => known.confirmed = now.0,
                Ok(Some((keyring, text))) => {
                    known.confirmed = now.0;
                    (known.keyring, known.text) = (Some(Arc::clone(keyring)), Some(text.clone()));
                }
                // What it says is that those of before do not count any more.
                Err(NoKeys::KeySet(it)) if it.is_set() => {
                    (known.keyring, known.text) = (None, None);
                }
                Err(_) => {}
            }
        });
        heard.map(|_heard| ())
    }

    /// A keyring of the keys in a text; nothing when they are the ones that are known.
    fn hear(&self, text: Bytes) -> Result<Option<(Arc<Keyring>, Bytes)>, NoKeys> {
        if self.known.borrow().text.as_ref() == Some(&text) {
            return Ok(None);
        }
        let (keys, left_out) =
            KeySet::read(&text, &self.rules.algorithms).map_err(NoKeys::KeySet)?;
        let graph = self.access.graph;
        left_out.iter().for_each(|it| KeyLeftOut { graph, detail: &it.to_string() }.emit());
        KeysReplaced { graph, keys: keys.n_keys() }.emit();
        Ok(Some((Arc::new(Keyring::new(Arc::new(keys), self.rules.clone())), text)))
    }

    fn identify_now(&self, token: &str, now: UnixSeconds) -> Result<Arc<Identity>, Unidentified> {
        let keyring = self.counting(now).ok_or(Unidentified::NoKeys)?;
        keyring.identify(token, now.0).map_err(Unidentified::Bad)
    }

    fn counting(&self, now: UnixSeconds) -> Option<Arc<Keyring>> {
        let known = self.known.borrow();
        let counts_until = known.confirmed.saturating_add(self.origin.stale.as_secs());
        known.keyring.clone().filter(|_| now.0 <= counts_until)
    }

    /// Has the keys asked for because of a `kid`, when that may help; the number of answers before,
    /// when there is one to wait for.
    fn ask_for(&self, kid: &str, now: UnixSeconds) -> Option<u64> {
        let n_asked = self.n_asked();
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        match unknown.meet((kid, n_asked), now.0, self.origin.refresh.as_secs()) {
            Step::Ask => self.wake.notify_one(),
            Step::Refuse => return None,
            Step::Wait => {}
        }
        Some(n_asked)
    }

    fn n_asked(&self) -> u64 {
        self.known.borrow().n_asked
    }
}

impl From<BadCredential> for Unidentified {
    fn from(bad: BadCredential) -> Self {
        Self::Bad(bad)
    }
}

impl Drop for RemoteKeys {
    fn drop(&mut self) {
        // The keeper sees that there is nothing left to keep.
        self.wake.notify_one();
    }
}
