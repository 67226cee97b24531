//! The seam to a service: requests of one kind, each answered or failed.

use std::future::Future;
use std::sync::Arc;

use super::{CallStatistics, Deadline};
use crate::failure::RequestError;

/// A request to a service, of one kind.
pub trait Request: Send + Sync + 'static {
    /// What the service answers.
    type Answer: Send;
    /// Why there is no answer.
    type Error: RequestError;
}

/// Makes requests of one kind. Implemented by the service's client, and by the retry loop around it.
pub trait Call<R: Request>: Send + Sync {
    /// Has `request` answered before `deadline`.
    ///
    /// # Errors
    /// The request's [`Error`](Request::Error).
    fn call(&self, request: &R, deadline: Deadline) -> impl Future<Output = Result<R::Answer, R::Error>> + Send;

    /// What was counted since the start, where somebody counts: for metrics.
    fn call_statistics(&self) -> Option<CallStatistics> {
        None
    }
}

/// So that the composing code can keep a handle on a part of the stack, to read its statistics.
impl<R: Request, C: Call<R>> Call<R> for Arc<C> {
    fn call(&self, request: &R, deadline: Deadline) -> impl Future<Output = Result<R::Answer, R::Error>> + Send {
        C::call(self, request, deadline)
    }

    fn call_statistics(&self) -> Option<CallStatistics> {
        C::call_statistics(self)
    }
}
