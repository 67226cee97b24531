//! The variables of writing to Kinesis.

use std::num::NonZeroU32;

use super::{Aggregation, MaxRecordBytes, WriterSettings};
use crate::config::{Choice, Environment, Group, Integer};

/// How a stream is written to. What no variable sets is the writer's default.
pub const VARIABLES: Group<WriterSettings> = Group {
    heading: "Writing to Kinesis",
    variables: &[&AGGREGATION, &MAX_RECORD_BYTES, &RATE_LIMIT],
    replaced: &[],
    read,
};

fn read(environment: &mut Environment) -> Option<WriterSettings> {
    let aggregation = environment.read(&AGGREGATION);
    let max_record_bytes = environment.read(&MAX_RECORD_BYTES).and_then(|bytes| usize::try_from(bytes).ok());
    let rate_limit = environment.read(&RATE_LIMIT).and_then(|percent| u32::try_from(percent).ok());
    Some(WriterSettings {
        aggregation: aggregation?,
        max_record_bytes: MaxRecordBytes::new(max_record_bytes?)?,
        rate_limit_percent: Some(NonZeroU32::new(rate_limit?)?),
        ..WriterSettings::default()
    })
}

const AGGREGATION: Choice<Aggregation> = Choice {
    name: "KINESIS_AGGREGATION",
    choices: &[
        ("off", Aggregation::Off),
        ("same-partition-key", Aggregation::SamePartitionKey),
        ("same-shard", Aggregation::SameShard),
    ],
    meaning: "Whether records written to Kinesis are packed into KPL aggregates; consumers must then take them apart (the KCL and \
              enhanced fan-out mappings do). Without it, the order of a partition key costs one round trip per record.",
};

const MAX_RECORD_BYTES: Integer = Integer {
    name: "KINESIS_MAX_RECORD_BYTES",
    allowed: MaxRecordBytes::DEFAULT.get() as u64..=MaxRecordBytes::LARGEST as u64,
    default: Some(MaxRecordBytes::DEFAULT.get() as u64),
    unit: "bytes",
    meaning: "The stream's own limit for one record, partition key included, where it was raised.",
};

const RATE_LIMIT: Integer = Integer {
    name: "KINESIS_RATE_LIMIT_PERCENT",
    allowed: 1..=1_000,
    default: Some(WriterSettings::DEFAULT_RATE_LIMIT_PERCENT.get() as u64),
    unit: "percent of a shard's 1,000 records/s and 1 MiB/s",
    meaning: "How fast one sandbox writes to a shard at the most.",
};
