//! Which trace the work at hand belongs to, so that requests to AWS services can say so.

use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    /// Lambda's trace id of the invocation that this task works for.
    static TRACE_ID: Arc<str>;
}

/// Does `work` for the invocation with `trace_id`, if Lambda gave it one.
pub(crate) async fn in_trace<T>(trace_id: Option<Arc<str>>, work: impl Future<Output = T>) -> T {
    match trace_id {
        Some(trace_id) => TRACE_ID.scope(trace_id, work).await,
        None => work.await,
    }
}

/// The trace id of the invocation that is worked for; `None` outside of one, and if Lambda gave none. What is started in a task of its
/// own has to be given it.
pub(crate) fn trace_id() -> Option<Arc<str>> {
    TRACE_ID.try_with(Arc::clone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_trace_is_the_invocations_and_ends_with_it() {
        assert_eq!(trace_id(), None);
        assert_eq!(in_trace(Some("Root=1-2-3".into()), async { trace_id() }).await.as_deref(), Some("Root=1-2-3"));
        assert_eq!(in_trace(None, async { trace_id() }).await, None);
        assert_eq!(trace_id(), None);
    }
}
