//! How one invocation's time is divided.

use std::time::Duration;

use crate::clock::Now;
use crate::retry::Deadline;

/// What is kept back of an invocation's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeReserves {
    /// For the answer itself: the response must have left before the invocation's deadline. At most a quarter of the
    /// invocation's time is kept back, whatever is set here.
    pub response: Duration,
    /// For opening, quarantine and delivery after the last data key. At most half of what is left with the response's
    /// reserve taken off.
    pub delivery: Duration,
}

impl TimeReserves {
    /// The default of [`response`](Self::response): a garbage-collected runtime's pauses do not exist here, a frozen
    /// network's do; half of it is for a sink that ends late.
    pub const DEFAULT_RESPONSE: Duration = Duration::from_millis(500);
    /// The default of [`delivery`](Self::delivery): 6 MB are opened in tenths of a second and delivered in one or two
    /// requests of tenths of a second; a request that hangs uses it up.
    pub const DEFAULT_DELIVERY: Duration = Duration::from_secs(3);

    /// When delivery ends in an invocation that has just begun: its deadline less the response's reserve.
    pub(crate) fn end_of_delivery(self, invocation: Deadline, now: Now) -> Deadline {
        let now = now.monotonic;
        invocation.less(self.response.min(invocation.remaining(now) / 4), now)
    }
}

impl Default for TimeReserves {
    fn default() -> Self {
        Self { response: Self::DEFAULT_RESPONSE, delivery: Self::DEFAULT_DELIVERY }
    }
}

/// When the parts of one invocation must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PhaseDeadlines {
    /// No data key is waited for beyond this.
    pub(crate) data_keys: Deadline,
    /// What the sink is told.
    pub(crate) delivery: Deadline,
    /// Whoever has not ended by now, although told to, is waited for no longer.
    pub(crate) abandon: Deadline,
}

impl PhaseDeadlines {
    /// Those of an invocation that has just begun.
    pub(crate) fn new(invocation: Deadline, reserves: TimeReserves, now: Now) -> Self {
        let delivery = reserves.end_of_delivery(invocation, now);
        let response = invocation.remaining(delivery.instant());
        let abandon = invocation.less(response / 2, now.monotonic);
        Self { abandon, ..Self::until_delivery(delivery, reserves, now) }
    }

    /// Those of a call that may be one of several in an invocation. When `delivery` ends was worked out as that began: from what
    /// is left at each call, one after the other would have a part of the response's reserve.
    pub(crate) fn until_delivery(delivery: Deadline, reserves: TimeReserves, now: Now) -> Self {
        let remaining = delivery.remaining(now.monotonic);
        let data_keys = delivery.less(reserves.delivery.min(remaining / 2), now.monotonic);
        Self { data_keys, delivery, abandon: delivery }
    }

    /// Half of what is left for delivery, for a step that comes before it: a slow one must not leave nothing for the next.
    pub(crate) fn half_way_to_delivery(&self, now: Now) -> Deadline {
        let remaining = self.delivery.remaining(now.monotonic);
        self.delivery.less(remaining / 2, now.monotonic)
    }
}
