//! What the tests of quarantines share.

use bytes::Bytes;

use crate::delivery::testing::opened;
use crate::failure::FailureClass;
use crate::records::{RejectedRecord, RejectionCode, ShardOrigin};

pub(super) fn origin() -> ShardOrigin {
    ShardOrigin {
        stream_arn: "arn:aws:kinesis:eu-west-1:123456789012:stream/orders".into(),
        shard_id: "shardId-000000000001".into(),
    }
}

/// A record with the ciphertext `data`.
pub(super) fn rejected(sequence_number: &str, data: &[u8]) -> RejectedRecord {
    let mut record = opened(sequence_number, "key", b"").record;
    record.data = Bytes::copy_from_slice(data);
    let (class, code) = (FailureClass::Permanent, RejectionCode::NotAuthentic);
    RejectedRecord { record, class, code, reason: "the tag is wrong".into() }
}
