//! Why an input cannot be read.

use std::io;

use serde_json::error::Category;

use super::guard::Limit;
use super::{Failure, MAX_PAYLOAD_BYTES};
use crate::inspect::sample::Sample;

/// Why an input cannot be read. No text holds anything of it but places and counts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("{name} cannot be read")]
    Unreadable { name: String, source: io::Error },
    #[error("{name} is empty: if a command was to write it, look at what that said")]
    Empty { name: String },
    #[error("{name} is not a record: it has more than {} MiB, and Kinesis takes 10", MAX_PAYLOAD_BYTES / 1024 / 1024)]
    PayloadTooLong { name: String },
    #[error("{name} ends within a JSON document (line {line}), after {records} records: it was cut off")]
    CutOff { name: String, line: usize, records: u64 },
    #[error("{name} is not valid JSON at line {line}, column {column}, after {records} records")]
    NotJson { name: String, line: usize, column: usize, records: u64 },
    #[error("the payload of an on-failure object in {name} is not valid JSON at its column {column}")]
    HeldNotJson { name: String, column: usize },
    #[error("{name} is JSON that no tool writes for records: {limit}")]
    Limit { name: String, limit: Limit },
    #[error("{0}")]
    NoRecords(&'static str),
}

impl Failure {
    /// The error, with the input's name and how far reading came.
    pub(super) fn of(self, name: &str, sample: &Sample) -> InputError {
        let (name, records) = (name.to_owned(), sample.records_read());
        match self {
            Self::Io(source) => InputError::Unreadable { name, source },
            Self::Empty => InputError::Empty { name },
            Self::PayloadTooLong => InputError::PayloadTooLong { name },
            Self::HeldJson(error) => InputError::HeldNotJson { name, column: error.column() },
            Self::Json(error) => {
                let (line, column) = (error.line(), error.column());
                match error.classify() {
                    Category::Eof => InputError::CutOff { name, line, records },
                    Category::Io => {
                        let source = io::Error::from(error);
                        match source.get_ref().and_then(|inner| inner.downcast_ref::<Limit>()) {
                            Some(limit) => InputError::Limit { name, limit: *limit },
                            None => InputError::Unreadable { name, source },
                        }
                    }
                    Category::Syntax | Category::Data => InputError::NotJson { name, line, column, records },
                }
            }
        }
    }
}

impl InputError {
    /// What to do where everything could be read, and no record was in it.
    pub(super) fn no_records(sample: &Sample) -> Self {
        let seen = sample.seen();
        Self::NoRecords(if seen.entries_without_data > 0 {
            "there are Records, but none has Kinesis data (Data, or kinesis.data): it is the event of another service, perhaps"
        } else if seen.on_failure_without_payload {
            "it is a message of an on-failure destination without the records, as SQS and SNS get it: read them from the stream \
             again, KinesisBatchInfo says where they begin and end"
        } else if seen.empty_lists {
            "there is no record: Records is empty. An iterator of LATEST, or one in a gap of its shard, gives none at first: take \
             TRIM_HORIZON or AT_TIMESTAMP, and follow NextShardIterator"
        } else {
            "there is no record: this JSON is neither what `aws kinesis get-records` prints, nor a Lambda event of Kinesis, nor an \
             on-failure object, nor a quarantine message"
        })
    }
}
