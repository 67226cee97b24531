//! What became of records that are only worth writing as far as those before them are written.

use super::error::WriteError;
use super::record::Receipt;

/// How many records, from the first one on, are in the stream, and why the next one is not.
#[derive(Clone, Debug)]
#[must_use]
pub struct WrittenPrefix {
    /// All records before this one are written.
    pub written: usize,
    /// Why the record at `written` is not; `None` if all are.
    pub failure: Option<WriteError>,
}

impl WrittenPrefix {
    pub(super) fn of(results: Vec<Result<Receipt, WriteError>>) -> Self {
        let written = results.iter().take_while(|result| result.is_ok()).count();
        let failure = results.into_iter().nth(written).and_then(Result::err);
        Self { written, failure }
    }
}
