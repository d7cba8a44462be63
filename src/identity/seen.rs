//! A caller as expressions see it: `claims`, `client`, `request`.

use std::sync::{LazyLock, OnceLock};

use crate::{
    expression::{Name, Resolve, Value},
    identity::Caller,
};

/// A caller, with what was asked for so far in the form that expressions need.
#[derive(Debug)]
pub struct Seen<'c> {
    caller: &'c Caller,
    client: OnceLock<Value>,
    request: OnceLock<Value>,
}

impl<'c> Seen<'c> {
    /// Nothing was asked for yet.
    #[must_use]
    pub const fn new(caller: &'c Caller) -> Self {
        Self { caller, client: OnceLock::new(), request: OnceLock::new() }
    }

    fn client(&self) -> Value {
        let ip = self.caller.client.ip.map(|it| ("ip", Value::text(&it.to_string())));
        let mtls = self.caller.client.mtls.as_deref().map(|it| ("mtls", it.value().clone()));
        Value::map(ip.into_iter().chain(mtls))
    }

    fn request(&self) -> Value {
        let way = self.caller.way;
        let method = ("method", Value::text(way.method.as_str()));
        Value::map([method, ("transport", Value::text(way.transport.as_str()))])
    }
}

impl Resolve for Seen<'_> {
    fn resolve(&self, name: Name) -> Option<&Value> {
        match name {
            Name::Claims => {
                Some(self.caller.identity.as_deref().map_or(&*NOTHING_CLAIMED, |it| it.value()))
            }
            Name::Client => Some(self.client.get_or_init(|| self.client())),
            Name::Request => Some(self.request.get_or_init(|| self.request())),
            Name::Args
            | Name::Field
            | Name::Operation
            | Name::Parent
            | Name::Root
            | Name::Value => None,
        }
    }
}

/// `has(claims.sub)` fails for an anonymous caller; it is no error.
static NOTHING_CLAIMED: LazyLock<Value> = LazyLock::new(|| Value::map([]));
