//! A record that the quarantine has taken, as it is told.

use serde::{Deserialize, Serialize};

use crate::records::RejectedRecord;

/// A record that the quarantine has taken. Holds no content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuarantinedRecord {
    /// Its [`id`](crate::records::ShardRecord::id).
    pub id: String,
    /// The name of the failure's class.
    pub failure_class: String,
    /// Why, in words.
    pub reason: String,
}

impl From<&RejectedRecord> for QuarantinedRecord {
    fn from(rejected: &RejectedRecord) -> Self {
        Self {
            id: rejected.record.id(),
            failure_class: rejected.class.name().to_owned(),
            reason: rejected.reason.clone(),
        }
    }
}
