//! What is counted of the records, one after the other. Bounded: by [`DataKeys`] and [`Counts`], whatever the records are.

mod counts;
mod data_keys;
mod kms_keys;
mod lanes;
mod payload;

use bytes::Bytes;
use warmkeys::kpl;

use super::options::Options;
use super::time::Millis;

pub(crate) use self::counts::{Counts, Span};
pub(crate) use self::data_keys::{DataKey, DataKeys, Use};
pub(crate) use self::kms_keys::{KmsKeyUse, KmsKeys};
pub(crate) use self::lanes::Lanes;
pub(crate) use self::payload::RecordFormatName;
use self::payload::{PayloadReader, Sealed};

/// One record of the stream, as an input has it.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The payload; `None` if it was no base64.
    pub(crate) data: Option<Bytes>,
    pub(crate) partition_key: Option<&'a str>,
    pub(crate) arrived: Option<Millis>,
    pub(crate) shard_id: Option<&'a str>,
    pub(crate) stream_arn: Option<&'a str>,
    pub(crate) server_side_encrypted: bool,
}

impl Record<'_> {
    /// A record of which nothing is known but its payload.
    pub(crate) fn of_payload(data: Option<Bytes>) -> Self {
        Self {
            data,
            partition_key: None,
            arrived: None,
            shard_id: None,
            stream_arn: None,
            server_side_encrypted: false,
        }
    }
}

/// What was counted.
#[derive(Debug)]
pub(crate) struct Sample {
    reader: PayloadReader,
    lanes: Lanes,
    /// Records a second, if they are not to be taken as they arrived.
    pace: Option<f64>,
    seen: Seen,
    /// By record format: user records that can be read.
    pub(crate) formats: Counts<RecordFormatName>,
    /// By suite id.
    pub(crate) suites: Counts<u16>,
    pub(crate) kms_keys: KmsKeys,
    /// By key of the encryption context: how many records have it. Never a value.
    pub(crate) context_keys: Counts<String>,
    /// The least and the most encrypted data keys of a message.
    pub(crate) encrypted_data_keys: Option<(usize, usize)>,
    pub(crate) data_keys: DataKeys,
    /// By reason.
    pub(crate) unreadable: Counts<String>,
    /// When records arrived, readable or not.
    pub(crate) arrivals: Span,
    /// When those that can be read did, by the pace if one was given.
    pub(crate) uses: Span,
    pub(crate) stream_arns: Counts<String>,
}

/// What was seen beside what the records hold.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) inputs: u64,
    pub(crate) kinesis_records: u64,
    pub(crate) aggregates: u64,
    pub(crate) empty_aggregates: u64,
    /// User records: those of aggregates, and records that are none.
    pub(crate) user_records: u64,
    pub(crate) readable: u64,
    /// Of the payloads.
    pub(crate) bytes: u64,
    pub(crate) server_side_encrypted: u64,
    pub(crate) entries_without_data: u64,
    pub(crate) on_failure_without_payload: bool,
    pub(crate) empty_lists: bool,
}

impl Sample {
    /// Nothing so far.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            reader: PayloadReader::new(options.record_format),
            lanes: Lanes::new(options.shards, options.parallelization_factor),
            pace: options.records_per_second,
            seen: Seen::default(),
            formats: Counts::default(),
            suites: Counts::default(),
            kms_keys: KmsKeys::default(),
            context_keys: Counts::default(),
            encrypted_data_keys: None,
            data_keys: DataKeys::default(),
            unreadable: Counts::default(),
            arrivals: Span::default(),
            uses: Span::default(),
            stream_arns: Counts::default(),
        }
    }

    /// Counts a record of the stream: itself, or the user records of the aggregate that it is.
    pub(crate) fn add(&mut self, record: &Record<'_>) {
        self.seen.kinesis_records += 1;
        self.seen.server_side_encrypted += u64::from(record.server_side_encrypted);
        self.arrivals.include(record.arrived);
        if let Some(arn) = record.stream_arn {
            self.stream_arns.add(arn);
        }
        let lane = self.lanes.of(record.partition_key, record.shard_id, self.seen.kinesis_records);
        let Some(data) = &record.data else {
            self.seen.user_records += 1;
            self.unreadable.add("the record's data is not base64");
            return;
        };
        self.seen.bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
        // What is too short to be encrypted is counted, not kept: an aggregate may have millions.
        let Some(members) = kpl::deaggregate(data, 0) else {
            self.add_payload(data, lane, record.arrived);
            return;
        };
        self.seen.aggregates += 1;
        self.seen.empty_aggregates += u64::from(members.user_records.is_empty() && members.left_out == 0);
        for (_, user_record) in members.user_records {
            self.add_payload(&user_record.data, lane, record.arrived);
        }
        let left_out = u64::try_from(members.left_out).unwrap_or(u64::MAX);
        if left_out > 0 {
            self.seen.user_records += left_out;
            self.unreadable.add_many(payload::TOO_SHORT, left_out);
        }
    }

    fn add_payload(&mut self, payload: &[u8], lane: u32, arrived: Option<Millis>) {
        let number = self.seen.user_records;
        self.seen.user_records += 1;
        match self.reader.read(payload) {
            Ok(sealed) => {
                let used = match self.pace {
                    Some(pace) => paced(number, pace),
                    None => arrived,
                };
                self.seen.readable += 1;
                self.uses.include(used);
                self.add_sealed(&sealed, lane, used, arrived);
            }
            Err(reason) => self.unreadable.add(reason.as_ref()),
        }
    }

    fn add_sealed(&mut self, sealed: &Sealed, lane: u32, used: Option<Millis>, arrived: Option<Millis>) {
        self.formats.add(&sealed.format);
        self.kms_keys.add(&sealed.kms_keys, arrived);
        if let Some(suite) = sealed.suite {
            self.suites.add(&suite.id());
            let count = sealed.encrypted_data_keys;
            let (least, most) = self.encrypted_data_keys.unwrap_or((count, count));
            self.encrypted_data_keys = Some((least.min(count), most.max(count)));
        }
        for key in &sealed.context_keys {
            self.context_keys.add(key.as_str());
        }
        self.data_keys.add(DataKey { id: sealed.data_key, is_cacheable: sealed.is_cacheable }, lane, used);
    }

    /// Takes note that one input is read.
    pub(crate) fn end_of_input(&mut self) {
        self.seen.inputs += 1;
    }

    /// What was seen beside what the records hold.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The same, to be added to by whoever reads the inputs.
    pub(crate) fn seen_mut(&mut self) -> &mut Seen {
        &mut self.seen
    }

    /// Records of the stream, aggregates not taken apart.
    pub(crate) fn records_read(&self) -> u64 {
        self.seen.kinesis_records
    }

    /// Whether there was no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.seen.kinesis_records == 0
    }

    /// The shards and what works on them.
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The records a second that were given.
    pub(crate) fn pace(&self) -> Option<f64> {
        self.pace
    }
}

/// When the record with this number, from 0, comes at a pace, in milliseconds from the first.
#[expect(clippy::cast_precision_loss, reason = "a place among records to within a millisecond")]
fn paced(number: u64, pace: f64) -> Option<Millis> {
    // Of this duration the seconds are the milliseconds.
    let millis = std::time::Duration::try_from_secs_f64(number as f64 * 1000.0 / pace).ok()?;
    Some(millis.as_secs())
}

#[cfg(test)]
mod tests;
