//! What a redrive sends, and what it is answered.
//!
//! A redrive brings back records that were given up or quarantined: `{"redrive": …}` with either a Kinesis event (`{"Records": […]}`,
//! as the on-failure object holds it) or an array of [`QuarantineEnvelope`](crate::quarantine::QuarantineEnvelope)s of one shard, in its
//! order. Quarantined records are taken as they were rejected: they keep their place in an aggregate, and are not taken apart again.
//!
//! The answer is that of any batch, with `redrive` beside it. An event source mapping does not ask for it, so it does not get it.

use serde::{Deserialize, Serialize};

use super::quarantined_record::QuarantinedRecord;
use super::report::BatchReport;

/// The member by which an event is known as a redrive, and by which its answer tells what became of the records.
pub const REDRIVE: &str = "redrive";

/// What became of a redrive's records, beside `batchItemFailures`. Holds no content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedriveAnswer {
    /// How many records the sink has taken.
    pub delivered: usize,
    /// The records that went to quarantine (again). Some may stand beyond the checkpoint, and come to it again.
    pub quarantined: Vec<QuarantinedRecord>,
    /// Why the records from the checkpoint on are not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<UnfinishedReason>,
}

/// Why records are not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnfinishedReason {
    /// The name of the failure's class.
    pub failure_class: String,
    /// Why, in words.
    pub reason: String,
}

impl From<&BatchReport> for RedriveAnswer {
    fn from(report: &BatchReport) -> Self {
        Self {
            delivered: report.delivered,
            quarantined: report.quarantined_records.clone(),
            checkpoint: report.checkpoint.as_ref().map(|checkpoint| UnfinishedReason {
                failure_class: checkpoint.class.name().to_owned(),
                reason: checkpoint.reason.clone(),
            }),
        }
    }
}
