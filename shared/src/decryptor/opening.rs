//! Opens payloads on every core, in order.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;

use super::plan::Plan;
use super::resolve::DataKeyOutcome;
use super::{NotOpened, Opened};
use crate::clock::Clock;
use crate::data_keys::DataKeyError;
use crate::record_format::RecordFormat;
use crate::retry::Deadline;
use crate::worker_threads::longest_prefix;

/// Everything that opening takes. Owned, so that it can leave the async runtime's threads.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) payloads: Vec<Bytes>,
    /// Payloads from here on are not opened now.
    pub(super) end: usize,
    pub(super) plan: Plan,
    pub(super) data_keys: Vec<DataKeyOutcome>,
    pub(super) format: Arc<RecordFormat>,
}

impl Opening {
    /// Opens the payloads before `end`, on up to `max_threads` threads, this one included.
    ///
    /// Returns the longest prefix that was finished by `deadline`, in order. The deadline is looked at between payloads.
    pub(super) fn run(
        &self,
        max_threads: NonZeroUsize,
        deadline: Deadline,
        clock: &dyn Clock,
    ) -> Vec<Result<Opened, NotOpened>> {
        longest_prefix(self.end, max_threads, |index| {
            if deadline.has_passed(clock.now().monotonic) { None } else { self.open(index) }
        })
    }

    /// Opens one payload. `None` past the last one.
    fn open(&self, index: usize) -> Option<Result<Opened, NotOpened>> {
        let payload = self.payloads.get(index)?;
        let data_key = match self.plan.payloads.get(index)? {
            Ok(data_key) => *data_key,
            Err(error) => return Some(Err(NotOpened::Content(error.clone()))),
        };
        let planned = self.plan.data_keys.get(data_key)?;
        let materials = match self.data_keys.get(data_key)? {
            DataKeyOutcome::Ready(materials) => materials,
            DataKeyOutcome::Failed(error) => return Some(Err(NotOpened::DataKey(error.clone()))),
            DataKeyOutcome::Waiting => return Some(Err(NotOpened::DataKey(DataKeyError::DeadlinePassed))),
        };
        // Reading the header again costs a fiftieth of opening. Keeping what was read would tie it to the borrowed payloads.
        let opened = self.format.read(payload).and_then(|sealed| sealed.open(materials, &planned.reproduced_context));
        Some(match opened {
            Ok(plaintext) => Ok(Opened { plaintext, encryption_context: Arc::clone(&planned.encryption_context) }),
            Err(error) => Err(NotOpened::Content(error)),
        })
    }
}
