//! Keeps keys current in the background: a thread of its own, which ends with the keys.

use std::{
    io,
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use tokio::{runtime::Builder, sync::Notify, time::timeout};

use crate::sources::{keys::RemoteKeys, now};

/// Starts to keep keys current, as long as somebody has them.
///
/// # Errors
/// When the system has no thread left.
pub fn keep(keys: &Arc<RemoteKeys>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (wake, kept) = (Arc::clone(&keys.wake), Arc::downgrade(keys));
    let thread = thread::Builder::new().name("keys".into());
    thread.spawn(move || runtime.block_on(run(&wake, &kept)))?;
    Ok(())
}

async fn run(wake: &Notify, kept: &Weak<RemoteKeys>) {
    while let Some(keys) = kept.upgrade() {
        let pause = match keys.refresh(now()).await {
            Ok(()) => keys.origin.refresh,
            Err(_told) => keys.origin.refresh.min(RETRY),
        };
        // Nobody else may have them any more.
        drop(keys);
        let _woken_or_due = timeout(pause, wake.notified()).await;
    }
}

/// 10 s: a key server that restarts is back by then.
const RETRY: Duration = Duration::from_secs(10);
