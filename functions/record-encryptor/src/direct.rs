//! Direct invocations: an answer for each record, in the request's order.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use warmkeys::data_keys::GenerateDataKey;
use warmkeys::failure::describe;
use warmkeys::kinesis::{ListShards, OnUnknownOutcome, Outcome, PutRecords, Receipt};
use warmkeys::retry::Deadline;

use crate::RecordEncryptor;
use crate::failure::{ErrorCode, RecordFailure};
use crate::request::{InvalidRecord, RecordRequest};
use crate::tally::Tally;

/// The most records of one request: answered for with some 300 bytes each, they leave half of the 6 MB that a response may have.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MAX_RECORDS: usize = 10_000;

/// The answer to a direct invocation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectResponse {
    /// How many of the records have an error code.
    pub failed_record_count: usize,
    /// What became of each record, in the request's order.
    pub records: Vec<RecordAnswer>,
}

/// What became of one record.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum RecordAnswer {
    /// It is in the stream.
    #[serde(rename_all = "camelCase")]
    Written {
        /// Its place in the shard.
        sequence_number: String,
        /// The shard.
        shard_id: String,
        /// Its 0-based place in an aggregate; absent if it was not aggregated.
        #[serde(skip_serializing_if = "Option::is_none")]
        sub_sequence_number: Option<u32>,
        /// Present, and true, if an earlier attempt may have written the record as well.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        possibly_duplicated: bool,
    },
    /// It is not, as far as is known.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// What to match on.
        error_code: ErrorCode,
        /// Why, in words that may change.
        error_message: String,
        /// Whether the same record, sent again, may be written.
        retryable: bool,
        /// `notWritten`, or `unknown`: then it may be in the stream, and sending it again may duplicate it.
        #[serde(serialize_with = "outcome_name")]
        outcome: Outcome,
    },
}

impl<G: GenerateDataKey, P: PutRecords, L: ListShards> RecordEncryptor<G, P, L> {
    pub(crate) async fn answer_direct(
        &self,
        requests: Vec<Result<RecordRequest, InvalidRecord>>,
        deadline: Deadline,
        tally: &mut Tally,
    ) -> DirectResponse {
        // Who asked is told of an unknown outcome, and decides.
        let results = self.write(requests, deadline, OnUnknownOutcome::Report, tally).await;
        log(&results);
        let failed_record_count = results.iter().filter(|result| result.is_err()).count();
        DirectResponse { failed_record_count, records: results.into_iter().map(RecordAnswer::from).collect() }
    }
}

impl From<Result<Receipt, RecordFailure>> for RecordAnswer {
    fn from(result: Result<Receipt, RecordFailure>) -> Self {
        match result {
            Ok(receipt) => Self::Written {
                sequence_number: receipt.sequence_number.as_str().to_owned(),
                shard_id: receipt.shard_id.as_ref().to_owned(),
                sub_sequence_number: receipt.sub_sequence_number,
                possibly_duplicated: receipt.possibly_duplicated,
            },
            Err(failure) => Self::Failed {
                error_code: failure.code(),
                // Without its causes, whose length is the services' affair: the log has them.
                error_message: failure.to_string(),
                retryable: failure.is_retryable(),
                outcome: failure.outcome(),
            },
        }
    }
}

fn outcome_name<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match outcome {
        Outcome::NotWritten => "notWritten",
        Outcome::Unknown => "unknown",
    })
}

/// One line for each kind of failure, with its first case.
fn log(results: &[Result<Receipt, RecordFailure>]) {
    let mut failures: BTreeMap<ErrorCode, (usize, usize, &RecordFailure)> = BTreeMap::new();
    for (index, result) in results.iter().enumerate() {
        if let Err(failure) = result {
            failures.entry(failure.code()).or_insert((0, index, failure)).0 += 1;
        }
    }
    for (code, (number, first, failure)) in &failures {
        let (reason, meaning) = (describe(*failure), failure.meaning());
        tracing::warn!(code = ?code, number, first, reason, "{number} of the request's records failed with {code:?}, the first at index {first} ({reason}): {meaning}");
    }
}
