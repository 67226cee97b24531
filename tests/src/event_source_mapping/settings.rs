//! The parameters of a mapping.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// The parameters of a mapping, under the service's names, and the delays between its attempts.
#[derive(Clone, Debug)]
pub struct MappingSettings {
    /// `BatchSize`: the most records of a batch, 1 to 10,000.
    pub batch_size: NonZeroUsize,
    /// `MaximumBatchingWindowInSeconds`: how long a batch that is not full may wait for more records.
    pub maximum_batching_window: Duration,
    /// `ParallelizationFactor`: how many batches of one shard may be in flight, 1 to 10. Order is kept by partition key.
    pub parallelization_factor: NonZeroU32,
    /// `MaximumRetryAttempts`; `None` (-1 in the service): no limit.
    pub maximum_retry_attempts: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; `None` (-1 in the service): no limit.
    pub maximum_record_age: Option<Duration>,
    /// `BisectBatchOnFunctionError`: whether a batch is halved when the function fails altogether.
    pub bisect_batch_on_function_error: bool,
    /// The delay after the first failure. It doubles with each further one.
    pub initial_backoff: Duration,
    /// The longest delay after a failure.
    pub maximum_backoff: Duration,
}

impl MappingSettings {
    /// The default of [`batch_size`](Self::batch_size): the service's.
    pub const DEFAULT_BATCH_SIZE: NonZeroUsize = NonZeroUsize::new(100).unwrap();
    /// The default of [`initial_backoff`](Self::initial_backoff): the service does not document its own; short, as a test waits for it.
    pub const DEFAULT_INITIAL_BACKOFF: Duration = Duration::from_millis(50);
    /// The default of [`maximum_backoff`](Self::maximum_backoff), chosen as the initial one.
    pub const DEFAULT_MAXIMUM_BACKOFF: Duration = Duration::from_secs(2);

    /// The delay after `failures` failures in a row (at least one).
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.initial_backoff.saturating_mul(1 << doublings).min(self.maximum_backoff)
    }
}

/// The service's defaults: batches of 100, no window, one batch per shard, no limit to retries or age, no bisecting.
impl Default for MappingSettings {
    fn default() -> Self {
        Self {
            batch_size: Self::DEFAULT_BATCH_SIZE,
            maximum_batching_window: Duration::ZERO,
            parallelization_factor: NonZeroU32::MIN,
            maximum_retry_attempts: None,
            maximum_record_age: None,
            bisect_batch_on_function_error: false,
            initial_backoff: Self::DEFAULT_INITIAL_BACKOFF,
            maximum_backoff: Self::DEFAULT_MAXIMUM_BACKOFF,
        }
    }
}
