//! The variables of writing to Kinesis.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Aggregation, MaxRecordBytes, WriterSettings};
use crate::config::{Choice, Environment, Group, Integer};

/// How a stream is written to. What no variable sets is the writer's default.
pub const VARIABLES: Group<WriterSettings> = Group {
    heading: "Writing to Kinesis",
    variables: &[&AGGREGATION, &MAX_RECORD_BYTES, &READERS, &RATE_LIMIT],
    replaced: &[],
    read,
};

fn read(environment: &mut Environment) -> Option<WriterSettings> {
    let aggregation = environment.read(&AGGREGATION);
    let max_record_bytes = environment.read(&MAX_RECORD_BYTES).and_then(|bytes| usize::try_from(bytes).ok());
    let readers = environment.read(&READERS);
    if let (Some(bytes), Some(Readers::Lambda)) = (max_record_bytes, readers)
        && bytes > MaxRecordBytes::LARGEST_OF_A_LAMBDA_EVENT
    {
        environment.reject(
            MAX_RECORD_BYTES.name,
            format!(
                "is {bytes}, but a Lambda function that reads the stream cannot be sent a record of more than {} bytes: such a record \
                 would block its shard until it expires; set {} to other if no Lambda function reads the stream",
                MaxRecordBytes::LARGEST_OF_A_LAMBDA_EVENT,
                READERS.name,
            ),
        );
    }
    let rate_limit = environment.read(&RATE_LIMIT).and_then(|percent| u32::try_from(percent).ok());
    Some(WriterSettings {
        aggregation: aggregation?,
        max_record_bytes: MaxRecordBytes::new(max_record_bytes?)?,
        rate_limit_percent: Some(NonZeroU32::new(rate_limit?)?),
        // An invocation has its own end; a shorter life would end a long aggregate, or a long queue of one key, each time anew.
        record_time_to_live: Duration::MAX,
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
    meaning: "The stream's own limit for one record, partition key included, where it was raised. Above 4,400,000 only with \
              KINESIS_READERS=other.",
};

const READERS: Choice<Readers> = Choice {
    name: "KINESIS_READERS",
    choices: &[("lambda", Readers::Lambda), ("other", Readers::Other)],
    meaning: "Who reads the stream that is written to. A Lambda function (lambda) cannot be sent a record of more than 4,400,000 bytes, \
              because its event may have 6 MB and holds the data in base64. So a larger limit is refused, unless none reads it (other).",
};

/// Who reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// Lambda functions, perhaps among others.
    Lambda,
    /// No Lambda function.
    Other,
}

const RATE_LIMIT: Integer = Integer {
    name: "KINESIS_RATE_LIMIT_PERCENT",
    allowed: 1..=1_000,
    default: Some(WriterSettings::DEFAULT_RATE_LIMIT_PERCENT.get() as u64),
    unit: "percent of a shard's 1,000 records/s and 1 MiB/s",
    meaning: "How fast one sandbox writes to a shard at the most.",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, ConfigError};

    fn read(limit: usize, readers: &'static str) -> Result<WriterSettings, ConfigError> {
        let limit = limit.to_string();
        let variables = [("KINESIS_MAX_RECORD_BYTES", limit.as_str()), ("KINESIS_READERS", readers)];
        config::read(variables, |environment| environment.group(&VARIABLES)).map(|configured| configured.settings)
    }

    #[test]
    fn a_limit_that_no_lambda_event_can_hold_is_refused_where_lambda_reads() {
        let largest = MaxRecordBytes::LARGEST_OF_A_LAMBDA_EVENT;
        assert!(read(largest - 1, "lambda").is_ok() && read(largest, "lambda").is_ok());
        for readers in ["", "lambda"] {
            let error = read(largest + 1, readers).unwrap_err().to_string();
            assert!(
                error.contains("KINESIS_MAX_RECORD_BYTES is 4400001") && error.contains("KINESIS_READERS"),
                "{error}"
            );
        }
        assert_eq!(read(10 << 20, "other").unwrap().max_record_bytes.get(), 10 << 20);
    }

    /// In base64, and with 4 KiB for what surrounds it.
    #[test]
    fn a_record_of_the_largest_size_fits_a_lambda_event() {
        assert!(MaxRecordBytes::LARGEST_OF_A_LAMBDA_EVENT.div_ceil(3) * 4 + 4_096 <= 6_000_000);
    }

    #[test]
    fn records_live_as_long_as_the_invocation() {
        assert_eq!(read(1 << 20, "").unwrap().record_time_to_live, Duration::MAX);
    }
}
