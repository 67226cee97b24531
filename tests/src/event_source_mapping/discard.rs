//! Records that the mapping gives up, and what it tells of them.

use std::time::SystemTime;

use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};
use serde_json::{Value, json};

use super::kinesis_event::kinesis_event;
use crate::stream::{ShardId, StreamRecord};

/// Why records were given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `MaximumRetryAttempts` was reached. Tells whether the function failed altogether in the last attempt.
    RetryAttemptsExhausted {
        /// Whether the function failed altogether, rather than report a failed record.
        function_error: bool,
    },
    /// `MaximumRecordAgeInSeconds` was exceeded.
    RecordAgeExceeded,
    /// The record's event would be larger than an invocation takes. The service's own name for this is not documented.
    RecordTooLarge,
}

impl Condition {
    fn name(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted { .. } => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
            Self::RecordTooLarge => "RecordTooLarge",
        }
    }
}

/// Records of one batch that are given up.
#[derive(Clone, Debug)]
pub struct Discard {
    /// At least one, in the order of the shard.
    pub records: Vec<StreamRecord>,
    /// Why.
    pub condition: Condition,
    /// How often they were in an invocation.
    pub invocations: u32,
}

/// What goes to the on-failure destination: the record as S3 receives it. SQS and SNS receive the same without `payload`.
#[derive(Clone, Debug, PartialEq)]
pub struct OnFailureRecord(pub Value);

impl OnFailureRecord {
    /// Describes `discard`.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>
    #[must_use]
    pub fn new(
        discard: &Discard,
        stream_arn: &str,
        shard_id: &ShardId,
        function_arn: &str,
        request_id: &str,
        now: SystemTime,
    ) -> Self {
        let (first, last) = (discard.records.first(), discard.records.last());
        let number = |record: Option<&StreamRecord>| record.map(|record| record.sequence_number.to_string());
        let arrival = |record: Option<&StreamRecord>| record.map(|record| timestamp(record.approximate_arrival));
        let event = kinesis_event(stream_arn, shard_id, &discard.records);
        let mut described = json!({
            "requestContext": {
                "requestId": request_id,
                "functionArn": function_arn,
                "condition": discard.condition.name(),
                "approximateInvokeCount": discard.invocations,
            },
            "version": "1.0",
            "timestamp": timestamp(now),
            "KinesisBatchInfo": {
                "shardId": shard_id.as_str(),
                "startSequenceNumber": number(first),
                "endSequenceNumber": number(last),
                "approximateArrivalOfFirstRecord": arrival(first),
                "approximateArrivalOfLastRecord": arrival(last),
                "batchSize": discard.records.len(),
                "streamArn": stream_arn,
            },
            "payload": String::from_utf8_lossy(&event),
        });
        if let (Condition::RetryAttemptsExhausted { function_error }, Some(members)) =
            (discard.condition, described.as_object_mut())
        {
            let function_error = function_error.then_some("Unhandled");
            let context = json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": function_error});
            members.insert("responseContext".to_owned(), context);
        }
        Self(described)
    }
}

/// `2019-11-14T00:38:06.021Z`.
fn timestamp(time: SystemTime) -> Option<String> {
    DateTime::from(time).fmt(DateTimeFormat::DateTime).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_source_mapping::lane::tests::{at, records};

    fn described(condition: Condition) -> Value {
        let discard = Discard { records: records(&[7, 8, 9]), condition, invocations: 4 };
        let shard = ShardId::new(2);
        OnFailureRecord::new(&discard, "arn:stream", &shard, "arn:function", "request-1", at(60)).0
    }

    #[test]
    fn exhausted_retries_are_described_as_by_the_service() {
        let described = described(Condition::RetryAttemptsExhausted { function_error: true });
        let expected = json!({
            "requestContext": {"requestId": "request-1", "functionArn": "arn:function",
                "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 4},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2026-01-01T00:01:00Z",
            "KinesisBatchInfo": {"shardId": "shardId-000000000002", "startSequenceNumber": "7",
                "endSequenceNumber": "9", "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00Z",
                "approximateArrivalOfLastRecord": "2026-01-01T00:00:00Z", "batchSize": 3, "streamArn": "arn:stream"},
            "payload": described["payload"],
        });
        assert_eq!(described, expected);
        let event: Value = serde_json::from_str(described["payload"].as_str().unwrap()).unwrap();
        assert_eq!(event["Records"][2]["kinesis"]["sequenceNumber"], "9");
    }

    #[test]
    fn a_partial_failure_names_no_function_error() {
        let described = described(Condition::RetryAttemptsExhausted { function_error: false });
        assert_eq!(described["responseContext"]["functionError"], Value::Null);
    }

    #[test]
    fn a_record_too_old_has_no_response_context() {
        assert_eq!(described(Condition::RecordAgeExceeded).get("responseContext"), None);
    }
}
