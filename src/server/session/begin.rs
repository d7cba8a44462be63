//! The beginning of a session: who it is.

use http::{HeaderValue, header::AUTHORIZATION};
use tokio::time::timeout;

use crate::{
    json,
    server::{
        session::{MESSAGE, Session},
        stream::expires,
        upgrade::{accept, caller, told_of},
    },
    sources::Unidentified,
    telemetry::NotIdentified,
    verdict::Violation,
    websocket::{Close, Ended, FromClient, Init, Received, read_client, read_init, write},
};

impl Session {
    /// Waits for `connection_init`, and acknowledges it.
    pub(super) async fn begin(&mut self) -> Result<(), Ended> {
        // Another policy may have come into force since the handshake.
        self.accept_again().map_err(|_refused| Ended::Wrong(Close::Replaced))?;
        let (client, limit) = (std::rc::Rc::clone(&self.client), self.rules.init_timeout);
        let init = tokio::select! {
            () = client.worker.drain().begun() => Err(Ended::Wrong(Close::GoingAway)),
            init = timeout(limit, self.await_init()) => {
                init.unwrap_or(Err(Ended::Wrong(Close::InitLate)))
            }
        }?;
        self.introduce(init)?;
        self.identify().await?;
        self.frames.send(write::connection_ack()).await
    }

    /// What the policy in force says to the handshake.
    pub(super) fn accept_again(&self) -> Result<(), Violation> {
        let has_certificate = self.client.certificate.is_some();
        accept((&self.head, &self.state), has_certificate).map(drop)
    }

    async fn await_init(&mut self) -> Result<Init, Ended> {
        let keys = self.state.http().unknown_keys;
        // Budget: the deadline of the caller, and the pace.
        loop {
            let Received::Text(message) = self.frames.next().await? else {
                self.said_beside()?;
                continue;
            };
            let tree =
                json::read(&message, MESSAGE).map_err(|_| Ended::Wrong(Close::BadMessage))?;
            match read_client(&tree, keys).map_err(Ended::Wrong)? {
                FromClient::ConnectionInit { payload } => {
                    let listed = &self.rules.forward_init;
                    return read_init(payload, keys, listed).map_err(Ended::Wrong);
                }
                FromClient::Complete { .. } | FromClient::Pong => self.said_beside()?,
                FromClient::Ping => {
                    self.said_beside()?;
                    self.frames.send(write::pong()).await?;
                }
                FromClient::Subscribe { .. } => return Err(Ended::Wrong(Close::Unauthorized)),
            }
        }
    }

    /// A token of the payload counts as if it stood in the handshake; two must be the same.
    fn introduce(&mut self, init: Init) -> Result<(), Ended> {
        let mut told = init.listed;
        let introduced = init.authorization.map_or(Ok(()), |it| self.show(it, &mut told));
        let member = |(key, it): &(Box<str>, Box<str>)| format!("{}:{it}", json::escape(key));
        let members: Vec<_> = told.iter().map(member).collect();
        self.init = (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")));
        introduced
    }

    fn show(
        &mut self,
        (key, value): (Box<str>, HeaderValue),
        told: &mut Vec<(Box<str>, Box<str>)>,
    ) -> Result<(), Ended> {
        let headers = &mut self.head.headers;
        // An empty one is nobody's.
        let is_other = |it: &HeaderValue| !it.is_empty() && it.as_bytes() != value.as_bytes();
        if headers.get_all(AUTHORIZATION).iter().any(is_other) {
            NotIdentified { about: &self.about(self.id), reason: "disagreement" }.emit();
            return Err(Ended::Wrong(Close::Forbidden));
        }
        let goes_on = self.state.http().forwards("authorization");
        if goes_on && let Ok(text) = value.to_str() {
            told.push((key, json::escape(text).into()));
        }
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    /// Finds out who asks; a credential that is not good ends the session.
    pub(super) async fn identify(&mut self) -> Result<(), Ended> {
        let keyring = self.state.keys.keyring();
        let from = (self.address, self.client.certificate.clone());
        let found = caller(&self.state, &self.head.headers, from).await;
        let found = found.and_then(|it| {
            let told = told_of(&it, &self.state)?;
            Ok((it, told))
        });
        let (caller, told) = found.map_err(|why| self.unidentified(&why))?;
        self.expires = expires(&caller);
        (self.caller, self.told, self.keyring) = (caller, told, keyring);
        Ok(())
    }

    fn unidentified(&self, why: &Unidentified) -> Ended {
        let (reason, close) = match why {
            Unidentified::Bad(bad) => (bad.reason(), Close::Forbidden),
            Unidentified::NoKeys => ("no-keys", Close::Internal),
        };
        NotIdentified { about: &self.about(self.id), reason }.emit();
        Ended::Wrong(close)
    }
}
