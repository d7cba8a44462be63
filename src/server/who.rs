//! Who sends a request, and from where.

use std::{net::IpAddr, sync::Arc};

use http::{
    HeaderValue, Method as HttpMethod,
    header::{CONTENT_TYPE, UPGRADE},
};

use crate::{
    identity::{self, Caller, Method, Transport, Way},
    server::{
        exchange::{Exchange, Served},
        identify::identify,
        panics::Caught,
    },
    sources::{Unidentified, now},
    telemetry::{About, Carrier, NotIdentified, Outcome, ProxyNotTrusted, Served as Done},
    transport::{Media, Refusal, client_address, client_label, forwarding_header},
    verdict::{Code, Fault, Violation},
};

impl Exchange<'_> {
    /// Where it comes from, when proxies are told apart from clients.
    pub(super) fn address(&self) -> IpAddr {
        let trusted = &self.client.worker.config().trusted_proxies;
        client_address(self.client.peer, &self.head.headers, trusted)
    }

    /// A proxy that is not trusted makes all of its clients one address: whoever runs us wants to
    /// know, and once is enough.
    pub(super) fn look_for_proxy(&self) {
        let worker = &self.client.worker;
        if self.state.quotas.are_none() || !worker.config().trusted_proxies.is_empty() {
            return;
        }
        let header = forwarding_header(&self.head.headers);
        if let Some(header) = header.filter(|_| worker.tells_of_proxy()) {
            ProxyNotTrusted { header }.emit();
        }
    }

    /// Who asks. A bad credential is a refusal, never nobody.
    pub(super) async fn caller(&self) -> Result<Caller, Refusal> {
        let (credentials, headers) = (self.state.credentials(), &self.head.headers);
        let identity = identify((credentials, &self.state.keys), headers, now()).await;
        let identity = identity.map_err(|why| self.unidentified(why))?;
        if let Some(identity) = &identity {
            let _first = self.who.set(Arc::clone(identity));
        }
        let label = client_label(headers, credentials);
        let mtls = self.client.certificate.clone();
        let client = identity::Client { ip: Some(self.address()), label, mtls };
        Ok(Caller { identity, client, way: self.way() })
    }

    fn way(&self) -> Way {
        let transport = match self.reply.media {
            Media::EventStream => Transport::Sse,
            Media::GraphqlResponse | Media::Json => Transport::Http,
        };
        let is_get = self.head.method == HttpMethod::GET;
        Way { transport, method: if is_get { Method::Get } else { Method::Post } }
    }

    /// As the log and the audit log tell of it.
    pub(super) fn about(&self) -> About<'_> {
        About {
            id: self.reply.id,
            carrier: self.carrier(),
            address: Some(self.address()),
            identity: self.who.get().map(|it| &**it),
            policy: &self.state.gate.policy().name,
        }
    }

    /// How it came.
    fn carrier(&self) -> Carrier {
        let headers = &self.head.headers;
        let begins = |name, with: &str| {
            let value = headers.get(name).map(HeaderValue::as_bytes);
            let start = value.and_then(|it| it.get(..with.len()));
            start.is_some_and(|it| it.eq_ignore_ascii_case(with.as_bytes()))
        };
        match self.head.method {
            HttpMethod::GET if begins(UPGRADE, "websocket") => Carrier::WebSocket,
            HttpMethod::GET => Carrier::Get,
            _ if begins(CONTENT_TYPE, "multipart/") => Carrier::Upload,
            _ => Carrier::Post,
        }
    }

    /// It is done with; a refusal is another event.
    pub(super) fn note(&self, ended: Result<&Result<Served, Refusal>, &Caught>) {
        let outcome = match ended {
            Err(Caught) => Outcome::Failed(Code::INTERNAL_SERVER_ERROR),
            Ok(Ok(Served::Answer(..))) => Outcome::Answered,
            Ok(Ok(Served::Relayed(..) | Served::Told(_) | Served::Stream(..))) => Outcome::Admitted,
            // No operation yet, or none at all.
            Ok(Ok(Served::Preflight | Served::Switch(_)) | Err(_)) => return,
        };
        Done { id: self.reply.id, carrier: self.carrier(), outcome }.emit();
    }

    /// The refusal of somebody who cannot be told, on record.
    pub(super) fn unidentified(&self, why: Unidentified) -> Refusal {
        let (reason, refusal) = match why {
            Unidentified::Bad(bad) => (bad.reason(), Violation::from(bad).into()),
            Unidentified::NoKeys => {
                ("no-keys", Fault::Unavailable { detail: NO_KEYS.into() }.into())
            }
        };
        NotIdentified { about: &self.about(), reason }.emit();
        refusal
    }
}

/// Why a token tells of nobody, when that is not its own fault.
pub(super) const NO_KEYS: &str = "there are no keys to verify tokens with";
