//! Batches that look like a mistake in the configuration.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Now;
use crate::decryptor::{NotOpened, Opened, SuspectSetting, UnavailableKeys};
use crate::failure::describe;
use crate::record_format::RecordFormat;
use crate::retry::Hold;

/// Holds back whole batches that cannot be read, as long as it is more likely that this function is set up wrongly than that every
/// record is poison: after a deployment with a typo, the stream would otherwise be drained into the quarantine, as a success.
///
/// That is until this sandbox has opened its first record, for a batch of [`MIN_RECORDS`](Self::MIN_RECORDS) or more of which every
/// record is rejected for a reason that one wrong setting would give. For a bounded time: then they are poison after all.
#[derive(Debug)]
pub struct SuspiciousBatches {
    hold: Hold,
    has_opened: AtomicBool,
}

impl SuspiciousBatches {
    /// The fewest records of a batch that is held. Fewer are more likely to be somebody's attempt.
    pub const MIN_RECORDS: usize = 10;

    /// Holds such batches for `limit`; zero holds none.
    #[must_use]
    pub fn held_for(limit: Duration) -> Self {
        Self { hold: Hold::new(limit), has_opened: AtomicBool::new(false) }
    }

    /// Why a batch with these results is to be held at `now`, in words; `None` if it is to be processed. Logs what an operator has to see.
    pub(super) fn reason_to_hold(
        &self,
        results: &[Result<Opened, NotOpened>],
        unavailable_keys: UnavailableKeys,
        format: &RecordFormat,
        now: Now,
    ) -> Option<String> {
        if self.has_opened.load(Ordering::Relaxed) {
            return None;
        }
        if results.iter().any(Result::is_ok) {
            self.has_opened.store(true, Ordering::Relaxed);
            return None;
        }
        let (records, rejected) = (results.len(), rejected(results, unavailable_keys));
        let (first, suspect) = suspect_of_all(rejected, format).filter(|_| records >= Self::MIN_RECORDS)?;
        let SuspectSetting { name: setting, configured } = suspect;
        let reason = describe(first);
        let Some(left) = self.hold.remaining(now) else {
            tracing::error!(
                records,
                setting,
                configured,
                reason,
                "still no record can be read, as if a setting were wrong: the time to hold them (SUSPICIOUS_BATCH_HOLD_SECONDS) is over, and \
                 they go to quarantine; stop the event source mapping if the setting is wrong"
            );
            return None;
        };
        tracing::error!(
            records,
            setting,
            configured,
            reason,
            held_for_another_seconds = left.as_secs(),
            "no record of the batch can be read, and this sandbox has read none before, as if a setting were wrong: nothing is delivered \
             or quarantined; correct the setting, or wait for the records to go to quarantine"
        );
        Some(format!(
            "no record of the batch can be read, as if {setting} were wrong, which is set to {configured}. The first: {reason}"
        ))
    }
}

impl Default for SuspiciousBatches {
    fn default() -> Self {
        Self::held_for(Hold::DEFAULT_LIMIT)
    }
}

/// The errors of the records that are to go to quarantine: those before the first that has to wait.
fn rejected(
    results: &[Result<Opened, NotOpened>],
    unavailable_keys: UnavailableKeys,
) -> impl Iterator<Item = &NotOpened> {
    let errors = results.iter().map_while(|result| result.as_ref().err());
    errors.take_while(move |error| unavailable_keys.is_final(error.class()))
}

/// The first error, with the setting that it makes suspect, if all of them make one suspect.
fn suspect_of_all<'a>(
    mut errors: impl Iterator<Item = &'a NotOpened>,
    format: &RecordFormat,
) -> Option<(&'a NotOpened, SuspectSetting)> {
    let first = errors.next()?;
    let suspect = first.suspect_setting(format)?;
    errors.all(|error| error.suspect_setting(format).is_some()).then_some((first, suspect))
}
