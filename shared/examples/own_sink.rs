//! A Lambda function with a sink of its own.
use std::sync::atomic::{AtomicU64, Ordering};

use warmkeys::lambda::{Error, StreamDecryptor};
use warmkeys::{delivery::Delivery, records::OpenedRecord, retry::Deadline, sinks::RecordSink};

#[derive(Default)]
struct CountBytes(AtomicU64);

impl RecordSink for CountBytes {
    async fn deliver(&self, records: &[OpenedRecord], _deadline: Deadline) -> Delivery {
        for record in records {
            self.0.fetch_add(record.plaintext.len() as u64, Ordering::Relaxed);
        }
        // Or `Delivery::stopped_at(n, DeliveryError::not_now("why"))`: then record `n` is the checkpoint.
        Delivery::complete(records.len())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    StreamDecryptor::from_environment().await?.deliver_to(CountBytes::default()).run().await
}
