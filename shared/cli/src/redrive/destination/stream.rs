//! Records back onto a stream, behind what is there.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_types::region::Region;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::failure::{FailureClass, describe};
use warmkeys::kinesis::{KinesisClient, KinesisWriter, OnUnknownOutcome, StreamIdentifier, WriteError, WriterSettings};
use warmkeys::retry::Deadline;

use super::{DestinationError, Fate, Outcome, Sent};
use crate::redrive::content::user_record;
use crate::redrive::record::Kind;

/// Puts records onto a stream: those of one partition key in their order.
#[derive(Debug)]
pub(crate) struct OntoStream {
    writer: KinesisWriter<KinesisClient, KinesisClient>,
}

/// For one batch: at the pace of the slowest stream, one shard, 10,000 records take ten seconds, and one partition key a hundred.
const BATCH_TIME: Duration = Duration::from_secs(300);

impl OntoStream {
    pub(super) fn new(sdk: &SdkConfig, stream: &str) -> Result<Self, DestinationError> {
        let stream = StreamIdentifier::parse(stream).ok_or_else(|| {
            DestinationError::Unfit("--onto is neither the ARN nor the name of a Kinesis stream".to_owned())
        })?;
        let sdk = match stream.region() {
            Some(region) => sdk.clone().into_builder().region(Region::new(region.to_owned())).build(),
            None => sdk.clone(),
        };
        let client = KinesisClient::new(&sdk, stream);
        let settings = WriterSettings {
            // What is not known to have arrived comes again: nothing may be lost.
            on_unknown_outcome: OnUnknownOutcome::SendAgain,
            // The stream's own producers need their part.
            rate_limit_percent: NonZeroU32::new(50),
            record_time_to_live: BATCH_TIME,
            ..WriterSettings::default()
        };
        Ok(Self { writer: KinesisWriter::new(client.clone(), client, settings, Arc::new(SystemClock)) })
    }

    pub(super) async fn send(&self, kind: Kind, batch: &[Sent]) -> Result<Outcome, DestinationError> {
        let mut fates = Vec::with_capacity(batch.len());
        let mut records = Vec::with_capacity(batch.len());
        for sent in batch {
            match user_record(kind, &sent.text) {
                Ok(record) => {
                    records.push(record);
                    fates.push(Fate::NotYet);
                }
                Err(error) => fates.push(Fate::Refused(error.to_string())),
            }
        }
        let deadline = Deadline::after(SystemClock.now().monotonic, BATCH_TIME);
        let mut written = self.writer.write(records, deadline).await.into_iter();
        let (mut why, mut is_final) = (None, false);
        for fate in fates.iter_mut().filter(|fate| **fate == Fate::NotYet) {
            match written.next() {
                Some(Ok(_)) => *fate = Fate::Delivered,
                Some(Err(error)) => match error.class() {
                    FailureClass::Permanent => *fate = Fate::Refused(describe(&error)),
                    // It waits for another: what happened to that one is the reason.
                    _ if matches!(error, WriteError::EarlierRecordFailed { .. }) => {}
                    class => {
                        is_final |= matches!(class, FailureClass::Unavailable | FailureClass::Caller);
                        why = Some(describe(&error));
                    }
                },
                None => {}
            }
        }
        let undone = fates.contains(&Fate::NotYet);
        let why =
            why.or_else(|| undone.then(|| "an earlier record of the same partition key was not written".to_owned()));
        Ok(Outcome { fates, why, is_final })
    }
}
