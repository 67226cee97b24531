//! Writing to Kinesis: full batches, paced per shard, order kept per partition key, with an answer for every record.
//!
//! One record's way: [`KinesisWriter::write`] checks it, predicts its shard from the shard map, queues it with its shard behind
//! the earlier records of its partition key, packs it into a `PutRecords` request as soon as the shard's token buckets allow, and
//! matches the request's results to the records by index. What failed is sent again; what was not acknowledged in time is
//! reported with a [`WriteError`] that says whether it may have been written all the same.
//!
//! `schedule` decides (pure: the time is an argument), `writer` sends and sleeps, `client` alone names `aws_sdk_kinesis`.
//!
//! # What may be relied on
//! - A [`Receipt`] means: written, where every consumer can read it (also one that is built on the Kinesis Client Library, which discards
//!   an aggregate of which a record belongs to another shard), and, unless the receipt says `possibly_duplicated`, written once by this
//!   call.
//! - [`Outcome::NotWritten`] means: certainly not written by this call.
//! - [`Outcome::Unknown`], and a dropped `write` future, mean: perhaps written. Whoever writes such a record again may
//!   write it twice.

mod aggregate;
mod client;
mod departure;
mod error;
mod record;
mod schedule;
mod service;
mod settings;
mod shard_directory;
mod shard_map;
mod shard_pace;
mod token_bucket;
mod variables;
mod writer;
mod written_prefix;

#[cfg(test)]
mod writer_tests;

pub use client::{KinesisClient, StreamIdentifier};
pub use departure::Departure;
pub use error::{ListShardsError, Outcome, PutRecordsError, UnknownCause, WriteError};
pub use record::{Receipt, RecordError};
pub use service::{EntryFailure, EntryResult, ListShards, ListedShard, PutRecords, RecordDistribution, ShardPage};
pub use settings::{Aggregation, MaxRecordBytes, OnUnknownOutcome, Ordering, WriterSettings};
pub use variables::VARIABLES;
pub use writer::KinesisWriter;
pub use written_prefix::WrittenPrefix;
