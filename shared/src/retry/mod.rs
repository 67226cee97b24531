//! When and how often to try again: deadlines, policy, backoff, the concurrency limit and its pace, and the one retry loop around a service's
//! calls. Knows neither data keys nor AWS nor Lambda.

mod asked;
mod attempts;
mod call;
mod concurrency_limit;
mod deadline;
mod duration_counts;
mod hold;
mod jitter;
mod line;
mod pace;
mod policy;
mod retrying;
mod statistics;

#[cfg(feature = "runtime")]
pub(crate) use asked::with_time_asked;
pub use attempts::Attempts;
pub use call::{Call, Request};
pub use concurrency_limit::{ConcurrencyLimit, Permit, Place};
pub use deadline::Deadline;
pub use duration_counts::DurationCounts;
pub use hold::Hold;
pub use jitter::Jitter;
pub use policy::{Decision, GiveUp, RetryPolicy};
pub use retrying::Retrying;
pub use statistics::{CallStatistics, FailureCounts};
