//! Another policy comes into force while a socket is open, or other keys: everything is judged
//! again. Where the socket cannot go on, it ends as soon as its queries and mutations are answered.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    digest::Digest,
    json,
    response::Guard,
    server::{
        identify::are_other,
        session::{MESSAGE, Session, live::Operation, operations::Judged, pace::Pace},
    },
    transport::{Refusal, decode_one, not_json},
    verdict::{Code, Violation, ids},
    websocket::{Close, Ended},
};

impl Session {
    /// Takes the policy in force and the keys, when they are others.
    pub(super) async fn look_at_policy(&mut self) -> Result<(), Ended> {
        self.looked = Instant::now();
        if self.takes_no_more() {
            return Ok(());
        }
        let latest = self.site.in_force();
        let is_same_caller = !are_other(latest.keys.keyring().as_ref(), self.keyring.as_ref());
        let before = std::mem::replace(&mut self.state, latest);
        if Arc::ptr_eq(&before.gate, &self.state.gate) {
            // What a good token says is what it has said.
            return if is_same_caller { Ok(()) } else { self.identify().await };
        }
        let passed_on = (&before.http().forward_headers, &self.state.http().forward_headers);
        let is_as_opened = passed_on.0 == passed_on.1;
        match self.reconsider(is_as_opened).await {
            Err(Ended::Wrong(Close::Replaced)) => {
                let time = self.client.worker.deadlines().request;
                self.wind_up(Close::Replaced, time).await
            }
            judged => judged,
        }
    }

    async fn reconsider(&mut self, is_as_opened: bool) -> Result<(), Ended> {
        let rules = self.state.http().websocket.clone();
        let still = rules.filter(|_| self.accept_again().is_ok());
        // Messages are measured, and the upstream was told, as the socket was opened.
        let still = still.filter(|it| it.message == self.rules.message);
        let still = still.filter(|it| it.forward_init == self.rules.forward_init);
        let rate = self.rules.rate;
        self.rules = still.ok_or(Ended::Wrong(Close::Replaced))?;
        if rate != self.rules.rate {
            self.begins = self.rules.rate.map(Pace::of);
        }
        let told = std::mem::take(&mut self.told);
        self.identify().await?;
        // The upstream cannot be told anything else over a socket that is open.
        if self.channel.is_some() && (!is_as_opened || told != self.told) {
            return Err(Ended::Wrong(Close::Replaced));
        }
        let judged: Vec<_> = self.live.iter().map(|it| (it.n, self.judged_again(it))).collect();
        for (n, judged) in judged {
            let (id, refusal) = match judged {
                Again::Refused(id, refusal) => (id, refusal),
                Again::Goes(guard) => {
                    if let Some(it) = self.live.number(n) {
                        it.follow.guard = guard;
                    }
                    continue;
                }
            };
            let n = self.live.end(&id);
            let request = self.next_id();
            self.refuse(request, &id, &refusal).await?;
            if let Some(n) = n {
                self.end_upstream(n).await?;
            }
        }
        Ok(())
    }

    /// How the answers of an operation are read from now on, or why it may not run on.
    fn judged_again(&self, operation: &Operation) -> Again {
        // It was read before, and written down when it began.
        let tree = json::read(operation.payload.as_bytes(), MESSAGE).map_err(not_json);
        let requests = tree.as_ref().map_err(Clone::clone);
        let requests = requests.and_then(|it| decode_one(it.root(), self.state.http()));
        let judged = requests.map_err(Refusal::from);
        let judged = judged.and_then(|it| self.judge(self.id, &it, |_verdict| {}));
        let refusal = match judged {
            Ok(Judged::Forward(admitted, reading))
                if Digest::of(admitted.body()) == operation.body =>
            {
                return Again::Goes(reading.guard);
            }
            Ok(Judged::Answer(_) | Judged::Forward(..)) => changed().into(),
            Err(refusal) => refusal,
        };
        Again::Refused(operation.id.clone(), refusal)
    }
}

/// What becomes of an operation under another policy.
enum Again {
    /// It runs on, and its answers are read so.
    Goes(Option<Box<Guard>>),
    /// It ends.
    Refused(Box<str>, Refusal),
}

/// It would run, but not as it does.
fn changed() -> Violation {
    Violation::new(ids::WEBSOCKET, Code::OPERATION_NOT_ALLOWED, "the policy has changed")
        .detailed("another policy lets another form of it run")
}
