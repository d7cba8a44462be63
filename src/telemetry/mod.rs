//! What the operator learns: events, which are log line and counter together, and request ids.
//!
//! Decides nothing. No document text, variable value, token or header value passes through here.

mod about;
mod answer;
mod audit;
mod carrier;
mod cells;
mod certificate;
mod clock;
mod collector;
mod counters;
mod enough;
mod event;
mod exposition;
mod graph;
mod histogram;
mod identity;
mod lasting;
mod lines;
mod live;
mod load;
mod rates;
mod log_filter;
mod logging;
mod recent;
mod request_id;
mod served;
mod socket;
mod trace;
mod traffic;

pub use about::About;
pub use answer::{AnswerCut, ContractBroken, ErrorMasked};
pub use audit::{AuditSink, audit_backlog, finish_audit, start_audit};
pub use carrier::{Carrier, Outcome};
pub use cells::{Numbers, numbers, numbers_of};
pub use certificate::{CertificateKept, CertificateReplaced, OtherEnd};
pub use clock::{now_millis, now_nanos};
pub use collector::{CollectorFound, NotCollected, SpansRejected};
pub use counters::{COUNTERS, Counter, Counters, GraphCounter};
pub use event::{
    AboveStatic, AcceptFailed, ConnectionEnded, Draining, Failed, FewOpenFiles, NotServed,
    Panicked, PolicyWarned, Reported, Started, Stopped, UpstreamFailed,
};
pub use exposition::{
    Exposition, Family, Figures, GraphFigures, Labels, Measured, PREFIX, Rows, families,
};
pub use graph::GraphIndex;
pub use histogram::Distribution;
pub use identity::{KeyLeftOut, KeysNotFetched, KeysReplaced, NotIdentified};
pub use lasting::Lasting;
pub use live::{PolicyKept, PolicyReplaced, PolicyRestored, SchemaDrifted, SchemaNotFetched};
pub use load::{
    ClientAtBound, Shed, UpstreamAsked, UpstreamEjected, UpstreamLeft, UpstreamReturned,
};
pub use log_filter::LogFilter;
pub use logging::{LogFormat, Logging, LoggingError, hide_panic_messages, start_logging};
pub use rates::{Overflowed, ProxyNotTrusted, SharedFound, SharedLost};
pub use recent::{RecentRefusal, recent_refusals};
pub use request_id::{RequestId, RequestIds};
pub use served::{ClientLeft, Judged, Refused, Served, Timed};
pub use socket::{SocketClosed, SocketOpened};
pub use trace::{Fact, Kind, Span, Spans, TraceContext, Tracer, spans};
pub use traffic::{ShadowDiffers, ShadowStands, TrafficLost, TrafficNotWritten};
