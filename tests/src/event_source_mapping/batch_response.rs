//! What a function's response says about its batch.

use serde_json::Value;

use crate::stream::StreamRecord;

/// What a function's response, or its lack, says about its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchResult {
    /// Every record is finished.
    Succeeded,
    /// The records from this position (0-based) on are to come again.
    FailedFrom(usize),
    /// All records are to come again: the function failed, or its response cannot be read.
    Failed,
}

/// What a function should never answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The body is neither empty nor a JSON object nor null.
    #[error("the response is not a JSON object")]
    NotAnObject,
    /// The object has a member of another name: the service ignores it, takes the batch for finished and loses records.
    #[error("the response has the unknown member {0:?}, which the service ignores")]
    UnknownMember(String),
    /// `batchItemFailures` is neither a list nor null.
    #[error("batchItemFailures is not a list")]
    NotAList,
    /// An item without an identifier.
    #[error("an itemIdentifier is missing, null or empty: the whole batch failed")]
    NoIdentifier,
    /// A sequence number that is not in the batch. What the service does with it is not documented.
    #[error("the itemIdentifier {0:?} is not in the batch")]
    UnknownIdentifier(String),
}

/// Reads the response to a batch with `ReportBatchItemFailures`, and names what is wrong with it, if anything.
///
/// > Lambda treats a batch as a complete success if you return any of the following: An empty batchItemFailure list, A null
/// > batchItemFailure list, An empty EventResponse, A null EventResponse
/// >
/// > Lambda treats a batch as a complete failure if you return any of the following: An empty string itemIdentifier, A null
/// > itemIdentifier, An itemIdentifier with a bad key name
/// > <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>
#[must_use]
pub fn read_batch_response(body: &[u8], batch: &[StreamRecord]) -> (BatchResult, Option<Violation>) {
    match read(body, batch) {
        Ok(None) => (BatchResult::Succeeded, None),
        Ok(Some(position)) => (BatchResult::FailedFrom(position), None),
        Err(violation @ Violation::UnknownMember(_)) => (BatchResult::Succeeded, Some(violation)),
        Err(violation) => (BatchResult::Failed, Some(violation)),
    }
}

/// The position of the first failed record, if there is one.
fn read(body: &[u8], batch: &[StreamRecord]) -> Result<Option<usize>, Violation> {
    if body.is_empty() {
        return Ok(None);
    }
    let members = match serde_json::from_slice(body) {
        Ok(Value::Null) => return Ok(None),
        Ok(Value::Object(members)) => members,
        _ => return Err(Violation::NotAnObject),
    };
    let failures = match members.get("batchItemFailures") {
        None | Some(Value::Null) => [].as_slice(),
        Some(Value::Array(failures)) => failures.as_slice(),
        Some(_) => return Err(Violation::NotAList),
    };
    let positions: Result<Vec<usize>, _> = failures.iter().map(|failure| position(failure, batch)).collect();
    // > Lambda uses the lowest sequence number as the checkpoint
    let first = positions?.into_iter().min();
    match members.keys().find(|name| *name != "batchItemFailures") {
        Some(unknown) if first.is_none() => Err(Violation::UnknownMember(unknown.clone())),
        _ => Ok(first),
    }
}

/// The first record in the batch with the sequence number that `failure` names: records out of one aggregate share theirs.
fn position(failure: &Value, batch: &[StreamRecord]) -> Result<usize, Violation> {
    let identifier = failure.get("itemIdentifier").and_then(Value::as_str).unwrap_or_default();
    if identifier.is_empty() {
        return Err(Violation::NoIdentifier);
    }
    batch
        .iter()
        .position(|record| record.sequence_number.as_str() == identifier)
        .ok_or_else(|| Violation::UnknownIdentifier(identifier.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_source_mapping::lane::tests::records;

    fn read_for(numbers: &[u32], body: &str) -> (BatchResult, Option<Violation>) {
        read_batch_response(body.as_bytes(), &records(numbers))
    }

    #[test]
    fn nothing_said_is_success() {
        for body in ["", "null", "{}", r#"{"batchItemFailures": []}"#, r#"{"batchItemFailures": null}"#] {
            assert_eq!(read_for(&[1, 2], body), (BatchResult::Succeeded, None), "{body}");
        }
    }

    #[test]
    fn the_lowest_failed_record_is_the_checkpoint() {
        let body = r#"{"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]}"#;
        assert_eq!(read_for(&[1, 2, 3], body), (BatchResult::FailedFrom(1), None));
    }

    #[test]
    fn the_first_of_those_that_share_a_number_is_the_checkpoint() {
        let body = r#"{"batchItemFailures": [{"itemIdentifier": "2"}]}"#;
        assert_eq!(read_for(&[1, 2, 2, 2, 3], body), (BatchResult::FailedFrom(1), None));
    }

    #[test]
    fn an_item_without_identifier_fails_the_batch() {
        for item in [r#"{"itemIdentifier": ""}"#, r#"{"itemIdentifier": null}"#, r#"{"bad": "2"}"#, "{}", "7"] {
            let body = format!(r#"{{"batchItemFailures": [{{"itemIdentifier": "2"}}, {item}]}}"#);
            assert_eq!(read_for(&[1, 2], &body), (BatchResult::Failed, Some(Violation::NoIdentifier)), "{item}");
        }
    }

    #[test]
    fn a_number_from_elsewhere_fails_the_batch_and_is_reported() {
        let read = read_for(&[1, 2], r#"{"batchItemFailures": [{"itemIdentifier": "9"}]}"#);
        assert_eq!(read, (BatchResult::Failed, Some(Violation::UnknownIdentifier("9".to_owned()))));
    }

    #[test]
    fn a_misspelt_member_loses_records_and_is_reported() {
        let read = read_for(&[1, 2], r#"{"batch_item_failures": [{"itemIdentifier": "1"}]}"#);
        assert_eq!(read, (BatchResult::Succeeded, Some(Violation::UnknownMember("batch_item_failures".to_owned()))));
    }

    #[test]
    fn what_is_not_an_object_fails_the_batch_and_is_reported() {
        for body in ["[]", "true", "\"\"", "{", "not JSON"] {
            assert_eq!(read_for(&[1], body), (BatchResult::Failed, Some(Violation::NotAnObject)), "{body}");
        }
        let list = read_for(&[1], r#"{"batchItemFailures": "1"}"#);
        assert_eq!(list, (BatchResult::Failed, Some(Violation::NotAList)));
    }
}
