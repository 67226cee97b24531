//! The only file that reads the time.

use std::fmt;
use std::time::SystemTime;

use tokio::time::Instant;

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Never runs backwards, but may stand still while Lambda has the sandbox frozen.
    pub monotonic: Instant,
    /// Runs on while the sandbox is frozen, but can be set back.
    pub wall: SystemTime,
}

/// Tells the time. A trait, so that ages can be tested without waiting.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Reads both clocks.
    fn now(&self) -> Now;
}

/// The machine's clocks. The monotonic one is tokio's, which tests can pause.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clocks")]
    fn now(&self) -> Now {
        Now { monotonic: Instant::now(), wall: SystemTime::now() }
    }
}
