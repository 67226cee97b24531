//! `PutRecordBatch` as the SDK sends it.

use std::sync::Arc;

use aws_sdk_firehose::Client;
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::{PutRecordBatchResponseEntry, Record};
use futures_util::FutureExt as _;

use super::{DeliveryStreamName, FirehoseRecord};
use crate::delivery::service_failure::{entry_failure, request_failure};
use crate::delivery::{DeliveryError, SendRequest};

const SERVICE: &str = "Firehose";

/// Sends records to one Firehose stream.
pub(super) struct PutRecordBatch<'a> {
    pub(super) client: &'a Client,
    pub(super) stream_name: &'a DeliveryStreamName,
}

impl<'r> SendRequest<FirehoseRecord<'r>> for PutRecordBatch<'_> {
    async fn send(&self, entries: &[&FirehoseRecord<'r>]) -> Result<Vec<Result<(), DeliveryError>>, DeliveryError> {
        let records = entries
            .iter()
            .map(|entry| Record::builder().data(Blob::new(entry.data())).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| DeliveryError::Refused(Arc::new(error)))?;
        let answer = self
            .client
            .put_record_batch()
            .delivery_stream_name(self.stream_name.as_str())
            .set_records(Some(records))
            .send()
            .boxed()
            .await
            .map_err(|error| request_failure(SERVICE, &error))?;
        Ok(answer.request_responses().iter().map(entry_result).collect())
    }
}

/// "The response … includes … an ordered array … The response array always includes the same number of records as the request array
/// … directly correlates with a record in the request array using the same ordering."
fn entry_result(entry: &PutRecordBatchResponseEntry) -> Result<(), DeliveryError> {
    match entry.error_code() {
        None => Ok(()),
        Some(code) => Err(entry_failure(SERVICE, code, false)),
    }
}
