//! A panic costs one request, not the worker: it is caught, counted and answered.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// A future panicked; it is gone.
#[derive(Debug)]
pub(super) struct Caught;

/// Runs a future; a panic in it becomes an error.
///
/// What the future shared with others must stay true after a panic: the judge's caches take a
/// poisoned lock as an empty one, and everything else a request touches is its own.
pub(super) async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Caught> {
    let mut future = pin!(future);
    poll_fn(|ctx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(ctx))) {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_payload) => Poll::Ready(Err(Caught)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error() {
        assert_eq!(caught(async { 1 }).await.ok(), Some(1));
        assert!(caught(async { panic!("on purpose") }).await.is_err());
        let later = async {
            tokio::task::yield_now().await;
            panic!("on purpose")
        };
        assert!(caught(later).await.is_err());
    }
}
