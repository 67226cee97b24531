//! Delivery to a Firehose stream, many records in one request.

mod requests;
mod settings;

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_firehose::Client;

use super::RecordSink;
use crate::aws::{client_config, timeouts};
use crate::clock::Clock;
use crate::delivery::{
    Delivery, DeliveryError, GroupOrder, RequestConcurrency, RequestEntry, RequestLimits, RequestPlan,
    deliver_in_requests,
};
use crate::records::OpenedRecord;
use crate::retry::Deadline;
use requests::PutRecordBatch;

pub use settings::{DeliveryStreamName, FirehoseSettings};

/// Puts each plaintext into a Firehose stream as one record, by default with a newline after it.
///
/// Firehose promises no order, and neither keys nor sequence numbers reach it. Requests still go out in shard order and one at a time,
/// so that no more than one request's records (at most 500) can arrive beyond the delivered prefix and come again.
/// <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>
#[derive(Debug)]
pub struct FirehoseSink {
    client: Client,
    settings: FirehoseSettings,
    clock: Arc<dyn Clock>,
}

impl FirehoseSink {
    /// A sink with its own client made from `sdk`, whose own retrying is off.
    #[must_use]
    pub fn new(sdk: &SdkConfig, settings: FirehoseSettings, clock: Arc<dyn Clock>) -> Self {
        let config = client_config!(aws_sdk_firehose, sdk, timeouts(settings.retry.attempt_timeout));
        Self { client: Client::from_conf(config.build()), settings, clock }
    }

    fn entry<'r>(&self, record: &'r OpenedRecord) -> FirehoseRecord<'r> {
        let newline: &[u8] = if self.settings.append_newline { b"\n" } else { b"" };
        FirehoseRecord { plaintext: &record.plaintext, newline }
    }
}

impl RecordSink for FirehoseSink {
    fn destination(&self) -> String {
        format!("the Firehose stream {}", self.settings.stream_name.as_str())
    }

    fn refusal(&self, record: &OpenedRecord) -> Option<DeliveryError> {
        PLAN.limits.refusal(self.entry(record).len())
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        let entries: Vec<_> = records.iter().map(|record| self.entry(record)).collect();
        let sender = PutRecordBatch { client: &self.client, stream_name: &self.settings.stream_name };
        deliver_in_requests(&sender, &entries, &PLAN, &self.settings.retry, deadline, &*self.clock).await
    }
}

/// "Each PutRecordBatch request supports up to 500 records. Each record in the request can be as large as 1,000 KB (before
/// base64 encoding), up to a limit of 4 MB for the entire request. These limits cannot be changed."
const PLAN: RequestPlan = RequestPlan {
    limits: RequestLimits { entries: 500, bytes: 4 * 1024 * 1024, entry_bytes: 1_000 * 1024 },
    order: GroupOrder::OneUnderWay,
    concurrency: RequestConcurrency::SEQUENTIAL,
};

/// One record as Firehose stores it.
struct FirehoseRecord<'a> {
    plaintext: &'a [u8],
    newline: &'static [u8],
}

impl RequestEntry for FirehoseRecord<'_> {
    fn len(&self) -> usize {
        self.plaintext.len() + self.newline.len()
    }
}

impl FirehoseRecord<'_> {
    fn data(&self) -> Vec<u8> {
        [self.plaintext, self.newline].concat()
    }
}

#[cfg(test)]
mod tests;
