//! When and how often to try again: deadlines, policy, backoff and the concurrency limit. Knows neither AWS nor Lambda.

mod attempts;
mod concurrency_limit;
mod deadline;
mod jitter;
mod policy;

pub use attempts::Attempts;
pub use concurrency_limit::{ConcurrencyLimit, Permit};
pub use deadline::Deadline;
pub use jitter::Jitter;
pub use policy::{Decision, GiveUp, RetryPolicy};
