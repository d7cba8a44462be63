//! Everything that is read from the world: the policy and the files it names, the schema that an
//! upstream tells, the connections to it and what signs requests to it, certificates and keys, what
//! clients open, and the time.
//!
//! Does not judge what it reads; `policy` does.

mod accept;
mod ask;
mod clock;
mod dial;
mod folder;
mod introspect;
mod keys;
mod listener_files;
mod open_files;
mod patient;
mod policy_file;
pub mod signed_link;
mod text;
mod upstream_files;
mod watch;
mod wire;

pub(crate) use accept::{Accepted, Agreed};
pub(crate) use ask::{Broken, ask};
pub use clock::now;
pub(crate) use dial::{DialError, Dialer};
pub use introspect::{FetchError, Teller, fetch_schema, fetch_schema_now};
pub use keys::{KeyAccess, NoKeys, RemoteKeys, Unidentified, keep};
pub use listener_files::ListenerFiles;
pub use open_files::open_files;
pub use policy_file::{
    Loaded, ReadFile, load_policy, load_policy_asking, read_file, read_folder, read_policy,
};
pub use upstream_files::{
    TlsFiles, UpstreamFiles, load_admin_token, load_link_key, load_secret, load_upstream_tls,
};
pub use watch::Watch;
pub(crate) use wire::{Ended, Wire};
