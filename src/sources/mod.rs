//! Everything that is read from the world: the policy and the files it names, certificates and
//! keys, and the time.
//!
//! Does not judge what it reads; `policy` does.

mod clock;
mod policy_file;
mod upstream_files;

pub use clock::now;
pub use policy_file::load_policy;
pub use upstream_files::{TlsFiles, load_link_key, load_upstream_tls};
