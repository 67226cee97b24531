//! Delivery to a bucket: an object for each delivered prefix.

use std::sync::Arc;
use std::time::SystemTime;

use aws_config::SdkConfig;

use super::RecordSink;
use super::line::Line;
use crate::aws::Arn;
use crate::clock::Clock;
use crate::delivery::{Delivery, DeliveryError};
use crate::records::OpenedRecord;
use crate::retry::Deadline;
use crate::s3::{BucketName, KeyPrefix, NewObject, ObjectStore, S3Settings};
use crate::text::rfc3339;

/// Writes the records of a delivery as one object of JSON lines, each as [`StdoutSink`](super::StdoutSink) writes it.
///
/// The object's key is `<prefix>/<year>/<month>/<day>/<hour>/<first id>_<last id>.jsonl`: the time is when the first record arrived (UTC),
/// the ids are those of the first and the last record. The same records that come again overwrite their object. Where they come again
/// in other company, after an outcome that nobody knows, they are in two objects: a key made of the first record alone would avoid
/// that, but a request that was given up and lands late could then replace a longer object, and lose records. The bucket decides about
/// encryption; with SSE-KMS, turn its Bucket Keys on, or each object costs KMS calls of its own.
#[derive(Debug)]
pub struct S3Sink {
    store: ObjectStore,
}

impl S3Sink {
    /// A sink with its own client made from `sdk`, whose own retrying is off.
    #[must_use]
    pub fn new(sdk: &SdkConfig, settings: S3Settings, clock: Arc<dyn Clock>) -> Self {
        Self { store: ObjectStore::new(sdk, settings, clock) }
    }
}

/// The bucket, and what keys in it begin with, that `arn` names: `arn:aws:s3:::bucket` or `arn:aws:s3:::bucket/prefix`.
pub(super) fn settings_of_arn(arn: &Arn<'_>) -> Option<S3Settings> {
    let (bucket, prefix) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
    let bucket = BucketName::of_arn(&Arn { resource: bucket, ..*arn })?;
    Some(S3Settings { prefix: KeyPrefix::parse(prefix)?, ..S3Settings::new(bucket) })
}

impl RecordSink for S3Sink {
    fn destination(&self) -> String {
        self.store.destination()
    }

    async fn deliver(&self, records: &[OpenedRecord], deadline: Deadline) -> Delivery {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Delivery::complete(0) };
        let content = match lines(records) {
            Ok(content) => content,
            Err(error) => return Delivery::stopped_at(0, DeliveryError::Output(Arc::new(error.into()))),
        };
        let object = NewObject::json_lines(key(&self.store.settings().prefix, first, last), content.into());
        match self.store.put(std::iter::once(object), deadline).await.failure {
            None => Delivery::complete(records.len()),
            Some(failure) => Delivery::stopped_at(0, failure),
        }
    }
}

fn lines(records: &[OpenedRecord]) -> serde_json::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, &Line::from(record))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn key(prefix: &KeyPrefix, first: &OpenedRecord, last: &OpenedRecord) -> String {
    let folder = if prefix.as_str().is_empty() { String::new() } else { format!("{}/", prefix.as_str()) };
    let hour = first.record.approximate_arrival_timestamp.map_or_else(|| "undated".to_owned(), hour);
    format!("{folder}{hour}/{}_{}.jsonl", first.record.id(), last.record.id())
}

/// `2026/11/28/09` of `2026-11-28T09:00:00Z`.
fn hour(time: SystemTime) -> String {
    rfc3339(time).chars().take("2026-11-28T09".len()).map(|c| if c.is_ascii_digit() { c } else { '/' }).collect()
}

#[cfg(test)]
mod tests;
