//! What the operator learns: events, which are log line and counter together, and request ids.
//!
//! Decides nothing. No document text, variable value, token or header value passes through here.

mod answer;
mod certificate;
mod counters;
mod event;
mod identity;
mod live;
mod load;
mod rates;
mod logging;
mod request_id;
mod socket;
mod traffic;

pub use answer::{AnswerCut, ContractBroken, ErrorMasked};
pub use certificate::{CertificateKept, CertificateReplaced};
pub use counters::{COUNTERS, Counter, Counters};
pub use event::{
    AboveStatic, AcceptFailed, ConnectionEnded, Draining, Failed, Panicked, PolicyWarned, Refused,
    Reported, Started, Stopped, UpstreamFailed,
};
pub use identity::{KeyLeftOut, KeysNotFetched, KeysReplaced, NotIdentified};
pub use live::{PolicyKept, PolicyReplaced, SchemaDrifted, SchemaNotFetched};
pub use load::{ClientAtBound, Shed, UpstreamEjected, UpstreamReturned};
pub use logging::{LogFormat, LoggingError, hide_panic_messages, start_logging};
pub use rates::{ProxyNotTrusted, SharedFound, SharedLost};
pub use request_id::{RequestId, RequestIds};
pub use socket::{SocketClosed, SocketOpened};
pub use traffic::{ShadowDiffers, ShadowStands, TrafficLost, TrafficNotWritten};
