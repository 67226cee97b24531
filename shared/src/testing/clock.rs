//! A clock whose two hands tests move apart.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::clock::{Clock, Now, SystemClock};
use crate::retry::Deadline;

/// Follows tokio's (paused) time, and jumps when told to.
#[derive(Debug)]
pub struct ManualClock {
    began: Now,
    jumps: Mutex<Jumps>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Jumps {
    monotonic: Duration,
    wall_forward: Duration,
    wall_back: Duration,
}

impl ManualClock {
    /// A clock that begins at a fixed wall time and tokio's present.
    pub fn new() -> Self {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Self { began: Now { wall, ..SystemClock.now() }, jumps: Mutex::default() }
    }

    /// As time passes: both clocks move.
    pub fn advance(&self, by: Duration) {
        self.advance_monotonic(by);
        self.advance_wall(by);
    }

    /// Only the monotonic clock moves.
    pub fn advance_monotonic(&self, by: Duration) {
        self.jump(|jumps| jumps.monotonic += by);
    }

    /// As while the sandbox is frozen: only wall time moves.
    pub fn advance_wall(&self, by: Duration) {
        self.jump(|jumps| jumps.wall_forward += by);
    }

    /// As when wall time is set back.
    pub fn set_wall_back(&self, by: Duration) {
        self.jump(|jumps| jumps.wall_back += by);
    }

    /// A deadline this far away, by the hand that tokio's sleeps follow.
    pub fn deadline(&self, after: Duration) -> Deadline {
        Deadline::after(SystemClock.now().monotonic, after)
    }

    fn jump(&self, jump: impl FnOnce(&mut Jumps)) {
        jump(&mut self.jumps.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        let jumps = *self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
        let tokio = SystemClock.now().monotonic;
        let wall = self.began.wall + tokio.saturating_duration_since(self.began.monotonic);
        Now { monotonic: tokio + jumps.monotonic, wall: wall + jumps.wall_forward - jumps.wall_back }
    }
}
