//! What program this is: its version, and the SHA-256 of the file that runs.

use crate::digest::Digest;

/// For `--version`. Two builds of one version can be told apart by it, and compared with a list of
/// what was released.
pub(super) fn long() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let program = std::env::current_exe().and_then(std::fs::read);
    match program {
        Ok(bytes) => format!("{version}\nsha256:{}", Digest::of(&bytes)),
        Err(why) => format!("{version}\nits file cannot be read: {why}"),
    }
}
