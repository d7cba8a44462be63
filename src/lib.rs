//! Portcullis, the GraphQL security firewall.
//!
//! It stands in front of a GraphQL server, reads every operation as the server will read it, judges
//! it against a policy file kept in version control, and forwards exactly what it judged.
//!
//! # Architecture
//!
//! The modules below stand in layer order: a file names only modules above its own line
//! (`tests/layering.rs` holds them to it). The first block is the core: no files, sockets, clocks,
//! threads or logging, so that a verdict is a function of policy, request, caller and time. The
//! second block is the shell around it.
//!
//! One request goes down this road; `server::exchange` shows it as a list of steps:
//!
//! ```text
//! transport::decode     bytes → admission::Requests
//! admission::admit      known document: run what is left of the rules
//!                       new document: document::read → count → validate → operation::spread
//!                       → every rule specialises itself → cache → run what is left
//! upstream::forward     only takes an Admitted, which only the verdict can make
//! ```

// Core: pure, total, bounded.
pub mod calendar;
pub mod diagnostic;
pub mod digest;
pub mod weight;
pub mod yaml;
pub mod json;
pub mod schema;
pub mod document;
pub mod verdict;
pub mod operation;
pub mod expression;
pub mod identity;
pub mod cost;
pub mod rules;
pub mod policy;
pub mod admission;
pub mod calibration;

// Shell: sockets, files, clocks, logs.
pub mod telemetry;
pub mod traffic;
pub mod config;
pub mod quota;
pub mod sources;
#[cfg(feature = "otel")]
pub mod otlp;
pub mod transport;
pub mod websocket;
pub mod response;
pub(crate) mod faults;
pub mod upstream;
pub mod console;
pub mod server;
pub mod attack;
#[cfg(feature = "demo")]
pub mod demo;
pub mod cli;
#[cfg(doc)]
pub mod manual;
