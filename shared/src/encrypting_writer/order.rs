//! Order per partition key among records of which some failed before they reached the writer.

use std::collections::HashMap;

use super::{EncryptError, PlainRecord};
use crate::failure::FailureClass;

/// Fails whatever follows, within its partition key, a record that failed and may come again.
///
/// A record that can never be written does not hold the others back: waiting for it would lose them too.
pub(super) fn hold_back<T>(records: &[PlainRecord], results: &mut [Result<T, EncryptError>]) {
    let mut failed = HashMap::new();
    for (index, (record, result)) in std::iter::zip(records, results).enumerate() {
        match result {
            Ok(_) => {
                if let Some(earlier) = failed.get(&record.partition_key) {
                    *result = Err(EncryptError::EarlierRecordFailed { index: *earlier });
                }
            }
            Err(error) if error.class() == FailureClass::Permanent => {}
            Err(_) => {
                failed.entry(&record.partition_key).or_insert(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::kinesis::RecordError;
    use crate::message::EncryptionContext;

    #[test]
    fn what_may_come_again_holds_back_the_later_records_of_its_partition_key() {
        let record = |partition_key: &str| PlainRecord {
            partition_key: partition_key.into(),
            explicit_hash_key: None,
            plaintext: Bytes::new(),
            encryption_context: EncryptionContext::empty(),
        };
        let records = ["a", "a", "b", "a", "b", "b"].map(record);
        let mut results = [
            Ok(()),
            Err(EncryptError::DeadlinePassed),
            Err(EncryptError::Unwritable(RecordError::EmptyPartitionKey)),
            Ok(()),
            Ok(()),
            Err(EncryptError::DeadlinePassed),
        ];
        hold_back(&records, &mut results);
        assert!(results[0].is_ok() && results[4].is_ok());
        assert!(matches!(results[3], Err(EncryptError::EarlierRecordFailed { index: 1 })));
    }
}
