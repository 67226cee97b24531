//! How many records became what, for the metrics.

use std::collections::BTreeMap;

use warmkeys::kinesis::Receipt;

use crate::failure::{ErrorCode, RecordFailure};

/// How many records became what, in one invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The records that the invocation asked to be written.
    pub(crate) received: usize,
    /// Those that are in the stream.
    pub(crate) written: usize,
    /// Those that can never be.
    pub(crate) permanent: usize,
    /// Those that failed, by code.
    pub(crate) failed: BTreeMap<ErrorCode, usize>,
}

impl Tally {
    /// An invocation that asked for `received` records to be written.
    pub(crate) fn of(received: usize) -> Self {
        Self { received, ..Self::default() }
    }

    pub(crate) fn note(&mut self, results: &[Result<Receipt, RecordFailure>]) {
        for result in results {
            match result {
                Ok(_) => self.written += 1,
                Err(failure) => {
                    self.permanent += usize::from(!failure.is_retryable());
                    *self.failed.entry(failure.code()).or_default() += 1;
                }
            }
        }
    }

    /// Logs one line, as a sentence and as fields: a warning if a record failed.
    pub(crate) fn log(&self) {
        let Self { received, written, .. } = *self;
        let (failed, by_code) = (received.saturating_sub(written), self.by_code());
        match failed {
            0 => tracing::info!(received, written, failed, "all {received} records were written"),
            _ => tracing::warn!(
                received,
                written,
                failed,
                failed_by_code = by_code,
                "of {received} records {written} were written; {failed} failed ({by_code}): the lines above and the answer say why"
            ),
        }
    }

    /// `InvalidRecord=1, KmsThrottled=2`, and those that were not tried.
    fn by_code(&self) -> String {
        let tried: usize = self.written + self.failed.values().sum::<usize>();
        let not_tried = self.received.saturating_sub(tried);
        let codes = self.failed.iter().map(|(code, number)| format!("{code:?}={number}"));
        codes.chain((not_tried > 0).then(|| format!("not tried={not_tried}"))).collect::<Vec<_>>().join(", ")
    }

    /// Those that were not written, as far as is known, and may be when they are sent again: also those that were not tried.
    pub(crate) fn retryable(&self) -> usize {
        self.received.saturating_sub(self.written + self.permanent)
    }
}
