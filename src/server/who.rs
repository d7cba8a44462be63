//! Who sends a request, and from where.

use std::net::IpAddr;

use http::Method as HttpMethod;

use crate::{
    identity::{self, Caller, Method, Transport, Way},
    server::{handler::Exchange, identify::identify},
    sources::{Unidentified, now},
    telemetry::{NotIdentified, ProxyNotTrusted},
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

    /// The refusal of somebody who cannot be told, on record.
    pub(super) fn unidentified(&self, why: Unidentified) -> Refusal {
        let (reason, refusal) = match why {
            Unidentified::Bad(bad) => (bad.reason(), Violation::from(bad).into()),
            Unidentified::NoKeys => {
                let detail = "there are no keys to verify tokens with".into();
                let fault = Fault::Upstream { code: Code::SERVICE_UNAVAILABLE, detail };
                ("no-keys", fault.into())
            }
        };
        NotIdentified { id: self.reply.id, reason }.emit();
        refusal
    }
}
