//! Reads encrypted Kinesis records on AWS Lambda with cached data keys, deadline-aware retries and exact checkpoints.

pub mod batch;
pub mod clock;
pub mod config;
pub mod data_key;
pub mod data_keys;
pub mod encryption_context;
pub mod failure;
pub mod kms;
pub mod kpl;
pub mod logging;
pub mod materials_cache;
pub mod message;
pub mod producer;
pub mod quarantine;
pub mod record_format;
pub mod retry;
pub mod sinks;
