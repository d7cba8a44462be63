//! How many files this process may have open: sockets are files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Asks the system for as many as it would give, and tells how many that are; `None` without a
/// bound. What starts processes often gives 1,024 to those who do not ask, for the sake of `select`.
#[must_use]
pub fn open_files() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if raised.is_ok() { maximum } else { current }
}
